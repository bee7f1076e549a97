//! Layer 2: a graph index over row numbers that finds the nearest vectors by their codes.
//!
//! The layer knows vectors by row number only; it knows no file, no keys and no store. The graph has one level, with up
//! to `m_max` links per node, selected for diversity (Malkov & Yashunin, arXiv 1603.09320, Algorithm 4). It is searched
//! as in SymphonyQG (SIGMOD 2025), with 8-bit codes in place of the vectors.
//!
//! ```text
//!   read: `Graph::search`, any number of threads, no locks    write: `Index::extend`, `step`, `advance`, one at a time
//!
//!     query                                                     rows, in batches of 512
//!       |  codes/     encodes the query                           |  index.rs  locks out other writers
//!       v                                                         v
//!     search/         best-first walk from the nearest of       build/         the batch, stage by stage; then the recall
//!       |             256 entry points and from the orphans                    is measured and older rows are checked
//!       v                                                         v
//!     graph/          covered rows: one atomic word;            link/          candidates (by a walk), duplicates,
//!       |             codes of nodes and of their neighbours      |            links, back-links, repairs
//!       v                                                         v
//!     records/        immutable records  <-------------------   graph/        a new record replaces the old one
//!       |
//!       v                                                       file/          records and a table, saved and opened
//!     search/         reranks the nearest by their vectors
//! ```
//!
//! A walk orders rows by estimates from 1-bit codes and measures the rows that it visits by their 8-bit codes. If most
//! estimates are wrong (data of high intrinsic dimension), the walk measures every row before it becomes a candidate.
//!
//! A row is one of three kinds. A *node* has a record. A *duplicate* equals an earlier row and is in that row's chain;
//! it has no record. Under cosine, a row without a direction (a zero vector) has no record either: the first one is a
//! result of every search, the others are its duplicates.
//!
//! *Orphans* are nodes that no link leads to. They are candidates of every search, and there are few of them. *Pinned
//! links* are links without which a row was not found; pruning never removes them.
//!
//! The parts, lowest first. Each imports only from itself and from those above it in this table (checked by
//! `tests/imports`).
//!
//! | part | what it is for |
//! | --- | --- |
//! | `params.rs` | parameters; the maximum number of links; the size of a batch |
//! | `neighbour.rs` | `Neighbour`: a row and its distance |
//! | `rows.rs` | `Rows`: access to the vectors by row number |
//! | `codes/` | quantized codes of vectors, and distances between codes |
//! | `records/` | records that are replaced while others read |
//! | `graph/` | `Graph`: everything that readers see |
//! | `search/` | the walk through the graph, and the scan of rows that it does not cover |
//! | `work/` | how work on the graph is split into steps and over threads |
//! | `link/` | how a row is linked; link state that readers do not need |
//! | `build/` | how the graph grows: insertion of batches, measurement of recall, checks of older rows |
//! | `index.rs` | `Index`: the graph and the state of its construction |
//! | `file/` | saving and opening the index; checking its contents |

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
pub(crate) use file::open::{OpenError, OpenedIndex};
pub(crate) use file::save::TableState;
pub(crate) use file::save_records::Saving;
pub(crate) use graph::sampled_recall::SampledRecall;
pub(crate) use index::{Advance, Index};
pub(crate) use link::row_distance::are_equal;
pub(crate) use neighbour::Neighbour;
pub use params::IndexProfile;
pub(crate) use params::{BATCH_ROWS, GraphParams, mix};
pub(crate) use records::mapped_records::SavedLines;
pub(crate) use rows::Rows;
pub(crate) use search::bounds::Bounds;
pub(crate) use search::request::{GraphSearch, SearchEnd, filtered_ef};
pub(crate) use search::scan::{AllWithin, BestK, Collector, ScanRequest, scan};
pub(crate) use search::scratch::Scratch;
pub(crate) use work::budget::ROW_WORK;
