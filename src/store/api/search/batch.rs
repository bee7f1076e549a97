//! Batch search: on several threads, and in one pass over the vectors where they are compared one by one.

use crate::distance::PreparedQuery;
use crate::index::{BestK, Neighbour};
use crate::memory;
use crate::storage::spawn_scoped;
use crate::store::api::store::MmapVectorStore;
use crate::store::search::planner::SearchPlan;
use crate::store::search::results::{SearchOptions, SearchResults};
use crate::store::search::scratch::SearchParts;
use crate::store::search::search::Search;
use crate::store::state::shared_state::SharedState;
use crate::{Result, SynaError};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

/// Most queries that share a pass, and most bytes of their vectors. Each row is compared with all of them while it is
/// in the cache, so the queries must stay in the cache too.
const MOST_TOGETHER: usize = 64;
const MOST_BYTES: usize = 256 << 10;

/// The result of a query: its nearest rows, and whether a deadline or a budget ended the search early.
type Answer = Result<(Vec<Neighbour>, bool)>;

impl MmapVectorStore {
    /// Finds the `k` nearest stored vectors for each of several queries. All queries see the rows of the same moment.
    /// `queries`: count x dimensions floats, one query after the other. [`SearchResults::hits_of`] returns the hits of
    /// one query. An invalid query has no hits and an error, [`SearchResults::error_of`], and does not affect the
    /// others.
    ///
    /// The store's `threads` share the queries. If every vector is compared (without an index, with `exact`, or if few
    /// rows meet the conditions), up to 64 queries share one pass over the vectors. The distances are bit for bit those
    /// of single searches. The deadline is that of the whole call: queries whose turn comes later are partial and have
    /// no hits.
    ///
    /// # Errors
    /// [`SynaError::DimensionMismatch`] if the floats are not a whole number of queries, [`SynaError::Limit`],
    /// [`SynaError::NoMemory`]. The results are empty then.
    pub fn search_batch(
        &self,
        queries: &[f32],
        k: usize,
        options: &SearchOptions<'_>,
        results: &mut SearchResults,
    ) -> Result<()> {
        let state = &self.state();
        let dimensions = state.data.identity.dimensions;
        let even = queries.chunks_exact(dimensions as usize);
        let found = match even.remainder().len() {
            0 => memory::collected(even).and_then(|even| self.search_all(state, &even, k, options, results)),
            rest => Err(SynaError::DimensionMismatch { expected: dimensions, actual: rest as u64 }),
        };
        found.inspect_err(|_| results.clear())
    }

    /// As [`MmapVectorStore::search_batch`], with one slice for each query.
    pub(super) fn search_all(
        &self,
        state: &Arc<SharedState>,
        queries: &[&[f32]],
        k: usize,
        options: &SearchOptions<'_>,
        results: &mut SearchResults,
    ) -> Result<()> {
        let search = self.search_of(state, k, options)?;
        results.begin(state);
        let plan = results.lend(|_, parts| Ok(search.plan(&search.filter(&mut parts.memory)?)))?;
        let threads = self.inner.config.threads.clamp(1, queries.len().max(1));
        let mut parts = std::mem::take(&mut results.parts);
        let wanted = threads.max(parts.len());
        memory::reserve(&mut parts, wanted)?;
        parts.resize_with(wanted, SearchParts::default);
        let (used, _) = parts.split_at_mut(threads);
        let answers = share(used, queries, &|queries, parts| match plan {
            SearchPlan::Walk { .. } => {
                memory::collected(queries.iter().map(|query| search.walked(query, plan, parts)))
            }
            SearchPlan::Scan => search.scanned(queries, parts),
        });
        results.parts = parts;
        for answers in answers {
            for answer in answers? {
                let shown = answer.as_ref().map(|(found, is_partial)| (found.as_slice(), *is_partial));
                match shown {
                    Ok(found) => results.add(Ok(found))?,
                    Err(_) => results.add(answer.map(|_| (&[][..], false)))?,
                }
            }
        }
        Ok(())
    }
}

impl Search<'_> {
    fn walked(&self, query: &[f32], plan: SearchPlan, parts: &mut SearchParts) -> Answer {
        if self.is_past_deadline() {
            return self.prepare(query).map(|_| (Vec::new(), true));
        }
        let is_partial = self.nearest(query, Some(plan), parts)?;
        Ok((memory::copied(parts.best.sorted())?, is_partial))
    }

    /// Compares all rows that meet the conditions with the queries, up to [`MOST_TOGETHER`] queries in each pass.
    fn scanned(&self, queries: &[&[f32]], parts: &mut SearchParts) -> Result<Vec<Answer>> {
        let query_bytes = self.state.data.identity.dimensions as usize * size_of::<f32>();
        let mut answers = memory::with_room(queries.len())?;
        let most = (MOST_BYTES / query_bytes / 4 * 4).clamp(4, MOST_TOGETHER);
        // The fewest passes, with about the same number of queries in each: the time of a pass is bound by memory.
        let passes = queries.len().div_ceil(most).max(1);
        let each = queries.len().div_ceil(passes).next_multiple_of(4).min(most);
        for together in queries.chunks(each.max(1)) {
            let prepared: Vec<Result<PreparedQuery<'_>>> =
                memory::collected(together.iter().map(|query| self.prepare(query)))?;
            if self.is_past_deadline() {
                answers.extend(prepared.into_iter().map(|query| query.map(|_| (Vec::new(), true))));
                continue;
            }
            let sound: Vec<PreparedQuery<'_>> =
                memory::collected(prepared.iter().filter_map(|query| query.as_ref().ok().copied()))?;
            let mut bests = memory::all(sound.iter().map(|_| BestK::with_k(self.k, self.bounds)))?;
            let filter = self.filter(&mut parts.memory)?;
            let end = self.scan(&sound, 0..self.snapshot.rows, self.budget, &filter, &mut bests);
            filter.check()?;
            let is_partial = end.is_partial || filter.is_late();
            let mut bests = bests.iter_mut();
            answers.extend(prepared.into_iter().map(|query| {
                query.and_then(|_| {
                    let found = bests.next().map_or(Ok(Vec::new()), |best| memory::copied(best.sorted()));
                    Ok((found?, is_partial))
                })
            }));
        }
        Ok(answers)
    }
}

/// Calls `work` with a share of the queries for each of `parts`: the first on this thread, the others on one thread each.
/// Returns the results in the order of the shares. A panic of a thread continues in the caller.
fn share<T: Send>(
    parts: &mut [SearchParts],
    queries: &[&[f32]],
    work: &(impl Fn(&[&[f32]], &mut SearchParts) -> T + Sync),
) -> Vec<T> {
    let each = queries.len().div_ceil(parts.len().max(1)).max(1);
    let mut shares = queries.chunks(each).zip(parts);
    let Some((own, own_parts)) = shares.next() else { return Vec::new() };
    thread::scope(|scope| {
        let begun: Vec<_> = shares
            .map(|(share, parts)| (share, spawn_scoped(scope, "batch", move || work(share, parts))))
            .collect();
        let mut done = vec![work(own, own_parts)];
        for (share, thread) in begun {
            done.push(match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                // The system cannot start a thread, so this thread does the work.
                Err(_) => work(share, &mut SearchParts::default()),
            });
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DistanceMetric, MmapVectorConfig};
    use std::time::Duration;

    #[test]
    fn queries_after_the_deadline_are_not_started() {
        let config = MmapVectorConfig {
            dimensions: 64,
            metric: DistanceMetric::Euclidean,
            index_threshold: 0,
            ..Default::default()
        };
        let store = MmapVectorStore::in_memory(config).unwrap();
        let keys: Vec<String> = (0..500).map(|row| row.to_string()).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let vectors: Vec<[f32; 64]> = (0..500u16)
            .map(|row| {
                let mut vector = [0.0; 64];
                vector[usize::from(row) % 64] = f32::from(row) + 1.0;
                vector
            })
            .collect();
        store.insert_batch(&keys, &vectors.iter().map(<[f32; 64]>::as_slice).collect::<Vec<_>>()).unwrap();
        store.build_index().unwrap();
        let queries = vectors.concat();
        for (deadline, is_begun) in [(Some(Duration::ZERO), false), (None, true)] {
            let mut results = SearchResults::default();
            let options = SearchOptions { deadline, ..Default::default() };
            store.search_batch(&queries, 3, &options, &mut results).unwrap();
            let rows: u64 = results.parts.iter().map(|parts| parts.work.visits + parts.work.scanned).sum();
            assert_eq!(rows > 0, is_begun, "{rows} rows were visited or scanned");
            assert_eq!(results.is_partial(), !is_begun);
        }
    }
}
