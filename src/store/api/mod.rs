//! The public face: what can be done with a [`MmapVectorStore`](store::MmapVectorStore). Nothing below names it.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `store.rs` | opening, closing, writing, and what a store is |
//! | `places.rs` | stores in memory and inside larger files |
//! | `lookup.rs` | what there is under a key |
//! | `cursor.rs` | iteration in the order of insertion |
//! | `search/` | the nearest of one query, of many at once; all rows within a distance; the recall |
//! | `indexing.rs` | rows taken into the index, at once or in steps |
//! | `compact.rs`, `snapshot.rs` | the live rows in a new file: in the old one's place, or beside it |
//! | `refresh.rs` | a reader moved on to what was written since |
//! | `stats.rs` | a store in numbers |
//! | `verify.rs` | proof that a store is whole, and salvage of one that is not |
//! | `interrupt.rs` | ending long calls from another thread |
//! | `inherited.rs` | what a forked child can do with its parent's store: give it up |

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
