//! Pages and maximum distances: pages of exact searches are one longer search, pages through the index neither overlap
//! nor end too early, no hit is beyond the maximum distance.

mod support;

use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::Duration;
use support::numbered::append;
use support::{METRICS, Random, quiet, seed};
use syna_mmap::{
    DistanceMetric, Entry, Filter, Hit, MmapVectorConfig, MmapVectorStore, SearchOptions, SearchResults,
    SynaError,
};

const DIMENSIONS: usize = 67;

/// Rows around 40 centres; every fifth row equals the row `60` before it, so that many hits are at the same distance.
fn vectors(random: &mut Random, count: usize) -> Vec<Vec<f32>> {
    let centres: Vec<Vec<f32>> = (0..40).map(|_| random.vector(DIMENSIONS)).collect();
    let mut rows: Vec<Vec<f32>> = Vec::new();
    for row in 0..count {
        rows.push(match row {
            60.. if row % 5 == 0 => rows[row - 60].clone(),
            _ => centres[row % 40].iter().map(|x| x + 0.3 * random.normal()).collect(),
        });
    }
    rows
}

/// The rows of the stores that most tests share.
fn shared_rows() -> &'static [Vec<f32>] {
    static ROWS: OnceLock<Vec<Vec<f32>>> = OnceLock::new();
    ROWS.get_or_init(|| vectors(&mut Random::new(seed(70)), 3500))
}

/// A store of these rows for each metric.
fn shared_store(metric: DistanceMetric) -> &'static MmapVectorStore {
    static STORES: [OnceLock<MmapVectorStore>; 3] = [const { OnceLock::new() }; 3];
    STORES[metric as usize].get_or_init(|| store(metric, shared_rows()))
}

/// `rows`, of which the last 300 are not indexed, without every seventh.
fn store(metric: DistanceMetric, rows: &[Vec<f32>]) -> MmapVectorStore {
    let store = MmapVectorStore::in_memory(MmapVectorConfig { threads: 2, ..quiet(67, metric) }).unwrap();
    let (indexed, later) = rows.split_at(rows.len() - 300);
    append(&store, indexed);
    store.build_index().unwrap();
    append(&store, later);
    for row in (0..rows.len()).step_by(7) {
        assert!(store.delete(row.to_string()).unwrap());
    }
    store
}

fn near(random: &mut Random, row: &[f32]) -> Vec<f32> {
    row.iter().map(|x| x + 0.1 * random.normal()).collect()
}

fn search(store: &MmapVectorStore, query: &[f32], k: usize, options: &SearchOptions<'_>) -> Vec<Hit> {
    let mut results = SearchResults::default();
    store.search_with(query, k, options, &mut results).unwrap();
    assert!(!results.is_partial() && results.query_count() == 1 && results.hits_of(0) == results.hits());
    results.hits().to_vec()
}

/// The pages until one has fewer than `k` hits, or until there are `most`.
fn pages(
    store: &MmapVectorStore,
    query: &[f32],
    k: usize,
    most: usize,
    options: &SearchOptions<'_>,
) -> Vec<Vec<Hit>> {
    let mut pages: Vec<Vec<Hit>> = Vec::new();
    while pages.len() < most && pages.last().is_none_or(|last| last.len() == k) {
        let after = pages.last().and_then(|last| last.last().copied());
        pages.push(search(store, query, k, &SearchOptions { after, ..*options }));
    }
    pages
}

fn order(hit: &Hit) -> (f32, u32) {
    (hit.distance, hit.row)
}

#[test]
fn pages_of_exact_searches_are_one_longer_search() {
    let mut random = Random::new(seed(71));
    let even: Vec<u64> = vec![0x5555_5555_5555_5555; 55];
    for metric in METRICS {
        let rows = shared_rows();
        let store = shared_store(metric);
        let keep = |entry: &Entry<'_>| !entry.row.is_multiple_of(3);
        for filter in [
            Filter::default(),
            Filter { rows: Some(&even), ..Default::default() },
            Filter { callback: Some(&keep), ..Default::default() },
        ] {
            let options = SearchOptions { exact: true, filter, ..Default::default() };
            let row = random.below(rows.len());
            let query = near(&mut random, &rows[row]);
            let all = search(store, &query, 3500, &options);
            assert!(all.windows(2).all(|two| order(&two[0]) < order(&two[1])));
            let equal = all.windows(2).filter(|two| two[0].distance == two[1].distance).count();
            assert!(equal > 30, "{equal} hits at the distance of the one before");
            for k in [1, 7, 400] {
                let most = if k == 1 { 40 } else { usize::MAX };
                let found = pages(store, &query, k, most, &options).concat();
                assert_eq!(found, all[..found.len()], "{metric:?}, {k}");
                assert!(k == 1 || found.len() == all.len());
            }
        }
    }
}

#[test]
fn pages_through_the_index_neither_overlap_nor_end_too_early() {
    let mut random = Random::new(seed(73));
    for metric in METRICS {
        let rows = shared_rows();
        let store = shared_store(metric);
        let (mut found, mut expected) = (0, 0);
        for number in 0..12 {
            let query = near(&mut random, &rows[number * 287]);
            let one_in = [1, 1, 2, 5, 40][number % 5];
            let passes = |entry: &Entry<'_>| entry.row.is_multiple_of(one_in);
            let callback = (one_in > 1).then_some(&passes as syna_mmap::RowTest<'_>);
            let filter = Filter { callback, ..Default::default() };
            let options = SearchOptions { filter, ..Default::default() };
            let all = search(store, &query, 3500, &SearchOptions { exact: true, ..options });
            let distances: HashSet<(u32, u32)> =
                all.iter().map(|hit| (hit.row, hit.distance.to_bits())).collect();
            let pages = pages(store, &query, 20, 12, &options);
            let hits = pages.concat();
            assert!(hits.windows(2).all(|two| order(&two[0]) < order(&two[1])), "{metric:?}");
            assert!(hits.iter().all(|hit| distances.contains(&(hit.row, hit.distance.to_bits()))));
            for page in &pages {
                // A short page is the end: as an exact one, it has all rows that follow.
                let first = page.first().expect("a page with hits");
                let follow = all.iter().filter(|hit| order(hit) >= order(first)).count();
                assert_eq!(page.len(), follow.min(20), "{metric:?}, one in {one_in}");
            }
            let last = hits.last().expect("hits");
            found += hits.len();
            expected += all.iter().filter(|hit| order(hit) <= order(last)).count();
        }
        println!("{metric:?}: {found} of {expected}");
        assert!(found as f64 > 0.97 * f64::from(u32::try_from(expected).unwrap()), "{found} of {expected}");
    }
}

#[test]
fn pages_pass_through_more_equal_rows_than_a_page_has() {
    let mut random = Random::new(seed(74));
    for metric in [DistanceMetric::Cosine, DistanceMetric::Euclidean] {
        let mut rows = vectors(&mut random, 2800);
        let equal = rows[2001].clone();
        (0..100).for_each(|number| rows[number * 23 + 5] = equal.clone());
        let store = store(metric, &rows);
        let exact = SearchOptions { exact: true, ..Default::default() };
        let all: Vec<Hit> = search(&store, &equal, 2800, &exact);
        let most = all.iter().filter(|hit| hit.distance == all[0].distance).count();
        assert!(most > 80);
        let found = pages(&store, &equal, 9, 14, &SearchOptions::default()).concat();
        assert_eq!(found[..most], all[..most], "{metric:?}");
    }
}

#[test]
fn no_hit_is_beyond_the_maximum_distance() {
    let mut random = Random::new(seed(75));
    let mut results = SearchResults::default();
    for metric in METRICS {
        let rows = shared_rows();
        let store = shared_store(metric);
        for number in 0..6 {
            let query = near(&mut random, &rows[number * 287]);
            for exact in [true, false] {
                let options = SearchOptions { exact, ..Default::default() };
                let all = search(store, &query, 50, &options);
                let distances = [0, 1, 30, 49].map(|place: usize| all[place].distance);
                for max_distance in distances.into_iter().chain([-1e9, 1e9, f32::NEG_INFINITY, f32::INFINITY])
                {
                    let limited = SearchOptions { max_distance, ..options };
                    let expected: Vec<Hit> =
                        all.iter().filter(|hit| hit.distance <= max_distance).copied().collect();
                    assert_eq!(search(store, &query, 50, &limited), expected, "{metric:?}, {max_distance}");
                    if exact {
                        let found = pages(store, &query, 6, 8, &limited).concat();
                        assert_eq!(found, expected[..found.len()]);
                        assert!(found.len() == expected.len().min(48));
                    }
                }
            }
            let all = search(store, &query, 3500, &SearchOptions { exact: true, ..Default::default() });
            let options =
                SearchOptions { max_distance: all[40].distance, after: Some(all[9]), ..Default::default() };
            for (most, end) in [(all[20].distance, 20), (f32::INFINITY, 40)] {
                store.search_range(&query, most, &options, &mut results).unwrap();
                let expected: Vec<Hit> =
                    all[10..].iter().filter(|hit| hit.distance <= all[end].distance).copied().collect();
                assert_eq!(results.hits(), expected);
            }
        }
    }
}

#[test]
fn batches_and_searches_by_key_have_pages() {
    let rows = shared_rows();
    let store = shared_store(DistanceMetric::Euclidean);
    let mut results = SearchResults::default();
    for exact in [true, false] {
        let options = SearchOptions { exact, ..Default::default() };
        store.search_key("1", 30, &options, &mut results).unwrap();
        let all = results.hits().to_vec();
        let later = SearchOptions { after: Some(all[9]), max_distance: all[19].distance, ..options };
        store.search_key("1", 20, &later, &mut results).unwrap();
        let end = all.iter().position(|hit| hit.distance > all[19].distance).unwrap_or(30);
        assert_eq!(results.hits(), &all[10..end]);
        let queries: Vec<f32> = (0..9).flat_map(|row| rows[row * 331 + 1].clone()).collect();
        store.search_batch(&queries, 20, &later, &mut results).unwrap();
        let batch: Vec<Vec<Hit>> = (0..9).map(|query| results.hits_of(query).to_vec()).collect();
        for (query, hits) in queries.chunks(DIMENSIONS).zip(batch) {
            assert_eq!(search(store, query, 20, &later), hits);
        }
    }
}

#[test]
fn a_stopped_page_is_partial_and_invalid_bounds_are_refused() {
    let rows = shared_rows();
    let store = shared_store(DistanceMetric::Cosine);
    let mut results = SearchResults::default();
    let first = search(store, &rows[1], 10, &SearchOptions::default());
    let after = first.last().copied();
    for max_visits in [1, 20, 300] {
        let options = SearchOptions { max_visits, after, ..Default::default() };
        store.search_with(&rows[1], 10, &options, &mut results).unwrap();
        assert!(results.is_partial() && results.hits().len() <= 10, "{max_visits}");
        assert!(results.hits().iter().all(|hit| order(hit) > order(&first[9])));
    }
    let options = SearchOptions { deadline: Some(Duration::ZERO), after, ..Default::default() };
    store.search_with(&rows[1], 10, &options, &mut results).unwrap();
    assert!(results.is_partial() && results.hits().is_empty());
    let zero = Some(Hit { row: 0, distance: -0.0 });
    let from_zero = search(store, &rows[1], 3, &SearchOptions { after: zero, ..Default::default() });
    assert_eq!(from_zero, first[..3], "-0.0 is the distance 0.0");
    let end = Some(Hit { row: u32::MAX, distance: f32::INFINITY });
    assert_eq!(search(store, &rows[1], 3, &SearchOptions { after: end, ..Default::default() }), []);
    let nan = Some(Hit { row: 0, distance: f32::NAN });
    for options in [
        SearchOptions { max_distance: f32::NAN, ..Default::default() },
        SearchOptions { after: nan, ..Default::default() },
    ] {
        let refused = [
            store.search_with(&rows[1], 10, &options, &mut results),
            store.search_key("1", 10, &options, &mut results),
            store.search_batch(&rows[1], 10, &options, &mut results),
            store.search_range(&rows[1], 1.0, &options, &mut results),
        ];
        for refused in refused {
            assert!(matches!(refused, Err(SynaError::InvalidArgument { .. })));
        }
        assert!(results.hits().is_empty());
    }
}

#[test]
fn pages_are_as_accurate_as_one_search_for_all_of_them() {
    let mut random = Random::new(seed(78));
    let rows: Vec<Vec<f32>> = (0..3200).map(|_| random.vector(DIMENSIONS)).collect();
    let store =
        MmapVectorStore::in_memory(MmapVectorConfig { threads: 2, ..quiet(67, DistanceMetric::Euclidean) })
            .unwrap();
    append(&store, &rows);
    store.build_index().unwrap();
    // A search for all of them keeps at least as many candidates as it has hits, so smaller `ef` would be another search.
    for (ef, is_filtered) in [(50, false), (80, false), (60, true)] {
        let bitmap = vec![0xEFEF_EFEF_EFEF_EFEF; 50];
        let filter = Filter { rows: is_filtered.then_some(&bitmap[..]), ..Default::default() };
        let options = SearchOptions { ef, filter, ..Default::default() };
        let (mut by_pages, mut by_one) = (0, 0);
        for _ in 0..40 {
            let query = random.vector(DIMENSIONS);
            let all = search(&store, &query, 50, &SearchOptions { exact: true, ..options });
            let near = |hits: &[Hit]| hits.iter().filter(|hit| all.contains(hit)).count();
            by_pages += near(&pages(&store, &query, 10, 5, &options).concat());
            by_one += near(&search(&store, &query, 50, &options));
        }
        println!("ef {ef}, filtered {is_filtered}: {by_pages} by pages, {by_one} by one search, of 2000");
        assert!(by_one < 1980, "the data are too easy for a comparison");
        assert!(by_pages + 20 >= by_one, "ef {ef}: {by_pages} by pages, {by_one} by one search, of 2000");
    }
}
