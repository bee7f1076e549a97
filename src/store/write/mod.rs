//! Writing: a batch is checked, appended while its keys are looked up, and then published to readers.
//!
//! | file | content |
//! | --- | --- |
//! | `batch.rs` | the input of a write |
//! | `checked_vectors.rs` | the vectors of a batch, of the right number and lengths |
//! | `checked_values.rs` | the values of a batch, of the right number and kinds |
//! | `checked_batch.rs` | checking a batch; checking a key that is looked up |
//! | `plan.rs` | which elements of a batch become rows |
//! | `apply.rs` | planning, appending and publishing a batch |
//! | `update.rs` | updating tags, payloads and values of existing rows |
//! | `writer.rs` | the writer, and the work that is due after a write |

pub(super) mod apply;
pub(super) mod batch;
pub(super) mod checked_batch;
mod checked_values;
mod checked_vectors;
pub(super) mod plan;
#[cfg(test)]
mod tests;
pub(super) mod update;
pub(super) mod writer;
