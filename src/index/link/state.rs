//! What whoever builds the graph knows of rows and links beyond what readers see.

use std::collections::{BTreeMap, BTreeSet};

use super::row_distance::LinkSpace;
use crate::index::graph::entry_points::EntrySampler;
use crate::index::graph::graph::Graph;
use crate::index::graph::nodes::NodesView;
use crate::index::rows::Rows;
use crate::index::search::reliability::Placed;
use crate::index::work::budget::Cost;
use crate::index::work::stage::{STAGES, Stage};

/// Pruning takes no link away from a row that fewer others link to.
pub(crate) const LEAST_IN_LINKS: u32 = 2;
/// A row that loses a link and keeps no more than these is checked again.
const FEW_IN_LINKS: u32 = 5;

/// See the module. All of it but costs follows from the bytes of the graph.
#[derive(Default)]
pub(crate) struct LinkState {
    /// How many links lead to each row.
    pub(crate) in_links: Vec<u32>,
    /// Of the squared lengths of the rows' codes, for the dot product: the largest, and the sum of how many.
    pub(crate) most: f32,
    pub(crate) sum: f64,
    pub(crate) squares: u32,
    /// Rows under this one are counted there.
    pub(crate) measured_rows: u32,
    /// The last twin of each row that has some.
    pub(crate) last_twins: BTreeMap<u32, u32>,
    /// The first row without a direction, under the cosine; all others are its twins.
    pub(crate) directionless: Option<u32>,
    /// Links (from, to) without which `to` was not found; they are never pruned.
    pub(crate) bridges: BTreeSet<(u32, u32)>,
    /// Rows that lost a link to a forced one and were not checked since.
    pub(crate) displaced: Vec<u32>,
    /// How well estimates served the last walks for links.
    pub(crate) placed: Placed,
    /// How many rows there were when the sample that searches begin at was chosen.
    pub(crate) sampled_rows: u32,
    /// Where the next sample comes from.
    pub(crate) entry_sampler: EntrySampler,
    /// How many rows there were when all were last checked, and where the sweep over them goes on.
    pub(crate) swept_rows: u32,
    pub(crate) sweep_next: u32,
    /// Rows that came since a sweep last began.
    pub(crate) unswept_rows: u32,
    /// What items of each stage take, and of checking and repairing.
    costs: [Cost; STAGES],
    pub(crate) check_cost: Cost,
    pub(crate) repair_cost: Cost,
}

impl Graph {
    /// Chooses anew where searches begin, once the graph has grown by a quarter.
    pub(crate) fn sample_entry_points(
        &self,
        covered: u32,
        state: &mut LinkState,
        entry_sampler: &EntrySampler,
    ) {
        let due = state.sampled_rows.saturating_add(state.sampled_rows / 4);
        if (state.sampled_rows == 0 || covered > due) && self.entry_points.has_room() {
            let sample = entry_sampler.rows();
            if !sample.is_empty() {
                self.entry_points.set(sample, &self.nodes.read(), &self.encoder);
                state.sampled_rows = covered;
            }
        }
    }
}

impl LinkState {
    pub(crate) fn cost_of(&self, stage: Stage) -> Cost {
        self.costs.get(stage as usize).copied().unwrap_or_default()
    }

    pub(crate) fn set_cost_of(&mut self, stage: Stage, cost: Cost) {
        if let Some(place) = self.costs.get_mut(stage as usize) {
            *place = cost;
        }
    }

    /// One link to `row` more, or less.
    pub(crate) fn count_in(&mut self, row: u32, more: bool) {
        if let Some(count) = self.in_links.get_mut(row as usize) {
            // The count may come from a file.
            *count = if more { count.saturating_add(1) } else { count.saturating_sub(1) };
        }
    }

    pub(crate) fn in_links_of(&self, row: u32) -> u32 {
        self.in_links.get(row as usize).copied().unwrap_or(0)
    }

    /// Whether few links lead to a row.
    pub(crate) fn has_few_in_links(&self, row: u32) -> bool {
        self.in_links_of(row) <= FEW_IN_LINKS
    }

    /// Of rows that lost a link, in any order, those that few links lead to.
    pub(crate) fn few_in_links(&self, mut lost: Vec<u32>) -> Vec<u32> {
        lost.retain(|&row| self.has_few_in_links(row));
        lost.sort_unstable();
        lost.dedup();
        lost
    }

    /// Whether `from` must go on linking to `to`.
    pub(crate) fn must_keep(&self, from: u32, to: u32) -> bool {
        self.in_links_of(to) <= LEAST_IN_LINKS || self.bridges.contains(&(from, to))
    }

    /// Takes in a squared length.
    pub(crate) fn count_square(&mut self, square: f32) {
        self.squares += 1;
        self.most = self.most.max(square);
        self.sum += f64::from(square);
    }

    /// The squared radius of the sphere that rows are lifted onto for the dot product: between the mean of the squared
    /// norms and the largest. With the largest, as the books have it, one outlier makes all others look alike: recall on
    /// log-normal lengths of sigma 0.2, 0.6, 1 was 0.63, 0.73, 0.89; with the geometric mean 0.86, 0.95, 0.98.
    pub(crate) fn radius(&self) -> f32 {
        let radius = (self.sum / f64::from(self.squares.max(1)) * f64::from(self.most)).sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "not above the largest norm, which is an f32")]
        let radius = radius as f32;
        radius
    }

    /// The space in which links are chosen now.
    pub(crate) fn space<'a, R: Rows>(
        &self,
        graph: &'a Graph,
        rows: &'a R,
        records: &'a NodesView<'a>,
    ) -> LinkSpace<'a, R> {
        LinkSpace::new(rows, &graph.encoder, graph.params.metric, records, self.radius())
    }

    /// Hangs a row into the chain of the row that it equals.
    pub(crate) fn hang_twin(&mut self, graph: &Graph, first: u32, twin: u32) {
        let last = self.last_twins.insert(first, twin).unwrap_or(first);
        graph.nodes.hang_twin(first, last, twin);
    }
}
