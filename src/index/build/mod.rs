//! How the graph grows: what is done for a batch of rows, or for all of them, in pieces that can be left and taken up again.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `encode.rs` | rows of a batch get their codes |
//! | `batch.rs` | `InsertBatch`: a batch enters, stage by stage |
//! | `recall.rs` | `Sampling`: the recall is measured on a sample |
//! | `sweep.rs` | `Sweep`: rows that have been in the graph for long are checked again |
//! | `steps.rs` | `BuildState`: what is begun; the next piece of it |

pub(super) mod batch;
pub(super) mod encode;
pub(super) mod recall;
pub(super) mod steps;
pub(super) mod sweep;
