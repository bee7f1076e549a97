//! Filtered searches: every condition, all selectivities, and `k` hits whenever `k` rows match (P1).

mod support;

use std::cell::RefCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{METRICS, Random, quiet, seed};
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, Entry, Filter, Hit, MmapVectorConfig,
    MmapVectorStore, SearchOptions, SearchResults, WriteBatch, WriteMode,
};

const DIMENSIONS: usize = 64;
const K: usize = 10;

fn open(metric: DistanceMetric) -> MmapVectorStore {
    let config = MmapVectorConfig { threads: 2, ..quiet(64, metric) };
    MmapVectorStore::in_memory(config).unwrap()
}

/// Rows around `clusters` centres; row `r` belongs to cluster `r % clusters`.
fn vectors(random: &mut Random, count: usize, clusters: usize) -> Vec<Vec<f32>> {
    let centres: Vec<Vec<f32>> = (0..clusters).map(|_| random.vector(DIMENSIONS)).collect();
    (0..count)
        .map(|row| centres[row % clusters].iter().map(|x| x + 0.6 * random.normal()).collect())
        .collect()
}

fn key(row: usize) -> String {
    format!("{}{row}", ["", "a", "ab", "abc/", "b", "ä"][row % 6])
}

fn tags(row: usize) -> u64 {
    [0, 1, 2, 3, 1 << 63, u64::MAX][row % 6]
}

fn write(store: &MmapVectorStore, rows: std::ops::Range<usize>, vectors: &[Vec<f32>], mode: WriteMode) {
    let keys: Vec<String> = rows.clone().map(key).collect();
    let payloads: Vec<Vec<u8>> = rows.clone().map(|row| vec![1; row % 3]).collect();
    let written = store.write(&WriteBatch {
        keys: BatchKeys::Slices(&keys.iter().map(String::as_str).collect::<Vec<_>>()),
        vectors: BatchVectors::Slices(&vectors[rows.clone()].iter().map(Vec::as_slice).collect::<Vec<_>>()),
        tags: Some(&rows.map(tags).collect::<Vec<_>>()),
        payloads: BatchPayloads::Slices(&payloads.iter().map(Vec::as_slice).collect::<Vec<_>>()),
        mode,
        ..WriteBatch::default()
    });
    assert_eq!(written.unwrap().rows, keys.len());
}

fn bitmap(rows: usize, passes: impl Fn(usize) -> bool) -> Vec<u64> {
    let mut words = vec![0; rows.div_ceil(64)];
    (0..rows).filter(|&row| passes(row)).for_each(|row| words[row / 64] |= 1 << (row % 64));
    words
}

fn search(store: &MmapVectorStore, query: &[f32], k: usize, options: &SearchOptions<'_>) -> Vec<Hit> {
    let mut results = SearchResults::default();
    store.search_with(query, k, options, &mut results).unwrap();
    assert!(!results.is_partial());
    results.hits().to_vec()
}

/// The reference answer: an exact search for all rows, filtered by the test itself.
fn truth(store: &MmapVectorStore, query: &[f32], k: usize, passes: &dyn Fn(&Entry<'_>) -> bool) -> Vec<Hit> {
    let everything = SearchOptions { exact: true, ..Default::default() };
    let all = search(store, query, store.len(), &everything);
    let entries: Vec<Entry<'_>> = store.iterate(0).map(Result::unwrap).collect();
    let entry = |row| entries[entries.binary_search_by_key(&row, |entry| entry.row).unwrap()];
    all.into_iter().filter(|hit| passes(&entry(hit.row))).take(k).collect()
}

/// The fraction of true hits that were found. Both lists must have the same length.
fn recall(found: &[Hit], truth: &[Hit]) -> f64 {
    assert_eq!(found.len(), truth.len(), "k hits whenever k rows match");
    assert!(found.windows(2).all(|pair| (pair[0].distance, pair[0].row) < (pair[1].distance, pair[1].row)));
    let Some(last) = truth.last() else { return 1.0 };
    found.iter().filter(|hit| hit.distance <= last.distance).count() as f64 / truth.len() as f64
}

#[test]
fn filters_and_their_combinations_match_a_scan() {
    let mut random = Random::new(seed(41));
    for metric in METRICS {
        let store = open(metric);
        let all = vectors(&mut random, 4000, 20);
        write(&store, 0..3500, &all, WriteMode::Insert);
        store.build_index().unwrap();
        // Unindexed rows are found too.
        write(&store, 3500..4000, &all, WriteMode::Insert);
        let even = bitmap(3900, |row| row % 2 == 0);
        let few = bitmap(4000, |row| row % 1000 == 7);
        let no_payload = |entry: &Entry<'_>| entry.payload.is_empty();
        let none = Filter::default();
        let filters = [
            none,
            Filter { tags_any: 3, ..none },
            Filter { tags_any: 1 << 63, ..none },
            Filter { tags_all: 3, ..none },
            Filter { tags_none: 1, ..none },
            Filter { tags_any: 2, tags_all: 1, tags_none: 1 << 63, ..none },
            Filter { tags_all: 5, tags_none: 1, ..none },
            Filter { key_prefix: b"ab", ..none },
            Filter { key_prefix: "ä".as_bytes(), ..none },
            Filter { key_prefix: b"no such prefix", ..none },
            Filter { rows: Some(&even), ..none },
            Filter { rows: Some(&few), ..none },
            Filter { rows: Some(&[]), ..none },
            Filter { callback: Some(&no_payload), ..none },
            Filter { callback: Some(&|entry| entry.vector.unwrap()[0] > 0.0 && entry.row > 50), ..none },
            Filter { tags_any: 3, key_prefix: b"a", rows: Some(&even), callback: Some(&no_payload), ..none },
        ];
        for (number, filter) in filters.iter().enumerate() {
            let passes = |entry: &Entry<'_>| {
                let bit = |words: &[u64]| {
                    words.get(entry.row as usize / 64).unwrap_or(&0) >> (entry.row % 64) & 1 == 1
                };
                (filter.tags_any == 0 || entry.tags & filter.tags_any != 0)
                    && entry.tags & filter.tags_all == filter.tags_all
                    && entry.tags & filter.tags_none == 0
                    && entry.key.as_bytes().starts_with(filter.key_prefix)
                    && filter.rows.is_none_or(bit)
                    && filter.callback.is_none_or(|callback| callback(entry))
            };
            let mut found = 0.0;
            for query in 0..10 {
                let query: Vec<f32> = all[query * 331].iter().map(|x| x + 0.2 * random.normal()).collect();
                let truth = truth(&store, &query, K, &passes);
                let options = SearchOptions { filter: *filter, ..Default::default() };
                found += recall(&search(&store, &query, K, &options), &truth) / 10.0;
                let exact = SearchOptions { exact: true, ..options };
                assert_eq!(search(&store, &query, K, &exact), truth, "{metric:?}, filter {number}, exact");
            }
            assert!(found >= 0.95, "{metric:?}, filter {number}: recall {found}");
        }
    }
}

/// For each selectivity the matching rows are random, nearest to the query's cluster, or farthest from it.
#[test]
fn recall_holds_at_every_selectivity() {
    let rows: usize =
        std::env::var("SYNA_MMAP_FILTER_ROWS").ok().map_or(20_000, |text| text.parse().unwrap());
    let clusters = 50;
    let mut random = Random::new(seed(42));
    let store = open(DistanceMetric::Euclidean);
    let all = vectors(&mut random, rows, clusters);
    write(&store, 0..rows, &all, WriteMode::Insert);
    store.build_index().unwrap();
    println!("share, which: recall");
    for share in [0.5, 0.1, 0.01, 0.001, 0.0001] {
        let count = (rows as f64 * share) as usize;
        for which in ["random", "near", "far"] {
            let mut found = 0.0;
            let queries = 50;
            for number in 0..queries {
                let cluster = number % clusters;
                let query: Vec<f32> = all[number * 7919 % (rows / clusters) * clusters + cluster]
                    .iter()
                    .map(|x| x + 0.3 * random.normal())
                    .collect();
                // Clusters in a ring, starting with the query's: whole clusters match, and a part of the last one.
                let place = |row: usize| {
                    (row % clusters + clusters - cluster) % clusters * rows / clusters + row / clusters
                };
                let chance: Vec<usize> = (0..count).map(|_| random.below(rows)).collect();
                let words = match which {
                    "near" => bitmap(rows, |row| place(row) < count),
                    "far" => bitmap(rows, |row| place(row) >= rows - count),
                    _ => {
                        let mut words = vec![0u64; rows.div_ceil(64)];
                        chance.iter().for_each(|row| words[row / 64] |= 1 << (row % 64));
                        words
                    }
                };
                let filter = Filter { rows: Some(&words), ..Default::default() };
                let options = SearchOptions { filter, ..Default::default() };
                let truth = search(&store, &query, K, &SearchOptions { exact: true, ..options });
                let passing: u32 = words.iter().map(|word| word.count_ones()).sum();
                assert_eq!(truth.len(), K.min(passing as usize));
                found += recall(&search(&store, &query, K, &options), &truth) / queries as f64;
            }
            println!("{share}, {which}: {found:.3}");
            assert!(found >= 0.95, "share {share}, {which}: recall {found}");
        }
    }
}

#[test]
fn deleted_rows_are_hidden_and_k_hits_are_returned_if_k_rows_match() {
    let mut random = Random::new(seed(43));
    let store = open(DistanceMetric::Euclidean);
    let all = vectors(&mut random, 6000, 10);
    write(&store, 0..6000, &all, WriteMode::Insert);
    store.build_index().unwrap();
    // Rows 6000.. have the keys of the first thousand rows; the first hundred of those keys are deleted.
    write(&store, 0..1000, &all, WriteMode::Upsert);
    (0..100).for_each(|row| assert!(store.delete(key(row)).unwrap()));
    let live = |row: u32| (1000..6000).contains(&row) || row >= 6100;
    for (low, high) in [(900, 1003), (0, 7000), (5990, 6110), (0, 1000), (6000, 6100)] {
        let words = bitmap(7000, |row| (low..high).contains(&row));
        let filter = Filter { rows: Some(&words), ..Default::default() };
        for k in [1, 3, 20, 5000, 7000] {
            let hits = search(&store, &all[17], k, &SearchOptions { filter, ..Default::default() });
            let passing = (low..high).filter(|&row| live(row as u32)).count();
            assert_eq!(hits.len(), k.min(passing), "rows {low}..{high}, k {k}");
            assert!(hits.iter().all(|hit| live(hit.row) && (low..high).contains(&(hit.row as usize))));
        }
    }
}

#[test]
fn a_callback_filter_is_called_once_a_row_and_may_call_the_store() {
    let mut random = Random::new(seed(44));
    let store = open(DistanceMetric::Cosine);
    let all = vectors(&mut random, 5000, 10);
    write(&store, 0..5000, &all, WriteMode::Insert);
    store.build_index().unwrap();
    for one_in in [1, 2, 5, 100, 10_000] {
        let asked = Mutex::new(vec![0; 5000]);
        let callback = |entry: &Entry<'_>| {
            let row = entry.row as usize;
            asked.lock().unwrap()[row] += 1;
            assert_eq!(entry.key, key(row));
            assert_eq!((entry.tags, entry.payload.len()), (tags(row), row % 3));
            assert_eq!(entry.vector.unwrap(), all[row]);
            assert_eq!(store.tags(entry.key), Some(entry.tags));
            store.search(&all[3], 1).unwrap();
            row.is_multiple_of(one_in)
        };
        let filter = Filter { tags_any: u64::MAX, callback: Some(&callback), ..Default::default() };
        search(&store, &all[7], K, &SearchOptions { filter, ..Default::default() });
        let asked = asked.lock().unwrap();
        println!(
            "1 in {one_in}: {} of 5000 rows passed to the callback",
            asked.iter().filter(|&&times| times > 0).count()
        );
        assert!(asked.iter().all(|&times| times <= 1));
        // Rows that the tags exclude are not passed to the callback.
        assert!(asked.iter().step_by(6).all(|&times| times == 0) && asked.contains(&1));
    }
}

#[test]
fn a_search_stops_at_max_visits_or_its_deadline_and_is_partial() {
    let mut random = Random::new(seed(45));
    let store = open(DistanceMetric::Euclidean);
    let all = vectors(&mut random, 8000, 10);
    write(&store, 0..8000, &all, WriteMode::Insert);
    let mut results = SearchResults::default();
    let mut found = |options: SearchOptions<'_>| {
        store.search_with(&all[5], K, &options, &mut results).unwrap();
        (results.hits().len(), results.is_partial())
    };
    let of = |max_visits| SearchOptions { max_visits, ..Default::default() };
    // Without an index, compared rows count.
    assert_eq!(
        [1, 5, 7999, 8000].map(|visits| found(of(visits))),
        [(1, true), (5, true), (10, true), (10, false)]
    );
    let even = bitmap(8000, |row| row % 2 == 0);
    let filter = Filter { rows: Some(&even), ..Default::default() };
    assert_eq!(found(SearchOptions { filter, ..of(3999) }), (10, true));
    assert_eq!(found(SearchOptions { filter, ..of(4000) }), (10, false));
    store.build_index().unwrap();
    assert_eq!(found(of(20)), (10, true));
    assert_eq!(found(of(0)), (10, false));
    assert_eq!(found(of(usize::MAX)), (10, false));
    assert!(found(SearchOptions { filter, ..of(20) }).1);
    assert_eq!(found(SearchOptions { filter, ..of(8000) }), (10, false));
    assert!(found(SearchOptions { deadline: Some(Duration::ZERO), filter, ..of(0) }).1);
    // Rows that the callback rejects are not compared and do not count. The deadline also ends a slow callback filter.
    let asked = AtomicUsize::new(0);
    let slow = |_: &Entry<'_>| {
        asked.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(1));
        false
    };
    let filter = Filter { callback: Some(&slow), ..Default::default() };
    assert_eq!(found(SearchOptions { deadline: Some(Duration::from_millis(1)), filter, ..of(0) }), (0, true));
    assert!(asked.load(Ordering::Relaxed) < 1000, "{asked:?}");
}

#[test]
fn a_search_by_key_excludes_its_own_row() {
    let mut random = Random::new(seed(46));
    for is_indexed in [false, true] {
        let store = open(DistanceMetric::Cosine);
        let mut all = vectors(&mut random, 4000, 10);
        all[9] = all[3].clone();
        write(&store, 0..4000, &all, WriteMode::Insert);
        if is_indexed {
            store.build_index().unwrap();
        }
        let results = RefCell::new(SearchResults::default());
        let found = |row: usize, k: usize, options: SearchOptions<'_>| {
            store.search_key(key(row), k, &options, &mut results.borrow_mut()).unwrap();
            results.borrow().hits().to_vec()
        };
        for row in (0..4000).step_by(571) {
            let hits = found(row, K, SearchOptions::default());
            let truth: Vec<Hit> =
                search(&store, &all[row], K + 1, &SearchOptions { exact: true, ..Default::default() })
                    .into_iter()
                    .filter(|hit| hit.row as usize != row)
                    .collect();
            assert!(recall(&hits, &truth) >= 0.8, "row {row}");
        }
        assert_eq!(found(3, 1, SearchOptions::default())[0].row, 9, "an equal row is not excluded");
        assert_eq!(found(3, 4000, SearchOptions::default()).len(), 3999);
        let filter = Filter { tags_all: 3, ..Default::default() };
        assert!(
            found(3, 50, SearchOptions { filter, ..Default::default() })
                .iter()
                .all(|hit| tags(hit.row as usize) & 3 == 3)
        );
        let error = store.search_key("no such key", 1, &SearchOptions::default(), &mut results.borrow_mut());
        assert_eq!(error.unwrap_err().to_string(), "not found: the key \"no such key\"");
        assert!(results.borrow().hits().is_empty());
        assert!(
            store
                .search_key("k".repeat(70_000), 1, &SearchOptions::default(), &mut results.borrow_mut())
                .is_err()
        );
    }
}
