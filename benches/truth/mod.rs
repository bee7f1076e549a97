//! Ground truth: gt.i32, queries x 100 row numbers, nearest first, little-endian.

#[path = "../../tests/support/distance.rs"]
mod distance;

use std::fs;
use std::path::Path;

use super::data_set::{DataSet, Outcome};
use distance::distance;
use syna_mmap::{Hit, MmapVectorStore, SearchOptions, SearchResults};

const COLUMNS: usize = 100;

/// For each query the distance up to which a hit counts as one of the nearest k: that of the true kth neighbour, and a
/// tolerance (times 1 + 1e-5, plus 1e-6), because equal vectors are equally correct.
pub(crate) struct Bounds(Vec<f64>);

impl Bounds {
    /// From the data set's folder.
    pub(crate) fn read(dir: &Path, data: &DataSet, k: usize) -> Outcome<Self> {
        let bytes = fs::read(dir.join("gt.i32")).map_err(|error| format!("gt.i32: {error}"))?;
        let truth = bytes.as_chunks::<4>().0;
        if truth.len() != data.queries.len() / data.dimensions * COLUMNS {
            return Err("gt.i32 and the queries have different lengths".into());
        }
        let queries = data.queries.chunks(data.dimensions);
        let last = queries.zip(truth.chunks(COLUMNS)).map(|(query, nearest)| {
            let row = usize::try_from(u32::from_le_bytes(nearest[k - 1]))?;
            Ok(distance(data.metric, query, data.row(row)))
        });
        last.collect::<Outcome<Vec<f64>>>().map(Self::around)
    }

    /// From exact searches of the store.
    #[allow(dead_code, reason = "not every benchmark can store a part of the rows")]
    pub(crate) fn search(store: &MmapVectorStore, data: &DataSet, k: usize) -> Outcome<Self> {
        let exact = SearchOptions { exact: true, ..Default::default() };
        let mut results = SearchResults::default();
        let last = data.queries.chunks(data.dimensions).map(|query| {
            store.search_with(query, k, &exact, &mut results)?;
            Ok(f64::from(results.hits().last().ok_or("the store is empty")?.distance))
        });
        last.collect::<Outcome<Vec<f64>>>().map(Self::around)
    }

    fn around(mut distances: Vec<f64>) -> Self {
        distances.iter_mut().for_each(|distance| *distance = *distance * (1.0 + 1e-5) + 1e-6);
        Self(distances)
    }

    /// How many of the hits of a query are among its nearest k rows, by the distances of the data set's own vectors. The
    /// rows are in the store in their order, which may keep rounded vectors.
    #[allow(dead_code, reason = "most benchmarks store the vectors as they are")]
    pub(crate) fn count(&self, data: &DataSet, query: usize, hits: &[Hit]) -> usize {
        let vector = &data.queries[query * data.dimensions..][..data.dimensions];
        let is_near = |hit: &&Hit| distance(data.metric, vector, data.row(hit.row as usize)) <= self.0[query];
        hits.iter().filter(is_near).count()
    }

    #[allow(dead_code, reason = "not every benchmark stores the vectors as they are")]
    /// The fraction of the nearest k rows that searches for these queries, the data set's first ones, find.
    pub(crate) fn recall(
        &self,
        store: &MmapVectorStore,
        queries: &[f32],
        dimensions: usize,
        k: usize,
        options: &SearchOptions,
    ) -> Outcome<f64> {
        let mut results = SearchResults::default();
        let mut hit_count = 0;
        for (query, &bound) in queries.chunks(dimensions).zip(&self.0) {
            store.search_with(query, k, options, &mut results)?;
            hit_count += results.hits().iter().filter(|hit| f64::from(hit.distance) <= bound).count();
        }
        Ok(hit_count as f64 / (queries.len() / dimensions * k) as f64)
    }
}
