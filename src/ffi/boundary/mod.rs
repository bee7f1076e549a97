//! What every function of the header goes through: pointers are checked, panics and errors become statuses, handles objects.
//!
//! The files, lowest first; each uses those above it only:
//!
//! | file | what it is for |
//! | --- | --- |
//! | `panics.rs` | panics are caught and nothing is printed |
//! | `callbacks.rs` | how a callback runs; what it must not do is refused |
//! | `tokens.rs` | numbers instead of pointers |
//! | `handles.rs` | the tables behind handles |
//! | `arguments.rs` | pointers become slices |
//! | `structs.rs` | `struct_size` |
//! | `status.rs` | header: statuses, the error struct |
//! | `errors.rs` | an error's status, errno and message |
//! | `call.rs` | what every function's body is |

pub(super) mod arguments;
mod call;
pub(super) mod callbacks;
pub(super) mod errors;
pub(super) mod handles;
mod panics;
pub(super) mod status;
pub(super) mod structs;
pub(super) mod tokens;

pub(super) use call::{call, call_anyway, value, value_anyway};
