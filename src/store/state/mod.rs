//! The state that readers and the writer of a store share.
//!
//! | file | content |
//! | --- | --- |
//! | `payloads.rs` | where the payloads of the rows are in the file |
//! | `values.rs` | the values of columns |
//! | `rows.rs` | keys, deletions, tags and payloads by row; snapshots |
//! | `key.rs` | a key, as text or as bytes |
//! | `directory.rs` | the hash table from keys to rows |
//! | `shared_state.rs` | the state that readers of one file share: file, rows, directory, graph |
//! | `state_history.rs` | the current state, and those before it if the file was replaced |
//! | `entry.rs` | a row with all that was written with it |
//! | `vector_format.rs` | how vectors become the bytes of rows, and the bytes become vectors |
//! | `settings.rs` | the settings that can change while a store is open |
//! | `interrupts.rs` | interrupting long calls from another thread |

pub(super) mod directory;
pub(super) mod entry;
pub(super) mod interrupts;
pub(super) mod key;
mod payloads;
pub(super) mod rows;
pub(super) mod settings;
pub(super) mod shared_state;
pub(super) mod state_history;
pub(super) mod values;
pub(super) mod vector_format;
