//! Floor 2: a graph over row numbers that finds the nearest vectors (HNSW; Malkov & Yashunin, arXiv 1603.09320).
//!
//! It knows vectors by row number only: no file, no keys, no store.
//!
//! ```text
//!               extend (one at a time)                      search (any number, no locks)
//!   rows -----> writer: batches of 512                      view: entry point + covered rows, one atomic word
//!                 insert: candidates, twins, forward links     |
//!                 merge:  back-links, pruned                   v
//!                 repair: every row finds itself            descent through the levels, 8 candidates wide
//!                    |                                         |
//!                    v                                         v
//!               links: atomic words that never move  <----  best-first walk of level 0, from there and the stragglers
//! ```
//!
//! Three kinds of rows: *nodes* have links; *twins* equal an earlier node and hang from it in a chain; *stragglers* are
//! nodes that nothing leads to, so that every search begins at them (none, as a rule). *Bridges* are links without which a
//! row was not found; pruning spares them.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `params.rs` | parameters; the level of a row; `max_links(level)` |
//! | `space.rs` | distances from a query, and between rows when links are chosen |
//! | `chunks.rs`, `links.rs` | growing arrays that readers need no lock for; lists of links, twins |
//! | `graph.rs` | what readers and the writer share |
//! | `scratch.rs`, `search.rs` | the memory of a search; the search |
//! | `writer.rs` | `extend`, and what it knows beyond the links |
//! | `insert.rs`, `prune.rs`, `merge.rs` | a batch enters; links are chosen; links are answered |
//! | `repair.rs` | rows that do not find themselves are found and mended |
//! | `workers.rs` | work spread over threads, with a result that does not depend on them |
//! | `codec.rs`, `check.rs` | to bytes and back; what is in a graph, and what cannot be reached |
//! | `codes/` | quantised vectors, which the graph is to be searched by |
//! | `exact.rs` | the scan of rows that are not in the graph |

mod check;
mod chunks;
mod codec;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the graph takes it up next"))]
mod codes;
mod exact;
mod graph;
mod insert;
mod links;
mod merge;
mod params;
mod prune;
mod repair;
mod scratch;
mod search;
mod space;
#[cfg(test)]
mod tests;
mod workers;
mod writer;

#[cfg(feature = "bench-internals")]
pub use codes::{Rotation, write_slot};
pub(crate) use exact::{BestK, ScanRequest, scan};
pub(crate) use graph::Graph;
pub(crate) use params::GraphParams;
pub(crate) use scratch::{Neighbour, Scratch};
pub(crate) use search::GraphSearch;
pub(crate) use space::Rows;
