//! How the index is kept: rows enter it, a stale one is rebuilt, it is saved beside the data file and read from there.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `graphs.rs` | the graph, made where there is none; the rows that it does not cover |
//! | `rebuild.rs` | a graph of which much is deleted rows gets a successor |
//! | `share.rs` | what each write does for the index |
//! | `worker.rs` | a background thread that does it |
//! | `index_slot.rs` | a slot of `NAME.hnsw`: which table holds |
//! | `index_file.rs` | reading `NAME.hnsw` |
//! | `index_save.rs` | saving it |

pub(super) mod graphs;
pub(super) mod index_file;
pub(super) mod index_save;
pub(super) mod index_slot;
pub(super) mod rebuild;
pub(super) mod share;
pub(super) mod worker;
