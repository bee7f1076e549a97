//! Maintenance of a store, each file a section of the header:
//!
//! | file | what it is for |
//! | --- | --- |
//! | `indexing.rs` | building the index, in one call or in steps |
//! | `compact.rs` | compaction and backup |
//! | `stats.rs` | statistics |
//! | `verify.rs` | verify, recall, salvage |

mod compact;
pub(super) mod indexing;
mod stats;
mod verify;
