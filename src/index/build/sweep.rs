//! Sweeps: older rows are checked again, in turn. A row can become unreachable for a short search without losing a
//! link, when newer rows displace the candidates that lead to it.

use crate::Result;
use crate::index::graph::graph::Graph;
use crate::index::link::repair::Check;
use crate::index::link::state::LinkState;
use crate::index::rows::Rows;
use crate::index::search::scratch::Scratch;
use crate::index::work::budget::{ROW_WORK, TimeBudget};

/// Number of rows in one part of a sweep.
const SWEEP_ROWS: u32 = 4096;

/// A sweep in progress.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    /// Number of rows left to check.
    left: u32,
    /// For a sweep over all rows, their number when it began.
    of_all: Option<u32>,
    check: Check,
}

impl Sweep {
    /// Begins a sweep if one is due: over all rows, or over as many rows as were added since the last sweep began. A
    /// sweep in progress is extended by the number of added rows. Returns whether one is in progress.
    pub(crate) fn begin(under_way: &mut Option<Self>, state: &mut LinkState, covered: u32) -> bool {
        // All rows: if the graph has grown by half since the last full sweep.
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
    /// Continues the sweep in progress while the budget lasts, to the end of a part at most. Returns whether that part
    /// is done.
    ///
    /// # Errors
    /// `NoMemory`; the part is then dropped, and the rest is due again.
    pub(crate) fn continue_sweep(
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
            // Charged for all rows, whether or not they are nodes.
            budget.charge(ROW_WORK / 4);
            let part = (state.sweep_next..end).filter(|&row| self.nodes.is_node(row)).collect();
            sweep.left -= end - state.sweep_next;
            state.sweep_next = end;
            sweep.check = Check::of(part, self, state);
        }
        let is_done = self.continue_check(rows, view, &mut sweep.check, state, scratches, budget);
        let is_done = is_done.inspect_err(|_| state.unswept_rows += sweep.left)?;
        if !is_done || sweep.left > 0 {
            *under_way = Some(sweep);
        } else if let Some(covered) = sweep.of_all {
            state.swept_rows = covered;
        }
        Ok(is_done)
    }
}
