//! Floor 2: a graph over row numbers that finds the nearest vectors, searched by codes.
//!
//! It knows vectors by row number only: no file, no keys, no store. The graph is flat, of up to `m_max` links a node,
//! chosen in many directions (Malkov & Yashunin, arXiv 1603.09320, Algorithm 4); it is walked as SymphonyQG walks its
//! (SIGMOD 2025), with 8-bit codes in the place of vectors.
//!
//! ```text
//!               extend, step (one at a time)                search (any number, no locks)
//!   rows -----> writer: batches of 512                      view: covered rows, one atomic word
//!                 codes, candidates, twins, forward links      |
//!                 merge:  back-links, pruned                   v
//!                 repair: rows that are not found              the nearest of a sample of 256, and the orphans
//!                    |                                         |
//!                    v                                         v
//!               nodes: records that never change   <------  best-first walk; the vectors decide among the nearest
//! ```
//!
//! A walk sorts rows by estimates from 1-bit codes, and measures the rows it visits by their 8-bit codes. Where most
//! estimates prove wrong (data of high intrinsic dimension), the walk measures every row before it becomes a candidate.
//!
//! Three kinds of rows: *nodes* have a record; *twins* equal an earlier row and hang from it in a chain; under the cosine,
//! the rows without a direction have no record either: the first of them is a result of every search, the others are its
//! twins. *Orphans* are nodes that no link leads to: candidates of every search, few by construction. *Bridges* are links
//! without which a row was not found; pruning spares them.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `params.rs` | parameters; the number of links |
//! | `neighbour.rs`, `rows.rs` | a row and how far away it is; the vectors, by row number |
//! | `codes/` | from vectors to codes, and distances between codes |
//! | `space.rs` | distances by codes, and by vectors where codes cannot tell |
//! | `chunks.rs` | growing arrays that readers need no lock for |
//! | `records.rs`, `nodes.rs`, `record.rs` | records that are replaced while others read; what is stored of a row; what lies where in it |
//! | `readers.rs`, `saved.rs` | who is looking; records that lie in a file |
//! | `graph.rs`, `entries.rs` | what readers and the writer share; where searches begin |
//! | `terms.rs` | what a walk is asked for |
//! | `pool.rs`, `scratch.rs` | its candidates; all the memory of a search |
//! | `search.rs`, `horizon.rs`, `reliability.rs`, `rerank.rs` | the walk; how far it goes; whether its estimates can be relied on; the vectors decide |
//! | `fingerprints.rs` | rows by the bits of their vectors |
//! | `links.rs`, `products.rs` | firm links and spare ones; links to the largest inner products |
//! | `writer.rs` | what whoever builds the graph knows beyond the links |
//! | `index.rs` | the graph and whoever builds it: `extend`, at once or in steps |
//! | `steps.rs`, `pace.rs` | the next piece of the work; how much of it is done in one go |
//! | `encode.rs`, `row_distance.rs` | rows get their codes; distances between rows |
//! | `entering.rs`, `stage.rs` | a batch enters, stage by stage; the stages |
//! | `insert.rs`, `prune.rs`, `merge.rs` | candidates and twins; links are chosen; links are answered |
//! | `recall.rs`, `sampled_recall.rs` | the recall of the graph, measured on a sample while it grows; what was measured |
//! | `repair.rs`, `sweep.rs` | rows that a search for themselves does not find are repaired, new ones and old ones |
//! | `workers.rs` | work spread over threads, with a result that does not depend on them |
//! | `saving.rs`, `save.rs`, `open.rs` | records to a file, in pieces; the table behind them; from a file |
//! | `check.rs` | what is in a graph, and what cannot be reached |
//! | `exact.rs` | the scan of rows one by one: those behind the graph, those that few pass a filter, for several queries at once |

mod check;
mod chunks;
mod codes;
mod encode;
mod entering;
mod entries;
mod exact;
mod fingerprints;
mod graph;
mod horizon;
#[expect(clippy::module_inception, reason = "the file that holds the index is named for it")]
mod index;
mod insert;
mod links;
mod merge;
mod neighbour;
mod nodes;
mod open;
mod pace;
mod params;
mod pool;
mod products;
mod prune;
mod readers;
mod recall;
mod record;
#[expect(unsafe_code, reason = "records that readers look at while others are replaced")]
mod records;
mod reliability;
mod repair;
mod rerank;
mod row_distance;
mod rows;
mod sampled_recall;
mod save;
mod saved;
mod saving;
mod scratch;
mod search;
mod space;
mod stage;
mod steps;
mod sweep;
mod terms;
#[cfg(test)]
mod tests;
mod workers;
mod writer;

#[cfg(feature = "bench-internals")]
pub use codes::{relative::write_slot, rotation::Rotation};
pub(crate) use exact::{AllWithin, BestK, Keeper, ScanRequest, scan};
pub(crate) use index::{Advance, Index as Graph};
pub(crate) use neighbour::Neighbour;
pub(crate) use open::{OpenedGraph, Unopened};
pub(crate) use pace::ROW_WORK;
pub use params::IndexProfile;
pub(crate) use params::{BATCH_ROWS, GraphParams, mix};
pub(crate) use rows::Rows;
pub(crate) use sampled_recall::SampledRecall;
pub(crate) use save::Standing;
pub(crate) use saved::SavedLines;
pub(crate) use saving::Saving;
pub(crate) use scratch::Scratch;
pub(crate) use terms::{GraphSearch, SearchEnd, thinned};
