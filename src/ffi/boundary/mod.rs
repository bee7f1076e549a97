//! What every function of the header uses: pointers are checked, panics and errors become statuses, handles become objects.
//!
//! The files, lowest first; each uses those above it only:
//!
//! | file | what it is for |
//! | --- | --- |
//! | `panics.rs` | catches panics; prevents the panic hook from printing |
//! | `callbacks.rs` | runs callbacks; refuses calls that they must not make |
//! | `tokens.rs` | the numbers that callers hold instead of pointers |
//! | `handles.rs` | the tables that map tokens to objects |
//! | `arguments.rs` | pointers to slices and outputs |
//! | `structs.rs` | `struct_size` |
//! | `status.rs` | header: statuses, the error struct |
//! | `errors.rs` | status, errno and message of an error |
//! | `call.rs` | the body of every function |

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
