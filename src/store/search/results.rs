//! The options and the results of a search.

use crate::index::{Bounds, Neighbour};
use crate::memory;
use crate::store::search::filter::Filter;
use crate::store::search::scratch::SearchParts;
use crate::store::state::key::Key;
use crate::store::state::shared_state::SharedState;
use crate::store::state::vector_format::FoundVector;
use crate::{Result, SynaError, Value};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// How to search, and which rows may be hits. Set single fields and take the others from `..Default::default()`.
#[derive(Debug, Clone, Copy)]
pub struct SearchOptions<'a> {
    /// How many candidates to consider; up to twice as many if the index is less accurate for the data. More is slower
    /// and finds more. A search that has found its `k` rows well before that stops early, except with the dot product.
    /// 0: the store's `ef_search`, or more if the index needs more (see [`crate::MmapVectorConfig::fixed_ef`]). Less
    /// than `k` counts as `k`. Default 0.
    pub ef: usize,
    /// Compare the query with every vector instead of using the index. Default `false`.
    pub exact: bool,
    /// The time from the start of the call after which the search ends with the best hits found so far. These may be
    /// fewer than `k`, or none; [`SearchResults::is_partial`] tells. The clock is read from time to time, and before
    /// each call of a filter, so the search ends slightly later. `None`: no deadline. Default `None`.
    pub deadline: Option<Duration>,
    /// The most rows that the search for one query may visit in the index or compare one by one. It then ends as at a
    /// deadline. Rows that do not meet the conditions are not compared: only `deadline` limits how many of them are
    /// looked at. 0: no limit. Default 0.
    pub max_visits: usize,
    /// The conditions. Default: none.
    pub filter: Filter<'a>,
    /// Only for [`search_range`](crate::MmapVectorStore::search_range): use the index instead of comparing all vectors;
    /// rows may be missing. Ignored if there are conditions. Default `false`.
    pub approximate: bool,
    /// Hits are at most at this distance; a search then finds fewer than `k` if fewer rows are that near. In a range
    /// search, both this and the argument apply. Infinity: no limit. NaN is an error. Default infinity.
    pub max_distance: f32,
    /// Hits come after this one in the order of hits: by ascending distance, then by ascending row number. With the
    /// last hit of a page, the next search for the same query finds the next page. Only distance and row number count;
    /// the row need not exist any more. `None`: from the nearest row on. Default `None`.
    ///
    /// Pages never overlap. Those of exact searches, one after the other, are one longer exact search. Pages through the
    /// index have `k` hits whenever `k` rows follow. They lack about as many rows as one search through the index for
    /// all of them, as long as `ef` is at least the number of their hits; a row that is missing on its page is not
    /// found later, so set a larger `ef` from the first page on for more of them, above all with conditions. Rows that
    /// are written between two pages are hits if they come later in the order. A compaction renumbers the rows: begin
    /// again after one. After a partial page, the next one begins after its last hit, so what the partial page lacks is
    /// not found later.
    ///
    /// Cost through the index: a search for all rows up to the end of the page, or two to three such searches for a page
    /// that is far from the nearest row; at most about 1.5 times as much as comparing every row. In a batch it applies
    /// to every query.
    pub after: Option<Hit>,
}

impl Default for SearchOptions<'_> {
    fn default() -> Self {
        Self {
            ef: 0,
            exact: false,
            deadline: None,
            max_visits: 0,
            filter: Filter::default(),
            approximate: false,
            max_distance: f32::INFINITY,
            after: None,
        }
    }
}

impl SearchOptions<'_> {
    /// The bounds of the hits.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`] for NaN.
    pub(in crate::store) fn bounds(&self) -> Result<Bounds> {
        if self.max_distance.is_nan() {
            return Err(SynaError::argument("max_distance is NaN; infinity means no limit"));
        }
        if self.after.is_some_and(|after| after.distance.is_nan()) {
            return Err(SynaError::argument(
                "the distance of the hit before the page is NaN; pass the distance and the row of the last hit",
            ));
        }
        // Distances of rows are never -0.0, and `Neighbour` orders it before 0.0.
        let after = self.after.map(|Hit { row, distance }| Neighbour { distance: distance + 0.0, row });
        Ok(Bounds { after, max_distance: self.max_distance })
    }
}

/// One hit of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The row number. Rows are numbered from 0 in insertion order. Numbers are not reused; a compaction renumbers the
    /// rows.
    pub row: u32,
    /// The distance to the query. Smaller is nearer, for every metric.
    pub distance: f32,
}

/// The hits of a search, or of a batch, and the working memory of searches.
///
/// Create one for each thread that searches and reuse it: a search with reused results allocates nothing. Results
/// belong to no store; they can be used with any store. They keep the mappings and the disk space of their rows, so
/// keys and vectors can be read from them after the store is closed or the rows are deleted.
#[derive(Debug, Default)]
pub struct SearchResults {
    hits: Vec<Hit>,
    queries: Vec<Query>,
    /// The state that the hits belong to.
    state: Option<Arc<SharedState>>,
    /// One for each thread of a search.
    pub(in crate::store) parts: Vec<SearchParts>,
    /// The vector of a key that was searched for, if it is not stored as f32.
    pub(in crate::store) components_of_key: Vec<f32>,
}

/// The result of one query.
#[derive(Debug)]
struct Query {
    /// The end of its hits in `hits`.
    end: usize,
    is_partial: bool,
    error: Option<SynaError>,
}

/// Keeps alive what hits were borrowed from.
#[derive(Debug)]
#[must_use = "what was borrowed is invalid once it is dropped"]
pub(crate) struct Lenders {
    _state: Option<Arc<SharedState>>,
}

impl SearchResults {
    /// The hits by ascending distance; hits at the same distance by ascending row number. After a batch search: the
    /// hits of all queries, query after query.
    #[must_use]
    pub fn hits(&self) -> &[Hit] {
        &self.hits
    }

    /// The number of queries of the last search: 1 after a single search, 0 before any.
    #[must_use]
    pub fn query_count(&self) -> usize {
        self.queries.len()
    }

    /// The range in [`SearchResults::hits`] of the hits of a query; empty for an invalid query.
    #[must_use]
    pub fn range_of(&self, query: usize) -> Range<usize> {
        let end_of = |query: usize| self.queries.get(query).map_or(self.hits.len(), |query| query.end);
        query.checked_sub(1).map_or(0, end_of)..end_of(query)
    }

    /// The hits of a query, as in [`SearchResults::hits`]; empty for an invalid query.
    #[must_use]
    pub fn hits_of(&self, query: usize) -> &[Hit] {
        self.hits.get(self.range_of(query)).unwrap_or_default()
    }

    /// Why a query of a batch was invalid; `None` if it was searched for.
    #[must_use]
    pub fn error_of(&self, query: usize) -> Option<&SynaError> {
        self.queries.get(query)?.error.as_ref()
    }

    /// Removes and returns the first error of a query of a batch.
    pub(crate) fn take_error(&mut self) -> Option<SynaError> {
        self.queries.iter_mut().find_map(|query| query.error.take())
    }

    /// Whether the search for a query reached its deadline or `max_visits`.
    #[must_use]
    pub fn is_partial_of(&self, query: usize) -> bool {
        self.queries.get(query).is_some_and(|query| query.is_partial)
    }

    /// Whether the last search, or a query of a batch, reached its deadline or `max_visits`, so that its hits are the
    /// best found until then.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.queries.iter().any(|query| query.is_partial)
    }

    /// The key of hit `position`; `None` for an invalid position, and for a key that is not UTF-8, which only occurs in a
    /// store of [`KeyKind::Bytes`](crate::KeyKind): [`SearchResults::key_bytes`] returns it.
    #[must_use]
    pub fn key(&self, position: usize) -> Option<&str> {
        self.key_of(position)?.as_str()
    }

    /// The bytes of the key of hit `position`; `None` for an invalid position. They are not read here.
    #[must_use]
    pub fn key_bytes(&self, position: usize) -> Option<&[u8]> {
        self.key_of(position).map(Key::as_bytes)
    }

    fn key_of(&self, position: usize) -> Option<Key<'_>> {
        self.state.as_ref()?.key(self.hits.get(position)?.row).ok()
    }

    /// The vector of hit `position`, in the mapping; `None` for an invalid position, and in a store that keeps its vectors
    /// in another type than f32: see [`SearchResults::components`].
    #[must_use]
    pub fn vector(&self, position: usize) -> Option<&[f32]> {
        self.state.as_ref()?.vector(self.hits.get(position)?.row).ok()?.floats()
    }

    /// The components of the vector of hit `position`, which are copied unless they are stored as f32; `None` for an invalid
    /// position.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`](crate::SynaError).
    pub fn components(&self, position: usize) -> Result<Option<Cow<'_, [f32]>>> {
        let (Some(state), Some(hit)) = (&self.state, self.hits.get(position)) else { return Ok(None) };
        state.components(hit.row).map(Some)
    }

    /// The vector of hit `position` as the store keeps it, in the mapping; `None` for an invalid position: see
    /// [`BatchVectors::Stored`](crate::BatchVectors).
    #[must_use]
    pub fn stored(&self, position: usize) -> Option<&[u8]> {
        self.state.as_ref()?.stored(self.hits.get(position)?.row).ok()
    }

    /// As [`SearchResults::components`], without a copy.
    pub(crate) fn found_vector(&self, position: usize) -> Option<FoundVector<'_>> {
        self.state.as_ref()?.found_vector(self.hits.get(position)?.row).ok()
    }

    /// The tags of hit `position`; `None` for an invalid position.
    #[must_use]
    pub fn tags(&self, position: usize) -> Option<u64> {
        let row = self.hits.get(position)?.row;
        Some(self.state.as_ref()?.tags(row))
    }

    /// The payload of hit `position`, in the mapping, empty if it has none; `None` for an invalid position.
    #[must_use]
    pub fn payload(&self, position: usize) -> Option<&[u8]> {
        let row = self.hits.get(position)?.row;
        Some(self.state.as_ref()?.payload(row))
    }

    /// The value of hit `position` in the column with this position in the list of the store's columns; `None` if there
    /// is no such hit or column.
    #[must_use]
    pub fn value(&self, position: usize, column: usize) -> Option<Value> {
        let row = self.hits.get(position)?.row;
        self.state.as_ref()?.value(column, row)
    }

    /// Discards the hits and releases the store. Keeps the working memory.
    pub fn clear(&mut self) {
        self.hits.clear();
        self.queries.clear();
        self.state = None;
    }

    /// Discards the hits and returns what they were borrowed from. The query of the next search may be borrowed from it
    /// too.
    pub(crate) fn take_lenders(&mut self) -> Lenders {
        let lenders = Lenders { _state: self.state.take() };
        self.clear();
        lenders
    }

    /// Discards the hits. The next ones belong to `state`.
    pub(in crate::store) fn begin(&mut self, state: &Arc<SharedState>) {
        self.clear();
        self.state = Some(Arc::clone(state));
    }

    /// Calls `work` with the working memory of one thread.
    pub(in crate::store) fn lend<R>(&mut self, work: impl FnOnce(&mut Self, &mut SearchParts) -> R) -> R {
        let mut all = std::mem::take(&mut self.parts);
        let mut parts = all.pop().unwrap_or_default();
        let answer = work(self, &mut parts);
        all.push(parts);
        self.parts = all;
        answer
    }

    /// Adds the result of the next query.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`].
    pub(in crate::store) fn add(&mut self, found: Result<(&[Neighbour], bool)>) -> Result<()> {
        let (neighbours, is_partial, error) = match found {
            Ok((neighbours, is_partial)) => (neighbours, is_partial, None),
            Err(error) => (&[][..], false, Some(error)),
        };
        add_hits(&mut self.hits, neighbours)?;
        if let Some(state) = &self.state {
            neighbours.iter().for_each(|found| state.rows.prefetch_key(found.row));
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
