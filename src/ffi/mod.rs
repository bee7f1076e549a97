//! Floor 4: the C ABI. It has no logic of its own: it checks pointers, calls the store, and tells what came of it.
//!
//! ```text
//! C program --> extern "C" fn --> boundary --> handles --> MmapVectorStore (floor 3)
//!                                    |            token -> object, or INVALID_HANDLE
//!                                    '-- panic -> INTERNAL; error -> status + the caller's syna_mmap_error
//!
//! write path:   rows/batch    the caller's arrays --> slices --> rows/write --> the store
//! read path:    rows/read     the store --> the caller's memory
//!               query/search  the store --> query/results, which the hits are borrowed from
//! ```
//!
//! The folders and files, lowest first; each uses those above it only:
//!
//! | folder or file | what it is for |
//! | --- | --- |
//! | `boundary/` | what every function goes through; header: statuses, the error struct |
//! | `library.rs` | header: versions, names of statuses |
//! | `listener.rs` | who hears the log, looked up without a lock |
//! | `log.rs` | header: what the library has to say |
//! | `options.rs` | header: options of a store |
//! | `store.rs` | header: open, close, checkpoint |
//! | `places.rs` | header: stores in memory and in archives |
//! | `stats.rs` | header: a store in numbers |
//! | `refresh.rs` | header: a reader moved on |
//! | `indexing.rs` | header: the index, at once or in steps |
//! | `compact.rs` | header: giving space back, copying |
//! | `verify.rs` | header: verify, salvage |
//! | `rows/` | header: batches, writes, reads, all rows in order |
//! | `query/` | header: results, options of a search, searches |
//!
//! `include/syna_mmap.h` is made from the doc comments of the files marked "header", in the order of `SECTIONS` in `build.rs`,
//! so these comments speak to a C programmer; their `# Safety` parts are left out there.

mod boundary;
mod compact;
mod indexing;
mod library;
mod listener;
mod log;
mod options;
mod places;
mod query;
mod refresh;
mod rows;
mod stats;
mod store;
mod verify;

#[cfg(test)]
mod tests;
