//! Copying live rows into a new file.
//!
//! | file | content |
//! | --- | --- |
//! | `transfer.rs` | copying rows into a new file, part by part |
//! | `updates.rs` | updates of tags and payloads in the old log |
//! | `compaction.rs` | a copy that replaces the current file |

pub(super) mod compaction;
pub(super) mod transfer;
mod updates;
