//! The graph itself: what readers share with the one thread that extends it.

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

/// The most orphans: each costs every search one distance by codes.
const MOST_ORPHANS: u32 = 64;

/// A graph over rows `0..covered_rows()`. Any thread searches it while one extends it.
pub(crate) struct Graph {
    pub(crate) params: GraphParams,
    pub(crate) encoder: Encoder,
    pub(crate) nodes: Nodes,
    pub(crate) entry_points: EntryPoints,
    /// Of all rows that are no twins.
    pub(crate) fingerprints: Fingerprints,
    /// Nodes that no link leads to: candidates of every search.
    orphans: Chunks,
    orphan_count: AtomicU32,
    /// The first row without a direction, under the cosine; the others are its twins.
    directionless: AtomicU32,
    /// A number's bits, infinite for a graph whose estimates mislead.
    widening: AtomicU32,
    /// How many of the covered rows have no place in the graph, since they were deleted before they came in.
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

/// The part of the graph that a search may walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// Rows under this one have all their links.
    pub(crate) covered: u32,
}

impl View {
    /// Rows from this one on are not walked through.
    ///
    /// Rows of a batch that is just entering are: a list that was pruned in favour of one may lead on through it only.
    /// Its own links were written before any link to it.
    pub(crate) fn end(self) -> u32 {
        self.covered.saturating_add(BATCH_ROWS)
    }
}

impl Graph {
    /// A graph without rows, for vectors of `dimensions` components.
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

    /// How many rows the graph covers; every link of rows below is visible to the caller.
    pub(crate) fn covered_rows(&self) -> u32 {
        self.view().covered
    }

    /// How many of the covered rows the graph does not have, since they were deleted before they came in.
    pub(crate) fn absent_rows(&self) -> u32 {
        self.absent.load(Relaxed)
    }

    /// Counts a row that has no place in the graph.
    pub(crate) fn count_absent(&self) {
        self.absent.fetch_add(1, Relaxed);
    }

    /// The parameters that it was made with.
    pub(crate) fn params(&self) -> GraphParams {
        self.params
    }

    pub(crate) fn view(&self) -> View {
        View { covered: self.covered.load(Acquire) }
    }

    /// How many candidates by estimates stand for one by distances, by the walks that built the graph; `None` where
    /// estimates mislead most walks, so that every row is to be measured.
    #[inline]
    pub(crate) fn widening(&self) -> Option<f32> {
        Some(f32::from_bits(self.widening.load(Relaxed))).filter(|widening| widening.is_finite())
    }

    /// Whether walks measure the neighbours of each visited row by their own codes.
    pub(crate) fn measures_neighbours(&self) -> bool {
        self.widening().is_none() || !self.nodes.has_codes_of_links()
    }

    /// Sets [`Self::widening`]; infinite: estimates mislead.
    pub(crate) fn set_widening(&self, widening: f32) {
        self.widening.store(widening.to_bits(), Relaxed);
    }

    /// Whether a record of the file proved not to be what was saved. Searches do not use such a graph.
    pub(crate) fn is_damaged(&self) -> bool {
        self.nodes.is_damaged()
    }

    /// The last measurement of the recall, if there was one.
    pub(crate) fn sampled_recall(&self) -> Option<SampledRecall> {
        self.last_recall.get()
    }

    /// The last measurement, if nobody was told of it before.
    pub(crate) fn unreported_recall(&self) -> Option<SampledRecall> {
        self.last_recall.unreported()
    }

    /// How many candidates a search takes that names no number, at least `least`.
    #[inline]
    pub(crate) fn default_ef(&self, least: usize) -> usize {
        self.sampled_recall().map_or(least, |last| last.default_ef(self.covered_rows(), least))
    }

    /// Shows readers new rows; all their links and back-links are written by now.
    pub(crate) fn publish(&self, view: View) {
        self.covered.store(view.covered, Release);
    }

    /// The first row without a direction.
    #[inline]
    pub(crate) fn directionless(&self) -> Option<u32> {
        Some(self.directionless.load(Acquire)).filter(|&row| row != NO_ROW)
    }

    /// Shows readers the first row without a direction.
    pub(crate) fn set_directionless(&self, row: u32) {
        self.directionless.store(row, Release);
    }

    /// Calls `each` for every orphan.
    #[inline]
    pub(crate) fn for_each_orphan(&self, mut each: impl FnMut(u32)) {
        for place in 0..self.orphan_count.load(Acquire) {
            if let Some(row) = self.orphans.word(place) {
                each(row.load(Relaxed));
            }
        }
    }

    /// Makes a node a candidate of every search, unless there are [`MOST_ORPHANS`] already: then it is found by its own
    /// vector and by scans alone.
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

    /// The orphans, in the order in which they were found.
    pub(crate) fn orphan_rows(&self) -> Vec<u32> {
        let mut rows = Vec::new();
        self.for_each_orphan(|row| rows.push(row));
        rows
    }
}
