//! The background thread of `index_worker` indexes rows.

mod support;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use support::numbered::{assert_found, indexed, insert};
use support::{Random, TempFolder, numbered, quiet, seed};
use syna_mmap::{DistanceMetric, MmapVectorConfig, MmapVectorStore, OpenMode};

const DIMENSIONS: u16 = 64;
const BOUND: usize = 400;
/// The highest number of unindexed rows: writes help when twice 512 rows are unindexed, while a batch of 512 is half done.
const MOST_WAITING: usize = 3 * 512;
/// The number of rows that the worker may leave unindexed.
const SLACK: usize = BOUND / 8;

fn vectors(count: usize) -> Vec<Vec<f32>> {
    numbered::vectors(&mut Random::new(seed(1)), count, DIMENSIONS)
}

fn config(threshold: usize) -> MmapVectorConfig {
    MmapVectorConfig {
        index_threshold: threshold,
        most_unindexed_rows: BOUND,
        index_worker: true,
        ..quiet(DIMENSIONS, DistanceMetric::Euclidean)
    }
}

/// Waits until at most [`SLACK`] rows are unindexed.
fn wait_for(store: &MmapVectorStore, rows: usize) {
    let begin = Instant::now();
    while indexed(store) + SLACK < rows {
        assert!(begin.elapsed() < Duration::from_secs(120), "{} of {rows} rows", indexed(store));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_worker_builds_and_maintains_the_index() {
    let folder = TempFolder::new("worker");
    let rows = vectors(8_000);
    let store = MmapVectorStore::new(folder.file("store"), config(1_000)).unwrap();
    insert(&store, &rows[..999], 0);
    std::thread::sleep(Duration::from_millis(50));
    assert!(!store.has_index(), "built below the threshold");
    for (n, part) in rows[999..5_000].chunks(500).enumerate() {
        insert(&store, part, 999 + 500 * n);
        assert_found(&store, &part[..part.len().min(20)], 999 + 500 * n);
    }
    assert!(indexed(&store) < 5_000 - SLACK, "the writes built the index themselves");
    wait_for(&store, 5_000);
    assert_found(&store, &rows[..5_000], 0);
    // An index that exists at the start has already been built.
    store.close().unwrap();
    let store = MmapVectorStore::new(folder.file("store"), config(1_000)).unwrap();
    // Single inserts: the worker indexes them, and a write helps if twice the limit is unindexed.
    for (row, vector) in rows.iter().enumerate().take(6_000).skip(5_000) {
        insert(&store, std::slice::from_ref(vector), row);
        assert!(row + 1 - indexed(&store) <= MOST_WAITING);
    }
    wait_for(&store, 6_000);
    // More rows than that at once: the write helps.
    insert(&store, &rows[6_000..], 6_000);
    wait_for(&store, 8_000);
    assert_found(&store, &rows, 0);
    let report = store.verify(&mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(report.findings, []);
    store.close().unwrap();
}

#[test]
fn a_store_can_be_closed_during_background_indexing_and_reopened() {
    let folder = TempFolder::new("worker-close");
    let rows = vectors(6_000);
    let store = MmapVectorStore::new(folder.file("store"), config(1_000)).unwrap();
    insert(&store, &rows, 0);
    while indexed(&store) == 0 {
        std::thread::yield_now();
    }
    store.close().unwrap();
    let store = MmapVectorStore::new(folder.file("store"), config(1_000)).unwrap();
    assert_found(&store, &rows[5_000..5_100], 5_000);
    wait_for(&store, 6_000);
    assert_found(&store, &rows, 0);
    // A compaction replaces the index that the worker is working on.
    for row in 0..3_000 {
        assert!(store.delete(row.to_string()).unwrap());
    }
    store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(store.len(), 3_000);
    insert(&store, &rows[..300], 0);
    wait_for(&store, 3_300);
    assert_found(&store, &rows[3_000..], 3_000);
    assert_found(&store, &rows[..300], 0);
    drop(store);
}

/// The worker is working on the index of the old file when the compaction replaces the file.
#[test]
fn a_compaction_ends_background_indexing_of_the_old_file() {
    let rows = vectors(4_000);
    let store = MmapVectorStore::in_memory(config(1_000)).unwrap();
    insert(&store, &rows, 0);
    while indexed(&store) == 0 {
        std::thread::yield_now();
    }
    store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
    wait_for(&store, 4_000);
    assert_found(&store, &rows, 0);
    store.close().unwrap();
}

/// The blocked-signal mask of each thread of this process that has the worker's name.
#[cfg(target_os = "linux")]
fn workers() -> Vec<String> {
    let mut found = Vec::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        // A thread that ended meanwhile does not count.
        let read = |name: &str| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
        if read("comm").starts_with("syna-mmap index") {
            let blocked = read("status")
                .lines()
                .find_map(|line| line.strip_prefix("SigBlk:").map(str::trim).map(str::to_owned));
            found.extend(blocked);
        }
    }
    found
}

/// Runs in a separate process, because other tests start workers too.
#[cfg(target_os = "linux")]
#[test]
fn a_worker_blocks_signals_and_ends_with_its_store() {
    const ALONE: &str = "SYNA_MMAP_TEST_ALONE";
    let name = "a_worker_blocks_signals_and_ends_with_its_store";
    if std::env::var_os(ALONE).is_none() {
        let this = std::env::current_exe().unwrap();
        let status =
            std::process::Command::new(this).args([name, "--exact"]).env(ALONE, "1").status().unwrap();
        assert!(status.success());
        return;
    }
    let folder = TempFolder::new("worker-thread");
    let path = folder.file("store");
    let open = |config: MmapVectorConfig| MmapVectorStore::new(&path, config).unwrap();
    open(MmapVectorConfig { index_worker: false, ..config(1_000) }).close().unwrap();
    open(config(0)).close().unwrap();
    assert_eq!(workers(), [""; 0], "an unrequested thread");
    let store = open(config(1_000));
    let reader = MmapVectorStore::new(
        &path,
        MmapVectorConfig { open: OpenMode { read_only: true, ..OpenMode::default() }, ..config(1_000) },
    );
    insert(&store, &vectors(1_500), 0);
    wait_for(&store, 1_500);
    let blocked = workers();
    assert_eq!(blocked.len(), 1, "{blocked:?}");
    // All except SIGKILL, SIGSTOP, and the two that the C library reserves.
    let signals = u64::from_str_radix(&blocked[0], 16).unwrap();
    assert_eq!(signals & 0x7fff_fffe_7ffb_feff, 0x7fff_fffe_7ffb_feff, "{signals:x}");
    drop(reader);
    store.close().unwrap();
    // The system removes a thread from its list shortly after it was joined.
    let begin = Instant::now();
    while !workers().is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(20), "a thread outlives its store");
        std::thread::sleep(Duration::from_millis(1));
    }
}
