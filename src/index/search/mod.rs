//! Searching: the walk through the graph, and the scan of rows that it does not cover.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `request.rs` | `GraphSearch`, `WalkPolicy`: what a walk is asked for, and when it ends |
//! | `candidates.rs` | `CandidateList`: the nearest rows so far |
//! | `early_stop.rs` | `EarlyStop`: how far a walk goes |
//! | `reliability.rs` | whether a walk's estimates can be relied on |
//! | `scratch.rs` | `Scratch`: all the memory of a search |
//! | `rerank.rs` | the vectors decide among the nearest |
//! | `walk.rs` | `Graph::search` and the walk |
//! | `scan.rs` | `scan`: rows one by one, for several queries at once |

pub(super) mod candidates;
pub(super) mod early_stop;
pub(super) mod reliability;
pub(super) mod request;
pub(super) mod rerank;
pub(super) mod scan;
pub(super) mod scratch;
pub(super) mod walk;
