//! Linking: the operations on one row, or on one list of links.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `state.rs` | `LinkState`: link state that readers do not need |
//! | `row_distance.rs` | `LinkSpace`: distances between rows |
//! | `select.rs` | `choose`: selection of links among candidates |
//! | `products.rs` | links to the rows with the largest inner products |
//! | `find_links.rs` | a new row: its candidates, its equal row, its links |
//! | `back_links.rs` | nodes that are linked to link back, and are pruned |
//! | `repair.rs` | rows that a search for their own vector does not find get another link |

pub(super) mod back_links;
pub(super) mod find_links;
pub(super) mod products;
pub(super) mod repair;
pub(super) mod row_distance;
pub(super) mod select;
pub(super) mod state;
