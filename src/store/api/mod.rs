//! The public API: the methods of [`MmapVectorStore`](store::MmapVectorStore). No other folder names that type.
//!
//! | file | content |
//! | --- | --- |
//! | `store.rs` | the store: opening, closing, writing |
//! | `places.rs` | stores in memory and inside larger files |
//! | `lookup.rs` | looking up keys |
//! | `cursor.rs` | iteration in insertion order |
//! | `search/` | searches for one query, for many, within a distance; the recall |
//! | `indexing.rs` | indexing rows, at once or in steps |
//! | `compact.rs`, `snapshot.rs` | copying the live rows into a new file that replaces the old one, or is a backup |
//! | `refresh.rs` | advancing a reader to the newest state of its file |
//! | `stats.rs` | statistics |
//! | `verify.rs` | verifying a store, and salvaging a damaged one |
//! | `interrupt.rs` | ending long calls from another thread |
//! | `inherited.rs` | releasing, in a forked child, a store of the parent |

mod compact;
pub(super) mod cursor;
mod indexing;
mod inherited;
mod interrupt;
mod lookup;
mod places;
mod refresh;
pub(super) mod search;
mod snapshot;
pub(super) mod stats;
pub(super) mod store;
pub(super) mod verify;
