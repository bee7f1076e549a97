//! The nearest of one query.

use crate::store::api::store::MmapVectorStore;
use crate::store::search::default_ef::DefaultEf;
use crate::store::search::results::{SearchOptions, SearchResults};
use crate::store::search::search::Search;
use crate::store::state::core::SharedState;
use crate::store::write::checked_batch::check_key;
use crate::{Result, SynaError};
use std::sync::Arc;

/// One answer of [`MmapVectorStore::search`].
#[derive(Debug, Clone, PartialEq)]
pub struct MmapSearchResult {
    /// The key.
    pub key: String,
    /// The distance; smaller is nearer.
    pub score: f32,
    /// A copy of the vector.
    pub vector: Vec<f32>,
}

impl MmapVectorStore {
    /// The `k` nearest vectors by ascending distance, ties by insertion order; fewer where the store has fewer.
    ///
    /// # Errors
    /// [`SynaError::DimensionMismatch`], [`SynaError::InvalidVector`], [`SynaError::Limit`].
    pub fn search(&self, query: &[f32], k: usize) -> Result<Vec<MmapSearchResult>> {
        let mut results = SearchResults::default();
        self.search_with(query, k, &SearchOptions::default(), &mut results)?;
        let lost = || SynaError::Internal { what: "a hit has no key or no vector".to_owned() };
        let copied = results.hits().iter().enumerate().map(|(position, hit)| {
            Ok(MmapSearchResult {
                key: results.key(position).ok_or_else(lost)?.to_owned(),
                score: hit.distance,
                vector: results.vector(position).ok_or_else(lost)?.to_vec(),
            })
        });
        copied.collect()
    }

    /// As [`MmapVectorStore::search`], as `options` say, into results that are used again and again: allocates
    /// nothing once they have grown. On an error they are empty.
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
        let found = self.search_of(&self.core(), k, options).and_then(|search| search.answer(query, results));
        found.inspect_err(|_| results.clear())
    }

    /// As [`MmapVectorStore::search_with`] with the vector of a stored key as the query, which is itself left out of the
    /// hits: what else is like it.
    ///
    /// # Errors
    /// [`SynaError::NotFound`], [`SynaError::InvalidKey`], and those of [`MmapVectorStore::search`].
    pub fn search_key(
        &self,
        key: &str,
        k: usize,
        options: &SearchOptions<'_>,
        results: &mut SearchResults,
    ) -> Result<()> {
        let mut search = || {
            check_key(key)?;
            let (core, row) = self.find(key).ok_or_else(|| SynaError::no_such_key(key))?;
            self.search_of(&core, k, options)?.without(row).answer(core.vector(row)?, results)
        };
        let found = search();
        found.inspect_err(|_| results.clear())
    }

    pub(in crate::store) fn search_of<'a>(
        &self,
        core: &'a Arc<SharedState>,
        k: usize,
        options: &SearchOptions<'a>,
    ) -> Result<Search<'a>> {
        Search::new(core, k, options, DefaultEf::of(&self.inner.config))
    }
}
