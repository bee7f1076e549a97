//! The index measures its own recall. It searches for a sample of its rows as if each were not indexed, and compares
//! the results with an exact scan. The number of candidates of a search that names none follows from that.
//!
//! ```text
//!   a sample of up to 128 nodes --> scan of all rows: the 10 nearest of each
//!                               --> searches with 100 candidates, 150, 225 ... until enough of those are found
//! ```
//! The recall is measured each time that the graph has doubled, or grown by a quarter if more than 100 candidates are
//! needed. Cost: 128 distances for each row, and the searches. Memory during the measurement: 24 KB.

use std::ops::Range;

use crate::distance::PreparedQuery;
use crate::index::graph::graph::Graph;
use crate::index::graph::sampled_recall::{FIRST_EF, MOST_EF, SampledRecall};
use crate::index::params::row_number;
use crate::index::rows::Rows;
use crate::index::search::bounds::Bounds;
use crate::index::search::request::GraphSearch;
use crate::index::search::scan::{BestK, ScanRequest, scan};
use crate::index::search::scratch::{Scratch, components_of};
use crate::index::work::budget::{Cost, ROW_WORK, TimeBudget};
use crate::index::work::parallel::{each, spread};
use crate::kernel::rows::StoredRow;
use crate::{DistanceMetric, Result, memory};

/// Number of queries. The standard deviation of the recall of 128 searches for 10 rows is 0.01.
const QUERIES: usize = 128;
/// Number of results of a query.
const RESULTS: usize = 10;
/// Smaller graphs are not measured: stores scan them.
const LEAST_ROWS: u32 = 2_000;
/// The target recall. It is above 0.90, so that searches for vectors that are not stored reach 0.90 even when the graph
/// has grown by a quarter, since the neighbours of a stored row are linked better. On 100,000 x 128 normal data the
/// euclidean distance lost nothing by the growth, the other metrics up to 0.07.
const EUCLIDEAN_TARGET: f32 = 0.945;
const TARGET: f32 = 0.97;
/// Rows in an item of the scan.
const ITEM_ROWS: u32 = 64;
/// Maximum number of items of the scan in one step.
const ITEMS_AT_ONCE: usize = 1024;

/// The work of an item of the scan and of a search with [`FIRST_EF`] candidates: half and a third of that of indexing a
/// row.
const SCAN_WORK: i64 = ROW_WORK / 2;
const SEARCH_WORK: i64 = ROW_WORK / 3;

/// A measurement in progress.
#[derive(Debug)]
pub(crate) struct Sampling {
    /// Number of rows that the graph covered when it began.
    covered: u32,
    queries: Vec<u32>,
    nearest: Vec<BestK>,
    /// The next item of the scan.
    next_item: usize,
    /// For each query its true results.
    truth: Vec<Truth>,
    ef: u32,
    next_query: usize,
    /// Of the queries before that, with `ef` candidates.
    results: Results,
    /// The candidates and the recall of the previous round.
    before: Option<(u32, f32)>,
}

/// The true results of a query.
#[derive(Debug)]
struct Truth {
    rows: Vec<u32>,
    /// The distance of the last of them.
    last: f32,
}

/// Counts of true results.
#[derive(Debug, Default, Clone, Copy)]
struct Results {
    found: u32,
    /// All that are not deleted.
    all: u32,
}

/// Times of items of the scan and of searches.
#[derive(Debug, Default)]
pub(crate) struct SamplingCosts {
    scan: Cost,
    search: Cost,
}

impl Graph {
    /// Begins a measurement if one is due. Returns whether one is in progress. It covers the rows that existed when it
    /// began.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn begin_sampling(&self, under_way: &mut Option<Sampling>, covered: u32) -> Result<bool> {
        if under_way.is_none() && self.is_sampling_due(covered) {
            let is_single = |row: &u32| *row < covered && self.nodes.next_duplicate(*row).is_none();
            let sample = self.entry_points.rows().iter().copied();
            let queries = memory::collected(sample.filter(is_single).take(QUERIES))?;
            // One more, since each row is its own nearest.
            let nearest = memory::all(queries.iter().map(|_| BestK::with_k(RESULTS + 1, Bounds::default())))?;
            *under_way = Some(Sampling {
                covered,
                truth: memory::with_room(queries.len())?,
                queries,
                nearest,
                next_item: 0,
                ef: FIRST_EF,
                next_query: 0,
                results: Results::default(),
                before: None,
            });
        }
        Ok(under_way.is_some())
    }

    fn is_sampling_due(&self, covered: u32) -> bool {
        covered
            >= match self.sampled_recall() {
                None => LEAST_ROWS,
                Some(SampledRecall { rows, ef, .. }) => {
                    rows.saturating_add(if ef > FIRST_EF { rows / 4 } else { rows })
                }
            }
    }

    /// Continues the measurement in progress while the budget lasts, to the end of a part at most. Returns whether that
    /// part is done.
    ///
    /// # Errors
    /// `NoMemory`; the measurement is then dropped and due again.
    pub(crate) fn continue_sampling(
        &self,
        rows: &impl Rows,
        under_way: &mut Option<Sampling>,
        costs: &mut SamplingCosts,
        scratches: &mut [Scratch],
        budget: &mut TimeBudget,
    ) -> Result<bool> {
        let Some(mut sampling) = under_way.take() else { return Ok(true) };
        let is_scanned = sampling.next_item >= sampling.items();
        let is_done = if is_scanned {
            self.continue_searches(rows, &mut sampling, scratches, budget, &mut costs.search)?
        } else {
            self.continue_scan(rows, &mut sampling, scratches, budget, &mut costs.scan)?
        };
        if is_scanned && is_done {
            let target = match self.params.metric {
                DistanceMetric::Euclidean => EUCLIDEAN_TARGET,
                DistanceMetric::Cosine | DistanceMetric::DotProduct => TARGET,
            };
            if let Some(sampled) = sampling.next_ef(target) {
                self.last_recall.set(sampled);
                return Ok(true);
            }
        } else if is_done && sampling.next_item >= sampling.items() {
            sampling.settle_truth()?;
        }
        *under_way = Some(sampling);
        Ok(is_done)
    }

    fn continue_scan(
        &self,
        rows: &impl Rows,
        sampling: &mut Sampling,
        scratches: &mut [Scratch],
        budget: &mut TimeBudget,
        cost: &mut Cost,
    ) -> Result<bool> {
        let Sampling { covered, queries, nearest, next_item, .. } = sampling;
        let end = Sampling::items_of(*covered).min(*next_item + ITEMS_AT_ONCE);
        let mut buffers = memory::all(queries.iter().map(|&row| buffer_for(rows.row(row))))?;
        let vectors = queries.iter().zip(&mut buffers);
        let vectors = vectors.map(|(&row, buffer)| self.encoder.elements.components(rows.row(row), buffer));
        let prepared = memory::collected(vectors.map(|vector| self.prepared(vector)))?;
        let share = queries.len().div_ceil(scratches.len().max(1)).max(1);
        let mut scan_items = |items: Range<usize>| {
            let (first, end) = (row_number(items.start) * ITEM_ROWS, row_number(items.end) * ITEM_ROWS);
            let candidates = first..end.min(*covered);
            let mut parts = memory::collected(prepared.chunks(share).zip(nearest.chunks_mut(share)))?;
            each(&mut parts, &|(queries, nearest)| {
                let request =
                    ScanRequest { visible: &|row| !rows.is_deleted(row), deadline: None, budget: None };
                scan(queries, rows, candidates.clone(), &request, nearest);
            });
            Ok(())
        };
        budget.work(cost, SCAN_WORK, next_item, end, &mut scan_items)
    }

    fn continue_searches(
        &self,
        rows: &impl Rows,
        sampling: &mut Sampling,
        scratches: &mut [Scratch],
        budget: &mut TimeBudget,
        cost: &mut Cost,
    ) -> Result<bool> {
        let Sampling { covered, queries, truth, ef, next_query, results, .. } = sampling;
        let count = queries.len();
        let search = |index: usize, scratch: &mut Scratch| -> Results {
            let (Some(&row), Some(truth)) = (queries.get(index), truth.get(index)) else {
                return Results::default();
            };
            // Rows may have been deleted since the scan.
            let all = row_number(truth.rows.iter().filter(|&&row| !rows.is_deleted(row)).count());
            let request = GraphSearch {
                k: RESULTS,
                ef: self.not_widened(*ef as usize),
                limit: *covered,
                visible: &|row| !rows.is_deleted(row),
                prefetch_visibility: None,
                share: None,
                deadline: None,
                budget: None,
                excluded_row: Some(row),
            };
            let mut hits = Vec::new();
            // If the graph cannot answer, a scan does, with all true results.
            let mut buffer = std::mem::take(&mut scratch.floats);
            let searched = components_of(rows.row(row), self.encoder.elements, &mut buffer)
                .ok()
                .and_then(|vector| self.search(&self.prepared(vector), rows, &request, scratch, &mut hits));
            scratch.floats = buffer;
            let found = match searched {
                Some(_) => row_number(hits.iter().filter(|hit| hit.distance <= truth.last).count()).min(all),
                None => all,
            };
            Results { found, all }
        };
        let price = SEARCH_WORK * i64::from(*ef) / i64::from(FIRST_EF);
        budget.work(cost, price, next_query, count, |range: Range<usize>| {
            let first = range.start;
            let of_queries =
                spread(scratches, range.len(), &|i, scratch: &mut Scratch| search(first + i, scratch))?;
            for Results { found, all } in of_queries {
                results.found += found;
                results.all += all;
            }
            Ok(())
        })
    }

    fn prepared<'v>(&self, vector: &'v [f32]) -> PreparedQuery<'v> {
        PreparedQuery::new(self.encoder.kernels, self.params.metric, vector)
    }
}

/// Room for the components of a row that is not stored as f32.
fn buffer_for(row: StoredRow<'_>) -> Result<Vec<f32>> {
    memory::filled(0.0, if row.floats().is_some() { 0 } else { row.len() })
}

impl Sampling {
    fn items_of(covered: u32) -> usize {
        covered.div_ceil(ITEM_ROWS) as usize
    }

    /// Whether the true results are known.
    #[cfg(test)]
    pub(crate) fn is_scanned(&self) -> bool {
        !self.truth.is_empty()
    }

    fn items(&self) -> usize {
        Self::items_of(self.covered)
    }

    /// Converts the rows kept by the scan to the true results. The queries themselves do not count.
    ///
    /// # Errors
    /// `NoMemory`.
    fn settle_truth(&mut self) -> Result<()> {
        for (nearest, &query) in self.nearest.iter_mut().zip(&self.queries) {
            let others = nearest.sorted().iter().filter(|near| near.row != query).take(RESULTS);
            let last = others.clone().last().map_or(f32::NEG_INFINITY, |near| near.distance);
            let rows = memory::collected(others.map(|near| near.row))?;
            self.truth.push(Truth { rows, last });
        }
        self.nearest = Vec::new();
        Ok(())
    }

    /// Evaluates the searches with `ef` candidates: returns the result, or continues with more candidates.
    fn next_ef(&mut self, target: f32) -> Option<SampledRecall> {
        let Results { found, all } = self.results;
        let recall = if all == 0 { 1.0 } else { found as f32 / all as f32 };
        if recall < target && self.ef < MOST_EF {
            self.before = Some((self.ef, recall));
            self.ef = (self.ef + self.ef / 2).min(MOST_EF);
            (self.next_query, self.results) = (0, Results::default());
            return None;
        }
        let (ef, recall) = match self.before {
            Some((fewer, less)) if recall > target && recall > less => {
                let weight = (target - less) / (recall - less);
                let ratio = self.ef as f32 / fewer as f32;
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to MOST_EF")]
                let ef = (fewer as f32 * ratio.powf(weight)).ceil().min(MOST_EF as f32) as u32;
                (ef, target)
            }
            _ => (self.ef, recall),
        };
        Some(SampledRecall { rows: self.covered, ef, recall })
    }
}
