//! What a search is asked and what it answers.

use crate::index::Neighbour;
use crate::memory;
use crate::store::search::filter::Filter;
use crate::store::search::scratch::SearchParts;
use crate::store::state::core::SharedState;
use crate::{Result, SynaError};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// How a search is done; the default is the store's, over all rows. Fill it up with `..Default::default()`.
#[derive(Debug, Clone, Copy, Default)]
pub struct SearchOptions<'a> {
    /// The most candidates to look at; a search that has found its `k` rows well before looks at fewer (not under the dot
    /// product). 0: the store's `ef_search`, or more where the index needs more ([`crate::MmapVectorConfig::fixed_ef`]).
    /// Less than `k` counts as `k`.
    pub ef: usize,
    /// Compare the query with every vector instead of walking the graph.
    pub exact: bool,
    /// Stop after this long, from the start of the call, with the best found so far.
    pub deadline: Option<Duration>,
    /// Stop after so many rows, of a query, with the best found so far: those that the walk through the graph visits, and
    /// those that are compared one by one. 0: no bound.
    pub max_visits: usize,
    /// Which rows may be results.
    pub filter: Filter<'a>,
    /// Of a search within a distance: take what the graph finds, which may lack rows, in place of comparing all vectors.
    /// Without effect where there is a filter.
    pub approximate: bool,
}

/// One answer of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The row's number, in order of insertion; never given to another row.
    pub row: u32,
    /// The distance to the query; smaller is nearer.
    pub distance: f32,
}

/// The answers of a search, or of a batch of them, and the memory that the next search works in.
///
/// One thread at a time. It keeps the store's mappings alive, so keys and vectors can be read from it after the
/// store was closed.
#[derive(Debug, Default)]
pub struct SearchResults {
    hits: Vec<Hit>,
    queries: Vec<Query>,
    /// The store that the hits are of.
    core: Option<Arc<SharedState>>,
    /// One for each thread that searches.
    pub(in crate::store) parts: Vec<SearchParts>,
}

/// What came of one query.
#[derive(Debug)]
struct Query {
    /// Where its hits end.
    end: usize,
    is_partial: bool,
    error: Option<SynaError>,
}

/// What hits are borrowed from, kept alive until this is dropped.
#[derive(Debug)]
#[must_use = "what was borrowed from it is gone once it is dropped"]
pub(crate) struct Lenders {
    _core: Option<Arc<SharedState>>,
}

impl SearchResults {
    /// The hits by ascending distance, then row; those of a batch query after query.
    #[must_use]
    pub fn hits(&self) -> &[Hit] {
        &self.hits
    }

    /// How many queries there were: 1 after a search that was no batch, 0 after none.
    #[must_use]
    pub fn query_count(&self) -> usize {
        self.queries.len()
    }

    /// Where in [`SearchResults::hits`] those of a query lie; empty past the last query.
    #[must_use]
    pub fn range_of(&self, query: usize) -> Range<usize> {
        let end_of = |query: usize| self.queries.get(query).map_or(self.hits.len(), |query| query.end);
        query.checked_sub(1).map_or(0, end_of)..end_of(query)
    }

    /// The hits of a query, by ascending distance, then row; none past the last query.
    #[must_use]
    pub fn hits_of(&self, query: usize) -> &[Hit] {
        self.hits.get(self.range_of(query)).unwrap_or_default()
    }

    /// Why a query of a batch has no hits, where it could not be searched for.
    #[must_use]
    pub fn error_of(&self, query: usize) -> Option<&SynaError> {
        self.queries.get(query)?.error.as_ref()
    }

    /// The first error of a query of a batch, taken out.
    pub(crate) fn take_error(&mut self) -> Option<SynaError> {
        self.queries.iter_mut().find_map(|query| query.error.take())
    }

    /// Whether deadline or visit budget ended the search for a query before it was done.
    #[must_use]
    pub fn is_partial_of(&self, query: usize) -> bool {
        self.queries.get(query).is_some_and(|query| query.is_partial)
    }

    /// Whether deadline or visit budget ended the search, or one of a batch, before it was done.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.queries.iter().any(|query| query.is_partial)
    }

    /// The key of hit `position`; `None` past the last.
    #[must_use]
    pub fn key(&self, position: usize) -> Option<&str> {
        self.core.as_ref()?.key(self.hits.get(position)?.row).ok()
    }

    /// The bytes of the key of hit `position`, untouched.
    pub(crate) fn key_bytes(&self, position: usize) -> Option<&[u8]> {
        self.core.as_ref()?.key_bytes(self.hits.get(position)?.row).ok()
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
        self.queries.clear();
        self.core = None;
    }

    /// Forgets the hits, and hands out what they were borrowed from: it may be the last to keep the caller's inputs alive.
    pub(crate) fn take_lenders(&mut self) -> Lenders {
        let lenders = Lenders { _core: self.core.take() };
        self.clear();
        lenders
    }

    /// Forgets the hits; what comes next is of `core`.
    pub(in crate::store) fn begin(&mut self, core: &Arc<SharedState>) {
        self.clear();
        self.core = Some(Arc::clone(core));
    }

    /// Lends `work` the memory for one thread's searches.
    pub(in crate::store) fn lend<R>(&mut self, work: impl FnOnce(&mut Self, &mut SearchParts) -> R) -> R {
        let mut all = std::mem::take(&mut self.parts);
        let mut parts = all.pop().unwrap_or_default();
        let answer = work(self, &mut parts);
        all.push(parts);
        self.parts = all;
        answer
    }

    /// Takes over what came of the next query.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`].
    pub(in crate::store) fn add(&mut self, found: Result<(&[Neighbour], bool)>) -> Result<()> {
        let (neighbours, is_partial, error) = match found {
            Ok((neighbours, is_partial)) => (neighbours, is_partial, None),
            Err(error) => (&[][..], false, Some(error)),
        };
        add_hits(&mut self.hits, neighbours)?;
        if let Some(core) = &self.core {
            neighbours.iter().for_each(|found| core.rows.key_ahead(found.row));
        }
        memory::push(&mut self.queries, Query { end: self.hits.len(), is_partial, error })
    }
}

fn add_hits(hits: &mut Vec<Hit>, neighbours: &[Neighbour]) -> Result<()> {
    let bytes = (neighbours.len() as u64).saturating_mul(size_of::<Hit>() as u64);
    hits.try_reserve(neighbours.len()).map_err(|_| SynaError::NoMemory { needed_bytes: bytes })?;
    hits.extend(neighbours.iter().map(|found| Hit { row: found.row, distance: found.distance }));
    Ok(())
}
