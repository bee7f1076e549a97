//! Searches, their options and their results.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `results.rs` | header: hits and the object that holds them |
//! | `hit_vectors.rs` | header: the vectors of hits, in stores of any element type, and their values |
//! | `search_options.rs` | header: search options, filters |
//! | `selection.rs` | header: the rows that meet conditions |
//! | `search.rs` | header: searches |

mod hit_vectors;
pub(super) mod results;
pub(super) mod search;
mod search_options;
mod selection;
