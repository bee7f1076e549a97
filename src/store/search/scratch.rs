//! The memory that searches work in, and what the tests count.

use crate::index::{AllWithin, BestK, Neighbour, Scratch};

/// What a search works in, kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct SearchParts {
    pub(crate) scratch: Scratch,
    pub(crate) neighbours: Vec<Neighbour>,
    pub(crate) best: BestK,
    pub(crate) within: AllWithin,
    /// What a filter has been told.
    pub(crate) memory: Vec<u64>,
    #[cfg(test)]
    pub(crate) work: Work,
}

/// What a search did.
#[cfg(test)]
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Work {
    /// Rows that the graph walk visited.
    pub(crate) visits: u64,
    /// Rows that were compared one by one.
    pub(crate) scanned: u64,
    /// Rows that the filter was asked about.
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
