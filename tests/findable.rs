//! Every vector is found by a search for itself: without an index, with one, while unindexed, and after reopening.
//! `SYNA_MMAP_FINDABLE_ROWS` sets the number of rows (default 6,000; 20,000 with `SYNA_MMAP_FULL=1`).

mod support;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{Random, TempFolder, quiet, seed, size};
use syna_mmap::{
    DistanceMetric, ElementType, HnswConfig, MmapVectorConfig, MmapVectorStore, Problem, SearchOptions,
    SearchResults,
};

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

/// Under the cosine, a scaled copy of a row is its duplicate; under the euclidean metric, one with zeros of the other sign.
/// Neither has the bits of the row, so the fingerprint of the row does not find it.
#[test]
fn copies_that_differ_in_bits_are_found() {
    let folder = TempFolder::in_memory("findable-copies");
    let scaled = (DistanceMetric::Cosine, 1.7);
    let negated = (DistanceMetric::Euclidean, 1.0);
    let stores = [
        (ElementType::F32, scaled),
        (ElementType::F32, negated),
        (ElementType::F16, negated),
        (ElementType::I8, scaled),
    ];
    for (element, (metric, factor)) in stores {
        // A poor graph: its walks miss many rows.
        let hnsw_config = HnswConfig { ef_search: 1, ef_construction: 8, ..HnswConfig::with_m(2) };
        let config = MmapVectorConfig { element, fixed_ef: true, hnsw_config, ..quiet(64, metric) };
        let path = folder.file(&format!("{}-{metric:?}", element.name()));
        let store = MmapVectorStore::new(&path, config.clone()).unwrap();
        let mut random = Random::new(seed(5));
        let row = |random: &mut Random| -> Vec<f32> {
            let components = (0..64).map(|at| if at % 3 == 0 { 0.0 } else { random.normal() });
            components.collect()
        };
        let rows: Vec<Vec<f32>> = (0..600).map(|_| row(&mut random)).collect();
        let copy = |vector: &Vec<f32>| -> Vec<f32> {
            vector.iter().map(|&x| if x == 0.0 { -0.0 } else { x * factor }).collect()
        };
        // Three copies of each, of which two are the same.
        let copies: Vec<Vec<f32>> = rows.iter().map(copy).collect();
        let vectors = [&rows[..], &copies, &copies, &rows].concat();
        let all = Rows { keys: (0..2400).map(|row| row.to_string()).collect(), vectors };
        all.insert(&store, 0..2400);
        store.build_index().unwrap();
        let check = |store: &MmapVectorStore| {
            let mut results = SearchResults::default();
            for row in 600..1200 {
                let query = &all.vectors[row];
                store.search_with(query, 4, &SearchOptions::default(), &mut results).unwrap();
                let mut found: Vec<usize> = results.hits().iter().map(|hit| hit.row as usize).collect();
                found.sort_unstable();
                found.dedup();
                assert_eq!(found.len(), 4, "{element:?}: a row is found twice");
                let is_copy = |found: &usize| found % 600 == row % 600;
                assert!(found.iter().any(is_copy), "{element:?} {metric:?}: {row} is not found: {found:?}");
            }
            let report = store.verify(&mut |_, _| ControlFlow::Continue(())).unwrap();
            let hidden = report.findings.iter().filter(|finding| finding.problem == Problem::Hidden);
            assert_eq!(hidden.count(), 0, "{element:?} {metric:?}");
        };
        check(&store);
        // The originals are deleted: their duplicates remain.
        let keys: Vec<&str> = all.keys[..600].iter().map(String::as_str).collect();
        assert_eq!(store.delete_batch(&keys).unwrap(), 600);
        check(&store);
        store.close().unwrap();
        let store = MmapVectorStore::new(&path, config).unwrap();
        assert!(store.has_index());
        check(&store);
    }
}

/// Among vectors of usual lengths, tiny ones have equal codes, and their squared distances are 0 in f32.
#[test]
fn tiny_vectors_among_others_are_found() {
    let folder = TempFolder::in_memory("findable-tiny");
    for element in [ElementType::F32, ElementType::I8] {
        let config = MmapVectorConfig {
            element,
            hnsw_config: HnswConfig { ef_construction: 16, ..HnswConfig::with_m(4) },
            ..quiet(64, DistanceMetric::Euclidean)
        };
        let store = MmapVectorStore::new(folder.file(element.name()), config).unwrap();
        let mut random = Random::new(seed(6));
        let mut row = |at: usize| -> Vec<f32> {
            let factor = if at.is_multiple_of(2) { 1e-40 } else { 1.0 };
            (0..64).map(|_| factor * random.normal()).collect()
        };
        let vectors: Vec<Vec<f32>> = (0..2400).map(&mut row).collect();
        let all = Rows { keys: (0..2400).map(|row| row.to_string()).collect(), vectors };
        all.insert(&store, 0..2400);
        store.build_index().unwrap();
        let mut results = SearchResults::default();
        for (key, query) in all.keys.iter().zip(&all.vectors) {
            let own = store.distance(query, &store.get(key).unwrap().unwrap()).unwrap();
            store.search_with(query, 1, &SearchOptions::default(), &mut results).unwrap();
            let hit = results.hits()[0];
            assert!(hit.distance <= own, "{element:?}: {key} is hidden by {hit:?}, itself at {own}");
        }
    }
}
