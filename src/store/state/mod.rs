//! What readers and the writer of a store share.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `rows.rs` | keys, deletions, tags and payloads by row; snapshots |
//! | `directory.rs` | key -> row |
//! | `core.rs` | all that the readers of one file share: file, rows, directory, graph |
//! | `cores.rs` | the core in use, and those before it where the file was replaced |
//! | `entry.rs` | a row with all that was written with it |
//! | `interrupts.rs` | what long calls look at, to be ended from another thread |

pub(super) mod core;
pub(super) mod cores;
pub(super) mod directory;
pub(super) mod entry;
pub(super) mod interrupts;
pub(super) mod rows;
