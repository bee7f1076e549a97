//! The graph itself: what readers share with the one thread that extends it.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::{Mutex, MutexGuard};

use super::chunks::Chunks;
use super::links::LinkStore;
use super::params::{GraphParams, row_number};
use super::writer::{BATCH_ROWS, Writer};
use crate::kernel::Kernels;
use crate::{Result, SynaError};

/// Stands for "no row".
pub(super) const NO_ROW: u32 = u32::MAX;

/// A graph over rows `0..covered_rows()`. Any thread searches it while one extends it.
pub(crate) struct Graph {
    pub(super) params: GraphParams,
    pub(super) kernels: Kernels,
    pub(super) links: LinkStore,
    /// Rows that a search for themselves does not find: every search begins at them too.
    stragglers: Chunks,
    straggler_count: AtomicU32,
    /// Entry point and covered rows in one word, so that no reader sees rows without an entry that leads to them.
    view: AtomicU64,
    pub(super) writer: Mutex<Writer>,
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph")
            .field("params", &self.params)
            .field("view", &self.view())
            .finish_non_exhaustive()
    }
}

/// The part of the graph that a search may walk.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// Where searches begin; [`NO_ROW`] in an empty graph.
    pub(super) entry: u32,
    /// Rows under this one have all their links.
    pub(super) covered: u32,
}

impl View {
    /// Rows from this one on are not walked through.
    ///
    /// Rows of a batch that is just entering are: a list that was pruned in favour of one may lead on through it only.
    /// Its own links were written before any link to it.
    pub(super) fn end(self) -> u32 {
        self.covered.saturating_add(BATCH_ROWS)
    }
}

impl Graph {
    /// A graph without rows.
    pub(crate) fn new(params: GraphParams, kernels: Kernels) -> Self {
        let graph = Self {
            params,
            kernels,
            links: LinkStore::new(params),
            stragglers: Chunks::new(1),
            straggler_count: AtomicU32::new(0),
            view: AtomicU64::new(0),
            writer: Mutex::new(Writer::default()),
        };
        graph.publish(View { entry: NO_ROW, covered: 0 });
        graph
    }

    /// How many rows the graph covers; every link of rows below is visible to the caller.
    pub(crate) fn covered_rows(&self) -> u32 {
        self.view().covered
    }

    /// The parameters that it was made with.
    pub(crate) fn params(&self) -> GraphParams {
        self.params
    }

    pub(super) fn view(&self) -> View {
        let word = self.view.load(Acquire);
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of the word")]
        let (entry, covered) = ((word >> 32) as u32, word as u32);
        View { entry, covered }
    }

    /// Shows readers new rows; all their links, back-links and stragglers are written by now.
    pub(super) fn publish(&self, view: View) {
        self.view.store(u64::from(view.entry) << 32 | u64::from(view.covered), Release);
    }

    /// Calls `each` for every row that searches begin at besides the entry point.
    #[inline]
    pub(super) fn for_each_straggler(&self, mut each: impl FnMut(u32)) {
        for place in 0..self.straggler_count.load(Acquire) {
            if let Some(row) = self.stragglers.word(place) {
                each(row.load(Relaxed));
            }
        }
    }

    /// Adds a row that searches begin at.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(super) fn add_straggler(&self, row: u32) -> Result<()> {
        let count = self.straggler_count.load(Relaxed);
        self.stragglers.reserve(count + 1)?;
        if let Some(word) = self.stragglers.word(count) {
            word.store(row, Relaxed);
        }
        self.straggler_count.store(count + 1, Release);
        Ok(())
    }

    /// The stragglers, in the order in which they were found.
    pub(super) fn straggler_rows(&self) -> Vec<u32> {
        let mut rows = Vec::new();
        self.for_each_straggler(|row| rows.push(row));
        rows
    }

    pub(super) fn lock_writer(&self) -> Result<MutexGuard<'_, Writer>> {
        self.writer
            .lock()
            .map_err(|_| SynaError::Poisoned { cause: "extending the index ended in a panic".into() })
    }

    /// How many links at level 0 lead to each row under `end`.
    pub(super) fn count_in_links(&self, end: u32) -> Vec<u32> {
        let mut counts = vec![0u32; end as usize];
        for row in 0..row_number(counts.len()) {
            self.links.for_each(row, 0, |to| {
                if let Some(count) = counts.get_mut(to as usize) {
                    *count += 1;
                }
            });
        }
        counts
    }
}
