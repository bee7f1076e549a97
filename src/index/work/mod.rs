//! How work on the graph is split and distributed. This folder does not know the graph.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `budget.rs` | `TimeBudget`: the limit of one call: a deadline or an amount of work |
//! | `parallel.rs` | `spread`: work on several threads, with a deterministic result |
//! | `stage.rs` | `Stage`: the stages of a batch |

pub(super) mod budget;
pub(super) mod parallel;
pub(super) mod stage;
