//! The plan of a filtered search: by the graph, or by comparing the rows that pass one by one.
//!
//! ```text
//!                        share of rows that pass, from a sample
//!   few pass                                                        many pass
//!   |---- scan: evaluate every row, -------|---- walk: the graph, also through rows that do -----|
//!         compare those that pass                not pass; when its budget is used up: scan
//! ```
//! The budget of a walk is half of the cost of the scan, so the two together cost at most 1.5 scans, whatever the
//! sample did not show: the rows that pass may all be far from the query.
//!
//! The unit of cost is the time that the exact distances of a scan take for one vector component.

use crate::index::filtered_ef;
use crate::store::search::filter::RowFilter;

/// Rows that are evaluated to estimate how many pass.
const SAMPLE_ROWS: u32 = 256;
/// The cost of a visit, in distances to rows at random addresses: its record is longer than a vector, and it estimates
/// the distances of all neighbours. Measured as 4.3, and as 7 to 8 where nearly all neighbours must be visited. A walk
/// that meets too few rows that pass therefore uses up its budget early (docs/benchmarks/filters.md).
const DISTANCES_A_VISIT: u64 = 4;
/// The same if a visit measures its neighbours by their own codes (noisy estimates, the compact profile): 2.3 times as
/// much.
const DISTANCES_A_MEASURED_VISIT: u64 = 10;
/// Rows that a visit evaluates: neighbours that look near and were not met before.
const ASKED_A_VISIT: u64 = 12;
/// The fixed cost of a walk, in distances: its entry points, and the vectors of its last candidates.
const DISTANCES_A_WALK: u64 = 128;
/// The fixed cost of a distance, in components: the row is not in the cache and was not prefetched.
const COMPONENTS_A_ROW: u64 = 64;

/// How the rows that the graph covers are searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum SearchPlan {
    /// By the graph. `share` of its rows pass; after `most_visits` a scan takes over.
    Walk { share: Option<f32>, most_visits: Option<u32> },
    /// One by one.
    Scan,
}

/// The costs of the operations of a search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Costs {
    evaluation: u64,
    distance: u64,
    distances_a_visit: u64,
}

impl Costs {
    pub(crate) fn new(filter: &RowFilter<'_>, dimensions: u32, is_measured: bool) -> Self {
        Self {
            evaluation: filter.evaluation_cost(),
            distance: u64::from(dimensions) + COMPONENTS_A_ROW,
            distances_a_visit: if is_measured { DISTANCES_A_MEASURED_VISIT } else { DISTANCES_A_VISIT },
        }
    }

    /// The most visits of the walks that precede a scan which evaluates `asked` rows and compares `passing`.
    pub(crate) fn most_visits(self, asked: u64, passing: u64) -> u32 {
        let left = (self.scan(asked, passing) / 2).saturating_sub(self.walk(0));
        u32::try_from(left / self.visit()).unwrap_or(u32::MAX)
    }

    fn visit(self) -> u64 {
        self.distances_a_visit * self.distance + ASKED_A_VISIT * self.evaluation
    }

    /// The cost of a walk with this many visits.
    pub(crate) fn walk(self, visits: u64) -> u64 {
        (DISTANCES_A_WALK * self.distance).saturating_add(visits.saturating_mul(self.visit()))
    }

    /// The cost of a scan that evaluates `asked` rows and compares `passing`.
    pub(crate) fn scan(self, asked: u64, passing: u64) -> u64 {
        asked.saturating_mul(self.evaluation).saturating_add(passing.saturating_mul(self.distance))
    }
}

/// The cheaper plan for the rows `0..covered`, of which `filter` passes some.
pub(crate) fn choose(filter: &RowFilter<'_>, costs: Costs, covered: u32, k: usize, ef: usize) -> SearchPlan {
    let candidates = filter.candidate_count(covered);
    let all = u64::from(candidates);
    if costs.scan(all, all) / 3 <= costs.walk(k as u64) {
        return SearchPlan::Scan;
    }
    let hits = filter.sample(covered, candidates, SAMPLE_ROWS).filter(|&row| filter.passes(row)).count();
    let hits = u32::try_from(hits).unwrap_or(SAMPLE_ROWS);
    if hits == 0 {
        return SearchPlan::Scan;
    }
    let passing = |hits: u32| u64::from(hits) * all / u64::from(SAMPLE_ROWS);
    // The budget must not exceed its bound, so it is computed from the fewest rows that are likely to pass (two
    // standard deviations).
    let likely = passing(hits.saturating_sub(2 * hits.isqrt()));
    let scan = costs.scan(all, likely);
    let share = passing(hits).max(1) as f32 / covered as f32;
    let kept = filtered_ef(ef, share).max(k) as u64;
    let visits = kept.saturating_mul(u64::from(covered)) / passing(hits).max(1);
    // The margin to the budget, a half, allows for the differences between queries.
    if costs.walk(visits) > scan / 3 {
        return SearchPlan::Scan;
    }
    SearchPlan::Walk { share: Some(share), most_visits: Some(costs.most_visits(all, likely)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::mix;
    use crate::store::api::store::MmapVectorStore;
    use crate::store::search::default_ef::DefaultEf;
    use crate::store::search::results::SearchResults;
    use crate::store::search::scratch::{SearchParts, Work};
    use crate::store::search::search::Search;
    use crate::store::state::settings::Settings;
    use crate::{DistanceMetric, Entry, Filter, Hit, MmapVectorConfig, SearchOptions};

    const ROWS: u32 = 12_000;
    const CLUSTERS: u32 = 40;
    const DIMENSIONS: u16 = 64;

    /// A number from -1 to 1, the same for the same seed.
    fn number(seed: u64) -> f32 {
        (mix(seed) >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    }

    fn vector(row: u32, spread: f32) -> Vec<f32> {
        let dimensions = u64::from(DIMENSIONS);
        let centre = |at: u64| number(u64::from(row % CLUSTERS) * dimensions + at);
        (0..dimensions)
            .map(|at| centre(at) + spread * number((1 << 40) + u64::from(row) * dimensions + at))
            .collect()
    }

    fn store() -> MmapVectorStore {
        let config = MmapVectorConfig {
            dimensions: DIMENSIONS,
            metric: DistanceMetric::Euclidean,
            index_threshold: 0,
            threads: 2,
            ..Default::default()
        };
        let store = MmapVectorStore::in_memory(config).unwrap();
        let keys: Vec<String> = (0..ROWS).map(|row| row.to_string()).collect();
        let vectors: Vec<Vec<f32>> = (0..ROWS).map(|row| vector(row, 0.6)).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        store.insert_batch(&keys, &vectors.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        store.build_index().unwrap();
        store
    }

    /// What a search did, and its cost divided by the cost of a scan.
    fn work(
        store: &MmapVectorStore,
        filter: Filter<'_>,
        query: &[f32],
        passing: u64,
        after: Option<Hit>,
    ) -> (Work, f64) {
        let options = SearchOptions { filter, after, ..Default::default() };
        let state = store.state();
        let search =
            Search::new(&state, 10, &options, DefaultEf::of(&Settings::of(&MmapVectorConfig::default())))
                .unwrap();
        let mut parts = SearchParts::default();
        search.nearest(query, None, &mut parts).unwrap();
        let mut memory = Vec::new();
        let filter = search.filter(&mut memory).unwrap();
        let costs = Costs::new(&filter, u32::from(DIMENSIONS), false);
        let asked = u64::from(filter.candidate_count(ROWS));
        let Work { visits, scanned, evaluations } = parts.work;
        let walked = if visits > 0 { costs.walk(0) + visits * DISTANCES_A_VISIT * costs.distance } else { 0 };
        let all = walked + costs.scan(evaluations, scanned);
        (parts.work, all as f64 / costs.scan(asked, passing).max(1) as f64)
    }

    #[test]
    fn no_page_costs_more_than_one_and_a_half_scans() {
        let store = store();
        let (mut walks, mut scans, mut both) = (0, 0, 0);
        let mut all = SearchResults::default();
        for number in 0..8 {
            let row = u32::try_from(mix(number) % u64::from(ROWS)).unwrap();
            let query = vector(row, 0.5);
            for one_in in [1, 3, 100] {
                let words: Vec<u64> = (0..ROWS.div_ceil(64))
                    .map(|word| {
                        (0..64).filter(|bit| (word * 64 + bit) % one_in == 0).map(|bit| 1u64 << bit).sum()
                    })
                    .collect();
                let filter = Filter { rows: (one_in > 1).then_some(&words), ..Default::default() };
                let exact = SearchOptions { exact: true, filter, ..Default::default() };
                store.search_with(&query, 3000, &exact, &mut all).unwrap();
                for place in [0, 9, 50, 200, 800, 2999] {
                    let Some(&after) = all.hits().get(place) else { continue };
                    let (work, ratio) = work(&store, filter, &query, u64::from(ROWS / one_in), Some(after));
                    match (work.visits > 0, work.scanned > 0) {
                        (true, false) => walks += 1,
                        (false, _) => scans += 1,
                        (true, true) => both += 1,
                    }
                    assert!(ratio <= 1.5, "after {place}, one in {one_in}: {work:?} is {ratio} scans");
                }
            }
        }
        println!("{walks} walks, {scans} scans, {both} of both");
        assert!(walks > 10 && scans > 10 && both > 0, "{walks} walks, {scans} scans, {both} of both");
    }

    #[test]
    fn no_filtered_search_costs_more_than_one_and_a_half_scans() {
        let store = store();
        let (mut walks, mut scans, mut both) = (0, 0, 0);
        let mut worst: f64 = 0.0;
        for in_10_000 in [9000, 5000, 3000, 2000, 1000, 500, 100, 10, 1] {
            let count = ROWS * in_10_000 / 10_000;
            for place in ["chance", "near", "far"] {
                for number in 0..20 {
                    let row = u32::try_from(mix(number) % u64::from(ROWS)).unwrap();
                    // Whole clusters pass, and a part of one: beginning with that of the query, or ending before it.
                    let ring = |other: u32| {
                        (other % CLUSTERS + CLUSTERS - row % CLUSTERS) % CLUSTERS * (ROWS / CLUSTERS)
                            + other / CLUSTERS
                    };
                    let passes = |other: u32| match place {
                        "near" => ring(other) < count,
                        "far" => ring(other) >= ROWS - count,
                        _ => mix(u64::from(other) << 8 | number) % u64::from(ROWS) < u64::from(count),
                    };
                    let mut words = vec![0u64; ROWS.div_ceil(64) as usize];
                    for other in (0..ROWS).filter(|&other| passes(other)) {
                        words[other as usize / 64] |= 1 << (other % 64);
                    }
                    let passing = words.iter().map(|word| u64::from(word.count_ones())).sum();
                    let test = |entry: &Entry<'_>| passes(entry.row);
                    let query = vector(row, 0.5);
                    for filter in [
                        Filter { rows: Some(&words), ..Default::default() },
                        Filter { callback: Some(&test), ..Default::default() },
                    ] {
                        let (work, ratio) = work(&store, filter, &query, passing, None);
                        worst = worst.max(ratio);
                        match (work.visits > 0, work.scanned > 0) {
                            (true, false) => walks += 1,
                            (false, _) => scans += 1,
                            (true, true) => both += 1,
                        }
                        assert!(
                            ratio <= 1.5,
                            "{in_10_000} in 10,000, {place}, {filter:?}: {work:?} is {ratio} scans"
                        );
                    }
                }
            }
        }
        println!("{walks} walks, {scans} scans, {both} of both, at most {worst:.2} of a scan");
        assert!(walks > 100 && scans > 100 && both > 0, "{walks} walks, {scans} scans, {both} of both");
    }
}
