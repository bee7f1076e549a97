//! Every vector is found by a search for itself: without an index, with one, while unindexed, and after reopening.
//! `SYNA_MMAP_FINDABLE_ROWS` sets the number of rows (default 6,000; 20,000 with `SYNA_MMAP_FULL=1`).

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use support::{Random, TempFolder, quiet, seed, size};
use syna_mmap::{DistanceMetric, MmapVectorConfig, MmapVectorStore, SearchOptions, SearchResults};

const DIMENSIONS: u16 = 64;

struct Rows {
    keys: Vec<String>,
    vectors: Vec<Vec<f32>>,
}

impl Rows {
    fn insert(&self, store: &MmapVectorStore, range: std::ops::Range<usize>) {
        for start in range.clone().step_by(10_000) {
            let end = (start + 10_000).min(range.end);
            let keys: Vec<&str> = self.keys[start..end].iter().map(String::as_str).collect();
            let vectors: Vec<&[f32]> = self.vectors[start..end].iter().map(Vec::as_slice).collect();
            assert_eq!(store.insert_batch(&keys, &vectors).unwrap(), end - start);
        }
    }

    /// How many of the first `count` rows are not found by a search for themselves.
    fn hidden(&self, store: &MmapVectorStore, count: usize) -> usize {
        let hidden = AtomicUsize::new(0);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut results = SearchResults::default();
            loop {
                let row = next.fetch_add(1, Ordering::Relaxed);
                if row >= count {
                    return;
                }
                store.search_with(&self.vectors[row], 1, &SearchOptions::default(), &mut results).unwrap();
                let is_found = results.hits()[0].distance == 0.0 && results.key(0) == Some(&self.keys[row]);
                hidden.fetch_add(usize::from(!is_found), Ordering::Relaxed);
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(work);
            scope.spawn(work);
        });
        hidden.into_inner()
    }
}

#[test]
fn every_vector_is_found_with_and_without_an_index_and_after_reopening() {
    let rows: usize = size("SYNA_MMAP_FINDABLE_ROWS", 20_000, 6_000);
    let mut random = Random::new(seed(17));
    // v0, v1, ... and keys of every length from 0 to 300.
    let mut keys: Vec<String> = (0..rows).map(|row| format!("v{row}")).collect();
    keys.extend((0..=300).map(|length| "k".repeat(length)));
    let keys: Vec<String> = (0..keys.len()).map(|i| keys[i * 7919 % keys.len()].clone()).collect();
    let vectors = keys.iter().map(|_| random.vector(DIMENSIONS.into())).collect();
    let all = Rows { keys, vectors };
    let (first, total) = (all.keys.len() * 9 / 10, all.keys.len());

    let folder = TempFolder::new("findable");
    let config = MmapVectorConfig { threads: 2, ..quiet(DIMENSIONS, DistanceMetric::Euclidean) };
    let store = MmapVectorStore::new(folder.file("store"), config.clone()).unwrap();
    let check = |store: &MmapVectorStore, count: usize, when: &str| {
        let hidden = all.hidden(store, count);
        println!("{when}: {} of {count} found", count - hidden);
        assert_eq!(hidden, 0, "{when}");
    };
    all.insert(&store, 0..first);
    check(&store, first, "without an index");
    store.build_index().unwrap();
    assert!(store.has_index());
    check(&store, first, "with an index");
    all.insert(&store, first..total);
    check(&store, total, "with unindexed rows");
    store.close().unwrap();
    let store = MmapVectorStore::new(folder.file("store"), config.clone()).unwrap();
    assert!(store.has_index(), "the index is loaded with the store");
    check(&store, total, "reopened");
    store.build_index().unwrap();
    check(&store, total, "with all rows indexed");
    store.close().unwrap();
    let store = MmapVectorStore::new(folder.file("store"), config).unwrap();
    check(&store, total, "reopened again");
}

#[test]
fn the_index_is_built_automatically_by_batches_and_single_inserts() {
    let mut random = Random::new(seed(18));
    for is_batch in [true, false] {
        let folder = TempFolder::new("threshold");
        let config =
            MmapVectorConfig { index_threshold: 2500, ..quiet(DIMENSIONS, DistanceMetric::Euclidean) };
        let store = MmapVectorStore::new(folder.file("store"), config.clone()).unwrap();
        let keys: Vec<String> = (0..4000).map(|row| format!("v{row}")).collect();
        let vectors = keys.iter().map(|_| random.vector(DIMENSIONS.into())).collect();
        let all = Rows { keys, vectors };
        for row in 0..4000 {
            if is_batch && row % 100 == 0 {
                all.insert(&store, row..row + 100);
            } else if !is_batch {
                store.insert(&all.keys[row], &all.vectors[row]).unwrap();
            }
            assert_eq!(store.has_index(), store.len() >= 2500, "{} rows", store.len());
        }
        assert_eq!(all.hidden(&store, 4000), 0);
        store.close().unwrap();
        let store = MmapVectorStore::new(folder.file("store"), config).unwrap();
        assert!(store.has_index());
        assert_eq!(all.hidden(&store, 4000), 0);
    }
}
