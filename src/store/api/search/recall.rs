//! How much of what is nearest the index finds, measured on the store at hand.

use crate::index::mix;
use crate::memory;
use crate::store::api::store::MmapVectorStore;
use crate::store::search::results::{Hit, SearchOptions, SearchResults};
use crate::store::search::search::MAX_K;
use crate::store::state::core::live_rows;
use crate::{Result, SynaError};

/// Queries that are searched for in one batch.
const QUERIES_AT_ONCE: usize = 256;

impl MmapVectorStore {
    /// The recall of searches for `k` hits with `ef` candidates (0: the store's), 0 to 1: `samples` live rows, chosen by
    /// `seed`, are searched for by the graph and exactly, each left out of its own hits, and it is counted how many of the
    /// graph's hits are as near as the exact ones. 1 where there is nothing to compare, as in a store without an index.
    ///
    /// The rows of a store are near each other; queries from elsewhere may fare worse. Rows that are written meanwhile may
    /// lower the figure. Costs a pass over the vectors for each 64 samples, for fewer where vectors are long, shared by the
    /// store's `threads`.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`] for 0 samples or a `k` of 0, [`SynaError::Limit`], [`SynaError::NoMemory`],
    /// [`SynaError::Cancelled`].
    pub fn check_recall(&self, samples: usize, k: usize, ef: usize, seed: u64) -> Result<f64> {
        if samples == 0 || k == 0 {
            return Err(SynaError::argument("a recall needs samples and hits: neither may be 0"));
        }
        let core = &self.core();
        let rows = chosen(memory::collected(live_rows(core, core.published.load()))?, samples, seed);
        // One more, since each row is the nearest to itself; a number that is refused is told as it was given.
        let wanted = if k < MAX_K { k + 1 } else { k };
        let by_graph = SearchOptions { ef, ..Default::default() };
        let by_scan = SearchOptions { exact: true, ..Default::default() };
        // A store without rows has limits too.
        self.search_of(core, wanted, &by_graph)?;
        let (mut found, mut exact) = (SearchResults::default(), SearchResults::default());
        let (mut good, mut all) = (0u64, 0u64);
        let watch = self.interrupts.watch();
        for rows in rows.chunks(QUERIES_AT_ONCE) {
            watch.check()?;
            let queries = memory::all(rows.iter().map(|&row| core.vector(row)))?;
            self.search_all(core, &queries, wanted, &by_graph, &mut found)?;
            self.search_all(core, &queries, wanted, &by_scan, &mut exact)?;
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

/// At most `k` hits, the row itself left out.
fn others(hits: &[Hit], row: u32, k: usize) -> impl Iterator<Item = &Hit> {
    hits.iter().filter(move |hit| hit.row != row).take(k)
}

/// `count` of the rows, or all of them, by a shuffle that `seed` decides.
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
    fn rows_are_chosen_once_each_and_by_the_seed() {
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
