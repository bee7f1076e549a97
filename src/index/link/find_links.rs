//! The insertion of a row: candidates for its links, its duplicate among earlier rows, and its links.
//!
//! Work that is done for many rows in parallel reads only data from before its stage and writes only data of its own
//! row, so the graph does not depend on the number of threads. `work/stage.rs` describes the order.

use std::ops::Range;

use super::row_distance::{LinkSpace, measure_all};
use super::select::{Lengths, choose};
use super::state::LinkState;
use crate::index::graph::distance::QueryDistance;
use crate::index::graph::fingerprints::fingerprint;
use crate::index::graph::graph::{Graph, View};
use crate::index::graph::links::Links;
use crate::index::neighbour::Neighbour;
use crate::index::params::NO_ROW;
use crate::index::rows::Rows;
use crate::index::search::reliability::EstimateCounts;
use crate::index::search::request::AllNodes;
use crate::index::search::scratch::{Scratch, components_of};
use crate::{DistanceMetric, Result, memory};

/// How many of the nearest candidates are checked for being duplicates.
const DUPLICATE_CANDIDATES: usize = 16;

/// The result of a row's search for link candidates.
#[derive(Default)]
pub(crate) struct LinkCandidates {
    /// The fingerprint of the row's vector.
    pub(crate) print: u32,
    /// The lowest row that it equals.
    pub(crate) equal_row: Option<u32>,
    /// In ascending order.
    pub(crate) candidates: Vec<Neighbour>,
    /// The accuracy of the estimates during the search.
    pub(crate) estimates: EstimateCounts,
    /// For inner products: the rows with the largest products, the largest first.
    pub(crate) products: Vec<u32>,
}

/// A requested back-link, from `to` to `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BackLink {
    pub(crate) to: u32,
    /// Whether it is a product link (products.rs).
    pub(crate) is_product: bool,
    pub(crate) from: u32,
}

impl Graph {
    /// Finds the rows that `row` may link to, and a row that it equals.
    pub(crate) fn find_candidates<R: Rows>(
        &self,
        rows: &R,
        view: View,
        row: u32,
        batch: &Range<u32>,
        radius: f32,
        scratch: &mut Scratch,
    ) -> Result<LinkCandidates> {
        let stored = rows.row(row);
        let Scratch { query, walk, floats, .. } = scratch;
        let vector = components_of(stored, self.encoder.elements, floats)?;
        let print = fingerprint(vector);
        let copies = self.fingerprints.rows(print).filter(|&other| other < row && rows.row(other) == stored);
        if !self.encoder.prepare_row(vector, query) {
            return Ok(LinkCandidates { print, equal_row: copies.min(), ..LinkCandidates::default() });
        }
        // A duplicate whose bits differ from those of its node has a fingerprint too; a chain begins at a node.
        let copy = copies.filter(|&other| self.nodes.is_node(other)).min();
        let records = self.nodes.read();
        let space = LinkSpace::new(rows, &self.encoder, self.params.metric, &records, radius);
        let Some(measure) = space.from(row) else {
            return Ok(LinkCandidates { print, ..LinkCandidates::default() });
        };
        let ef = self.params.candidates();
        let query_distance =
            QueryDistance { encoder: &self.encoder, code: &query.code, vector, rows, key: measure.key() };
        self.walk(&query_distance, view, ef, &AllNodes, walk);
        let estimates = walk.reliability.counts();
        let mut candidates = std::mem::take(&mut walk.found);
        // After an insertion that failed for lack of memory, nodes may already link to rows of this batch.
        candidates.retain(|candidate| candidate.row < batch.start);
        let peers: Vec<u32> = batch.clone().filter(|&peer| peer != row && self.nodes.is_node(peer)).collect();
        measure_all(&measure, &peers, |peer| candidates.push(peer));
        candidates.sort_unstable();
        candidates.dedup_by_key(|candidate| candidate.row);
        candidates.truncate(ef);
        let equal_row = self.find_duplicate(&space, row, &candidates).into_iter().chain(copy).min();
        let kept = memory::copied(&candidates);
        walk.found = candidates;
        let kept = kept?;
        let products = self.find_products(rows, view, row, &peers, scratch)?;
        Ok(LinkCandidates { print, equal_row, candidates: kept, estimates, products })
    }

    /// The lowest row below `row` that equals it, if it is among the nearest.
    fn find_duplicate<R: Rows>(
        &self,
        space: &LinkSpace<'_, R>,
        row: u32,
        nearest: &[Neighbour],
    ) -> Option<u32> {
        // Distances this small come from the vectors. The cosine distance of parallel vectors is 0 only up to rounding.
        let near = nearest.iter().take_while(|candidate| candidate.distance <= space.duplicate_distance(row));
        near.map(|candidate| candidate.row)
            .filter(|&other| other < row)
            .take(DUPLICATE_CANDIDATES)
            .filter(|&other| space.are_duplicates(row, other))
            .min()
    }

    /// For each row of the batch the node that it is a duplicate of, or [`NO_ROW`] if it is none.
    pub(crate) fn resolve_duplicates(
        &self,
        rows: &impl Rows,
        batch: &Range<u32>,
        found: &[LinkCandidates],
        is_deleted: impl Fn(u32) -> bool,
        state: &mut LinkState,
    ) -> Result<Vec<u32>> {
        let mut firsts: Vec<u32> = memory::with_room(found.len())?;
        for (row, of_row) in batch.clone().zip(found) {
            let first = if is_deleted(row) {
                row
            } else if self.params.metric == DistanceMetric::Cosine && rows.row(row).is_zero() {
                *state.directionless.get_or_insert(row)
            } else {
                // The equal row may be a row of this batch that is a duplicate itself.
                let node_of = |equal: u32| {
                    let inside = equal.checked_sub(batch.start).and_then(|i| firsts.get(i as usize));
                    inside.copied().filter(|&first| first != NO_ROW).unwrap_or(equal)
                };
                of_row.equal_row.map_or(row, node_of)
            };
            firsts.push(if first == row { NO_ROW } else { first });
        }
        Ok(firsts)
    }

    /// Selects and writes the links of a new node; returns them.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn choose_links<R: Rows>(
        &self,
        rows: &R,
        row: u32,
        (candidates, products): (&[Neighbour], &[u32]),
        state: &LinkState,
        scratch: &mut Scratch,
    ) -> Result<Links> {
        // Half a list; the other half is left for back-links.
        let half = self.params.most_selected_links() / 2;
        let all = if self.params.has_product_links() { half } else { self.nodes.max_links() };
        let lengths = Lengths { selected: half, filled: half, all };
        let records = self.nodes.read();
        let mut chosen = choose(&state.space(self, rows, &records), candidates, lengths, &[]);
        let products = products.iter().copied().filter(|product| !chosen.selected.contains(product));
        let products: Vec<u32> = products.collect();
        chosen.filler.extend(products);
        self.nodes.write_links(row, &chosen, &self.encoder, &mut scratch.bits)?;
        Ok(chosen)
    }
}

/// Counts the links of new nodes; returns the requested back-links, sorted by the node that gets them.
pub(crate) fn write_forward(
    nodes: &[u32],
    chosen: &[Links],
    has_product_links: bool,
    state: &mut LinkState,
) -> Result<Vec<BackLink>> {
    // Allocates before anything is counted.
    let count = chosen.iter().map(|links| links.selected.len() + links.filler.len()).sum();
    let mut back_links = memory::with_room(count)?;
    for (&from, links) in nodes.iter().zip(chosen) {
        for &to in &links.selected {
            back_links.push(BackLink { to, is_product: false, from });
            state.count_in(to, true);
        }
        let products = links.filler.iter().filter(|_| has_product_links);
        back_links.extend(products.map(|&to| BackLink { to, is_product: true, from }));
    }
    back_links.sort_unstable();
    Ok(back_links)
}
