//! An index with many deleted rows is rebuilt without them.

mod support;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use support::numbered::{assert_found, indexed, insert, vectors};
use support::{Random, TempFolder, quiet, seed};
use syna_mmap::{DistanceMetric, MmapVectorConfig, MmapVectorStore, SearchOptions, SynaError};

const DIMENSIONS: u16 = 64;
const ROWS: usize = 3_000;

/// No automatic index.
fn config() -> MmapVectorConfig {
    MmapVectorConfig { index_threshold: 0, ..quiet(DIMENSIONS, DistanceMetric::Euclidean) }
}

/// A store with an index, of which `count` rows were replaced after the build.
fn replaced(path: &Path, rows: &[Vec<f32>], others: &[Vec<f32>], count: usize) -> MmapVectorStore {
    let store = MmapVectorStore::new(path, config()).unwrap();
    insert(&store, rows, 0);
    store.build_index().unwrap();
    for (key, vector) in others[..count].iter().enumerate() {
        store.upsert(key.to_string(), vector).unwrap();
    }
    store
}

/// Approximate number of records that the index file has room for. After a rebuild it has none of deleted rows.
fn index_bytes_a_row(store: &MmapVectorStore) -> usize {
    store.stats().unwrap().index_bytes as usize / store.len()
}

/// The index bytes a row of a store without deletions.
fn fresh_bytes_a_row(rows: &[Vec<f32>]) -> usize {
    let folder = TempFolder::new("rebuild-fresh");
    let store = MmapVectorStore::new(folder.file("store"), config()).unwrap();
    insert(&store, rows, 0);
    store.build_index().unwrap();
    let bytes = index_bytes_a_row(&store);
    store.close().unwrap();
    bytes
}

fn assert_clean(store: &MmapVectorStore) {
    let report = store.verify(&mut |_, _| ControlFlow::Continue(())).unwrap();
    assert!(report.findings.is_empty(), "{report:?}");
}

/// The fraction of the true ten nearest rows that a search with few candidates finds.
fn recall(store: &MmapVectorStore, queries: &[Vec<f32>]) -> f64 {
    let keys = |query: &[f32], exact: bool| -> Vec<String> {
        let options = SearchOptions { ef: 20, exact, ..Default::default() };
        let mut results = syna_mmap::SearchResults::default();
        store.search_with(query, 10, &options, &mut results).unwrap();
        results.hits().iter().map(|hit| hit.row.to_string()).collect()
    };
    let found = queries.iter().map(|query| {
        let truth = keys(query, true);
        keys(query, false).iter().filter(|key| truth.contains(key)).count()
    });
    found.sum::<usize>() as f64 / (10 * queries.len()) as f64
}

#[test]
fn a_build_rebuilds_an_index_of_replaced_rows() {
    let folder = TempFolder::new("rebuild");
    let mut random = Random::new(seed(1));
    let (rows, others) = (vectors(&mut random, ROWS, DIMENSIONS), vectors(&mut random, ROWS, DIMENSIONS));
    let queries = vectors(&mut random, 200, DIMENSIONS);
    let fresh = fresh_bytes_a_row(&others);
    let store = replaced(&folder.file("store"), &rows, &others, ROWS);
    let mut reported = Vec::new();
    store
        .build_index_with(&mut |done, total| {
            reported.push((done, total));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(reported.contains(&(2 * ROWS as u64, 2 * ROWS as u64)), "{reported:?}");
    // A deleted row keeps 12 bytes of the table.
    assert!(index_bytes_a_row(&store) < fresh + 20, "{} bytes, {fresh}", index_bytes_a_row(&store));
    assert_eq!(indexed(&store), 2 * ROWS);
    assert_found(&store, &others, 0);
    assert_clean(&store);
    let before = recall(&store, &queries);
    store.close().unwrap();
    let store = MmapVectorStore::new(folder.file("store"), config()).unwrap();
    assert_eq!(indexed(&store), 2 * ROWS, "the saved file is valid");
    assert_found(&store, &others, 0);
    assert!((recall(&store, &queries) - before).abs() < 1e-9);
    // The index continues to grow.
    insert(&store, &rows[..700], ROWS);
    store.build_index().unwrap();
    assert_found(&store, &rows[..700], ROWS);
    assert_clean(&store);
    store.close().unwrap();
    let new = MmapVectorStore::new(folder.file("new"), config()).unwrap();
    insert(&new, &others, 0);
    new.build_index().unwrap();
    let of_new = recall(&new, &queries);
    assert!(before > of_new - 0.03, "recall {before}, of a new store {of_new}");
    new.close().unwrap();
}

#[test]
fn few_deletions_do_not_cause_a_rebuild() {
    let folder = TempFolder::new("rebuild-few");
    let mut random = Random::new(seed(2));
    let (rows, others) = (vectors(&mut random, ROWS, DIMENSIONS), vectors(&mut random, ROWS, DIMENSIONS));
    let fresh = fresh_bytes_a_row(&rows);
    for (count, is_renewed) in [(500, false), (1_200, true)] {
        let store = replaced(&folder.file(&count.to_string()), &rows, &others, count);
        store.build_index().unwrap();
        let bytes = index_bytes_a_row(&store);
        assert_eq!(bytes < fresh + 20, is_renewed, "{count} replaced: {bytes} bytes, {fresh}");
        assert_found(&store, &others[..count], 0);
        assert_found(&store, &rows[count..], count);
        store.close().unwrap();
    }
}

#[test]
fn steps_rebuild_the_index_during_searches() {
    let folder = TempFolder::new("rebuild-steps");
    let mut random = Random::new(seed(3));
    let (rows, others) = (vectors(&mut random, ROWS, DIMENSIONS), vectors(&mut random, ROWS, DIMENSIONS));
    let fresh = fresh_bytes_a_row(&others);
    let store = replaced(&folder.file("store"), &rows, &others, ROWS);
    while store.index_step(Duration::from_millis(5)).unwrap() > 0 {}
    let mut steps = 0;
    loop {
        assert_eq!(store.index_step(Duration::from_millis(5)).unwrap(), 0, "all rows are indexed");
        let row = steps % ROWS;
        assert_found(&store, &others[row..=row], row);
        // Rows that are written meanwhile are in one of the two indexes, or unindexed.
        if steps == 3 {
            insert(&store, &rows[..100], ROWS);
            while store.index_step(Duration::from_millis(5)).unwrap() > 0 {}
        }
        steps += 1;
        if steps.is_multiple_of(50) {
            store.checkpoint().unwrap();
            if index_bytes_a_row(&store) < fresh + 20 {
                break;
            }
        }
        assert!(steps < 20_000, "the index is not rebuilt");
    }
    assert!(steps > 3);
    while store.index_step(Duration::from_millis(5)).unwrap() > 0 {}
    assert_found(&store, &others, 0);
    assert_found(&store, &rows[..100], ROWS);
    assert_clean(&store);
    store.close().unwrap();
}

#[test]
fn a_cancelled_rebuild_keeps_the_old_index_and_continues_later() {
    let folder = TempFolder::new("rebuild-cancelled");
    let mut random = Random::new(seed(4));
    let (rows, others) = (vectors(&mut random, ROWS, DIMENSIONS), vectors(&mut random, ROWS, DIMENSIONS));
    let store = replaced(&folder.file("store"), &rows, &others, ROWS);
    let cancelled = store.build_index_with(&mut |done, _| match done {
        ..2_000 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    });
    assert!(matches!(cancelled, Err(SynaError::Cancelled)), "{cancelled:?}");
    assert_eq!(indexed(&store), ROWS, "the old index is still used");
    assert_found(&store, &others, 0);
    let mut first = None;
    store
        .build_index_with(&mut |done, _| {
            first.get_or_insert(done);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(first > Some(2_000), "the rebuild continued where it stopped: {first:?}");
    assert_eq!(indexed(&store), 2 * ROWS);
    assert_found(&store, &others, 0);
    store.close().unwrap();
}

#[test]
fn searches_and_writes_run_during_a_rebuild() {
    let folder = TempFolder::new("rebuild-threads");
    let mut random = Random::new(seed(5));
    let (rows, others) = (vectors(&mut random, ROWS, DIMENSIONS), vectors(&mut random, ROWS, DIMENSIONS));
    let store = replaced(&folder.file("store"), &rows, &others, ROWS);
    let (is_over, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
    // Keys from this one on are written meanwhile.
    let steady = ROWS - 500;
    thread::scope(|scope| {
        for first in [0, 1] {
            let (store, others, is_over, rounds) = (&store, &others, &is_over, &rounds);
            scope.spawn(move || {
                for row in (first..steady).step_by(2).cycle() {
                    assert_found(store, &others[row..=row], row);
                    rounds.fetch_add(1, Ordering::Relaxed);
                    if is_over.load(Ordering::Acquire) {
                        break;
                    }
                }
            });
        }
        let writer = scope.spawn(|| {
            for key in (steady..ROWS).cycle() {
                store.upsert(key.to_string(), &rows[key]).unwrap();
                // The next search finds the row, whichever graph it uses.
                assert_found(&store, &rows[key..=key], key);
                store.delete(key.to_string()).unwrap();
                store.upsert(key.to_string(), &others[key]).unwrap();
                if is_over.load(Ordering::Acquire) {
                    break;
                }
            }
        });
        store.build_index().unwrap();
        store.build_index().unwrap();
        is_over.store(true, Ordering::Release);
        writer.join().unwrap();
    });
    assert!(rounds.into_inner() > 100, "searches were blocked");
    store.build_index().unwrap();
    assert_found(&store, &others, 0);
    assert_clean(&store);
    store.close().unwrap();
}
