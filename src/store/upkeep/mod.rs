//! Maintaining the index: rows are indexed, a stale index is rebuilt, and the index is saved beside the data file and
//! read.
//!
//! | file | content |
//! | --- | --- |
//! | `graphs.rs` | creating the graph; the unindexed rows |
//! | `rebuild.rs` | replacing a graph that has many deleted rows |
//! | `share.rs` | the index work of each write |
//! | `worker.rs` | a background thread that does it |
//! | `index_slot.rs` | a slot of `NAME.hnsw`: which table is valid |
//! | `index_file.rs` | reading `NAME.hnsw` |
//! | `index_save.rs` | saving it |

pub(super) mod graphs;
pub(super) mod index_file;
pub(super) mod index_save;
pub(super) mod index_slot;
pub(super) mod rebuild;
pub(super) mod share;
pub(super) mod worker;
