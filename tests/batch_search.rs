//! A batch search returns bitwise the results of single searches, for any number of threads. Also: measured recall.

mod support;

use std::sync::Mutex;
use std::time::Duration;
use support::{METRICS, Random, quiet, seed};
use syna_mmap::{
    DistanceMetric, Entry, Filter, MmapVectorConfig, MmapVectorStore, SearchOptions, SearchResults, SynaError,
};

const DIMENSIONS: usize = 65;

fn store(metric: DistanceMetric, threads: usize, vectors: &[f32]) -> MmapVectorStore {
    let store = MmapVectorStore::in_memory(MmapVectorConfig { threads, ..quiet(65, metric) }).unwrap();
    insert(&store, vectors);
    store
}

fn insert(store: &MmapVectorStore, vectors: &[f32]) {
    let first = store.len();
    let vectors: Vec<&[f32]> = vectors.chunks(DIMENSIONS).collect();
    let keys: Vec<String> = (first..first + vectors.len()).map(|row| row.to_string()).collect();
    store.insert_batch(&keys.iter().map(String::as_str).collect::<Vec<_>>(), &vectors).unwrap();
}

#[test]
fn a_batch_search_equals_its_single_searches() {
    let mut random = Random::new(seed(61));
    for metric in METRICS {
        let vectors = random.vector(DIMENSIONS * 2500);
        let queries = random.vector(DIMENSIONS * 71);
        for threads in [0, 3] {
            let store = store(metric, threads, &vectors);
            for is_indexed in [false, true] {
                if is_indexed {
                    store.build_index().unwrap();
                    insert(&store, &random.vector(DIMENSIONS * 100));
                }
                let third: Vec<u64> = (0..50).map(|word| 0x9249_2492_4924_9249 >> (word % 3)).collect();
                let odd = |entry: &Entry<'_>| entry.row % 2 == 1;
                let filters = [
                    Filter::default(),
                    Filter { rows: Some(&third), ..Default::default() },
                    Filter { callback: Some(&odd), ..Default::default() },
                ];
                for filter in filters {
                    for exact in [false, true] {
                        let options = SearchOptions { filter, exact, ..Default::default() };
                        assert_same(&store, &queries, &options);
                    }
                }
            }
        }
    }
}

fn assert_same(store: &MmapVectorStore, queries: &[f32], options: &SearchOptions<'_>) {
    let (mut together, mut alone) = (SearchResults::default(), SearchResults::default());
    store.search_batch(queries, 9, options, &mut together).unwrap();
    assert_eq!(together.query_count(), queries.len() / DIMENSIONS);
    assert!(!together.is_partial());
    for (number, query) in queries.chunks(DIMENSIONS).enumerate() {
        store.search_with(query, 9, options, &mut alone).unwrap();
        let bits = |results: &[syna_mmap::Hit]| -> Vec<(u32, u32)> {
            results.iter().map(|hit| (hit.row, hit.distance.to_bits())).collect()
        };
        assert_eq!(bits(together.hits_of(number)), bits(alone.hits()), "query {number}, {options:?}");
        let first = together.range_of(number).start;
        assert_eq!(together.key(first), alone.key(0));
        assert_eq!(together.vector(first), alone.vector(0));
    }
}

#[test]
fn an_invalid_query_has_a_separate_error() {
    let mut random = Random::new(seed(62));
    let store = store(DistanceMetric::Euclidean, 2, &random.vector(DIMENSIONS * 3000));
    let mut queries = random.vector(DIMENSIONS * 40);
    queries[7 * DIMENSIONS + 3] = f32::NAN;
    queries[39 * DIMENSIONS] = f32::INFINITY;
    let mut results = SearchResults::default();
    for is_indexed in [false, true] {
        if is_indexed {
            store.build_index().unwrap();
        }
        store.search_batch(&queries, 3, &SearchOptions::default(), &mut results).unwrap();
        for query in 0..40 {
            let is_wrong = query == 7 || query == 39;
            assert_eq!(results.hits_of(query).len(), if is_wrong { 0 } else { 3 });
            assert_eq!(matches!(results.error_of(query), Some(SynaError::InvalidVector { .. })), is_wrong);
        }
        assert!(results.error_of(40).is_none() && results.hits_of(40).is_empty());
    }
    let uneven = store.search_batch(&queries[1..], 3, &SearchOptions::default(), &mut results);
    assert!(matches!(uneven, Err(SynaError::DimensionMismatch { expected: 65, actual: 64 })));
    assert!(results.hits().is_empty() && results.query_count() == 0);
    store.search_batch(&[], 3, &SearchOptions::default(), &mut results).unwrap();
    assert_eq!((results.query_count(), results.hits().len()), (0, 0));
}

#[test]
fn an_exact_batch_reads_and_filters_each_row_once() {
    let mut random = Random::new(seed(63));
    let store = store(DistanceMetric::Cosine, 0, &random.vector(DIMENSIONS * 2500));
    let queries = random.vector(DIMENSIONS * 128);
    let asked = Mutex::new(vec![0; 2500]);
    let count = |entry: &Entry<'_>| {
        asked.lock().unwrap()[entry.row as usize] += 1;
        true
    };
    let filter = Filter { callback: Some(&count), ..Default::default() };
    let mut results = SearchResults::default();
    store.search_batch(&queries, 3, &SearchOptions { filter, ..Default::default() }, &mut results).unwrap();
    // 64 queries a pass.
    assert_eq!(*asked.lock().unwrap(), vec![2; 2500]);
}

#[test]
fn deadline_and_visits_are_reported_per_query() {
    let mut random = Random::new(seed(64));
    let store = store(DistanceMetric::Euclidean, 2, &random.vector(DIMENSIONS * 3000));
    let queries = random.vector(DIMENSIONS * 10);
    let mut results = SearchResults::default();
    let late = SearchOptions { deadline: Some(Duration::ZERO), ..Default::default() };
    store.search_batch(&queries, 3, &late, &mut results).unwrap();
    assert!(results.is_partial() && (0..10).all(|query| results.is_partial_of(query)));
    let few = SearchOptions { max_visits: 2, ..Default::default() };
    store.search_batch(&queries, 3, &few, &mut results).unwrap();
    assert!((0..10).all(|query| results.is_partial_of(query) && results.hits_of(query).len() == 2));
    assert!(!results.is_partial_of(10));
}

#[test]
fn recall_is_measured_on_seeded_rows_of_the_store() {
    let mut random = Random::new(seed(65));
    let vectors = random.vector(DIMENSIONS * 6000);
    let store = store(DistanceMetric::Euclidean, 2, &vectors);
    assert_eq!(store.check_recall(100, 10, 0, 1).unwrap(), 1.0, "without an index every search is exact");
    store.build_index().unwrap();
    let of = |ef, seed| store.check_recall(400, 10, ef, seed).unwrap();
    let (narrow, wide) = (of(12, 1), of(300, 1));
    println!("ef 12: {narrow:.3}, ef 300: {wide:.3}");
    assert_eq!(narrow, of(12, 1));
    assert!((2..6).any(|seed| of(12, seed) != narrow), "other seeds select other rows");
    assert!(narrow < wide && narrow > 0.3 && wide > 0.9);
    // Computed independently.
    let (mut graph, mut exact) = (SearchResults::default(), SearchResults::default());
    let mut good = 0;
    for row in 0..200 {
        let query = &vectors[row * 30 * DIMENSIONS..][..DIMENSIONS];
        let options = |exact| SearchOptions { ef: 12, exact, ..Default::default() };
        store.search_with(query, 11, &options(false), &mut graph).unwrap();
        store.search_with(query, 11, &options(true), &mut exact).unwrap();
        good += graph.hits()[1..].iter().filter(|hit| exact.hits()[1..].contains(hit)).count();
    }
    let by_hand = good as f64 / 2000.0;
    assert!((by_hand - narrow).abs() < 0.05, "{by_hand} computed here, {narrow} reported by the store");
    assert!(store.check_recall(0, 10, 0, 1).is_err() && store.check_recall(1, 0, 0, 1).is_err());
    assert!(store.check_recall(1, usize::MAX, 0, 1).is_err());
}
