//! What only the thread that extends the graph knows; all of it follows from the graph's bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};

use super::graph::{Graph, View};
use super::params::{MAX_ROWS, row_number};
use super::scratch::Scratch;
use super::space::{Rows, Space, squared_norm};
use crate::{DistanceMetric, Result, SynaError};

/// Rows that enter the graph at once. Each is compared with all others of its batch, which costs a tenth of its search
/// and makes the batch's own clusters whole; a larger batch would cost more and keep more threads busy.
pub(super) const BATCH_ROWS: u32 = 512;

/// The state of the thread that extends.
#[derive(Default)]
pub(super) struct Writer {
    /// How many links at level 0 lead to each row.
    pub(super) in_links: Vec<u32>,
    /// For the dot product: of each row, and the largest.
    pub(super) squared_norms: Vec<f32>,
    pub(super) most: f32,
    pub(super) sum: f64,
    /// The last twin of each row that has some.
    pub(super) last_twins: BTreeMap<u32, u32>,
    /// The first row without a direction; all others are its twins.
    pub(super) directionless: Option<u32>,
    /// Links (from, to) at level 0 without which `to` was not found; they are never pruned.
    pub(super) bridges: BTreeSet<(u32, u32)>,
    /// Rows that lost a link to a forced one and were not checked since.
    pub(super) displaced: Vec<u32>,
    /// How many rows there were when all were last checked, and where the sweep over them goes on.
    pub(super) swept_rows: u32,
    pub(super) sweep_next: u32,
    /// One for each thread.
    pub(super) scratches: Vec<Scratch>,
    pub(super) stats: BuildStats,
}

/// What building has cost since this process made or read the graph.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BuildStats {
    /// Nanoseconds spent on searching candidates.
    pub(crate) search_nanos: u64,
    /// Choosing forward links.
    pub(crate) choose_nanos: u64,
    /// Merging back-links.
    pub(crate) merge_nanos: u64,
    /// Checking that rows are found, and repairing.
    pub(crate) check_nanos: u64,
    /// Rows that were not found by themselves and got a bridge.
    pub(crate) repaired: u32,
    /// Sweeping over rows that were in the graph before.
    pub(crate) sweep_nanos: u64,
}

impl Graph {
    /// Takes rows `covered_rows()..end` into the graph. Searches go on meanwhile and see whole batches.
    ///
    /// One caller at a time goes to work, others wait. `threads`: how many threads work, the caller's among them; the
    /// graph is the same for any number. `progress(covered, end)` is called after each batch; where it breaks, what is
    /// covered stays covered.
    ///
    /// # Errors
    /// `Cancelled` where `progress` broke off, `Limit` beyond [`MAX_ROWS`], `NoMemory`, `Poisoned` after a panic in here.
    pub(crate) fn extend(
        &self,
        rows: &impl Rows,
        end: u32,
        threads: usize,
        progress: &mut dyn FnMut(u32, u32) -> ControlFlow<()>,
    ) -> Result<()> {
        if end > MAX_ROWS {
            let limit = u64::from(MAX_ROWS);
            return Err(SynaError::Limit { what: "rows in an index", limit, actual: u64::from(end) });
        }
        let mut writer = self.lock_writer()?;
        writer.scratches.resize_with(threads.max(1), Scratch::default);
        let start = self.covered_rows();
        let mut covered = start;
        while covered < end {
            let batch = covered..(covered + BATCH_ROWS).min(end);
            self.insert_batch(rows, batch, &mut writer)?;
            covered = self.covered_rows();
            if progress(covered, end).is_break() && covered < end {
                return Err(SynaError::Cancelled);
            }
        }
        self.sweep(rows, end.saturating_sub(start), &mut writer, &mut || progress(end, end).is_break())
    }

    /// What building has cost so far.
    #[cfg_attr(not(test), expect(dead_code, reason = "for benchmarks of the floors above"))]
    pub(crate) fn build_stats(&self) -> Result<BuildStats> {
        Ok(self.lock_writer()?.stats)
    }

    /// Makes room for a batch's rows, here and in the lists.
    pub(super) fn admit(&self, rows: &impl Rows, batch: &Range<u32>, writer: &mut Writer) -> Result<()> {
        self.links.reserve(batch.end)?;
        writer.in_links.resize(batch.end as usize, 0);
        if self.params.metric == DistanceMetric::DotProduct {
            for row in row_number(writer.squared_norms.len())..batch.end {
                let norm = squared_norm(self.kernels, rows.row(row));
                writer.push_norm(norm);
            }
        }
        Ok(())
    }
}

impl Writer {
    /// Takes in the squared norm of the next row.
    pub(super) fn push_norm(&mut self, norm: f32) {
        self.squared_norms.push(norm);
        self.most = self.most.max(norm);
        self.sum += f64::from(norm);
    }

    /// The squared radius of the sphere that rows are lifted onto for the dot product: between the mean of the squared
    /// norms and the largest. With the largest, as the books have it, one outlier makes all others look alike: recall on
    /// log-normal lengths of sigma 0.2, 0.6, 1 was 0.63, 0.73, 0.89; with the geometric mean 0.86, 0.95, 0.98.
    fn radius(&self) -> f32 {
        let count = row_number(self.squared_norms.len().max(1));
        let radius = (self.sum / f64::from(count) * f64::from(self.most)).sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "not above the largest norm, which is an f32")]
        let radius = radius as f32;
        radius
    }

    /// The space in which links are chosen now.
    pub(super) fn space<'a, R: Rows>(&'a self, graph: &Graph, rows: &'a R) -> Space<'a, R> {
        Space::new(rows, graph.kernels, graph.params.metric, &self.squared_norms, self.radius())
    }

    /// Hangs a row into the chain of the row that it equals.
    pub(super) fn hang_twin(&mut self, graph: &Graph, first: u32, twin: u32) {
        let last = self.last_twins.insert(first, twin).unwrap_or(first);
        graph.links.hang_twin(first, last, twin);
    }

    /// The entry point once `nodes` are in: the first row of the highest level, but none without direction if it can be
    /// helped, since nothing is near it.
    pub(super) fn choose_entry(&self, graph: &Graph, view: View, nodes: impl Iterator<Item = u32>) -> u32 {
        let rank = |row: u32| (self.directionless != Some(row), graph.params.level_of(row));
        let mut entry = view.entry;
        for row in nodes {
            if entry == super::graph::NO_ROW || rank(row) > rank(entry) {
                entry = row;
            }
        }
        entry
    }
}
