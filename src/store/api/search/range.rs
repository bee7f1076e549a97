//! All rows within a distance.

use crate::distance::PreparedQuery;
use crate::index::{GraphSearch, Keeper};
use crate::store::api::store::MmapVectorStore;
use crate::store::search::results::{SearchOptions, SearchResults};
use crate::store::search::scratch::SearchParts;
use crate::store::search::search::Search;
use crate::{Result, SynaError};

/// Candidates that an approximate search begins with at least.
const FIRST_EF: usize = 64;

impl MmapVectorStore {
    /// All live rows at most `max_distance` from the query, by ascending distance, ties by insertion order; there may be as
    /// many as the store has. The distance is the metric's, so for the dot product a negative one has a meaning.
    ///
    /// Every vector is compared, so none is missed, with an index or without. With `options.approximate` the graph is
    /// walked, wider and wider until the farthest of what it finds lies beyond the distance: fast where there are few such
    /// rows, but it may miss some, as any search by the graph may.
    ///
    /// # Errors
    /// Those of [`MmapVectorStore::search`]; [`SynaError::InvalidArgument`] for a distance that is NaN;
    /// [`SynaError::NoMemory`] where the hits do not fit. The results are empty then.
    pub fn search_range(
        &self,
        query: &[f32],
        max_distance: f32,
        options: &SearchOptions<'_>,
        results: &mut SearchResults,
    ) -> Result<()> {
        let mut search = || {
            if max_distance.is_nan() {
                return Err(SynaError::argument("the greatest distance of a search is NaN"));
            }
            let core = &self.core();
            let search = self.search_of(core, 0, options)?;
            results.begin(core);
            results.lend(|results, parts| {
                let is_partial = search.within(query, max_distance, parts)?;
                results.add(Ok((parts.within.sorted()?, is_partial)))
            })
        };
        let found = search();
        found.inspect_err(|_| results.clear())
    }
}

impl Search<'_> {
    /// Leaves all rows within a distance in the `within` of `parts`; whether deadline or budget cut it short.
    fn within(&self, query: &[f32], max_distance: f32, parts: &mut SearchParts) -> Result<bool> {
        let query = self.prepare(query)?;
        parts.within.reset(max_distance);
        let (covered, spent, is_partial) = match self.options.approximate {
            true => self.within_graph(&query, max_distance, parts),
            false => (0, 0, false),
        };
        let filter = self.filter(&mut parts.memory)?;
        let left = self.budget.map(|budget| budget.saturating_sub(spent));
        let keepers = std::slice::from_mut(&mut parts.within);
        let end = self.scan(&[query], covered..self.snapshot.rows, left, &filter, keepers);
        filter.check()?;
        Ok(is_partial || end.is_partial || filter.is_late())
    }

    /// The rows that a walk finds: how many of the first it took care of, its visits, and whether it was cut short.
    fn within_graph(
        &self,
        query: &PreparedQuery<'_>,
        max_distance: f32,
        parts: &mut SearchParts,
    ) -> (u32, u32, bool) {
        let (mut spent, mut is_partial) = (0u32, false);
        let Some(graph) = self.graph.as_ref().filter(|_| self.options.filter.is_open()) else {
            return (0, 0, false);
        };
        let mut ef = self.ef.max(FIRST_EF);
        let look_ahead = |row| self.core.rows.look_ahead(row);
        // Half of the rows are faster compared one by one.
        while ef < self.covered as usize / 2 && !is_partial {
            let request = GraphSearch {
                // The last of all that were visited are where the walk came from.
                k: ef / 2,
                ef,
                limit: self.covered,
                visible: &|row| self.core.is_visible(row, self.snapshot),
                look_ahead: (self.snapshot.deletions > 0).then_some(&look_ahead),
                share: None,
                deadline: self.deadline,
                budget: self.budget.map(|budget| budget.saturating_sub(spent)),
                without: None,
            };
            let rows = crate::store::state::core::StoredRows(&self.core.data);
            let Some(end) = graph.search(query, &rows, &request, &mut parts.scratch, &mut parts.neighbours)
            else {
                break;
            };
            spent = spent.saturating_add(end.distances);
            is_partial = end.is_partial;
            if is_partial || parts.neighbours.last().is_some_and(|last| last.distance > max_distance) {
                for &neighbour in &parts.neighbours {
                    parts.within.push(neighbour);
                }
                return (self.covered, spent, is_partial);
            }
            ef *= 2;
        }
        (0, spent, false)
    }
}
