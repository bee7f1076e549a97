//! Writing: batches, checkpoints.
//!
//! The files, lowest first; each uses those above it only:
//!
//! | file | what it is for |
//! | --- | --- |
//! | `row_queue.rs` | who writes the rows of a batch: the calling thread, or one beside it |
//! | `row_writer.rs` | the rows of a batch: written, checked and checksummed in one pass |
//! | `rewrite.rs` | writing again what a failed sync may have lost |
//! | `appender.rs` | the writer of a file: a batch, a sync, a checkpoint |
//! | `space.rs` | the part of the appender that takes space in the file |

pub(super) mod appender;
mod rewrite;
mod row_queue;
pub(super) mod row_writer;
mod space;
