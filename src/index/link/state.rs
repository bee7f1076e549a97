//! Link state that readers do not need.

use std::collections::{BTreeMap, BTreeSet};

use super::row_distance::LinkSpace;
use crate::index::graph::entry_points::EntrySampler;
use crate::index::graph::graph::Graph;
use crate::index::graph::nodes::NodesView;
use crate::index::rows::Rows;
use crate::index::search::reliability::EstimateCounts;
use crate::index::work::budget::Cost;
use crate::index::work::stage::{STAGES, Stage};

/// Pruning never removes a link to a row that has at most so many in-links.
pub(crate) const LEAST_IN_LINKS: u32 = 2;
/// A row that loses a link and has at most so many in-links left is checked again.
const FEW_IN_LINKS: u32 = 5;

/// See the module. Everything but the costs follows from the bytes of the graph.
#[derive(Default)]
pub(crate) struct LinkState {
    /// For each row the number of selected links to it.
    pub(crate) in_links: Vec<u32>,
    /// For the dot product, of the squared lengths of the rows' codes: the largest, the sum, and the count.
    pub(crate) largest_square: f32,
    pub(crate) square_sum: f64,
    pub(crate) square_count: u32,
    /// Rows below this one are included there.
    pub(crate) measured_rows: u32,
    /// For each row with duplicates the last of its chain.
    pub(crate) last_duplicates: BTreeMap<u32, u32>,
    /// Under cosine, the first row without a direction; all others are its duplicates.
    pub(crate) directionless: Option<u32>,
    /// Links (from, to) without which `to` was not found. They are never pruned.
    pub(crate) pinned_links: BTreeSet<(u32, u32)>,
    /// Rows that lost a link to a forced one and were not checked since.
    pub(crate) displaced: Vec<u32>,
    /// The accuracy of estimates in the last walks for links.
    pub(crate) estimates: EstimateCounts,
    /// Number of rows when the entry points were last chosen.
    pub(crate) sampled_rows: u32,
    /// Selects the next entry points.
    pub(crate) entry_sampler: EntrySampler,
    /// Number of rows at the last full sweep, and the row at which the next sweep begins.
    pub(crate) swept_rows: u32,
    pub(crate) sweep_next: u32,
    /// Rows added since a sweep last began.
    pub(crate) unswept_rows: u32,
    /// Time of an item of each stage, and below of a check and of a repair.
    costs: [Cost; STAGES],
    pub(crate) check_cost: Cost,
    pub(crate) repair_cost: Cost,
}

impl Graph {
    /// Chooses new entry points if the graph has grown by a quarter.
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
        let cost = self.costs.get(stage as usize);
        debug_assert!(cost.is_some(), "{stage:?} has no cost");
        cost.copied().unwrap_or_default()
    }

    pub(crate) fn set_cost_of(&mut self, stage: Stage, cost: Cost) {
        let target = self.costs.get_mut(stage as usize);
        debug_assert!(target.is_some(), "{stage:?} has no cost");
        if let Some(target) = target {
            *target = cost;
        }
    }

    /// Counts one more or one less link to `row`.
    pub(crate) fn count_in(&mut self, row: u32, more: bool) {
        let count = self.in_links.get_mut(row as usize);
        // A lost link may come from a file.
        debug_assert!(count.is_some() || !more, "a link leads to row {row}, which has no count");
        if let Some(count) = count {
            // Saturating, as the count may come from a file.
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

    /// From rows that lost a link, in any order, those that few links lead to.
    pub(crate) fn few_in_links(&self, mut lost: Vec<u32>) -> Vec<u32> {
        lost.retain(|&row| self.has_few_in_links(row));
        lost.sort_unstable();
        lost.dedup();
        lost
    }

    /// Whether the link from `from` to `to` must not be pruned.
    pub(crate) fn must_keep(&self, from: u32, to: u32) -> bool {
        self.in_links_of(to) <= LEAST_IN_LINKS || self.pinned_links.contains(&(from, to))
    }

    /// Includes a squared length.
    pub(crate) fn count_square(&mut self, square: f32) {
        self.square_count += 1;
        self.largest_square = self.largest_square.max(square);
        self.square_sum += f64::from(square);
    }

    /// The squared radius of the sphere that rows are lifted onto for the dot product: the geometric mean of the mean
    /// and the largest squared length. With the largest alone, as in the literature, one outlier makes all other rows
    /// look alike: recall on log-normal lengths of sigma 0.2, 0.6, 1 was 0.63, 0.73, 0.89; with the geometric mean it
    /// is 0.86, 0.95, 0.98.
    pub(crate) fn radius(&self) -> f32 {
        let radius =
            (self.square_sum / f64::from(self.square_count.max(1)) * f64::from(self.largest_square)).sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "not above the largest norm, which is an f32")]
        let radius = radius as f32;
        radius
    }

    /// The space in which links are selected now.
    pub(crate) fn space<'a, R: Rows>(
        &self,
        graph: &'a Graph,
        rows: &'a R,
        records: &'a NodesView<'a>,
    ) -> LinkSpace<'a, R> {
        LinkSpace::new(rows, &graph.encoder, graph.params.metric, records, self.radius())
    }

    /// Appends a row to the chain of duplicates of `first`.
    pub(crate) fn append_duplicate(&mut self, graph: &Graph, first: u32, duplicate: u32) {
        let last = self.last_duplicates.insert(first, duplicate).unwrap_or(first);
        graph.nodes.append_duplicate(first, last, duplicate);
    }
}
