//! How a search works: by the graph, by a scan, or both. The public calls are in `api/search/`.
//!
//! ```text
//!   SearchOptions -> Search (graph and snapshot) -> planner: walk or scan -> filter -> best rows -> SearchResults
//! ```
//!
//! | file | content |
//! | --- | --- |
//! | `default_ef.rs` | the number of candidates of a search that sets no `ef` |
//! | `row_bitmap.rs` | the rows of a bitmap that are not deleted |
//! | `conditions/` | conditions on the values of columns |
//! | `filter.rs` | which rows may be hits |
//! | `selection.rs` | the rows that meet the conditions of a filter, without a query |
//! | `page.rs` | the next page of a search through the graph |
//! | `planner.rs` | whether the graph or a scan is faster |
//! | `scratch.rs` | the working memory of searches |
//! | `results.rs` | the options and the results of a search |
//! | `search.rs` | graph and scan joined |

pub(super) mod conditions;
pub(super) mod default_ef;
pub(super) mod filter;
mod page;
pub(super) mod planner;
pub(super) mod results;
pub(super) mod row_bitmap;
pub(super) mod scratch;
#[expect(clippy::module_inception, reason = "the file that holds a search is named for it")]
pub(super) mod search;
pub(super) mod selection;
