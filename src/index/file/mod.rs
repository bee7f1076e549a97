//! The index to a file and from it; the file itself is the store's affair.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `save_records.rs` | `Saving`: records to a file, in pieces between which the graph may grow |
//! | `save.rs` | the table behind them: where each record lies, and what else the graph is |
//! | `open.rs` | the index from a file, of which nothing is trusted |
//! | `check.rs` | what is in a graph, and what cannot be reached |

pub(super) mod check;
pub(super) mod open;
pub(super) mod save;
pub(super) mod save_records;
