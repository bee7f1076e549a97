//! What goes into a store and comes out of it by key or in order.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `batch.rs` | header: what a write can carry |
//! | `write.rs` | header: insert, upsert, delete |
//! | `read.rs` | header: get and the small questions |
//! | `iterate.rs` | header: all rows in order |

mod batch;
pub(super) mod iterate;
pub(super) mod read;
mod write;
