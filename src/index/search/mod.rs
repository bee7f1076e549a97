//! Search: the walk through the graph, and the scan of rows that it does not cover.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `request.rs` | `GraphSearch`, `WalkPolicy`: the parameters of a walk, and when it ends |
//! | `bounds.rs` | `Bounds`: from which part of the order of hits a search takes its hits |
//! | `candidates.rs` | `CandidateList`: the nearest rows so far |
//! | `early_stop.rs` | `EarlyStop`: early termination |
//! | `reliability.rs` | `Reliability`: whether a walk's estimates can be relied on |
//! | `scratch.rs` | `Scratch`: the reusable memory of a search |
//! | `rerank.rs` | the nearest rows are ordered by their vectors |
//! | `walk.rs` | `Graph::search` and the walk |
//! | `widened.rs` | `Widened`: stored rows as f32, for comparison with several queries |
//! | `scan.rs` | `scan`: exact comparison of given rows with one or more queries |

pub(super) mod bounds;
pub(super) mod candidates;
pub(super) mod early_stop;
pub(super) mod reliability;
pub(super) mod request;
pub(super) mod rerank;
pub(super) mod scan;
pub(super) mod scratch;
pub(super) mod walk;
mod widened;
