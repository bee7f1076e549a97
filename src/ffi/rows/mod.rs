//! Writing and reading rows.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `batch.rs` | header: batches |
//! | `write.rs` | header: insert, upsert, delete |
//! | `read.rs` | header: get, and small queries |
//! | `iterate.rs` | header: iteration over all rows |

mod batch;
pub(super) mod iterate;
pub(super) mod read;
mod write;
