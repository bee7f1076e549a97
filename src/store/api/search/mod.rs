//! The calls that search.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `single.rs` | the nearest of one query |
//! | `batch.rs` | the nearest of many queries at once |
//! | `range.rs` | all rows within a distance |
//! | `recall.rs` | how much of what is nearest the graph finds |

mod batch;
mod range;
mod recall;
pub(in crate::store) mod single;
