//! An index in which many rows are deleted ones is made anew without them.

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

/// The index comes when it is asked for.
fn config() -> MmapVectorConfig {
    MmapVectorConfig { index_threshold: 0, ..quiet(DIMENSIONS, DistanceMetric::Euclidean) }
}

/// A store with an index, whose first `count` rows were replaced by others since it was made.
fn replaced(path: &Path, rows: &[Vec<f32>], others: &[Vec<f32>], count: usize) -> MmapVectorStore {
    let store = MmapVectorStore::new(path, config()).unwrap();
    insert(&store, rows, 0);
    store.build_index().unwrap();
    for (key, vector) in others[..count].iter().enumerate() {
        store.upsert(&key.to_string(), vector).unwrap();
    }
    store
}

/// How many records the index file has room for, about: after a rebuild it has none of deleted rows.
fn index_bytes_a_row(store: &MmapVectorStore) -> usize {
    store.stats().unwrap().index_bytes as usize / store.len()
}

/// As many bytes as the index of a store has where nothing was ever deleted.
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

/// Of the true ten nearest how many a search that keeps few candidates finds.
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
fn a_build_makes_an_index_of_replaced_rows_anew() {
    let folder = TempFolder::new("rebuild");
    let mut random = Random(seed(1));
    let (rows, others) = (vectors(&mut random, ROWS, DIMENSIONS), vectors(&mut random, ROWS, DIMENSIONS));
    let queries = vectors(&mut random, 200, DIMENSIONS);
    let fresh = fresh_bytes_a_row(&others);
    let store = replaced(&folder.file("store"), &rows, &others, ROWS);
    let mut told = Vec::new();
    store
        .build_index_with(&mut |done, total| {
            told.push((done, total));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(told.contains(&(2 * ROWS as u64, 2 * ROWS as u64)), "{told:?}");
    // Of a row that is gone 12 bytes of the table are left.
    assert!(index_bytes_a_row(&store) < fresh + 20, "{} bytes, {fresh}", index_bytes_a_row(&store));
    assert_eq!(indexed(&store), 2 * ROWS);
    assert_found(&store, &others, 0);
    assert_clean(&store);
    let before = recall(&store, &queries);
    store.close().unwrap();
    let store = MmapVectorStore::new(folder.file("store"), config()).unwrap();
    assert_eq!(indexed(&store), 2 * ROWS, "the file that was saved fits");
    assert_found(&store, &others, 0);
    assert!((recall(&store, &queries) - before).abs() < 1e-9);
    // It grows on as any other.
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
fn few_deletions_leave_the_index_as_it_is() {
    let folder = TempFolder::new("rebuild-few");
    let mut random = Random(seed(2));
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
fn steps_renew_the_index_while_searches_go_on() {
    let folder = TempFolder::new("rebuild-steps");
    let mut random = Random(seed(3));
    let (rows, others) = (vectors(&mut random, ROWS, DIMENSIONS), vectors(&mut random, ROWS, DIMENSIONS));
    let fresh = fresh_bytes_a_row(&others);
    let store = replaced(&folder.file("store"), &rows, &others, ROWS);
    while store.index_step(Duration::from_millis(5)).unwrap() > 0 {}
    let mut steps = 0;
    loop {
        assert_eq!(store.index_step(Duration::from_millis(5)).unwrap(), 0, "all of it is in an index");
        let row = steps % ROWS;
        assert_found(&store, &others[row..=row], row);
        // What comes meanwhile is in one of the two, or behind it.
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
        assert!(steps < 20_000, "it is not made anew");
    }
    assert!(steps > 3);
    while store.index_step(Duration::from_millis(5)).unwrap() > 0 {}
    assert_found(&store, &others, 0);
    assert_found(&store, &rows[..100], ROWS);
    assert_clean(&store);
    store.close().unwrap();
}

#[test]
fn a_rebuild_that_is_cancelled_leaves_the_old_index_and_goes_on_later() {
    let folder = TempFolder::new("rebuild-cancelled");
    let mut random = Random(seed(4));
    let (rows, others) = (vectors(&mut random, ROWS, DIMENSIONS), vectors(&mut random, ROWS, DIMENSIONS));
    let store = replaced(&folder.file("store"), &rows, &others, ROWS);
    let cancelled = store.build_index_with(&mut |done, _| match done {
        ..2_000 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    });
    assert!(matches!(cancelled, Err(SynaError::Cancelled)), "{cancelled:?}");
    assert_eq!(indexed(&store), ROWS, "the old index is in use");
    assert_found(&store, &others, 0);
    let mut first = None;
    store
        .build_index_with(&mut |done, _| {
            first.get_or_insert(done);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(first > Some(2_000), "it went on where it was left: {first:?}");
    assert_eq!(indexed(&store), 2 * ROWS);
    assert_found(&store, &others, 0);
    store.close().unwrap();
}

#[test]
fn searches_and_writes_go_on_while_the_index_is_made_anew() {
    let folder = TempFolder::new("rebuild-threads");
    let mut random = Random(seed(5));
    let (rows, others) = (vectors(&mut random, ROWS, DIMENSIONS), vectors(&mut random, ROWS, DIMENSIONS));
    let store = replaced(&folder.file("store"), &rows, &others, ROWS);
    let (is_over, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
    // Keys from here on are written to meanwhile.
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
                store.upsert(&key.to_string(), &rows[key]).unwrap();
                // The very next search finds it, whichever graph it has.
                assert_found(&store, &rows[key..=key], key);
                store.delete(&key.to_string()).unwrap();
                store.upsert(&key.to_string(), &others[key]).unwrap();
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
    assert!(rounds.into_inner() > 100, "searches stood still");
    store.build_index().unwrap();
    assert_found(&store, &others, 0);
    assert_clean(&store);
    store.close().unwrap();
}
