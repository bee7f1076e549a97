//! Layer 4: the C ABI. It contains no logic: it checks pointers, calls the store, and reports the outcome.
//!
//! ```text
//! C program --> extern "C" fn --> boundary --> handles --> MmapVectorStore (layer 3)
//!                                    |            token -> object, or INVALID_HANDLE
//!                                    '-- panic -> INTERNAL; error -> status + the caller's syna_mmap_error
//!
//! write path:   rows/batch    the caller's arrays --> slices --> rows/write --> the store
//! read path:    rows/read     the store --> the caller's memory
//!               query/search  the store --> query/results, from which hits are borrowed
//! ```
//!
//! The folders and files, lowest first; each uses those above it only:
//!
//! | folder or file | what it is for |
//! | --- | --- |
//! | `boundary/` | what every function uses; header: statuses, the error struct |
//! | `library.rs` | header: versions, names of statuses |
//! | `limits.rs` | header: the greatest sizes and numbers |
//! | `listener.rs` | the current log callback, read without a lock |
//! | `log.rs` | header: logging |
//! | `kinds.rs` | header: metrics, kinds of keys, element types |
//! | `columns.rs` | header: columns, their values in a batch, hashes of texts |
//! | `options.rs` | header: options of a store |
//! | `store.rs` | header: open, close, checkpoint |
//! | `user_block.rs` | header: the user block |
//! | `places.rs` | header: stores in memory, in the caller's memory and in archives |
//! | `settings.rs` | header: path, options in effect, settings that can change |
//! | `refresh.rs` | header: refreshing a reader |
//! | `maintenance/` | header: indexing, compaction, backup, statistics, verify, salvage |
//! | `rows/` | header: batches, writes, reads, iteration |
//! | `query/` | header: results, search options, searches |
//!
//! `include/syna_mmap.h` is generated from the doc comments of the files marked "header", in the order of `SECTIONS` in
//! `build.rs`. These comments therefore address C programmers. Their `# Safety` parts are omitted from the header.

mod boundary;
mod columns;
mod kinds;
mod library;
mod limits;
mod listener;
mod log;
mod maintenance;
mod options;
mod places;
mod query;
mod refresh;
mod rows;
mod settings;
mod store;
mod user_block;

#[cfg(test)]
mod tests;
