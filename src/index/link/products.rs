//! Product links: for inner products, some links of a row lead to the rows with the largest products with it.
//!
//! The selected links connect rows that are near each other on the sphere (`SortKey::Lifted`); they reach every row.
//! The results of a query are often the same few rows, with large components where the query has them, and far from
//! each other on the sphere. Links by the product itself lead to those directly (ip-NSW: Morozov, Babenko, NeurIPS
//! 2018). They occupy the slots of fillers. They do not lead to deleted rows, which would displace the results. A product
//! link gets a back-link if it is among the largest products of the other row too.

use crate::Result;
use crate::distance::or_farthest;
use crate::index::graph::distance::QueryDistance;
use crate::index::graph::graph::{Graph, View};
use crate::index::graph::links::Links;
use crate::index::neighbour::Neighbour;
use crate::index::rows::Rows;
use crate::index::search::request::AllNodes;
use crate::index::search::scratch::{Scratch, components_of};
use crate::kernel::scalar;

impl Graph {
    /// The rows with the largest products with a row, from the graph and from its batch; none for the other metrics.
    pub(crate) fn find_products<R: Rows>(
        &self,
        rows: &R,
        view: View,
        row: u32,
        peers: &[u32],
        scratch: &mut Scratch,
    ) -> Result<Vec<u32>> {
        if !self.params.has_product_links() {
            return Ok(Vec::new());
        }
        let Scratch { query, walk, floats, .. } = scratch;
        let vector = components_of(rows.row(row), self.encoder.elements, floats)?;
        self.encoder.prepare(vector, query);
        let key = self.encoder.product_key(query);
        let query_distance = QueryDistance { encoder: &self.encoder, code: &query.code, vector, rows, key };
        self.walk(&query_distance, view, self.params.candidates() / 2, &AllNodes, walk);
        walk.found.retain(|found| found.row != row && !rows.is_deleted(found.row));
        walk.found.sort_unstable();
        let others = walk.found.iter().take(self.params.most_product_links()).map(|found| found.row);
        let others: Vec<u32> = others.chain(peers.iter().copied()).collect();
        Ok(self.largest_products(rows, row, others))
    }

    /// Those of `others` that have the largest products with `row`, at most as many as it has product links.
    fn largest_products(&self, rows: &impl Rows, row: u32, others: Vec<u32>) -> Vec<u32> {
        let stored = rows.row(row);
        let distance = |other: u32| match stored.floats() {
            Some(vector) => self.encoder.product_distance(vector, rows.row(other)),
            None => or_farthest(0.0 - scalar::narrow(scalar::dot_of(stored, rows.row(other)))),
        };
        let mut sorted: Vec<Neighbour> =
            others.into_iter().map(|other| Neighbour { distance: distance(other), row: other }).collect();
        sorted.sort_unstable();
        sorted.dedup();
        sorted.truncate(self.params.most_product_links());
        sorted.into_iter().map(|found| found.row).collect()
    }

    /// Adds rows to the product links of `owner` if their products are among the largest.
    pub(crate) fn merge_products(&self, rows: &impl Rows, owner: u32, new: &[u32], links: &mut Links) {
        if !self.params.has_product_links() {
            return;
        }
        let mut others = std::mem::take(&mut links.filler);
        others.extend(new);
        others.retain(|other| *other != owner && !links.selected.contains(other) && !rows.is_deleted(*other));
        links.filler = if others.len() > self.params.most_product_links() {
            self.largest_products(rows, owner, others)
        } else {
            others.sort_unstable();
            others.dedup();
            others
        };
    }
}
