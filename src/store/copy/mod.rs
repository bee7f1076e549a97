//! Copying live rows into a new file.
//!
//! | file | content |
//! | --- | --- |
//! | `transfer.rs` | copying rows into a new file, part by part |
//! | `compaction.rs` | a copy that replaces the current file |

pub(super) mod compaction;
pub(super) mod transfer;
