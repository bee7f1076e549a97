//! Writing: a batch is checked, appended while its keys are looked up, and only then shown to readers.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `batch.rs` | what a caller writes |
//! | `checked_batch.rs` | a batch of which all but the vectors' components was checked; keys that are looked up |
//! | `plan.rs` | what a batch comes to, key by key |
//! | `apply.rs` | a checked batch planned, appended and shown |
//! | `writer.rs` | the one writer, and what falls due after a write |

pub(super) mod apply;
pub(super) mod batch;
pub(super) mod checked_batch;
pub(super) mod plan;
#[cfg(test)]
mod tests;
pub(super) mod writer;
