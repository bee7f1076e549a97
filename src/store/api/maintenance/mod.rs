//! Maintenance of a store: calls of [`MmapVectorStore`](super::store::MmapVectorStore).
//!
//! | file | content |
//! | --- | --- |
//! | `indexing.rs` | indexing rows, at once or in steps |
//! | `compact.rs`, `snapshot.rs` | copying the live rows into a new file that replaces the old one, or is a backup |
//! | `stats.rs` | statistics |
//! | `verify.rs` | verifying a store |
//! | `salvage.rs` | saving the intact rows of a damaged store |

mod compact;
mod indexing;
pub(in crate::store) mod salvage;
mod snapshot;
pub(in crate::store) mod stats;
pub(in crate::store) mod verify;
