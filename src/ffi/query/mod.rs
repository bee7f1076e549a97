//! Searches: how, and for which rows, and what they find.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `results.rs` | header: hits and the object that holds them |
//! | `search_options.rs` | header: options of a search, filters |
//! | `search.rs` | header: searches |

pub(super) mod results;
pub(super) mod search;
mod search_options;
