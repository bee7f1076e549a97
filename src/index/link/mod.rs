//! How rows are linked: what is done for one row, or for one list of links.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `state.rs` | `LinkState`: what is known of rows and links beyond what readers see |
//! | `row_distance.rs` | `LinkSpace`: distances between rows |
//! | `select.rs` | `choose`: links are chosen among candidates |
//! | `products.rs` | links to the rows with the largest inner products |
//! | `find_links.rs` | a new row: its candidates, the row that it equals, its links |
//! | `back_links.rs` | rows that are linked to link back, and drop what they have no room for |
//! | `repair.rs` | rows that a search for themselves does not find get one more link |

pub(super) mod back_links;
pub(super) mod find_links;
pub(super) mod products;
pub(super) mod repair;
pub(super) mod row_distance;
pub(super) mod select;
pub(super) mod state;
