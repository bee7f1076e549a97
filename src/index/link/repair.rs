//! Rows that a short search for themselves does not find are given one more link: rows are checked as they enter the graph
//! and again as it grows. That a stored vector is found does not rest on it: the fingerprints see to that.
//!
//! A walk that keeps more candidates expands all that one with fewer does. So what is met with [`CHECKED_EF`] is met by every
//! walk that keeps as many, and a check may stop as soon as it has met its row. Searches that keep fewer or that end
//! early, and rows that were crowded out since, are what the fingerprints are for.

use std::cell::Cell;

use super::row_distance::LinkSpace;
use super::state::LinkState;
use crate::index::graph::distance::QueryDistance;
use crate::index::graph::graph::{Graph, View};
use crate::index::rows::Rows;
use crate::index::search::request::WalkPolicy;
use crate::index::search::scratch::Scratch;
use crate::index::work::budget::{ROW_WORK, TimeBudget};
use crate::index::work::parallel::spread;
use crate::index::work::stage::{SHARES, Stage};
use crate::{Result, memory};

/// How many candidates a check keeps.
const CHECKED_EF: usize = 16;
/// Of the rows of a check, one in so many is repaired at most, and a few more.
const REPAIRED_SHARE: usize = 8;
/// Bridges that one repair builds at most.
const MOST_TRIES: usize = 2;

/// Rows that are to be checked, and how far that is.
#[derive(Debug, Default)]
pub(crate) struct Check {
    suspects: Vec<u32>,
    /// How many of them were searched for, and which were found.
    checked: usize,
    found: Vec<bool>,
    /// Suspects before this one are found, or mended.
    mended: usize,
    /// How many rows may still be repaired.
    repairs_left: usize,
}

impl Check {
    /// Of these rows, and those that mending has put at a disadvantage.
    pub(crate) fn of(mut suspects: Vec<u32>, state: &mut LinkState) -> Self {
        suspects.append(&mut state.displaced);
        let repairs_left = suspects.len().div_ceil(REPAIRED_SHARE) + REPAIRED_SHARE;
        Self { suspects, repairs_left, ..Self::default() }
    }

    /// Whether there is nothing left to do.
    pub(crate) fn is_done(&self) -> bool {
        self.suspects.is_empty()
    }

    /// The place of the next suspect that was not found.
    fn next_lost(&self) -> Option<usize> {
        let rest = self.found.get(self.mended..)?;
        Some(self.mended + rest.iter().position(|&found| !found)?)
    }
}

/// Every row that has links, until one of them is met.
struct Until {
    row: u32,
    is_met: Cell<bool>,
}

impl WalkPolicy for Until {
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
            self.is_met.set(true);
        }
    }

    #[inline]
    fn is_over(&self, _spent: u32, _visits: u32, _found: usize) -> bool {
        self.is_met.get()
    }
}

impl Graph {
    /// Checks rows and repairs those that are not found, and whatever a repair may have cut off, while there is time; says
    /// whether all are done.
    ///
    /// A repair adds a bridge, a link that is never pruned, from a row near it that the search did find. Where more than a
    /// share of the rows is not found, the codes are at fault and not the links: no more than that is repaired, besides
    /// those that few links lead to.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn go_on_checking(
        &self,
        rows: &impl Rows,
        view: View,
        check: &mut Check,
        state: &mut LinkState,
        scratches: &mut [Scratch],
        budget: &mut TimeBudget,
    ) -> Result<bool> {
        while !check.suspects.is_empty() {
            let radius = state.radius();
            let (suspects, found) = (&check.suspects, &mut check.found);
            let price = ROW_WORK / SHARES * Stage::Verify.share();
            let is_over =
                budget.work(&mut state.check_cost, price, &mut check.checked, suspects.len(), |items| {
                    let finds = spread(scratches, items.len(), &|i, scratch: &mut Scratch| {
                        let suspect = suspects.get(items.start + i);
                        suspect.is_none_or(|&row| self.finds_itself(rows, view, row, radius, scratch))
                    })?;
                    memory::extend(found, finds)
                })?;
            if !is_over {
                return Ok(false);
            }
            let Some(scratch) = scratches.first_mut() else { return Ok(true) };
            while let Some(place) = check.next_lost() {
                let Some(&row) = check.suspects.get(place) else { break };
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
                check.mended = place + 1;
            }
            // Ends: each round has fewer rows without a bridge, and a bridge displaces none that has one.
            *check = Check { repairs_left: check.repairs_left, ..Check::of(Vec::new(), state) };
        }
        Ok(true)
    }

    /// Whether a search with [`CHECKED_EF`] candidates finds a row; if not, the scratch holds what it found.
    pub(crate) fn finds_itself(
        &self,
        rows: &impl Rows,
        view: View,
        row: u32,
        radius: f32,
        scratch: &mut Scratch,
    ) -> bool {
        let Scratch { query, walk, .. } = scratch;
        let vector = rows.row(row);
        if !self.encoder.prepare_row(vector, query) {
            return true;
        }
        let records = self.nodes.read();
        let space = LinkSpace::new(rows, &self.encoder, self.params.metric, &records, radius);
        let Some(measure) = space.from(row) else { return true };
        let query_distance =
            QueryDistance { encoder: &self.encoder, code: &query.code, vector, rows, key: measure.key() };
        let until = Until { row, is_met: Cell::new(false) };
        self.walk(&query_distance, view, CHECKED_EF, &until, walk);
        until.is_met.get()
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
        // An earlier repair may have brought this row back as well.
        if self.finds_itself(rows, view, row, radius, scratch) {
            return Ok(());
        }
        scratch.walk.found.sort_unstable();
        let hosts: Vec<u32> = scratch.walk.found.iter().map(|host| host.row).take(CHECKED_EF).collect();
        let most_bridges = self.nodes.max_links() / 4;
        let mut tries = 0;
        for host in hosts {
            if state.bridges.range((host, 0)..=(host, u32::MAX)).count() >= most_bridges {
                continue;
            }
            if self.force_link(rows, host, row, state, &mut scratch.bits)? {
                state.bridges.insert((host, row));
                tries += 1;
                if tries == MOST_TRIES || self.finds_itself(rows, view, row, radius, scratch) {
                    break;
                }
            }
        }
        Ok(())
    }
}
