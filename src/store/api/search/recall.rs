//! Measuring the recall of searches through the index, on the store's own data.

use crate::index::mix;
use crate::memory;
use crate::store::api::store::MmapVectorStore;
use crate::store::search::results::{Hit, SearchOptions, SearchResults};
use crate::store::search::search::MAX_K;
use crate::store::state::shared_state::live_rows;
use crate::{Result, SynaError};

/// Queries of one batch.
const QUERIES_AT_ONCE: usize = 256;

impl MmapVectorStore {
    /// Measures the recall of searches through the index, 0 to 1. It searches for `samples` stored vectors, selected by
    /// `seed`, through the index and exactly, each vector excluded from its own hits. The recall is the share of the
    /// index's hits that are as near as the exact ones. `k`: hits of each search; `ef`: candidates, 0: the store's. The
    /// result is 1 if there is nothing to compare, as without an index.
    ///
    /// The vectors of a store resemble each other, so queries from another source may have a lower recall. Rows that
    /// are written meanwhile may lower the result. Cost: one pass over all vectors for every 64 samples, or for fewer
    /// samples if the vectors are long; the store's `threads` share the work.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`] if `samples` or `k` is 0, [`SynaError::Limit`], [`SynaError::NoMemory`],
    /// [`SynaError::Cancelled`].
    pub fn check_recall(&self, samples: usize, k: usize, ef: usize, seed: u64) -> Result<f64> {
        if samples == 0 || k == 0 {
            return Err(SynaError::argument("samples and k must not be 0"));
        }
        let state = &self.state();
        let rows = chosen(memory::collected(live_rows(state, state.published.load()))?, samples, seed);
        // One more than `k`, because each row is its own nearest. A `k` above the limit is passed unchanged, for the
        // error.
        let wanted = if k < MAX_K { k + 1 } else { k };
        let by_graph = SearchOptions { ef, ..Default::default() };
        let by_scan = SearchOptions { exact: true, ..Default::default() };
        // Checks the limits also in a store without rows.
        self.search_of(state, wanted, &by_graph)?;
        let (mut found, mut exact) = (SearchResults::default(), SearchResults::default());
        let (mut good, mut all) = (0u64, 0u64);
        let watch = self.interrupts.watch();
        for rows in rows.chunks(QUERIES_AT_ONCE) {
            watch.check()?;
            let queries = memory::all(rows.iter().map(|&row| state.components(row)))?;
            let queries = memory::collected(queries.iter().map(|query| &**query))?;
            self.search_all(state, &queries, wanted, &by_graph, &mut found)?;
            self.search_all(state, &queries, wanted, &by_scan, &mut exact)?;
            for (query, &row) in rows.iter().enumerate() {
                let truth = memory::collected(others(exact.hits_of(query), row, k))?;
                let Some(last) = truth.last() else { continue };
                let near = others(found.hits_of(query), row, k).filter(|hit| hit.distance <= last.distance);
                good += near.count() as u64;
                all += truth.len() as u64;
            }
        }
        Ok(if all == 0 { 1.0 } else { good as f64 / all as f64 })
    }
}

/// At most `k` hits, without the row itself.
fn others(hits: &[Hit], row: u32, k: usize) -> impl Iterator<Item = &Hit> {
    hits.iter().filter(move |hit| hit.row != row).take(k)
}

/// `count` of the rows, or all of them, shuffled by `seed` (Fisher-Yates).
fn chosen(mut rows: Vec<u32>, count: usize, seed: u64) -> Vec<u32> {
    let count = count.min(rows.len());
    for place in 0..count {
        let left = (rows.len() - place) as u64;
        let other = usize::try_from(mix(seed.wrapping_add(place as u64)) % left).unwrap_or(0);
        rows.swap(place, place + other);
    }
    rows.truncate(count);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_chosen_by_the_seed_without_repetition() {
        let all: Vec<u32> = (0..100).collect();
        let mut some = chosen(all.clone(), 30, 5);
        assert_eq!(some, chosen(all.clone(), 30, 5));
        assert_ne!(some, chosen(all.clone(), 30, 6));
        some.sort_unstable();
        some.dedup();
        assert_eq!(some.len(), 30);
        let mut every = chosen(all.clone(), 1000, 7);
        every.sort_unstable();
        assert_eq!(every, all);
    }
}
