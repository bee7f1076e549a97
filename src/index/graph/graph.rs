//! The graph: what readers share with the thread that extends it.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::entry_points::EntryPoints;
use super::fingerprints::Fingerprints;
use super::nodes::Nodes;
use super::sampled_recall::{LastRecall, SampledRecall};
use crate::Result;
use crate::index::codes::encoder::Encoder;
use crate::index::params::{BATCH_ROWS, GraphParams, NO_ROW};
use crate::index::records::chunks::Chunks;
use crate::kernel::Kernels;

/// The maximum number of orphans. Each costs every search one distance by codes.
const MOST_ORPHANS: u32 = 64;

/// A graph over rows `0..covered_rows()`. Any number of threads may search while one thread extends it.
pub(crate) struct Graph {
    pub(crate) params: GraphParams,
    pub(crate) encoder: Encoder,
    pub(crate) nodes: Nodes,
    pub(crate) entry_points: EntryPoints,
    /// The fingerprints of all rows except duplicates that have the bits of their node.
    pub(crate) fingerprints: Fingerprints,
    /// Nodes that no link leads to: candidates of every search.
    orphans: Chunks,
    orphan_count: AtomicU32,
    /// Under cosine, the first row without a direction (a zero vector); the others are its duplicates.
    directionless: AtomicU32,
    /// The bits of an f32; infinite if the estimates mislead most walks.
    widening: AtomicU32,
    /// Number of covered rows that are not in the graph because they were deleted before they were indexed.
    absent: AtomicU32,
    pub(crate) last_recall: LastRecall,
    covered: AtomicU32,
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph")
            .field("params", &self.params)
            .field("covered_rows", &self.covered_rows())
            .finish_non_exhaustive()
    }
}

/// The part of the graph that a search sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// All links of rows below this one are published.
    pub(crate) covered: u32,
}

impl View {
    /// The end of the rows that a walk may pass through.
    ///
    /// It includes rows of the batch that is being inserted: a list pruned in favour of such a row may lead on only
    /// through it. The row's own links are written before any link to it.
    pub(crate) fn end(self) -> u32 {
        self.covered.saturating_add(BATCH_ROWS)
    }
}

impl Graph {
    /// Returns a graph without rows, for vectors of `dimensions` components.
    pub(crate) fn new(params: GraphParams, dimensions: usize, kernels: Kernels) -> Self {
        let encoder = Encoder::new(dimensions, params.metric, kernels);
        Self {
            params,
            nodes: Nodes::new(params, dimensions),
            encoder,
            entry_points: EntryPoints::new(),
            fingerprints: Fingerprints::new(),
            orphans: Chunks::new(),
            orphan_count: AtomicU32::new(0),
            directionless: AtomicU32::new(NO_ROW),
            widening: AtomicU32::new(1.0_f32.to_bits()),
            absent: AtomicU32::new(0),
            last_recall: LastRecall::default(),
            covered: AtomicU32::new(0),
        }
    }

    /// Number of rows that the graph covers. All links of these rows are visible to the caller.
    pub(crate) fn covered_rows(&self) -> u32 {
        self.view().covered
    }

    /// Number of covered rows that are not in the graph because they were deleted before they were indexed.
    pub(crate) fn absent_rows(&self) -> u32 {
        self.absent.load(Relaxed)
    }

    /// Counts a covered row that is not in the graph.
    pub(crate) fn count_absent(&self) {
        self.absent.fetch_add(1, Relaxed);
    }

    /// The parameters of the graph.
    pub(crate) fn params(&self) -> GraphParams {
        self.params
    }

    pub(crate) fn view(&self) -> View {
        View { covered: self.covered.load(Acquire) }
    }

    /// The factor by which a walk that uses estimates lengthens its candidate list, learned from the walks that built
    /// the graph. `None` if the estimates mislead most walks, so that every row must be measured.
    #[inline]
    pub(crate) fn widening(&self) -> Option<f32> {
        Some(f32::from_bits(self.widening.load(Relaxed))).filter(|widening| widening.is_finite())
    }

    /// Whether walks measure the neighbours of each visited row by their own codes.
    pub(crate) fn measures_neighbours(&self) -> bool {
        self.widening().is_none() || !self.nodes.has_codes_of_links()
    }

    /// Sets [`Self::widening`]; infinite: the estimates mislead.
    pub(crate) fn set_widening(&self, widening: f32) {
        self.widening.store(widening.to_bits(), Relaxed);
    }

    /// Whether a damaged record was found in the file. Searches do not use such a graph.
    pub(crate) fn is_damaged(&self) -> bool {
        self.nodes.is_damaged()
    }

    /// Whether searches were hard when the recall was last measured ([`SampledRecall::is_hard`]).
    pub(crate) fn is_hard(&self) -> bool {
        self.sampled_recall().is_some_and(SampledRecall::is_hard)
    }

    /// The last measurement of the recall, if any.
    pub(crate) fn sampled_recall(&self) -> Option<SampledRecall> {
        self.last_recall.get()
    }

    /// The last measurement, if it was not reported before.
    pub(crate) fn unreported_recall(&self) -> Option<SampledRecall> {
        self.last_recall.unreported()
    }

    /// Makes new rows visible to readers. All their links and back-links must be written.
    pub(crate) fn publish(&self, view: View) {
        self.covered.store(view.covered, Release);
    }

    /// The first row without a direction.
    #[inline]
    pub(crate) fn directionless(&self) -> Option<u32> {
        Some(self.directionless.load(Acquire)).filter(|&row| row != NO_ROW)
    }

    /// Publishes the first row without a direction.
    pub(crate) fn set_directionless(&self, row: u32) {
        self.directionless.store(row, Release);
    }

    /// Calls `each` for every orphan.
    #[inline]
    pub(crate) fn for_each_orphan(&self, mut each: impl FnMut(u32)) {
        for index in 0..self.orphan_count.load(Acquire) {
            if let Some(row) = self.orphans.word(index) {
                each(row.load(Relaxed));
            }
        }
    }

    /// Makes a node a candidate of every search, unless there are [`MOST_ORPHANS`] already. In that case only its
    /// fingerprint and scans find it.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn add_orphan(&self, row: u32) -> Result<()> {
        let count = self.orphan_count.load(Relaxed);
        if count >= MOST_ORPHANS || self.orphan_rows().contains(&row) {
            return Ok(());
        }
        self.orphans.reserve(count + 1)?;
        if let Some(word) = self.orphans.word(count) {
            word.store(row, Relaxed);
        }
        self.orphan_count.store(count + 1, Release);
        Ok(())
    }

    /// The orphans, in the order in which they were added.
    pub(crate) fn orphan_rows(&self) -> Vec<u32> {
        let mut rows = Vec::new();
        self.for_each_orphan(|row| rows.push(row));
        rows
    }
}
