//! How a search is done: by the graph, by a scan, or both; below the calls that ask for it.
//!
//! ```text
//!   SearchOptions -> Search (graph and snapshot of one moment) -> planner: walk or scan -> filter -> best rows -> SearchResults
//! ```
//!
//! | file | what it is for |
//! | --- | --- |
//! | `default_ef.rs` | how many candidates a search takes that names no number |
//! | `row_bitmap.rs` | the rows of a bitmap that are not deleted |
//! | `filter.rs` | which rows may be results |
//! | `planner.rs` | whether the graph or the scan finds them in less time |
//! | `scratch.rs` | the memory that searches work in |
//! | `results.rs` | what a search is asked, and what it answers |
//! | `search.rs` | graph and scan joined |

pub(super) mod default_ef;
pub(super) mod filter;
pub(super) mod planner;
pub(super) mod results;
pub(super) mod row_bitmap;
pub(super) mod scratch;
#[expect(clippy::module_inception, reason = "the file that holds a search is named for it")]
pub(super) mod search;
