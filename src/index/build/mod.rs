//! How the graph grows, in steps that can be interrupted: insertion of batches, measurement of recall, sweeps.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `encode.rs` | encoding of the rows of a batch |
//! | `batch.rs` | `InsertBatch`: insertion of a batch, stage by stage |
//! | `recall.rs` | `Sampling`: measurement of the recall on a sample |
//! | `sweep.rs` | `Sweep`: checks of older rows |
//! | `steps.rs` | `BuildState`: the work in progress; the next step |

pub(super) mod batch;
pub(super) mod encode;
pub(super) mod recall;
pub(super) mod steps;
pub(super) mod sweep;
