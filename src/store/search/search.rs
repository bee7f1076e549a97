//! Searching: the graph for the rows it covers, an exact scan for the unindexed rows, so that every row is searched.

use crate::distance::PreparedQuery;
use crate::index::{Bounds, Collector, GraphSearch, Index, ScanRequest, SearchEnd, scan};
use crate::store::search::default_ef::DefaultEf;
use crate::store::search::filter::RowFilter;
use crate::store::search::page::{first_k, search_page};
use crate::store::search::planner::{self, Costs, SearchPlan};
use crate::store::search::results::{SearchOptions, SearchResults};
use crate::store::search::scratch::SearchParts;
use crate::store::search::selection::{Selected, selected_rows};
use crate::store::state::rows::Snapshot;
use crate::store::state::shared_state::SharedState;
use crate::store::state::vector_format::at_position;
use crate::{Result, SynaError};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// With fewer rows than this a scan is faster than the graph, and exact. Small in tests and fuzzers, whose stores are
/// small.
const EXACT_BELOW_ROWS: u32 = if cfg!(any(test, fuzzing)) { 4 } else { 2000 };
/// The most hits of one search; [`SynaError::Limit`] for more.
pub const MAX_K: usize = 1 << 24;
/// The most candidates of one search; [`SynaError::Limit`] for more.
pub const MAX_EF: usize = 1 << 24;

/// A search, or a batch of searches with the same options, over the rows of one snapshot.
pub(crate) struct Search<'a> {
    pub(crate) state: &'a Arc<SharedState>,
    pub(crate) options: SearchOptions<'a>,
    pub(crate) graph: Option<Arc<Index>>,
    /// Rows that the graph covers.
    pub(crate) covered: u32,
    pub(crate) snapshot: Snapshot,
    pub(crate) k: usize,
    pub(crate) ef: usize,
    pub(crate) bounds: Bounds,
    pub(crate) deadline: Option<Instant>,
    /// The most rows to visit or compare.
    pub(crate) budget: Option<u32>,
    /// The row that is excluded.
    without: Option<u32>,
    /// The rows that meet the conditions on columns and are in the bitmap of the filter, if there are conditions.
    selected: Option<Selected>,
}

impl<'a> Search<'a> {
    /// `default_ef` is used if the options set no `ef`.
    ///
    /// # Errors
    /// [`SynaError::Limit`], [`SynaError::InvalidArgument`], [`SynaError::InvalidKey`] for the prefix.
    pub(crate) fn new(
        state: &'a Arc<SharedState>,
        k: usize,
        options: &SearchOptions<'a>,
        default_ef: DefaultEf,
    ) -> Result<Self> {
        let limited = |what, value: usize, limit: usize| match value <= limit {
            true => Ok(value),
            false => Err(SynaError::Limit { what, limit: limit as u64, actual: value as u64 }),
        };
        let k = limited("k, the hits of one search", k, MAX_K)?;
        let ef = limited("ef, the candidates of one search", options.ef, MAX_EF)?;
        options.filter.check(state.data.identity.keys)?;
        let bounds = options.bounds()?;
        // The graph is loaded before the snapshot. A row that is indexed in between is then found by the scan, perhaps
        // a second time.
        let graph = state.index().filter(|_| !options.exact);
        let covered = graph.as_ref().map_or(0, |graph| graph.covered_rows());
        let snapshot = state.published.load();
        let selected = selected_rows(state, snapshot.rows, &options.filter)?;
        let ef = if ef == 0 { default_ef.of_index(graph.as_deref()) } else { ef };
        Ok(Self {
            state,
            options: *options,
            graph,
            covered: covered.min(snapshot.rows),
            snapshot,
            k: k.min(snapshot.rows as usize),
            ef,
            bounds,
            deadline: options.deadline.and_then(|after| Instant::now().checked_add(after)),
            budget: (options.max_visits > 0).then(|| u32::try_from(options.max_visits).unwrap_or(u32::MAX)),
            without: None,
            selected,
        })
    }

    /// The same search without one row.
    pub(crate) fn without(self, row: u32) -> Self {
        Self { without: Some(row), ..self }
    }

    /// A query, checked for its dimensions and for finite components.
    ///
    /// # Errors
    /// [`SynaError::DimensionMismatch`], [`SynaError::InvalidVector`].
    pub(crate) fn prepare<'q>(&self, query: &'q [f32]) -> Result<PreparedQuery<'q>> {
        prepare(self.state, 0, query)
    }

    /// The filter. It evaluates each row once.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`].
    pub(crate) fn filter<'f>(&'f self, memory: &'f mut Vec<u64>) -> Result<RowFilter<'f>> {
        let filter = self.options.filter.with_selected(self.selected.as_ref());
        RowFilter::new(self.state, self.snapshot, filter, self.without, self.deadline, memory)
    }

    /// The plan for the rows that the graph covers, the same for all queries.
    pub(crate) fn plan(&self, filter: &RowFilter<'_>) -> SearchPlan {
        // A scan skips blocks of 64 deleted rows.
        let live = self.snapshot.rows.saturating_sub(self.snapshot.deletions);
        let is_page = self.bounds.after.is_some();
        let k = if is_page { first_k(self.k) } else { self.k };
        let costs = || {
            let is_measured = self.graph.as_ref().is_some_and(|graph| graph.measures_neighbours());
            Costs::new(filter, self.state.data.identity.dimensions, is_measured)
        };
        match () {
            () if self.covered.min(live) < EXACT_BELOW_ROWS || k >= self.covered as usize / 2 => {
                SearchPlan::Scan
            }
            () if filter.is_open() => {
                let most_visits =
                    is_page.then(|| costs().most_visits(u64::from(self.covered), u64::from(live)));
                SearchPlan::Walk { share: None, most_visits }
            }
            () => planner::choose(filter, costs(), self.covered, k, self.ef),
        }
    }

    /// Collects the nearest rows in `parts.best`. Returns whether a deadline or a budget ended the search early.
    /// `plan`: that of [`Search::plan`], or `None` to compute it.
    ///
    /// # Errors
    /// Those of the query and of the filter.
    pub(crate) fn nearest(
        &self,
        query: &[f32],
        plan: Option<SearchPlan>,
        parts: &mut SearchParts,
    ) -> Result<bool> {
        let query = self.prepare(query)?;
        let SearchParts { scratch, neighbours, best, memory, .. } = parts;
        let filter = self.filter(memory)?;
        best.reset(self.k, self.bounds)?;
        let (mut scan_from, mut spent, mut is_partial) = (0, 0, false);
        if let Some(graph) = &self.graph
            && let SearchPlan::Walk { share, most_visits } = plan.unwrap_or_else(|| self.plan(&filter))
        {
            let look_ahead = |row| filter.prefetch(row);
            let request = GraphSearch {
                k: self.k,
                ef: self.ef.max(self.k),
                limit: self.covered,
                visible: &|row| filter.passes(row),
                prefetch_visibility: (self.snapshot.deletions > 0).then_some(&look_ahead),
                share,
                deadline: self.deadline,
                budget: least(most_visits, self.budget),
                excluded_row: None,
            };
            // A query that the graph has no code for (a zero vector) is answered by a scan.
            let rows = self.state.stored_rows();
            let end = match self.bounds.after {
                None => graph.search(&query, &rows, &request, scratch, neighbours),
                Some(after) => {
                    let page = (after, most_visits);
                    search_page(graph, (&query, &rows), &request, page, scratch, neighbours)
                }
            };
            if let Some(end) = end {
                spent = end.distances;
                is_partial = filter.is_late() || end.is_partial && self.is_over(spent);
                let live = self.snapshot.rows.saturating_sub(self.snapshot.deletions) as usize;
                let there = live.saturating_sub(usize::from(self.without.is_some()));
                let is_whole = !end.is_partial && neighbours.len() >= self.k.min(there);
                // Otherwise the walk has used up its budget or met too few rows that pass: the scan finds the rest.
                if is_partial || is_whole {
                    scan_from = self.covered;
                    neighbours.truncate(self.bounds.count_near(neighbours));
                    best.begin_with(neighbours);
                }
            }
        }
        let left = self.budget.map(|budget| budget.saturating_sub(spent));
        let range = scan_from..self.snapshot.rows;
        let end = self.scan(&[query], range, left, &filter, std::slice::from_mut(best));
        #[cfg(test)]
        parts.work.add(spent, end.distances, filter.evaluations());
        filter.check()?;
        Ok(is_partial || end.is_partial || filter.is_late())
    }

    /// Fills `results` with the nearest rows.
    ///
    /// # Errors
    /// As [`Search::nearest`].
    pub(crate) fn answer(&self, query: &[f32], results: &mut SearchResults) -> Result<()> {
        results.begin(self.state);
        results.lend(|results, parts| {
            let is_partial = self.nearest(query, None, parts)?;
            results.add(Ok((parts.best.sorted(), is_partial)))
        })
    }

    /// Compares the rows of a range that pass with all queries, within the deadline and the budget (in rows).
    pub(crate) fn scan(
        &self,
        queries: &[PreparedQuery<'_>],
        range: Range<u32>,
        budget: Option<u32>,
        filter: &RowFilter<'_>,
        collectors: &mut [impl Collector],
    ) -> SearchEnd {
        let request = ScanRequest { visible: &|row| filter.passes(row), deadline: self.deadline, budget };
        scan(queries, &self.state.stored_rows(), filter.candidates(range), &request, collectors)
    }

    /// Whether the caller's deadline or budget is reached.
    pub(crate) fn is_over(&self, visits: u32) -> bool {
        self.budget.is_some_and(|budget| visits >= budget) || self.is_past_deadline()
    }

    /// Whether the caller's deadline has passed. What was not begun by then is not begun.
    pub(crate) fn is_past_deadline(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// A vector as a query, checked for its dimensions and for finite components. `position`: for the error.
///
/// # Errors
/// [`SynaError::DimensionMismatch`], [`SynaError::InvalidVector`].
pub(crate) fn prepare<'q>(
    state: &SharedState,
    position: usize,
    vector: &'q [f32],
) -> Result<PreparedQuery<'q>> {
    let dimensions = state.data.identity.dimensions;
    if vector.len() != dimensions as usize {
        return Err(SynaError::DimensionMismatch { expected: dimensions, actual: vector.len() as u64 });
    }
    state.vectors.check_query(vector).map_err(|error| at_position(error, position))?;
    Ok(PreparedQuery::new(state.kernels, state.data.identity.metric, vector))
}

/// The smaller of two optional limits.
fn least(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
