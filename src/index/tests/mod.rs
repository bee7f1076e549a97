//! Tests of the whole graph. Each guards against a known failure of such indexes.
//!
//! Random data come from a seed that is printed; `SYNA_MMAP_SEED` sets another one.

mod deleted;
mod findable;
mod hard;
mod sampling;
mod saved;
mod saving;
mod shapes;
mod threads;

use std::ops::ControlFlow;

use super::params::MAX_ROWS;
use super::*;
use crate::DistanceMetric;
use crate::distance::PreparedQuery;
use crate::kernel::Kernels;
use crate::kernel::rows::StoredRow;

/// Vectors in memory.
pub(super) struct Flat {
    pub(super) data: Vec<f32>,
    pub(super) dimensions: usize,
}

impl Rows for Flat {
    fn row(&self, row: u32) -> StoredRow<'_> {
        StoredRow::Floats(self.vector(row))
    }
}

impl Flat {
    pub(super) fn vector(&self, row: u32) -> &[f32] {
        let first = row as usize * self.dimensions;
        &self.data[first..first + self.dimensions]
    }

    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.data.len() / self.dimensions).unwrap()
    }

    pub(super) fn from_rows(rows: &[Vec<f32>]) -> Self {
        Self { data: rows.concat(), dimensions: rows[0].len() }
    }
}

/// A small random number generator.
pub(super) struct Random(u64);

impl Random {
    /// Prints the seed, so that a failure can be reproduced.
    pub(super) fn new(default: u64) -> Self {
        let seed = std::env::var("SYNA_MMAP_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(default);
        println!("SYNA_MMAP_SEED={seed}");
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(mix(self.0))
    }

    pub(super) fn below(&mut self, end: u32) -> u32 {
        (self.next() >> 33) as u32 % end
    }

    /// Approximately normal: a sum of uniform numbers.
    pub(super) fn normal(&mut self) -> f32 {
        let bits = self.next();
        (0..4).map(|i| (bits >> (16 * i) & 0xffff) as f32 / 65536.0).sum::<f32>() * 1.73 - 3.46
    }

    pub(super) fn vector(&mut self, dimensions: usize) -> Vec<f32> {
        (0..dimensions).map(|_| self.normal()).collect()
    }

    /// A vector near `centre`.
    pub(super) fn near(&mut self, centre: &[f32], spread: f32) -> Vec<f32> {
        centre.iter().map(|&x| x + spread * self.normal()).collect()
    }

    /// Vectors around `clusters` centres, one cluster after another.
    pub(super) fn clusters(&mut self, clusters: usize, each: usize, dimensions: usize) -> Vec<Vec<f32>> {
        let mut rows = Vec::new();
        for _ in 0..clusters {
            let centre = self.vector(dimensions);
            rows.extend((0..each).map(|_| self.near(&centre, 0.3)));
        }
        rows
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (2..=items.len()).rev() {
            let index = self.below(u32::try_from(end).unwrap()) as usize;
            items.swap(end - 1, index);
        }
    }
}

pub(super) fn params(metric: DistanceMetric) -> GraphParams {
    GraphParams { metric, m: 16, m_max: 32, ef_construction: 100, seed: 42, profile: IndexProfile::Fast }
}

/// Parameters for each metric and profile.
pub(super) fn all_params() -> [GraphParams; 6] {
    let [cosine, euclidean, product] =
        [DistanceMetric::Cosine, DistanceMetric::Euclidean, DistanceMetric::DotProduct];
    [
        params(cosine),
        params(euclidean),
        params(product),
        compact(cosine),
        compact(euclidean),
        compact(product),
    ]
}

pub(super) fn compact(metric: DistanceMetric) -> GraphParams {
    GraphParams { profile: IndexProfile::Compact, ..params(metric) }
}

pub(super) fn go_on(_: u32, _: u32) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

pub(super) fn build(params: GraphParams, rows: &Flat) -> Index {
    let graph = Index::new(params, rows.dimensions, Kernels::detect());
    graph.extend(rows, rows.count(), 2, &mut go_on).unwrap();
    assert_eq!(graph.covered_rows(), rows.count());
    graph
}

/// Runs searches one after another.
pub(super) struct Searcher<'a> {
    pub(super) graph: &'a Index,
    pub(super) rows: &'a Flat,
    pub(super) scratch: Scratch,
    pub(super) out: Vec<Neighbour>,
    /// Visits of the last search.
    pub(super) visits: u32,
}

impl<'a> Searcher<'a> {
    pub(super) fn new(graph: &'a Index, rows: &'a Flat) -> Self {
        Self { graph, rows, scratch: Scratch::default(), out: Vec::new(), visits: 0 }
    }

    pub(super) fn search(
        &mut self,
        query: &[f32],
        k: usize,
        ef: usize,
        visible: &dyn Fn(u32) -> bool,
    ) -> &[Neighbour] {
        let query = PreparedQuery::new(Kernels::detect(), self.graph.params().metric, query);
        let request = GraphSearch {
            k,
            ef,
            limit: u32::MAX,
            visible,
            prefetch_visibility: None,
            share: None,
            deadline: None,
            budget: None,
            excluded_row: None,
        };
        let end = self.graph.search(&query, self.rows, &request, &mut self.scratch, &mut self.out);
        let end = end.expect("the query has a code");
        assert!(!end.is_partial);
        self.visits = end.distances;
        assert!(self.out.is_sorted() && self.out.len() <= k);
        assert!(self.out.windows(2).all(|pair| pair[0].row != pair[1].row), "a row is returned twice");
        &self.out
    }
}

pub(super) fn exact(
    metric: DistanceMetric,
    rows: &Flat,
    query: &[f32],
    k: usize,
    visible: &dyn Fn(u32) -> bool,
) -> Vec<Neighbour> {
    let query = PreparedQuery::new(Kernels::detect(), metric, query);
    let mut best = BestK::default();
    best.reset(k, Bounds::default()).unwrap();
    let request = ScanRequest { visible, deadline: None, budget: None };
    assert!(!scan(&[query], rows, 0..rows.count(), &request, std::slice::from_mut(&mut best)).is_partial);
    best.sorted().to_vec()
}

/// The share of the 10 nearest that searches find, by distance.
pub(super) fn recall(graph: &Index, rows: &Flat, queries: &[Vec<f32>], ef: usize) -> f64 {
    let mut searcher = Searcher::new(graph, rows);
    let mut hits = 0;
    let mut all = 0;
    for query in queries {
        let truth = exact(graph.params().metric, rows, query, 10, &|_| true);
        let last = truth.last().unwrap().distance;
        hits += searcher.search(query, 10, ef, &|_| true).iter().filter(|n| n.distance <= last).count();
        all += truth.len();
    }
    hits as f64 / all as f64
}

/// Rows that a search for their own vector does not find, by distance. For cosine, parallel vectors have distance 0
/// only up to rounding, so any of them may be returned.
pub(super) fn not_found(graph: &Index, rows: &Flat, ef: usize) -> Vec<u32> {
    let mut searcher = Searcher::new(graph, rows);
    (0..graph.covered_rows())
        .filter(|&row| {
            let vector = rows.vector(row);
            let own = PreparedQuery::new(Kernels::detect(), graph.params().metric, vector).distance(vector);
            let rounding = if graph.params().metric == DistanceMetric::Cosine { 1e-6 } else { 0.0 };
            let has_code = metric_has_code(graph.params().metric, vector);
            has_code
                && searcher
                    .search(vector, 1, ef, &|_| true)
                    .first()
                    .is_none_or(|nearest| nearest.distance > own + rounding)
        })
        .collect()
}

/// Whether the graph can be searched for a vector; otherwise the store scans.
fn metric_has_code(metric: DistanceMetric, vector: &[f32]) -> bool {
    metric != DistanceMetric::Cosine || vector.iter().any(|&x| x != 0.0)
}

/// Asserts that every row is reachable and finds itself.
pub(super) fn assert_whole(graph: &Index, rows: &Flat) {
    let report = graph.check().unwrap();
    assert_eq!(report.unreachable, [], "unreachable rows");
    assert_eq!(report.nodes + report.duplicates, rows.count());
    assert_eq!(not_found(graph, rows, 100), [], "rows that do not find themselves");
}
