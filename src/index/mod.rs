//! Floor 2: a graph over row numbers that finds the nearest vectors, searched by codes.
//!
//! It knows vectors by row number only: no file, no keys, no store. The graph is flat, of up to `m_max` links a node,
//! chosen in many directions (Malkov & Yashunin, arXiv 1603.09320, Algorithm 4); it is walked as SymphonyQG walks its
//! (SIGMOD 2025), with 8-bit codes in the place of vectors.
//!
//! ```text
//!   read: `Graph::search`, any number at once, no locks       write: `Index::extend`, `step`, `advance`, one at a time
//!
//!     query                                                     rows, in batches of 512
//!       |  codes/     to codes                                    |  index.rs  whose turn it is
//!       v                                                         v
//!     search/         the nearest of a sample of 256,           build/         the batch, stage by stage; then the recall is
//!       |             and the orphans; best-first from there      |            measured, and older rows are checked
//!       v                                                         v
//!     graph/          covered rows, one atomic word;            link/          candidates (by the walk of search/), twins,
//!       |             codes of nodes and of their links           |            links, back-links, repairs
//!       v                                                         v
//!     records/        records that never change  <-------------  graph/        a new record takes an old one's place
//!       |
//!       v                                                       file/          records and a table to a file and from it
//!     search/         the vectors decide among the nearest
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
//! The parts, lowest first: each imports from itself and from those above it in this table (`tests/imports`).
//!
//! | part | what it is for |
//! | --- | --- |
//! | `params.rs` | parameters; the number of links; the size of a batch |
//! | `neighbour.rs` | `Neighbour`: a row and how far away it is |
//! | `rows.rs` | `Rows`: the vectors, by row number |
//! | `codes/` | from vectors to codes, and distances between codes |
//! | `records/` | records that are replaced while others read |
//! | `graph/` | `Graph`: all that readers see |
//! | `search/` | the walk through the graph, and the scan of rows that it does not cover |
//! | `work/` | how work on the graph is cut and spread over threads |
//! | `link/` | how a row is linked, and what is known of links beyond what readers see |
//! | `build/` | how the graph grows: a batch enters, the recall is measured, older rows are checked |
//! | `index.rs` | `Index`: the graph and the state of its build. Other layers know it as `Graph` |
//! | `file/` | the index to a file and from it; what is in it |

mod build;
mod codes;
mod file;
mod graph;
#[expect(clippy::module_inception, reason = "the file that holds the index is named for it")]
mod index;
mod link;
mod neighbour;
mod params;
mod records;
mod rows;
mod search;
#[cfg(test)]
mod tests;
mod work;

#[cfg(feature = "bench-internals")]
pub use codes::{relative::write_slot, rotation::Rotation};
pub(crate) use file::open::{OpenedGraph, Unopened};
pub(crate) use file::save::Standing;
pub(crate) use file::save_records::Saving;
pub(crate) use graph::sampled_recall::SampledRecall;
pub(crate) use index::{Advance, Index as Graph};
pub(crate) use neighbour::Neighbour;
pub use params::IndexProfile;
pub(crate) use params::{BATCH_ROWS, GraphParams, mix};
pub(crate) use records::mapped_records::SavedLines;
pub(crate) use rows::Rows;
pub(crate) use search::request::{GraphSearch, SearchEnd, thinned};
pub(crate) use search::scan::{AllWithin, BestK, Keeper, ScanRequest, scan};
pub(crate) use search::scratch::Scratch;
pub(crate) use work::budget::ROW_WORK;
