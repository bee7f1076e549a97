//! Every row is found by a search for itself: checked as rows enter the graph and again as it grows, and mended where it
//! is not so.
//!
//! A search that keeps more candidates expands all that one with fewer does. So what is found with [`CHECKED_EF`] is found
//! by every search that keeps as many, and a check may stop as soon as it has met its row. Searches that keep fewer, and
//! rows that were crowded out since, are what the fingerprints are for.

use std::cell::Cell;
use std::ops::ControlFlow;

use super::graph::{Graph, View};
use super::scratch::Scratch;
use super::search::Terms;
use super::space::{Asker, Rows, Space};
use super::workers::spread;
use super::writer::Writer;
use crate::{Result, SynaError};

/// How many candidates a check keeps.
const CHECKED_EF: usize = 16;

/// How many rows are checked between two questions whether to go on.
const SWEEP_ROWS: u32 = 4096;

/// Every row that has links, until one of them is met.
struct Until {
    row: u32,
    is_met: Cell<bool>,
}

impl Terms for Until {
    fn most_twins(&self) -> usize {
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
    fn is_over(&self, _visits: u32) -> bool {
        self.is_met.get()
    }
}

impl Graph {
    /// Checks rows and mends those that are not found, and whatever mending may have cut off.
    ///
    /// Mending adds a bridge, a link that is never pruned, from the nearest row that the search did find. A row that
    /// nobody can link to becomes a straggler, where every search begins.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(super) fn check_and_repair(
        &self,
        rows: &impl Rows,
        view: View,
        mut suspects: Vec<u32>,
        writer: &mut Writer,
        scratches: &mut [Scratch],
    ) -> Result<()> {
        suspects.append(&mut writer.displaced);
        while !suspects.is_empty() {
            let radius = writer.radius();
            let found = spread(scratches, suspects.len(), &|i, scratch| {
                suspects.get(i).is_none_or(|&row| self.finds_itself(rows, view, row, radius, scratch))
            });
            let Some(scratch) = scratches.first_mut() else { return Ok(()) };
            for (&row, found) in suspects.iter().zip(found) {
                if !found {
                    self.repair(rows, view, row, writer, scratch)?;
                }
            }
            // Ends: each round has fewer rows without a bridge, and a bridge displaces none that has one.
            suspects = std::mem::take(&mut writer.displaced);
        }
        Ok(())
    }

    /// Checks every row of the graph and repairs those that do not find themselves. Takes a short search for each row.
    ///
    /// # Errors
    /// As [`Graph::extend`].
    pub(crate) fn mend(
        &self,
        rows: &impl Rows,
        threads: usize,
        progress: &mut dyn FnMut(u32, u32) -> ControlFlow<()>,
    ) -> Result<()> {
        let mut writer = self.lock_writer()?;
        if writer.swept_rows == self.covered_rows() {
            return Ok(());
        }
        writer.swept_rows = 0;
        writer.scratches.resize_with(threads.max(1), Scratch::default);
        let covered = self.covered_rows();
        self.sweep(rows, covered, &mut writer, &mut || progress(covered, covered).is_break())
    }

    /// Checks rows that have been in the graph for long: all of them once it has grown by half since the last time, else as
    /// many as have come since, in turn. `is_over` is asked now and then whether to stop.
    ///
    /// What leads to a row can fade without the row losing a link, when others crowd the way to it.
    ///
    /// # Errors
    /// `NoMemory`, `Cancelled`.
    pub(super) fn sweep(
        &self,
        rows: &impl Rows,
        added: u32,
        writer: &mut Writer,
        is_over: &mut dyn FnMut() -> bool,
    ) -> Result<()> {
        let start = std::time::Instant::now();
        let view = self.view();
        let is_full = view.covered - writer.swept_rows.min(view.covered) > view.covered / 3;
        let mut left = if is_full { view.covered } else { added.min(view.covered) };
        let mut scratches = std::mem::take(&mut writer.scratches);
        while left > 0 {
            if writer.sweep_next >= view.covered {
                writer.sweep_next = 0;
            }
            let end = view.covered.min(writer.sweep_next + SWEEP_ROWS.min(left));
            let part: Vec<u32> = (writer.sweep_next..end).filter(|&row| self.nodes.is_node(row)).collect();
            left -= end - writer.sweep_next;
            writer.sweep_next = end;
            self.check_and_repair(rows, view, part, writer, &mut scratches)?;
            if left > 0 && is_over() {
                return Err(SynaError::Cancelled);
            }
        }
        if is_full {
            writer.swept_rows = view.covered;
        }
        writer.scratches = scratches;
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        writer.stats.sweep_nanos += nanos;
        Ok(())
    }

    /// Whether a search with [`CHECKED_EF`] candidates finds a row; if not, the scratch holds what it found.
    pub(super) fn finds_itself(
        &self,
        rows: &impl Rows,
        view: View,
        row: u32,
        radius: f32,
        scratch: &mut Scratch,
    ) -> bool {
        let Scratch { query, walk, .. } = scratch;
        let vector = rows.row(row);
        if !self.encoder.prepare(vector, query) {
            return true;
        }
        let seen = self.nodes.read();
        let space = Space::new(rows, &self.encoder, self.params.metric, &seen, radius);
        let Some(measure) = space.from(row) else { return true };
        let asker = Asker {
            encoder: &self.encoder,
            metric: self.params.metric,
            code: &query.code,
            vector,
            rows,
            key: measure.key(),
        };
        let until = Until { row, is_met: Cell::new(false) };
        self.walk(&asker, view, CHECKED_EF, &until, walk);
        until.is_met.get()
    }

    fn repair(
        &self,
        rows: &impl Rows,
        view: View,
        row: u32,
        writer: &mut Writer,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let radius = writer.radius();
        // An earlier repair may have brought this row back as well.
        if self.finds_itself(rows, view, row, radius, scratch) {
            return Ok(());
        }
        writer.stats.repaired += 1;
        scratch.walk.found.sort_unstable();
        let hosts: Vec<u32> = scratch.walk.found.iter().map(|host| host.row).take(CHECKED_EF).collect();
        let most_bridges = self.nodes.max_links() / 4;
        for host in hosts {
            if writer.bridges.range((host, 0)..=(host, u32::MAX)).count() >= most_bridges {
                continue;
            }
            if self.force_link(rows, host, row, writer, &mut scratch.bits)? {
                writer.bridges.insert((host, row));
                if self.finds_itself(rows, view, row, radius, scratch) {
                    return Ok(());
                }
            }
        }
        self.add_straggler(row)
    }
}
