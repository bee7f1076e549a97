//! The index measures its own recall: a sample of its rows is searched for as if each were not in the index, and compared
//! with an exact scan. From that follows how many candidates a search takes that names no number.
//!
//! ```text
//!   a sample of up to 128 nodes --> scan of all rows: the 10 nearest of each
//!                               --> searches with 100 candidates, 150, 225 ... until enough of those are found
//! ```
//! Measured while the graph grows, each time it has doubled; where more than 100 candidates are needed, each time it has
//! grown by a quarter. A measurement takes 128 distances for each row, and the searches. Memory: 16 KB while it is measured.

use std::ops::Range;

use crate::distance::PreparedQuery;
use crate::index::graph::graph::Graph;
use crate::index::graph::sampled_recall::{FIRST_EF, MOST_EF, SampledRecall};
use crate::index::neighbour::Neighbour;
use crate::index::params::row_number;
use crate::index::rows::Rows;
use crate::index::search::request::GraphSearch;
use crate::index::search::scan::{BestK, ScanRequest, scan};
use crate::index::search::scratch::Scratch;
use crate::index::work::budget::{Cost, ROW_WORK, TimeBudget};
use crate::index::work::parallel::{each, spread};
use crate::{DistanceMetric, Result, memory};

/// Rows that are searched for. The recall of 128 searches for 10 rows is off by 0.01 (standard deviation).
const QUERIES: usize = 128;
/// Rows that are to be found.
const RESULTS: usize = 10;
/// Graphs of fewer rows are not measured: stores scan them.
const LEAST_ROWS: u32 = 2_000;
/// The recall that is asked for, so that searches for vectors that are not stored have 0.90 also when the graph has grown
/// by a quarter: the neighbours of a stored row are linked all the better for it. On 100,000 x 128 normal data the euclidean
/// distance lost nothing by that, the other metrics up to 0.07.
const EUCLIDEAN_TARGET: f32 = 0.945;
const TARGET: f32 = 0.97;
/// Rows of an item of the scan.
const ITEM_ROWS: u32 = 64;
/// Items of the scan between two questions whether to go on.
const ITEMS_AT_ONCE: usize = 1024;

/// What an item of the scan takes, and a search with the first number of candidates: half and a third of a row that enters.
const SCAN_WORK: i64 = ROW_WORK / 2;
const SEARCH_WORK: i64 = ROW_WORK / 3;

/// A measurement that is under way.
#[derive(Debug)]
pub(crate) struct Sampling {
    /// How many rows the graph covered when it began.
    covered: u32,
    queries: Vec<u32>,
    nearest: Vec<BestK>,
    /// The next item of the scan.
    next_item: usize,
    /// Of each query the distance of its last true result, and how many there are.
    truth: Vec<(f32, u32)>,
    ef: u32,
    next_query: usize,
    found: u32,
    /// The measurement with fewer candidates before.
    before: Option<(u32, f32)>,
}

/// What items of the scan and searches take.
#[derive(Debug, Default)]
pub(crate) struct SamplingCosts {
    scan: Cost,
    search: Cost,
}

impl Graph {
    /// Begins a measurement if one is due. Says whether one is under way: of the rows that there were when it began.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn begin_sampling(&self, under_way: &mut Option<Sampling>, covered: u32) -> Result<bool> {
        if under_way.is_none() && self.is_sampling_due(covered) {
            let is_single = |row: &u32| *row < covered && self.nodes.next_twin(*row).is_none();
            let sample = self.entry_points.rows().iter().copied();
            let queries = memory::collected(sample.filter(is_single).take(QUERIES))?;
            // One more, since each row is its own nearest.
            let nearest = memory::all(queries.iter().map(|_| BestK::keeping(RESULTS + 1)))?;
            *under_way = Some(Sampling {
                covered,
                truth: memory::with_room(queries.len())?,
                queries,
                nearest,
                next_item: 0,
                ef: FIRST_EF,
                next_query: 0,
                found: 0,
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

    /// Goes on with the measurement that is under way while there is time, to the end of a part of it at most; says
    /// whether that part is done.
    ///
    /// # Errors
    /// `NoMemory`; the measurement is given up then, and is due again.
    pub(crate) fn go_on_sampling(
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
            self.go_on_searching(rows, &mut sampling, scratches, budget, &mut costs.search)?
        } else {
            self.go_on_scanning(rows, &mut sampling, scratches, budget, &mut costs.scan)?
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
            sampling.settle_truth();
        }
        *under_way = Some(sampling);
        Ok(is_done)
    }

    fn go_on_scanning(
        &self,
        rows: &impl Rows,
        sampling: &mut Sampling,
        scratches: &mut [Scratch],
        budget: &mut TimeBudget,
        cost: &mut Cost,
    ) -> Result<bool> {
        let Sampling { covered, queries, nearest, next_item, .. } = sampling;
        let end = Sampling::items_of(*covered).min(*next_item + ITEMS_AT_ONCE);
        let prepared = memory::collected(queries.iter().map(|&row| self.prepared(rows.row(row))))?;
        let share = queries.len().div_ceil(scratches.len().max(1)).max(1);
        let mut scan_items = |items: Range<usize>| {
            let (first, end) = (row_number(items.start) * ITEM_ROWS, row_number(items.end) * ITEM_ROWS);
            let candidates = first..end.min(*covered);
            let mut parts = memory::collected(prepared.chunks(share).zip(nearest.chunks_mut(share)))?;
            each(&mut parts, &|(queries, nearest)| {
                let request =
                    ScanRequest { visible: &|row| !rows.is_gone(row), deadline: None, budget: None };
                scan(queries, rows, candidates.clone(), &request, nearest);
            });
            Ok(())
        };
        budget.work(cost, SCAN_WORK, next_item, end, &mut scan_items)
    }

    fn go_on_searching(
        &self,
        rows: &impl Rows,
        sampling: &mut Sampling,
        scratches: &mut [Scratch],
        budget: &mut TimeBudget,
        cost: &mut Cost,
    ) -> Result<bool> {
        let Sampling { covered, queries, truth, ef, next_query, found, .. } = sampling;
        let count = queries.len();
        let search = |place: usize, scratch: &mut Scratch| -> u32 {
            let (Some(&row), Some(&(last, most))) = (queries.get(place), truth.get(place)) else { return 0 };
            let request = GraphSearch {
                k: RESULTS,
                ef: *ef as usize,
                limit: *covered,
                visible: &|row| !rows.is_gone(row),
                look_ahead: None,
                share: None,
                deadline: None,
                budget: None,
                without: Some(row),
            };
            let mut hits = Vec::new();
            // Where the graph has no answer, a scan gives it, and finds all.
            match self.search(&self.prepared(rows.row(row)), rows, &request, scratch, &mut hits) {
                Some(_) => row_number(hits.iter().filter(|hit| hit.distance <= last).count()).min(most),
                None => most,
            }
        };
        let price = SEARCH_WORK * i64::from(*ef) / i64::from(FIRST_EF);
        budget.work(cost, price, next_query, count, |places: Range<usize>| {
            let first = places.start;
            let found_now =
                spread(scratches, places.len(), &|i, scratch: &mut Scratch| search(first + i, scratch))?;
            *found += found_now.iter().sum::<u32>();
            Ok(())
        })
    }

    fn prepared<'v>(&self, vector: &'v [f32]) -> PreparedQuery<'v> {
        PreparedQuery::new(self.encoder.kernels, self.params.metric, vector)
    }
}

impl Sampling {
    fn items_of(covered: u32) -> usize {
        covered.div_ceil(ITEM_ROWS) as usize
    }

    fn items(&self) -> usize {
        Self::items_of(self.covered)
    }

    /// From the rows that the scan kept to the distance of the last that is to be found; the queries themselves do not
    /// count.
    fn settle_truth(&mut self) {
        for (nearest, &query) in self.nearest.iter_mut().zip(&self.queries) {
            let others = nearest.sorted().iter().filter(|near| near.row != query).take(RESULTS);
            let (count, last) = others
                .fold((0, f32::NEG_INFINITY), |(count, _), near: &Neighbour| (count + 1, near.distance));
            self.truth.push((last, count));
        }
        self.nearest = Vec::new();
    }

    /// After searches with `ef` candidates: the result, or on to more candidates.
    fn next_ef(&mut self, target: f32) -> Option<SampledRecall> {
        let all: u32 = self.truth.iter().map(|&(_, count)| count).sum();
        let recall = if all == 0 { 1.0 } else { self.found as f32 / all as f32 };
        if recall < target && self.ef < MOST_EF {
            self.before = Some((self.ef, recall));
            (self.ef, self.next_query, self.found) = ((self.ef + self.ef / 2).min(MOST_EF), 0, 0);
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
