//! Saving the index and opening it. The file itself belongs to the store.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `save_records.rs` | `Saving`: records are saved in pieces between which the graph may grow |
//! | `save.rs` | the table behind the records: the cell of each record, and the rest of the graph |
//! | `open.rs` | opening an index; nothing in the file is trusted |
//! | `check.rs` | the contents of a graph, and unreachable rows |

pub(super) mod check;
pub(super) mod open;
pub(super) mod save;
pub(super) mod save_records;
