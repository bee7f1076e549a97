//! The working memory of searches, and counters for the tests.

use crate::index::{AllWithin, BestK, Neighbour, Scratch};

/// The working memory of a search, reused by the next one.
#[derive(Debug, Default)]
pub(crate) struct SearchParts {
    pub(crate) scratch: Scratch,
    pub(crate) neighbours: Vec<Neighbour>,
    pub(crate) best: BestK,
    pub(crate) within: AllWithin,
    /// Cached results of a filter.
    pub(crate) memory: Vec<u64>,
    #[cfg(test)]
    pub(crate) work: Work,
}

/// Counters of a search.
#[cfg(test)]
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Work {
    /// Rows that the graph walk visited.
    pub(crate) visits: u64,
    /// Rows that were compared in a scan.
    pub(crate) scanned: u64,
    /// Rows that the filter evaluated.
    pub(crate) evaluations: u64,
}

#[cfg(test)]
impl Work {
    pub(crate) fn add(&mut self, visits: u32, scanned: u32, evaluations: u32) {
        self.visits += u64::from(visits);
        self.scanned += u64::from(scanned);
        self.evaluations += u64::from(evaluations);
    }
}
