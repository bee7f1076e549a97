//! Saves that run in parts beside writes.

use crate::storage::Disk;
use crate::store::crash_tests::{ScratchFolder, scratch_folder};
use crate::{DistanceMetric, MmapVectorConfig, MmapVectorStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A store whose writes index rows; a test makes its checkpoints due.
fn open(path: &Path) -> MmapVectorStore {
    let config = MmapVectorConfig {
        dimensions: 64,
        metric: DistanceMetric::Euclidean,
        index_threshold: 100,
        checkpoint_interval_secs: 1 << 20,
        ..MmapVectorConfig::default()
    };
    MmapVectorStore::open_on(Arc::new(Disk), path, config).unwrap()
}

fn vector_of(number: u32) -> Vec<f32> {
    let place = |i: u32| number.wrapping_mul(2_654_435_761).rotate_left(i) % 1_000;
    (0..64).map(|i| f32::from(u16::try_from(place(i)).unwrap())).collect()
}

fn insert(store: &MmapVectorStore, numbers: std::ops::Range<u32>) {
    for number in numbers {
        store.insert(number.to_string(), &vector_of(number)).unwrap();
    }
}

fn insert_batch(store: &MmapVectorStore, numbers: std::ops::Range<u32>) {
    let keys: Vec<String> = numbers.clone().map(|number| number.to_string()).collect();
    let vectors: Vec<Vec<f32>> = numbers.map(vector_of).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
    store.insert_batch(&keys, &vectors).unwrap();
}

/// A store with a saved index of 2,000 rows.
fn grown(name: &str) -> (ScratchFolder, PathBuf, MmapVectorStore) {
    let folder = scratch_folder(name);
    let path = folder.join("store");
    let store = open(&path);
    insert(&store, 0..2_000);
    store.checkpoint().unwrap();
    (folder, path, store)
}

fn is_saving(store: &MmapVectorStore) -> bool {
    store.writer().unwrap().index_save.is_some()
}

/// The number of rows that the saved index covers.
fn saved_rows(store: &MmapVectorStore) -> u32 {
    store.writer().unwrap().saved_index.map_or(0, |saved| saved.slot.covered_rows)
}

/// Writes some rows from `first` on, so that the index changes, and makes a checkpoint due that does not finish saving
/// it. Returns the next number.
fn begin_save(store: &MmapVectorStore, first: u32) -> u32 {
    insert(store, first..first + 600);
    store.make_checkpoint_due();
    insert(store, first + 600..first + 610);
    assert!(is_saving(store), "the save was finished after 10 writes");
    first + 610
}

/// Writes single rows until the index is saved. Returns the next number.
fn finish_save(store: &MmapVectorStore, mut next: u32) -> u32 {
    while is_saving(store) {
        insert(store, next..next + 1);
        next += 1;
    }
    next
}

fn assert_whole(store: &MmapVectorStore, rows: u64) {
    assert_eq!(store.len() as u64, rows);
    let report = store.verify(&mut |_, _| std::ops::ControlFlow::Continue(())).unwrap();
    assert!(report.findings.is_empty(), "{report:?}");
}

#[test]
fn an_automatic_checkpoint_saves_the_index_in_parts() {
    let (_folder, path, mut store) = grown("in-pieces");
    let mut next = 2_000;
    for _ in 0..4 {
        let begin = begin_save(&store, next);
        next = finish_save(&store, begin);
        assert!(next > begin + 10, "the save was finished after {} writes", next - begin + 10);
        let saved = saved_rows(&store);
        assert!(saved + 1_024 > next && saved <= next, "the saved index covers {saved} of {next} rows");
        store.abandon();
        store = open(&path);
        assert_eq!(store.stats().unwrap().indexed_rows, u64::from(saved));
        assert_whole(&store, next.into());
    }
}

#[test]
fn batches_leave_few_rows_unindexed_while_the_index_is_saved() {
    let (_folder, _path, store) = grown("batches");
    let mut next = begin_save(&store, 2_000);
    for count in 1.. {
        insert_batch(&store, next..next + 1_500);
        next += 1_500;
        let unindexed = u64::from(next) - store.stats().unwrap().indexed_rows;
        assert!(unindexed <= 512, "{unindexed} rows are unindexed after {count} batches");
        if !is_saving(&store) {
            break;
        }
        assert!(count < 3, "the index is not saved after {count} batches");
    }
    assert_whole(&store, next.into());
}

#[test]
fn a_killed_save_leaves_the_old_index() {
    let (folder, path, mut store) = grown("kill");
    let mut next = 2_000;
    for _ in 0..4 {
        let saved = saved_rows(&store);
        next = begin_save(&store, next);
        store.abandon();
        store = open(&path);
        assert_eq!(store.stats().unwrap().indexed_rows, u64::from(saved));
        assert_whole(&store, next.into());
        let files: Vec<_> = std::fs::read_dir(&*folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 2, "the unfinished file is left: {files:?}");
        next = begin_save(&store, next);
        next = finish_save(&store, next);
        assert!(saved_rows(&store) > saved);
    }
}

#[test]
fn checkpoint_close_and_compaction_finish_a_save_in_progress() {
    let (_folder, path, mut store) = grown("ended");
    let mut next = begin_save(&store, 2_000);
    store.checkpoint().unwrap();
    assert!(!is_saving(&store));
    assert_eq!(saved_rows(&store), next);
    next = begin_save(&store, next);
    store.close().unwrap();
    store = open(&path);
    assert_eq!((saved_rows(&store), store.stats().unwrap().indexed_rows), (next, u64::from(next)));
    for number in 0..1_000 {
        store.delete(number.to_string()).unwrap();
    }
    next = begin_save(&store, next);
    store.compact(&mut |_, _| std::ops::ControlFlow::Continue(())).unwrap();
    assert!(!is_saving(&store));
    next = begin_save(&store, next);
    next = finish_save(&store, next);
    store.abandon();
    store = open(&path);
    assert!(store.has_index());
    assert_whole(&store, u64::from(next) - 1_000);
}

#[test]
fn a_save_does_not_append_to_a_replaced_index() {
    let (folder, path, store) = grown("replaced");
    let index = crate::store::upkeep::index_file::path_of(&path);
    let mut next = begin_save(&store, 2_000);
    next = finish_save(&store, next);
    let copy = folder.join("copy");
    std::fs::copy(&index, &copy).unwrap();
    next = begin_save(&store, next);
    std::fs::rename(&copy, &index).unwrap();
    let before = std::fs::read(&index).unwrap();
    insert(&store, next..next + 1);
    assert_eq!(std::fs::read(&index).unwrap(), before, "the other file was written to");
    next = finish_save(&store, next + 1);
    store.abandon();
    let store = open(&path);
    assert!(store.has_index());
    assert_whole(&store, next.into());
}
