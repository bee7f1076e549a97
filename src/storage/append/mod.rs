//! Writing: batches, checkpoints.
//!
//! The files, lowest first; each uses only those above it:
//!
//! | file | content |
//! | --- | --- |
//! | `row_queue.rs` | writing the rows of a batch on the calling thread or on another one |
//! | `row_writer.rs` | the rows of a batch: written, checked and checksummed in one pass |
//! | `value_writer.rs` | the values of the columns of new rows |
//! | `rewrite.rs` | writing again what a failed sync may have lost |
//! | `appender.rs` | the writer of a file: a batch, a sync, a checkpoint |
//! | `space.rs` | the part of the appender that allocates space |

pub(super) mod appender;
mod rewrite;
mod row_queue;
pub(super) mod row_writer;
mod space;
mod value_writer;
