//! Rows that have been in the graph for long are checked again, in turn: what leads to a row can fade without the row
//! losing a link, when others crowd the way to it.

use crate::Result;
use crate::index::graph::graph::Graph;
use crate::index::link::repair::Check;
use crate::index::link::state::LinkState;
use crate::index::rows::Rows;
use crate::index::search::scratch::Scratch;
use crate::index::work::budget::{ROW_WORK, TimeBudget};

/// How many rows are checked between two questions whether to go on.
const SWEEP_ROWS: u32 = 4096;

/// A sweep that is under way.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    /// Rows that are still to be looked at.
    left: u32,
    /// How many rows there were when it began, if it goes over all of them.
    of_all: Option<u32>,
    check: Check,
}

impl Sweep {
    /// Begins a sweep if one is due: over all rows, or over as many as have come since the last. One that is under way goes
    /// on, over as many rows more as have come. Says whether one is under way.
    pub(crate) fn begin(under_way: &mut Option<Self>, state: &mut LinkState, covered: u32) -> bool {
        // Since the graph has grown by half since all rows were last checked.
        let is_full = covered - state.swept_rows.min(covered) > covered / 3;
        let added = std::mem::take(&mut state.unswept_rows);
        match under_way {
            Some(Self { left, of_all, .. }) if is_full && of_all.is_none() => {
                (*left, *of_all) = (covered, Some(covered));
            }
            Some(sweep) => sweep.left = sweep.left.saturating_add(added),
            None => {
                let left = if is_full { covered } else { added.min(covered) };
                let of_all = is_full.then_some(covered);
                *under_way = (left > 0).then(|| Self { left, of_all, check: Check::default() });
            }
        }
        under_way.is_some()
    }
}

impl Graph {
    /// Goes on with the sweep that is under way while there is time, to the end of a part of it at most; says whether that
    /// part is done.
    ///
    /// # Errors
    /// `NoMemory`; the part is then given up, and the rest becomes due again.
    pub(crate) fn go_on_sweeping(
        &self,
        rows: &impl Rows,
        under_way: &mut Option<Sweep>,
        state: &mut LinkState,
        scratches: &mut [Scratch],
        budget: &mut TimeBudget,
    ) -> Result<bool> {
        let view = self.view();
        let Some(mut sweep) = under_way.take() else { return Ok(true) };
        if sweep.check.is_done() {
            if state.sweep_next >= view.covered {
                state.sweep_next = 0;
            }
            let end = view.covered.min(state.sweep_next + SWEEP_ROWS.min(sweep.left));
            // Rows are looked at whether or not there is a node to check.
            budget.charge(ROW_WORK / 4);
            let part = (state.sweep_next..end).filter(|&row| self.nodes.is_node(row)).collect();
            sweep.left -= end - state.sweep_next;
            state.sweep_next = end;
            sweep.check = Check::of(part, state);
        }
        let is_done = self.go_on_checking(rows, view, &mut sweep.check, state, scratches, budget);
        let is_done = is_done.inspect_err(|_| state.unswept_rows += sweep.left)?;
        if !is_done || sweep.left > 0 {
            *under_way = Some(sweep);
        } else if let Some(covered) = sweep.of_all {
            state.swept_rows = covered;
        }
        Ok(is_done)
    }
}
