//! Rows that have been in the graph for long are checked again, in turn: what leads to a row can fade without the row
//! losing a link, when others crowd the way to it.

use std::time::Instant;

use super::graph::Graph;
use super::pace::{Pace, ROW_WORK};
use super::repair::Check;
use super::rows::Rows;
use super::scratch::Scratch;
use super::writer::Writer;
use crate::Result;

/// How many rows are checked between two questions whether to go on.
const SWEEP_ROWS: u32 = 4096;

/// A sweep that is under way.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    /// Rows that are still to be looked at.
    left: u32,
    /// How many rows there were when it began, if it goes over all of them.
    of_all: Option<u32>,
    check: Check,
}

impl Writer {
    /// Whether all rows are to be checked, since the graph has grown by half since they last were.
    fn is_full_sweep_due(&self, covered: u32) -> bool {
        covered - self.swept_rows.min(covered) > covered / 3
    }

    /// Begins a sweep if one is due: over all rows, or over as many as have come since the last. One that is under way goes
    /// on, over as many rows more as have come. Says whether one is under way.
    pub(super) fn begin_sweep(&mut self, covered: u32) -> bool {
        let is_full = self.is_full_sweep_due(covered);
        let added = std::mem::take(&mut self.unswept_rows);
        match &mut self.sweep {
            Some(Sweep { left, of_all, .. }) if is_full && of_all.is_none() => {
                (*left, *of_all) = (covered, Some(covered));
            }
            Some(sweep) => sweep.left = sweep.left.saturating_add(added),
            None => {
                let left = if is_full { covered } else { added.min(covered) };
                let of_all = is_full.then_some(covered);
                self.sweep = (left > 0).then(|| Sweep { left, of_all, check: Check::default() });
            }
        }
        self.sweep.is_some()
    }
}

impl Graph {
    /// Goes on with the sweep that is under way while there is time, to the end of a part of it at most; says whether that
    /// part is done.
    ///
    /// # Errors
    /// `NoMemory`; the part is then given up, and the rest becomes due again.
    pub(super) fn go_on_sweeping(
        &self,
        rows: &impl Rows,
        writer: &mut Writer,
        scratches: &mut [Scratch],
        pace: &mut Pace,
    ) -> Result<bool> {
        let begin = Instant::now();
        let view = self.view();
        let Some(mut sweep) = writer.sweep.take() else { return Ok(true) };
        if sweep.check.is_done() {
            if writer.sweep_next >= view.covered {
                writer.sweep_next = 0;
            }
            let end = view.covered.min(writer.sweep_next + SWEEP_ROWS.min(sweep.left));
            // Rows are looked at whether or not there is a node to check.
            pace.charge(ROW_WORK / 4);
            let part = (writer.sweep_next..end).filter(|&row| self.nodes.is_node(row)).collect();
            sweep.left -= end - writer.sweep_next;
            writer.sweep_next = end;
            sweep.check = Check::of(part, writer);
        }
        let is_done = self.go_on_checking(rows, view, &mut sweep.check, writer, scratches, pace);
        let is_done = is_done.inspect_err(|_| writer.unswept_rows += sweep.left)?;
        if !is_done || sweep.left > 0 {
            writer.sweep = Some(sweep);
        } else if let Some(covered) = sweep.of_all {
            writer.swept_rows = covered;
        }
        writer.stats.count_sweep(begin);
        Ok(is_done)
    }
}
