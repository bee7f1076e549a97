//! Repair of rows that a short search for their own vector does not find: such a row gets another link. Rows are
//! checked when they are inserted and again as the graph grows. Guarantee P1 does not depend on this: the fingerprints
//! find a stored vector.
//!
//! A walk with more candidates expands everything that one with fewer does. So a row met with [`CHECKED_EF`] candidates
//! is met by every walk that keeps at least as many, and a check may stop when it meets its row. Fingerprints cover
//! searches that keep fewer or end early, and rows that newer rows have displaced since.

use std::cell::Cell;

use super::row_distance::LinkSpace;
use super::state::LinkState;
use crate::index::graph::distance::QueryDistance;
use crate::index::graph::graph::{Graph, View};
use crate::index::rows::Rows;
use crate::index::search::request::WalkPolicy;
use crate::index::search::scratch::{Scratch, components_of};
use crate::index::work::budget::{ROW_WORK, TimeBudget};
use crate::index::work::parallel::spread;
use crate::index::work::stage::{SHARES, Stage};
use crate::{Result, memory};

/// Number of candidates of a check.
const CHECKED_EF: usize = 16;
/// At most one in so many of the checked rows is repaired, and a few more.
const REPAIRED_SHARE: usize = 8;
/// Maximum number of pinned links that one repair adds.
const PINNED_A_REPAIR: usize = 2;

/// Rows to check, and the progress.
#[derive(Debug, Default)]
pub(crate) struct Check {
    to_check: Vec<u32>,
    /// How many of them were searched for, and which were found.
    checked: usize,
    found: Vec<bool>,
    /// Rows before this index are found or repaired.
    repaired: usize,
    /// How many more rows may be repaired.
    repairs_left: usize,
}

impl Check {
    /// Checks these rows of `graph`, and those that lost a link to a repair. If searches of the graph are hard, only
    /// those of them that few links lead to: most others are not found either, and links would not change that.
    pub(crate) fn of(mut to_check: Vec<u32>, graph: &Graph, state: &mut LinkState) -> Self {
        to_check.append(&mut state.displaced);
        if graph.is_hard() {
            to_check.retain(|&row| state.has_few_in_links(row));
        }
        let repairs_left = to_check.len().div_ceil(REPAIRED_SHARE) + REPAIRED_SHARE;
        Self { to_check, repairs_left, ..Self::default() }
    }

    /// Whether no rows are left to check.
    pub(crate) fn is_done(&self) -> bool {
        self.to_check.is_empty()
    }

    /// The index of the next row that was not found.
    fn next_not_found(&self) -> Option<usize> {
        let rest = self.found.get(self.repaired..)?;
        Some(self.repaired + rest.iter().position(|&found| !found)?)
    }
}

/// Visits all nodes until it meets `row`.
struct UntilFound {
    row: u32,
    is_found: Cell<bool>,
}

impl WalkPolicy for UntilFound {
    fn most_results(&self) -> usize {
        0
    }

    #[inline]
    fn visible(&self, _row: u32) -> bool {
        true
    }

    #[inline]
    fn visit(&self, row: u32) {
        if row == self.row {
            self.is_found.set(true);
        }
    }

    #[inline]
    fn is_over(&self, _spent: u32, _visits: u32, _found: usize) -> bool {
        self.is_found.get()
    }
}

impl Graph {
    /// Checks rows, and repairs those that are not found, while the budget lasts. Rows that lose a link to a repair are
    /// checked too. Returns whether all are done.
    ///
    /// A repair adds a pinned link, which is never pruned, from a node near the row that the search did find. If more
    /// than a share of the rows is not found, the codes are the cause, not the links: no more than that share is
    /// repaired, besides rows that few links lead to.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn continue_check(
        &self,
        rows: &impl Rows,
        view: View,
        check: &mut Check,
        state: &mut LinkState,
        scratches: &mut [Scratch],
        budget: &mut TimeBudget,
    ) -> Result<bool> {
        while !check.to_check.is_empty() {
            let radius = state.radius();
            let (to_check, found) = (&check.to_check, &mut check.found);
            let price = ROW_WORK / SHARES * Stage::Verify.share();
            let is_over =
                budget.work(&mut state.check_cost, price, &mut check.checked, to_check.len(), |items| {
                    let finds = spread(scratches, items.len(), &|i, scratch: &mut Scratch| {
                        let checked_row = to_check.get(items.start + i);
                        checked_row.is_none_or(|&row| self.finds_itself(rows, view, row, radius, scratch))
                    })?;
                    memory::extend(found, finds)
                })?;
            if !is_over {
                return Ok(false);
            }
            let Some(scratch) = scratches.first_mut() else { return Ok(true) };
            while let Some(index) = check.next_not_found() {
                let Some(&row) = check.to_check.get(index) else { break };
                let is_needed = state.has_few_in_links(row);
                if is_needed || check.repairs_left > 0 {
                    let mut cost = state.repair_cost;
                    let is_done = budget.work_whole(&mut cost, 2 * price, 1, || {
                        self.repair(rows, view, row, state, scratch)
                    })?;
                    state.repair_cost = cost;
                    if !is_done {
                        return Ok(false);
                    }
                    check.repairs_left -= usize::from(!is_needed);
                }
                check.repaired = index + 1;
            }
            // Terminates: each round has fewer rows without a pinned link, and a repair never removes a pinned link.
            *check = Check { repairs_left: check.repairs_left, ..Check::of(Vec::new(), self, state) };
        }
        Ok(true)
    }

    /// Whether a search with [`CHECKED_EF`] candidates finds a row. If not, the scratch contains the rows that it
    /// found.
    pub(crate) fn finds_itself(
        &self,
        rows: &impl Rows,
        view: View,
        row: u32,
        radius: f32,
        scratch: &mut Scratch,
    ) -> bool {
        let Scratch { query, walk, floats, .. } = scratch;
        let Ok(vector) = components_of(rows.row(row), self.encoder.elements, floats) else { return true };
        if !self.encoder.prepare_row(vector, query) {
            return true;
        }
        let records = self.nodes.read();
        let space = LinkSpace::new(rows, &self.encoder, self.params.metric, &records, radius);
        let Some(measure) = space.from(row) else { return true };
        let query_distance =
            QueryDistance { encoder: &self.encoder, code: &query.code, vector, rows, key: measure.key() };
        let until = UntilFound { row, is_found: Cell::new(false) };
        self.walk(&query_distance, view, CHECKED_EF, &until, walk);
        until.is_found.get()
    }

    fn repair(
        &self,
        rows: &impl Rows,
        view: View,
        row: u32,
        state: &mut LinkState,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let radius = state.radius();
        // An earlier repair may have made this row findable too.
        if self.finds_itself(rows, view, row, radius, scratch) {
            return Ok(());
        }
        scratch.walk.found.sort_unstable();
        let sources: Vec<u32> = scratch.walk.found.iter().map(|source| source.row).take(CHECKED_EF).collect();
        let most_pinned_links = self.nodes.max_links() / 4;
        let mut tries = 0;
        for source in sources {
            if state.pinned_links.range((source, 0)..=(source, u32::MAX)).count() >= most_pinned_links {
                continue;
            }
            if self.force_link(rows, source, row, state, &mut scratch.bits)? {
                state.pinned_links.insert((source, row));
                tries += 1;
                if tries == PINNED_A_REPAIR || self.finds_itself(rows, view, row, radius, scratch) {
                    break;
                }
            }
        }
        Ok(())
    }
}
