//! Searching: the graph for the rows it covers, an exact scan for those behind it, so that no row is ever hidden.

use crate::distance::PreparedQuery;
use crate::index::{Graph, GraphSearch, Keeper, ScanRequest, SearchEnd, scan};
use crate::store::search::default_ef::DefaultEf;
use crate::store::search::filter::RowFilter;
use crate::store::search::planner::{self, Costs, SearchPlan};
use crate::store::search::results::{SearchOptions, SearchResults};
use crate::store::search::scratch::SearchParts;
use crate::store::state::core::{SharedState, StoredRows, check_finite};
use crate::store::state::rows::Snapshot;
use crate::{Result, SynaError};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// Under this many rows a scan is faster than the graph, and exact. Tests of small stores want the graph looked at, and
/// a fuzzer has time for small stores only.
const EXACT_BELOW_ROWS: u32 = if cfg!(any(test, fuzzing)) { 4 } else { 2000 };
/// The most hits of one search.
pub const MAX_K: usize = 1 << 24;
/// The most candidates of one search.
pub const MAX_EF: usize = 1 << 24;

/// Searches over the rows of one moment, with the same options: one, or as many as a batch has.
pub(crate) struct Search<'a> {
    pub(crate) core: &'a Arc<SharedState>,
    pub(crate) options: SearchOptions<'a>,
    pub(crate) graph: Option<Arc<Graph>>,
    /// Rows that the graph covers.
    pub(crate) covered: u32,
    pub(crate) snapshot: Snapshot,
    pub(crate) k: usize,
    pub(crate) ef: usize,
    pub(crate) deadline: Option<Instant>,
    /// Compared rows after which to stop.
    pub(crate) budget: Option<u32>,
    /// The row that is left out.
    without: Option<u32>,
}

impl<'a> Search<'a> {
    /// `default_ef` counts where the options have none.
    ///
    /// # Errors
    /// [`SynaError::Limit`].
    pub(crate) fn new(
        core: &'a Arc<SharedState>,
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
        // The graph first: rows that enter it meanwhile are then found by the scan, at worst a second time.
        let graph = core.graph().filter(|_| !options.exact);
        let covered = graph.as_ref().map_or(0, |graph| graph.covered_rows());
        let snapshot = core.published.load();
        let ef = if ef == 0 { default_ef.of_graph(graph.as_deref()) } else { ef };
        Ok(Self {
            core,
            options: *options,
            graph,
            covered: covered.min(snapshot.rows),
            snapshot,
            k: k.min(snapshot.rows as usize),
            ef,
            deadline: options.deadline.and_then(|after| Instant::now().checked_add(after)),
            budget: (options.max_visits > 0).then(|| u32::try_from(options.max_visits).unwrap_or(u32::MAX)),
            without: None,
        })
    }

    /// The same with one row left out.
    pub(crate) fn without(self, row: u32) -> Self {
        Self { without: Some(row), ..self }
    }

    /// A query whose dimensions and values were checked.
    ///
    /// # Errors
    /// [`SynaError::DimensionMismatch`], [`SynaError::InvalidVector`].
    pub(crate) fn prepare<'q>(&self, query: &'q [f32]) -> Result<PreparedQuery<'q>> {
        let dimensions = self.core.data.identity.dimensions;
        if query.len() != dimensions as usize {
            return Err(SynaError::DimensionMismatch { expected: dimensions, actual: query.len() as u64 });
        }
        check_finite(self.core, 0, query)?;
        Ok(PreparedQuery::new(self.core.kernels, self.core.data.identity.metric, query))
    }

    /// The filter, which asks about each row once as long as it lives.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`].
    pub(crate) fn filter<'f>(&'f self, memory: &'f mut Vec<u64>) -> Result<RowFilter<'f>> {
        let conditions = self.options.filter;
        RowFilter::new(self.core, self.snapshot, conditions, self.without, self.deadline, memory)
    }

    /// How the rows that the graph covers are searched, by any of the queries.
    pub(crate) fn plan(&self, filter: &RowFilter<'_>) -> SearchPlan {
        // The rest are skipped by 64.
        let live = self.snapshot.rows.saturating_sub(self.snapshot.deletions);
        match () {
            () if self.covered.min(live) < EXACT_BELOW_ROWS || self.k >= self.covered as usize / 2 => {
                SearchPlan::Scan
            }
            () if filter.is_open() => SearchPlan::Walk { share: None, most_visits: None },
            () => {
                let is_measured = self.graph.as_ref().is_some_and(|graph| graph.measures_neighbours());
                let costs = Costs::new(filter, self.core.data.identity.dimensions, is_measured);
                planner::choose(filter, costs, self.covered, self.k, self.ef)
            }
        }
    }

    /// Leaves the nearest rows in the `best` of `parts`; whether deadline or budget cut it short. `plan`: of
    /// [`Search::plan`], or found out here.
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
        best.reset(self.k)?;
        let (mut scan_from, mut spent, mut is_partial) = (0, 0, false);
        if let Some(graph) = &self.graph
            && let SearchPlan::Walk { share, most_visits } = plan.unwrap_or_else(|| self.plan(&filter))
        {
            let look_ahead = |row| filter.look_ahead(row);
            let request = GraphSearch {
                k: self.k,
                ef: self.ef.max(self.k),
                limit: self.covered,
                visible: &|row| filter.passes(row),
                look_ahead: (self.snapshot.deletions > 0).then_some(&look_ahead),
                share,
                deadline: self.deadline,
                budget: least(most_visits, self.budget),
                without: None,
            };
            // A query that the graph has no code for is answered by a scan.
            if let Some(end) =
                graph.search(&query, &StoredRows(&self.core.data), &request, scratch, neighbours)
            {
                spent = end.distances;
                is_partial = filter.is_late() || end.is_partial && self.is_over(spent);
                let live = self.snapshot.rows.saturating_sub(self.snapshot.deletions) as usize;
                let there = live.saturating_sub(usize::from(self.without.is_some()));
                let is_whole = !end.is_partial && neighbours.len() >= self.k.min(there);
                // Else the walk gave up, or too few rows were met that pass: the scan finds what there is.
                if is_partial || is_whole {
                    scan_from = self.covered;
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
        results.begin(self.core);
        results.lend(|results, parts| {
            let is_partial = self.nearest(query, None, parts)?;
            results.add(Ok((parts.best.sorted(), is_partial)))
        })
    }

    /// Compares the rows of a range that pass with all queries, as far as deadline and budget (of rows) go.
    pub(crate) fn scan(
        &self,
        queries: &[PreparedQuery<'_>],
        range: Range<u32>,
        budget: Option<u32>,
        filter: &RowFilter<'_>,
        keepers: &mut [impl Keeper],
    ) -> SearchEnd {
        let request = ScanRequest { visible: &|row| filter.passes(row), deadline: self.deadline, budget };
        scan(queries, &StoredRows(&self.core.data), filter.candidates(range), &request, keepers)
    }

    /// Whether the caller's deadline or budget has come.
    pub(crate) fn is_over(&self, visits: u32) -> bool {
        self.budget.is_some_and(|budget| visits >= budget) || self.is_past_deadline()
    }

    /// Whether the caller's deadline has come: what has not begun by then need not begin.
    pub(crate) fn is_past_deadline(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// The smaller of two bounds that may be none.
fn least(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
