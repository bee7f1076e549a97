//! The search calls.
//!
//! | file | content |
//! | --- | --- |
//! | `single.rs` | search for one query |
//! | `batch.rs` | search for many queries |
//! | `range.rs` | all rows within a distance |
//! | `recall.rs` | measuring the recall |

mod batch;
mod range;
mod recall;
pub(in crate::store) mod single;
