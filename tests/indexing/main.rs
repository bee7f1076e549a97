//! How rows are indexed: by writes, by builds, by steps, and in readers.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `main.rs` | automatic indexing by writes, builds, concurrent calls |
//! | `steps.rs` | incremental indexing with a time budget |
//! | `profiles.rs` | the compact profile |
//! | `readers.rs` | saved indexes that a reader adopts |

mod profiles;
mod readers;
mod steps;
#[path = "../support/mod.rs"]
mod support;

use std::ops::ControlFlow;
use std::time::Duration;
use support::numbered::{assert_found, indexed, insert, vectors};
use support::{Random, TempFolder, quiet, seed};
use syna_mmap::{DistanceMetric, MmapVectorConfig, MmapVectorStore, OpenMode, SearchOptions, SynaError};

const DIMENSIONS: u16 = 64;

fn config(threshold: usize, most_unindexed_rows: usize) -> MmapVectorConfig {
    MmapVectorConfig {
        index_threshold: threshold,
        most_unindexed_rows,
        ..quiet(DIMENSIONS, DistanceMetric::Euclidean)
    }
}

#[test]
fn writes_index_a_few_rows_each() {
    let folder = TempFolder::new("tail");
    let (threshold, bound) = (2_500, 300);
    let rows = vectors(&mut Random::new(seed(1)), 7_000, DIMENSIONS);
    let store = MmapVectorStore::new(folder.file("store"), config(threshold, bound)).unwrap();
    insert(&store, &rows[..threshold - 1], 0);
    assert!(!store.has_index());
    insert(&store, &rows[threshold - 1..threshold], threshold - 1);
    assert!(store.has_index());
    assert_eq!(indexed(&store), 0, "the write at the threshold has indexed all rows");
    let mut most_left = 0;
    for row in threshold..rows.len() {
        let before = indexed(&store);
        insert(&store, &rows[row..=row], row);
        // The next search finds the row, indexed or not.
        assert_found(&store, &rows[row..=row], row);
        let (now, left) = (indexed(&store), row + 1 - indexed(&store));
        assert!(now >= before && now - before <= 512, "{before} to {now} in one write");
        // The build is the work of 2,500 rows. Each write does the work of 2 to 4 rows, until the next batch is complete.
        assert!(row > threshold + 400 || now < threshold, "{now} rows are indexed by {row}");
        assert!(row < threshold + 1_000 || now >= threshold, "{now} rows are indexed by {row}");
        if row >= 2 * threshold {
            most_left = most_left.max(left);
        }
    }
    println!("at most {most_left} rows are unindexed");
    assert!((bound..2 * bound + 1).contains(&most_left), "{most_left} rows are unindexed");
    let count = rows.len();
    // Replaced and deleted rows count as unindexed.
    for row in &rows[..1_000] {
        store.upsert("0", row).unwrap();
        assert!(indexed(&store) + 2 * bound >= count);
    }
    store.upsert("0", &rows[0]).unwrap();
    store.checkpoint().unwrap();
    assert_eq!(indexed(&store), count + 1_001, "a checkpoint indexes all rows");
    insert(&store, &vectors(&mut Random::new(9), 200, DIMENSIONS), count);
    store.close().unwrap();
    let store = MmapVectorStore::new(folder.file("store"), config(threshold, bound)).unwrap();
    assert_eq!(indexed(&store), count + 1_201, "a close indexes all rows and saves the index");
    assert_found(&store, &rows[1..], 1);
    // A batch does index work in proportion to its rows.
    insert(&store, &vectors(&mut Random::new(10), 3_000, DIMENSIONS), count + 200);
    assert!(indexed(&store) + bound >= count + 4_201);
    store.close().unwrap();
}

#[test]
fn the_same_writes_give_the_same_index_for_any_number_of_threads() {
    let folder = TempFolder::new("same-writes");
    let rows = vectors(&mut Random::new(seed(8)), 2_000, DIMENSIONS);
    let files = [0, 3].map(|threads| {
        let path = folder.file(&format!("store-{threads}"));
        let store = MmapVectorStore::new(&path, MmapVectorConfig { threads, ..config(600, 100) }).unwrap();
        insert(&store, &rows[..500], 0);
        for (row, vector) in rows.iter().enumerate().skip(500) {
            insert(&store, std::slice::from_ref(vector), row);
            if row % 3 == 0 {
                store.delete((row / 2).to_string()).unwrap();
            }
        }
        let left = indexed(&store);
        store.close().unwrap();
        let mut name = path.into_os_string();
        name.push(".hnsw");
        // The bytes before the records identify the store and the log.
        (left, std::fs::read(name).unwrap()[8192..].to_vec())
    });
    assert!(files[0] == files[1], "an index differs");
}

#[test]
fn a_limit_of_zero_indexes_every_write() {
    let store = MmapVectorStore::in_memory(config(10, 0)).unwrap();
    let rows = vectors(&mut Random::new(seed(2)), 100, DIMENSIONS);
    for (n, row) in rows.chunks(7).enumerate() {
        insert(&store, row, 7 * n);
        let count = store.len();
        assert_eq!(indexed(&store), if count < 10 { 0 } else { count });
    }
    store.close().unwrap();
}

#[test]
fn a_build_reports_progress_and_can_be_cancelled() {
    let folder = TempFolder::new("progress");
    let rows = vectors(&mut Random::new(seed(6)), 4_000, DIMENSIONS);
    let store = MmapVectorStore::new(folder.file("store"), config(0, 0)).unwrap();
    insert(&store, &rows, 0);
    let mut reported = Vec::new();
    let cancelled = store.build_index_with(&mut |done, total| {
        reported.push((done, total));
        // The store is not locked during the build.
        store.upsert("late", &rows[0]).unwrap();
        assert!(store.contains("late"));
        if reported.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(cancelled, Err(SynaError::Cancelled)), "{cancelled:?}");
    assert_eq!(reported, [(512, 4_000), (1_024, 4_000), (1_536, 4_000)]);
    assert_eq!((store.has_index(), indexed(&store)), (true, 1_536));
    assert_found(&store, &rows[1..], 1);
    store.delete("late").unwrap();
    // The final check of the rows can be cancelled too.
    let late = store.build_index_with(&mut |done, total| {
        if done == total { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(late, Err(SynaError::Cancelled)), "{late:?}");
    let mut last = (0, 0);
    store
        .build_index_with(&mut |done, total| {
            last = (done, total);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(last, (4_003, 4_003));
    assert_eq!(indexed(&store), 4_003);
    store.close().unwrap();
    let reader = config(0, 0);
    let reader = MmapVectorConfig { open: OpenMode { read_only: true, ..Default::default() }, ..reader };
    let store = MmapVectorStore::new(folder.file("store"), reader).unwrap();
    assert_eq!(indexed(&store), 4_003);
    assert_found(&store, &rows, 0);
    assert!(matches!(store.index_step(Duration::ZERO), Err(SynaError::ReadOnly { .. })));
    store.close().unwrap();
}

#[test]
fn concurrent_inserts_steps_builds_and_compactions_lose_nothing() {
    let folder = TempFolder::new("at-once");
    let rows = vectors(&mut Random::new(seed(7)), 5_000, DIMENSIONS);
    let store = MmapVectorStore::new(folder.file("store"), config(1_000, 200)).unwrap();
    insert(&store, &rows[..2_000], 0);
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let is_running = || !is_done.load(std::sync::atomic::Ordering::Acquire);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while is_running() {
                store.index_step(Duration::from_micros(300)).unwrap();
            }
        });
        scope.spawn(|| {
            while is_running() {
                store.build_index().unwrap();
                store.checkpoint().unwrap();
            }
        });
        scope.spawn(|| {
            while is_running() {
                store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        for (n, part) in rows[2_000..].chunks(30).enumerate() {
            let first = 2_000 + 30 * n;
            insert(&store, part, first);
            assert_found(&store, part, first);
        }
        is_done.store(true, std::sync::atomic::Ordering::Release);
    });
    assert_found(&store, &rows, 0);
    store.close().unwrap();
    let store = MmapVectorStore::new(folder.file("store"), config(1_000, 200)).unwrap();
    assert_eq!(indexed(&store), 5_000);
    assert_found(&store, &rows, 0);
    let exact = SearchOptions { exact: true, ..Default::default() };
    let mut results = syna_mmap::SearchResults::default();
    store.search_with(&rows[0], 1, &exact, &mut results).unwrap();
    assert_eq!(results.key(0), Some("0"));
    store.close().unwrap();
}
