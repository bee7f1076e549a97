//! The public API: the methods of [`MmapVectorStore`](store::MmapVectorStore). No other folder names that type.
//!
//! | file | content |
//! | --- | --- |
//! | `store.rs` | the store: opening, closing, checkpoints |
//! | `write.rs` | writing and deleting rows |
//! | `user_block.rs` | the user block of the file |
//! | `places.rs` | stores in memory and inside larger files |
//! | `lookup.rs` | looking up keys |
//! | `rows.rs` | reading rows by key, by number, by conditions; distances |
//! | `settings.rs` | path, configuration, settings that can change |
//! | `cursor.rs` | iteration in insertion order |
//! | `search/` | searches for one query, for many, within a distance; the recall |
//! | `maintenance/` | indexing, compaction, snapshots, statistics, verification, salvage |
//! | `refresh.rs` | advancing a reader to the newest state of its file |
//! | `interrupt.rs` | ending long calls from another thread |
//! | `inherited.rs` | releasing, in a forked child, a store of the parent |

pub(super) mod cursor;
mod inherited;
mod interrupt;
pub(super) mod lookup;
pub(super) mod maintenance;
mod places;
mod refresh;
mod rows;
pub(super) mod search;
mod settings;
pub(super) mod store;
mod user_block;
mod write;
