//! Writing and reading rows.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `batch.rs` | header: batches |
//! | `write.rs` | header: insert, upsert, delete |
//! | `update.rs` | header: tags, payloads and values of existing rows |
//! | `read.rs` | header: get, and small queries |
//! | `values.rs` | header: the columns of a store, and the values of a key |
//! | `iterate.rs` | header: iteration over all rows |
//! | `view.rs` | header: reading without copies, by row number, and many keys at once |

mod batch;
pub(super) mod iterate;
pub(super) mod read;
mod update;
mod values;
mod view;
mod write;
