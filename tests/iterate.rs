//! Iteration in insertion order, and statistics.

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use support::{Random, TempFolder, quiet, seed};
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, Key, MmapVectorStore, OpenMode, WriteBatch,
    WriteMode,
};

const DIMENSIONS: u16 = 67;

fn write(store: &MmapVectorStore, keys: &[&str], vectors: &[&[f32]], tags: &[u64], payloads: &[&[u8]]) {
    store
        .write(&WriteBatch {
            keys: BatchKeys::Slices(keys),
            vectors: BatchVectors::Slices(vectors),
            tags: Some(tags),
            payloads: BatchPayloads::Slices(payloads),
            mode: WriteMode::Upsert,
            ..WriteBatch::default()
        })
        .unwrap();
}

fn keys_from(store: &MmapVectorStore, first_row: u32) -> Vec<String> {
    store.iterate(first_row).map(|entry| entry.unwrap().key.to_string()).collect()
}

#[test]
fn iteration_returns_complete_rows_in_order() {
    let folder = TempFolder::new("iterate");
    let path = folder.file("store");
    let mut random = Random::new(seed(1));
    let store = MmapVectorStore::new(&path, quiet(DIMENSIONS, DistanceMetric::Euclidean)).unwrap();
    assert!(store.iterate(0).next().is_none());
    let vectors: Vec<Vec<f32>> = (0..20).map(|_| random.vector(DIMENSIONS.into())).collect();
    for (i, vector) in vectors.iter().enumerate() {
        let payload = vec![7; i];
        write(&store, &["k".repeat(i).as_str()], &[vector], &[i as u64 * 3], &[&payload]);
    }
    store.delete("kkk").unwrap();
    write(&store, &["k"], &[&vectors[2]], &[9], &[b"new"]);
    let check = |store: &MmapVectorStore| {
        let rows: Vec<u32> = store.iterate(0).map(|entry| entry.unwrap().row).collect();
        assert_eq!(rows, [0, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
        for entry in store.iterate(4).map(Result::unwrap).filter(|entry| entry.row < 20) {
            let row = entry.row as usize;
            assert_eq!(
                (entry.key.as_bytes().len(), entry.tags, entry.payload),
                (row, row as u64 * 3, &vec![7; row][..])
            );
            assert_eq!(entry.vector.unwrap(), vectors[row]);
            assert_eq!(entry.vector.unwrap().as_ptr().addr() % 64, 0);
        }
        let last = store.iterate(20).next().unwrap().unwrap();
        assert_eq!(last.key, "k");
        assert_eq!((last.tags, last.payload), (9, &b"new"[..]));
        assert_eq!(last.vector.unwrap(), vectors[2]);
        assert!(store.iterate(21).next().is_none() && store.iterate(u32::MAX).next().is_none());
        assert_eq!(keys_from(store, 0), store.keys().unwrap());
    };
    check(&store);
    let mut cursor = store.cursor(18);
    store.close().unwrap();
    // The cursor outlives the store.
    let rows = [cursor.advance(), cursor.advance(), cursor.advance(), cursor.advance()];
    assert_eq!(rows, [Some(18), Some(19), Some(20), None]);
    assert_eq!(cursor.entry(19).unwrap().vector.unwrap(), vectors[19]);
    assert!(cursor.entry(21).is_err());
    let open = OpenMode { read_only: true, ..OpenMode::default() };
    let config = syna_mmap::MmapVectorConfig { open, ..quiet(DIMENSIONS, DistanceMetric::Euclidean) };
    check(&MmapVectorStore::new(&path, config).unwrap());
}

#[test]
fn an_iteration_does_not_see_later_writes() {
    let folder = TempFolder::new("walk");
    let store = MmapVectorStore::new(folder.file("store"), quiet(64, DistanceMetric::Euclidean)).unwrap();
    let keys: Vec<String> = (0..3000).map(|i| format!("key {i}")).collect();
    for key in &keys {
        store.insert(key, &[1.0; 64]).unwrap();
    }
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0.. {
                if is_done.load(Ordering::Relaxed) {
                    break;
                }
                store.insert(format!("new {round}"), &[2.0; 64]).unwrap();
                store.delete(format!("new {}", round / 2)).unwrap();
                store.upsert(format!("moving {}", round % 7), &[3.0; 64]).unwrap();
            }
        });
        for _ in 0..50 {
            let walk = store.iterate(0);
            let again = store.cursor(0);
            std::thread::yield_now();
            let seen: Vec<u32> = walk.map(|entry| entry.unwrap().row).collect();
            assert!(seen.is_sorted() && seen.len() >= keys.len());
            // Each key once: an upsert shows the old row or the new one.
            let mut names: Vec<Key<'_>> = seen.iter().map(|&row| again.entry(row).unwrap().key).collect();
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        }
        is_done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn statistics_are_consistent() {
    let folder = TempFolder::new("stats");
    let path = folder.file("store");
    let config = quiet(DIMENSIONS, DistanceMetric::Euclidean);
    let store = MmapVectorStore::new(&path, config.clone()).unwrap();
    let empty = store.stats().unwrap();
    assert_eq!((empty.rows, empty.live_rows, empty.last_seq, empty.durable_seq), (0, 0, 0, 0));
    for i in 0..100 {
        store.insert(format!("key {i}"), &[i as f32; 67]).unwrap();
    }
    store.delete("key 5").unwrap();
    store.upsert("key 6", &[1.5; 67]).unwrap();
    let stats = store.stats().unwrap();
    assert_eq!((stats.rows, stats.live_rows, stats.deleted_rows), (101, 99, 2));
    assert_eq!((stats.last_seq, stats.durable_seq), (102, store.last_durable_seq()));
    assert_eq!(stats.vector_bytes, 101 * 320);
    assert!(stats.log_bytes > 102 * 64 && stats.log_bytes < 102 * 200, "{stats:?}");
    assert_eq!(stats.file_bytes, std::fs::metadata(&path).unwrap().len());
    assert_eq!(stats.vector_bytes + stats.log_bytes + stats.slack_bytes, stats.file_bytes);
    assert_eq!((stats.has_index, stats.indexed_rows, stats.index_bytes), (false, 0, 0));
    store.build_index().unwrap();
    let indexed = store.stats().unwrap();
    assert_eq!((indexed.has_index, indexed.indexed_rows), (true, 101));
    assert_eq!(indexed.index_bytes, std::fs::metadata(folder.file("store.hnsw")).unwrap().len());
    assert_eq!(indexed.durable_seq, 102);
    assert_eq!(indexed.generation, stats.generation + 1);
    let open = OpenMode { read_only: true, ..OpenMode::default() };
    let reader = MmapVectorStore::new(&path, syna_mmap::MmapVectorConfig { open, ..config }).unwrap();
    // The reader has made no checkpoint.
    assert!(indexed.since_checkpoint.is_some());
    let mut expected = indexed;
    expected.since_checkpoint = None;
    assert_eq!(reader.stats().unwrap(), expected);
    assert_eq!(reader.last_durable_seq(), 102);
    store.insert("one more", &[0.0; 67]).unwrap();
    assert_eq!(reader.stats().unwrap().last_seq, 102);
    assert!(reader.refresh().unwrap() && !reader.refresh().unwrap() && !store.refresh().unwrap());
    let after = reader.stats().unwrap();
    assert_eq!((after.last_seq, after.durable_seq, after.rows), (103, 102, 102));
}
