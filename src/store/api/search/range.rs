//! Range search: all rows within a distance.

use crate::distance::PreparedQuery;
use crate::index::{Bounds, Collector, GraphSearch};
use crate::store::api::store::MmapVectorStore;
use crate::store::search::results::{SearchOptions, SearchResults};
use crate::store::search::scratch::SearchParts;
use crate::store::search::search::Search;
use crate::{Result, SynaError};

/// The least `ef` of the first walk of an approximate search.
const FIRST_EF: usize = 64;

impl MmapVectorStore {
    /// Finds all stored vectors at a distance of at most `max_distance` from `query`, however many there are, by
    /// ascending distance; hits at the same distance by ascending row number. Infinity finds all vectors. For the dot
    /// product, whose distance is the negated product, negative values are meaningful.
    ///
    /// Every vector is compared, indexed or not, so none is missed. With `options.approximate` the index is used
    /// instead, with a growing number of candidates until the farthest one is beyond the distance. This is fast if
    /// there are few such vectors, but some may be missing. Hits also meet `options.max_distance` and come after
    /// `options.after`. Cost: one distance for each row; with `approximate`, a few for each hit.
    ///
    /// # Errors
    /// As [`MmapVectorStore::search`]; [`SynaError::InvalidArgument`] if `max_distance` is NaN; [`SynaError::NoMemory`]
    /// if there are too many hits. The results are empty then.
    pub fn search_range(
        &self,
        query: &[f32],
        max_distance: f32,
        options: &SearchOptions<'_>,
        results: &mut SearchResults,
    ) -> Result<()> {
        let mut search = || {
            if max_distance.is_nan() {
                return Err(SynaError::argument("max_distance is NaN"));
            }
            let state = &self.state();
            let search = self.search_of(state, 0, options)?;
            results.begin(state);
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
    /// Collects all rows within a distance in `parts.within`. Returns whether a deadline or a budget ended the search
    /// early.
    fn within(&self, query: &[f32], max_distance: f32, parts: &mut SearchParts) -> Result<bool> {
        let query = self.prepare(query)?;
        let max_distance = max_distance.min(self.bounds.max_distance);
        parts.within.reset(Bounds { max_distance, ..self.bounds });
        let (covered, spent, is_partial) = match self.options.approximate {
            true => self.within_graph(&query, max_distance, parts),
            false => (0, 0, false),
        };
        let filter = self.filter(&mut parts.memory)?;
        let left = self.budget.map(|budget| budget.saturating_sub(spent));
        let collectors = std::slice::from_mut(&mut parts.within);
        let end = self.scan(&[query], covered..self.snapshot.rows, left, &filter, collectors);
        filter.check()?;
        Ok(is_partial || end.is_partial || filter.is_late())
    }

    /// Collects the rows that a graph walk finds. Returns how many of the first rows it has covered, its visits, and
    /// whether it ended early.
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
        let look_ahead = |row| self.state.rows.prefetch_deletion(row);
        // A scan is faster than a walk that visits half of the rows.
        while ef < self.covered as usize / 2 && !is_partial {
            let request = GraphSearch {
                // The farthest candidates are where the walk came from, so only the nearer half counts.
                k: ef / 2,
                ef,
                limit: self.covered,
                visible: &|row| self.state.is_visible(row, self.snapshot),
                prefetch_visibility: (self.snapshot.deletions > 0).then_some(&look_ahead),
                share: None,
                deadline: self.deadline,
                budget: self.budget.map(|budget| budget.saturating_sub(spent)),
                excluded_row: None,
            };
            let rows = self.state.stored_rows();
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
