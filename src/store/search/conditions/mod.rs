//! Conditions on the values of columns.
//!
//! | file | content |
//! | --- | --- |
//! | `condition.rs` | conditions as callers write them, and in the form that is evaluated |
//! | `selected.rs` | the rows that meet conditions, as a bitmap |
//! | `prepared.rs` | conditions whose rows are kept from search to search |

pub(in crate::store) mod condition;
pub(in crate::store) mod prepared;
pub(in crate::store) mod selected;
