//! What only the thread that extends the graph knows; all of it follows from the graph's bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};

use super::encoder::Rotated;
use super::entries::Entries;
use super::graph::Graph;
use super::nodes::Seen;
use super::params::{MAX_ROWS, row_number};
use super::scratch::Scratch;
use super::space::{Rows, Space};
use super::workers::spread;
use crate::{Result, SynaError};

/// Rows that enter the graph at once. Each is compared with all others of its batch, which costs a tenth of its search
/// and makes the batch's own clusters whole; a larger batch would cost more and keep more threads busy.
pub(super) const BATCH_ROWS: u32 = 512;

/// The state of the thread that extends.
#[derive(Default)]
pub(super) struct Writer {
    /// How many links lead to each row.
    pub(super) in_links: Vec<u32>,
    /// Of the squared lengths of the rows' codes, for the dot product: the largest, and the sum of how many.
    pub(super) most: f32,
    pub(super) sum: f64,
    pub(super) squares: u32,
    /// The last twin of each row that has some.
    pub(super) last_twins: BTreeMap<u32, u32>,
    /// The first row without a direction, under the cosine; all others are its twins.
    pub(super) directionless: Option<u32>,
    /// Links (from, to) without which `to` was not found; they are never pruned.
    pub(super) bridges: BTreeSet<(u32, u32)>,
    /// Rows that lost a link to a forced one and were not checked since.
    pub(super) displaced: Vec<u32>,
    /// How many rows there were when the sample that searches begin at was chosen.
    pub(super) sampled_rows: u32,
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

    /// Makes room for a batch's rows and codes them; says which have no code.
    pub(super) fn admit(
        &self,
        rows: &impl Rows,
        batch: &Range<u32>,
        writer: &mut Writer,
    ) -> Result<Vec<bool>> {
        self.nodes.reserve(batch.end)?;
        self.fingerprints.reserve(batch.end)?;
        writer.in_links.resize(batch.end as usize, 0);
        let mut scratches = std::mem::take(&mut writer.scratches);
        let coded =
            spread(&mut scratches, (batch.end - batch.start) as usize, &|i, scratch: &mut Scratch| {
                let row = batch.start + row_number(i);
                let rotated: &mut Rotated = &mut scratch.query.rotated;
                if !self.encoder.rotate(rows.row(row), rotated) {
                    return Ok(false);
                }
                self.nodes.add(row, &self.encoder, rotated).map(|()| true)
            });
        writer.scratches = scratches;
        let coded: Vec<bool> = coded.into_iter().collect::<Result<_>>()?;
        let seen = self.nodes.read();
        // A batch that is tried again was counted before.
        for row in writer.squares.max(batch.start)..batch.end {
            writer.count_square(seen.record(row).map_or(0.0, |record| record.code().facts.square));
        }
        Ok(coded)
    }

    /// Chooses anew where searches begin, once the graph has grown by a quarter.
    pub(super) fn sample_entries(&self, covered: u32, writer: &mut Writer, nodes: impl Iterator<Item = u32>) {
        let due = writer.sampled_rows.saturating_add(writer.sampled_rows / 4);
        if (writer.sampled_rows == 0 || covered > due) && self.entries.has_room() {
            let sample = Entries::choose(nodes, self.params.seed);
            if !sample.is_empty() {
                self.entries.set(sample, &self.nodes.read(), &self.encoder);
                writer.sampled_rows = covered;
            }
        }
    }
}

impl Writer {
    /// Takes in the squared length of the next row.
    pub(super) fn count_square(&mut self, square: f32) {
        self.squares += 1;
        self.most = self.most.max(square);
        self.sum += f64::from(square);
    }

    /// The squared radius of the sphere that rows are lifted onto for the dot product: between the mean of the squared
    /// norms and the largest. With the largest, as the books have it, one outlier makes all others look alike: recall on
    /// log-normal lengths of sigma 0.2, 0.6, 1 was 0.63, 0.73, 0.89; with the geometric mean 0.86, 0.95, 0.98.
    pub(super) fn radius(&self) -> f32 {
        let radius = (self.sum / f64::from(self.squares.max(1)) * f64::from(self.most)).sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "not above the largest norm, which is an f32")]
        let radius = radius as f32;
        radius
    }

    /// The space in which links are chosen now.
    pub(super) fn space<'a, R: Rows>(
        &self,
        graph: &'a Graph,
        rows: &'a R,
        seen: &'a Seen<'a>,
    ) -> Space<'a, R> {
        Space::new(rows, &graph.encoder, graph.params.metric, seen, self.radius())
    }

    /// Hangs a row into the chain of the row that it equals.
    pub(super) fn hang_twin(&mut self, graph: &Graph, first: u32, twin: u32) {
        let last = self.last_twins.insert(first, twin).unwrap_or(first);
        graph.nodes.hang_twin(first, last, twin);
    }
}
