//! Floor 4: the C ABI. It has no logic of its own: it checks pointers, calls the store, and tells what came of it.
//!
//! ```text
//! C program --> extern "C" fn --> boundary --> handles --> MmapVectorStore (floor 3)
//!                                    |            token -> object, or INVALID_HANDLE
//!                                    '-- panic -> INTERNAL; error -> status + the caller's syna_mmap_error
//! ```
//!
//! | file | what it is for |
//! | --- | --- |
//! | `status.rs` | header: statuses, the error struct |
//! | `options.rs` | header: options of a store |
//! | `store.rs` | header: open, close, checkpoint |
//! | `places.rs` | header: stores in memory and in archives |
//! | `batch.rs` | header: what a write can carry |
//! | `write.rs` | header: insert, upsert, delete |
//! | `read.rs` | header: get and the small questions |
//! | `iterate.rs` | header: all rows in order |
//! | `stats.rs` | header: a store in numbers |
//! | `refresh.rs` | header: a reader moved on |
//! | `results.rs` | header: hits and the object that holds them |
//! | `search_options.rs` | header: options of a search, filters |
//! | `search.rs` | header: searches, index |
//! | `indexing.rs` | header: the index, at once or in steps |
//! | `compact.rs` | header: giving space back, copying |
//! | `verify.rs` | header: verify, salvage |
//! | `log.rs` | header: what the library has to say |
//! | `library.rs` | header: versions |
//! | `boundary.rs` | what every function's body is |
//! | `panics.rs` | panics are caught and nothing is printed |
//! | `errors.rs` | an error's status, errno and message |
//! | `handles.rs` | the tables behind handles |
//! | `tokens.rs` | numbers instead of pointers |
//! | `arguments.rs` | pointers become slices |
//! | `structs.rs` | `struct_size` |
//! | `listener.rs` | who hears the log, looked up without a lock |
//! | `callbacks.rs` | how a callback runs; what it must not do is refused |
//!
//! `include/syna_mmap.h` is made from the doc comments of the files marked "header", in this order (`build.rs`), so these
//! comments speak to a C programmer; their `# Safety` parts are left out there.

mod arguments;
mod batch;
mod boundary;
mod callbacks;
mod compact;
mod errors;
mod handles;
mod indexing;
mod iterate;
mod library;
mod listener;
mod log;
mod options;
mod panics;
mod places;
mod read;
mod refresh;
mod results;
mod search;
mod search_options;
mod stats;
mod status;
mod store;
mod structs;
mod tokens;
mod verify;
mod write;

#[cfg(test)]
mod tests;
