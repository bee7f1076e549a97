//! What a search is asked and what it answers.

use super::core::Core;
use super::search::SearchParts;
use std::sync::Arc;
use std::time::Duration;

/// How a search is done; the default is the store's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SearchOptions {
    /// Candidates to look at; 0: the store's `ef_search`. Less than `k` counts as `k`.
    pub ef: usize,
    /// Compare the query with every vector instead of walking the graph.
    pub exact: bool,
    /// Stop after this long, from the start of the call, with the best found so far.
    pub deadline: Option<Duration>,
}

/// One answer of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The row's number, in order of insertion; never given to another row.
    pub row: u32,
    /// The distance to the query; smaller is nearer.
    pub distance: f32,
}

/// The answers of a search and the memory that the next search works in.
///
/// One thread at a time. It keeps the store's mappings alive, so keys and vectors can be read from it after the
/// store was closed.
#[derive(Debug, Default)]
pub struct SearchResults {
    hits: Vec<Hit>,
    is_partial: bool,
    /// The store that the hits are of.
    core: Option<Arc<Core>>,
    pub(super) parts: SearchParts,
}

impl SearchResults {
    /// The hits, by ascending distance, then row.
    #[must_use]
    pub fn hits(&self) -> &[Hit] {
        &self.hits
    }

    /// Whether the deadline ended the search before it was done.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// The key of hit `position`; `None` past the last.
    #[must_use]
    pub fn key(&self, position: usize) -> Option<&str> {
        self.core.as_ref()?.key(self.hits.get(position)?.row).ok()
    }

    /// The vector of hit `position`, from the mapping; `None` past the last.
    #[must_use]
    pub fn vector(&self, position: usize) -> Option<&[f32]> {
        self.core.as_ref()?.vector(self.hits.get(position)?.row).ok()
    }

    /// The tags of hit `position`; `None` past the last.
    #[must_use]
    pub fn tags(&self, position: usize) -> Option<u64> {
        let row = self.hits.get(position)?.row;
        Some(self.core.as_ref()?.tags(row))
    }

    /// The payload of hit `position`, from the mapping, empty where it has none; `None` past the last.
    #[must_use]
    pub fn payload(&self, position: usize) -> Option<&[u8]> {
        let row = self.hits.get(position)?.row;
        Some(self.core.as_ref()?.payload(row))
    }

    /// Forgets the hits and lets go of the store; keeps the memory.
    pub fn clear(&mut self) {
        self.hits.clear();
        self.is_partial = false;
        self.core = None;
    }

    /// Takes over what the search left in `parts`.
    pub(super) fn fill(&mut self, core: &Arc<Core>, is_partial: bool) {
        self.hits.extend(self.parts.hits());
        self.is_partial = is_partial;
        self.core = Some(Arc::clone(core));
    }
}
