//! Range searches: all rows within a distance are found, indexed or not, deleted rows excluded; approximate answers.

mod support;

use support::numbered::append;
use support::{METRICS, Random, quiet, seed};
use syna_mmap::{
    DistanceMetric, Filter, Hit, MmapVectorConfig, MmapVectorStore, SearchOptions, SearchResults, SynaError,
};

const DIMENSIONS: usize = 67;

fn store(metric: DistanceMetric, vectors: &[Vec<f32>]) -> MmapVectorStore {
    let store = MmapVectorStore::in_memory(MmapVectorConfig { threads: 2, ..quiet(67, metric) }).unwrap();
    append(&store, vectors);
    store
}

/// Rows around 40 centres.
fn vectors(random: &mut Random, count: usize) -> Vec<Vec<f32>> {
    let centres: Vec<Vec<f32>> = (0..40).map(|_| random.vector(DIMENSIONS)).collect();
    (0..count).map(|row| centres[row % 40].iter().map(|x| x + 0.3 * random.normal()).collect()).collect()
}

fn within(store: &MmapVectorStore, query: &[f32], most: f32, options: &SearchOptions<'_>) -> Vec<Hit> {
    let mut results = SearchResults::default();
    store.search_range(query, most, options, &mut results).unwrap();
    assert!(!results.is_partial() && results.query_count() == 1 && results.hits_of(0) == results.hits());
    results.hits().to_vec()
}

#[test]
fn exactly_the_rows_within_the_distance_are_found() {
    let mut random = Random::new(seed(51));
    for metric in METRICS {
        let rows = vectors(&mut random, 4000);
        let store = store(metric, &rows[..3500]);
        store.build_index().unwrap();
        append(&store, &rows[3500..]);
        for row in (0..4000).step_by(7) {
            assert!(store.delete(row.to_string()).unwrap());
        }
        let mut all = SearchResults::default();
        for number in 0..8 {
            let query: Vec<f32> = rows[number * 497].iter().map(|x| x + 0.1 * random.normal()).collect();
            let exact = SearchOptions { exact: true, ..Default::default() };
            store.search_with(&query, 4000, &exact, &mut all).unwrap();
            assert_eq!(all.hits().len(), store.len());
            for most in [-1e9, 0.0, 1e9, f32::INFINITY]
                .into_iter()
                .chain([0, 1, 30, 2000].map(|place: usize| all.hits()[place].distance))
            {
                let expected: Vec<Hit> =
                    all.hits().iter().filter(|hit| hit.distance <= most).copied().collect();
                assert_eq!(
                    within(&store, &query, most, &SearchOptions::default()),
                    expected,
                    "{metric:?}, {most}"
                );
                let even: Vec<u64> = vec![0x5555_5555_5555_5555; 63];
                let filter = Filter { rows: Some(&even), ..Default::default() };
                let of_filter: Vec<Hit> = expected.iter().filter(|hit| hit.row % 2 == 0).copied().collect();
                for approximate in [false, true] {
                    let options = SearchOptions { filter, approximate, ..Default::default() };
                    assert_eq!(within(&store, &query, most, &options), of_filter);
                }
            }
        }
    }
}

#[test]
fn an_approximate_answer_is_a_large_subset_of_the_exact_one() {
    let mut random = Random::new(seed(52));
    let rows = vectors(&mut random, 8000);
    let store = store(DistanceMetric::Euclidean, &rows[..7700]);
    store.build_index().unwrap();
    append(&store, &rows[7700..]);
    let options = SearchOptions { approximate: true, ..Default::default() };
    let (mut found, mut all) = (0, 0);
    for number in 0..40 {
        let query: Vec<f32> = rows[number * 199].iter().map(|x| x + 0.1 * random.normal()).collect();
        for most in [0.5, 3.0, 4.0, 8.0, 100.0] {
            let exact = within(&store, &query, most, &SearchOptions::default());
            let near = within(&store, &query, most, &options);
            assert!(
                near.iter().all(|hit| exact.contains(hit))
                    && near.is_sorted_by_key(|hit| (hit.distance.to_bits(), hit.row))
            );
            found += near.len();
            all += exact.len();
        }
    }
    println!("{found} of {all}");
    assert!(found as f64 >= 0.99 * all as f64, "{found} of {all}");
}

#[test]
fn a_stopped_range_search_is_partial_and_errors_empty_the_results() {
    let mut random = Random::new(seed(53));
    let rows = vectors(&mut random, 3000);
    let store = store(DistanceMetric::Cosine, &rows);
    let mut results = SearchResults::default();
    for max_visits in [1, 2999, 3000] {
        let options = SearchOptions { max_visits, ..Default::default() };
        store.search_range(&rows[0], 3.0, &options, &mut results).unwrap();
        assert_eq!((results.hits().len(), results.is_partial()), (max_visits, max_visits < 3000));
    }
    let nan = store.search_range(&rows[0], f32::NAN, &SearchOptions::default(), &mut results);
    assert!(matches!(nan, Err(SynaError::InvalidArgument { .. })) && results.hits().is_empty());
    let short = store.search_range(&rows[0][1..], 1.0, &SearchOptions::default(), &mut results);
    assert!(matches!(short, Err(SynaError::DimensionMismatch { expected: 67, actual: 66 })));
}
