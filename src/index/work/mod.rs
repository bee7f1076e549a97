//! How work on the graph is cut and spread; nothing here knows the graph.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `budget.rs` | `TimeBudget`: how much is done in one go, until a deadline or for an amount of work |
//! | `parallel.rs` | `spread`: work over threads, with a result that does not depend on them |
//! | `stage.rs` | `Stage`: the stages of a batch, in order |

pub(super) mod budget;
pub(super) mod parallel;
pub(super) mod stage;
