//! Search for one query.

use crate::store::api::store::MmapVectorStore;
use crate::store::search::default_ef::DefaultEf;
use crate::store::search::results::{SearchOptions, SearchResults};
use crate::store::search::search::Search;
use crate::store::state::shared_state::SharedState;
use crate::{Result, SynaError};
use std::sync::Arc;

/// One hit of [`MmapVectorStore::search`].
#[derive(Debug, Clone, PartialEq)]
pub struct MmapSearchResult {
    /// The key.
    pub key: String,
    /// The distance to the query. Smaller is nearer, for every metric.
    pub score: f32,
    /// A copy of the vector.
    pub vector: Vec<f32>,
}

impl MmapVectorStore {
    /// Finds the `k` stored vectors nearest to `query`, or all of them if there are fewer, by ascending distance; hits
    /// at the same distance by ascending row number.
    ///
    /// The result is exact without an index and with fewer than 2,000 rows. Otherwise it is approximate. A vector whose
    /// insert has returned takes part in the search, indexed or not. Cost: with an index, some hundred distances and
    /// one for each unindexed row; without an index, one distance for each row.
    ///
    /// # Errors
    /// [`SynaError::DimensionMismatch`], [`SynaError::InvalidVector`] (NaN or infinity), [`SynaError::Limit`],
    /// [`SynaError::NoMemory`]; [`SynaError::InvalidArgument`] if the key of a hit is not UTF-8, which only occurs in a
    /// store of [`KeyKind::Bytes`](crate::KeyKind).
    pub fn search(&self, query: &[f32], k: usize) -> Result<Vec<MmapSearchResult>> {
        let mut results = SearchResults::default();
        self.search_with(query, k, &SearchOptions::default(), &mut results)?;
        let not_text =
            || SynaError::argument("a key is not UTF-8; use search_with() and SearchResults::key_bytes()");
        let lost = || SynaError::Internal { what: "a hit has no key or no vector".to_owned() };
        let copied = results.hits().iter().enumerate().map(|(position, hit)| {
            Ok(MmapSearchResult {
                key: results.key(position).ok_or_else(not_text)?.to_owned(),
                score: hit.distance,
                vector: results.components(position)?.ok_or_else(lost)?.into_owned(),
            })
        });
        copied.collect()
    }

    /// As [`MmapVectorStore::search`], with options, into results that are reused: it allocates nothing once they have
    /// grown to the size that such searches need. The previous hits are discarded. On an error the results are empty.
    ///
    /// # Errors
    /// As [`MmapVectorStore::search`].
    pub fn search_with(
        &self,
        query: &[f32],
        k: usize,
        options: &SearchOptions<'_>,
        results: &mut SearchResults,
    ) -> Result<()> {
        let found =
            self.search_of(&self.state(), k, options).and_then(|search| search.answer(query, results));
        found.inspect_err(|_| results.clear())
    }

    /// Finds the `k` stored vectors nearest to the vector of a key. The key itself is not a hit.
    ///
    /// # Errors
    /// [`SynaError::NotFound`] if the key does not exist, [`SynaError::InvalidKey`], and as [`MmapVectorStore::search`].
    pub fn search_key(
        &self,
        key: impl AsRef<[u8]>,
        k: usize,
        options: &SearchOptions<'_>,
        results: &mut SearchResults,
    ) -> Result<()> {
        let key = key.as_ref();
        let mut components = std::mem::take(&mut results.components_of_key);
        let mut search = || {
            self.check_key(key)?;
            let (state, row) = self.find(key).ok_or_else(|| SynaError::no_such_key(key))?;
            let vector = state.components_in(row, &mut components)?;
            self.search_of(&state, k, options)?.without(row).answer(vector, results)
        };
        let found = search();
        results.components_of_key = components;
        found.inspect_err(|_| results.clear())
    }

    pub(in crate::store) fn search_of<'a>(
        &self,
        state: &'a Arc<SharedState>,
        k: usize,
        options: &SearchOptions<'a>,
    ) -> Result<Search<'a>> {
        Search::new(state, k, options, DefaultEf::of(&self.inner.settings))
    }
}
