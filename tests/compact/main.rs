//! Compactions: live rows remain, borrowed memory stays valid, and the file is as small as a new one.
//!
//! `snapshots.rs` tests the copies that `snapshot_to` writes.

mod snapshots;
#[path = "../support/mod.rs"]
mod support;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::{Random, TempFolder, quiet, seed};
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, HnswConfig, MmapVectorConfig, MmapVectorStore,
    OpenMode, SearchOptions, SearchResults, SynaError, WriteBatch, WriteMode,
};

const DIMENSIONS: u16 = 70;

/// A row as written: key, vector, tags, payload.
type Row = (String, Vec<f32>, u64, Vec<u8>);

fn keep_going(_: u64, _: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn config() -> MmapVectorConfig {
    MmapVectorConfig { hnsw_config: HnswConfig::with_m(8), ..quiet(DIMENSIONS, DistanceMetric::Euclidean) }
}

fn write(store: &MmapVectorStore, rows: &[Row]) {
    let keys: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
    let vectors: Vec<&[f32]> = rows.iter().map(|row| row.1.as_slice()).collect();
    let tags: Vec<u64> = rows.iter().map(|row| row.2).collect();
    let payloads: Vec<&[u8]> = rows.iter().map(|row| row.3.as_slice()).collect();
    store
        .write(&WriteBatch {
            keys: BatchKeys::Slices(&keys),
            vectors: BatchVectors::Slices(&vectors),
            tags: Some(&tags),
            payloads: BatchPayloads::Slices(&payloads),
            mode: WriteMode::Upsert,
            ..WriteBatch::default()
        })
        .unwrap();
}

fn rows(random: &mut Random, numbers: std::ops::Range<usize>) -> Vec<Row> {
    numbers
        .map(|n| {
            let payload = vec![n.to_le_bytes()[0]; if n % 5 == 0 { n % 300 } else { 0 }];
            let tags = if n % 3 == 0 { random.next() } else { 0 };
            (format!("{}{n}", "k".repeat(n % 17)), random.vector(DIMENSIONS.into()), tags, payload)
        })
        .collect()
}

/// All rows of a store, in order.
fn contents(store: &MmapVectorStore) -> Vec<Row> {
    let row = |entry: syna_mmap::Entry<'_>| {
        (entry.key.to_string(), entry.vector.unwrap().to_vec(), entry.tags, entry.payload.to_vec())
    };
    store.iterate(0).map(|entry| row(entry.unwrap())).collect()
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

/// A store with two thirds of its rows replaced or deleted, by writes of different sizes.
fn fragmented(path: &Path, random: &mut Random) -> MmapVectorStore {
    let store = MmapVectorStore::new(path, config()).unwrap();
    for start in (0..6000).step_by(750) {
        write(&store, &rows(random, start..start + 750));
    }
    for n in 0..400 {
        write(&store, &rows(random, n..n + 1));
    }
    for start in (1000..4000).step_by(300) {
        write(&store, &rows(random, start..start + 300));
    }
    for (number, key) in store.keys().unwrap().iter().enumerate() {
        if number % 2 == 0 {
            assert!(store.delete(key).unwrap());
        }
    }
    store
}

#[test]
fn live_rows_remain_and_the_file_is_as_small_as_a_new_one() {
    let folder = TempFolder::new("compact");
    let path = folder.file("store");
    let store = fragmented(&path, &mut Random::new(seed(1)));
    store.checkpoint().unwrap();
    let before = contents(&store);
    let seq = store.stats().unwrap().last_seq;
    let old_bytes = length(&path);
    let mut reported = Vec::new();
    store
        .compact(&mut |done, total| {
            reported.push((done, total));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(reported.len() > 3 && reported.is_sorted() && reported.iter().all(|(done, total)| done <= total));
    assert_eq!(contents(&store), before);
    let stats = store.stats().unwrap();
    assert_eq!((stats.rows, stats.deleted_rows), (before.len() as u64, 0));
    assert_eq!((stats.last_seq, stats.durable_seq), (seq, seq));
    assert!(stats.replaced_bytes >= old_bytes);

    let fresh_path = folder.file("fresh");
    let fresh = MmapVectorStore::new(&fresh_path, config()).unwrap();
    fresh.reserve(before.len() as u64).unwrap();
    write(&fresh, &before);
    fresh.close().unwrap();
    let (compacted, new) = (length(&path), length(&fresh_path));
    println!("{old_bytes} bytes, compacted {compacted}, fresh {new}, {:.3}", compacted as f64 / new as f64);
    assert!(compacted as f64 <= new as f64 * 1.1, "{compacted} bytes, a fresh file has {new}");

    // Writes go to the new file.
    store.insert("after", &[1.0; DIMENSIONS as usize]).unwrap();
    assert_eq!(store.stats().unwrap().last_seq, seq + 1);
    let after = contents(&store);
    store.close().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "a temporary file was left");
    let store = MmapVectorStore::new(&path, config()).unwrap();
    assert_eq!(contents(&store), after);
    assert_eq!(store.last_durable_seq(), seq + 1);
    assert_eq!(store.verify(&mut keep_going).unwrap().findings, []);
}

#[test]
fn borrowed_memory_stays_valid_and_the_index_is_rebuilt() {
    let folder = TempFolder::new("borrowed");
    let path = folder.file("store");
    let mut random = Random::new(seed(2));
    let store = fragmented(&path, &mut random);
    store.build_index().unwrap();
    let before = contents(&store);
    let slices: Vec<&[f32]> = before.iter().map(|row| store.get_slice(&row.0).unwrap()).collect();
    let walk = store.iterate(0);
    let mut results = SearchResults::default();
    let query = random.vector(DIMENSIONS.into());
    let exact = SearchOptions { exact: true, ..SearchOptions::default() };
    store.search_with(&query, 10, &exact, &mut results).unwrap();
    let expected: Vec<String> = (0..10).map(|hit| results.key(hit).unwrap().to_owned()).collect();
    for _ in 0..2 {
        store.compact(&mut keep_going).unwrap();
        assert!(store.has_index() && store.stats().unwrap().indexed_rows == before.len() as u64);
        assert_eq!(store.verify(&mut keep_going).unwrap().findings, []);
        let mut anew = SearchResults::default();
        store.search_with(&query, 10, &exact, &mut anew).unwrap();
        for (hit, key) in expected.iter().enumerate() {
            assert_eq!(results.key(hit), Some(key.as_str()));
            assert_eq!(anew.key(hit), Some(key.as_str()));
            assert_eq!(results.vector(hit), store.get_slice(key));
        }
    }
    for (slice, row) in slices.iter().zip(&before) {
        assert_eq!(*slice, row.1);
    }
    assert_eq!(walk.map(|entry| entry.unwrap().key.to_string()).collect::<Vec<_>>(), store.keys().unwrap());
    store.close().unwrap();
    assert_eq!(results.key(0), Some(expected[0].as_str()));
    let store = MmapVectorStore::new(&path, config()).unwrap();
    assert!(store.has_index(), "the new index was saved");
}

#[test]
fn searches_and_writes_run_during_a_compaction() {
    let folder = TempFolder::new("meanwhile");
    let path = folder.file("store");
    let store = fragmented(&path, &mut Random::new(seed(3)));
    let steady = contents(&store);
    let is_done = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut random = Random::new(7);
            let mut model = Vec::new();
            for n in 10_000.. {
                if is_done.load(Ordering::Relaxed) {
                    break;
                }
                let row = rows(&mut random, n..n + 1);
                write(&store, &row);
                model.extend(row);
                if n % 3 == 0 {
                    let (key, ..) = model.remove(random.below(model.len()));
                    assert!(store.delete(&key).unwrap());
                }
                if n % 5 == 0 {
                    let mut moved = model.remove(random.below(model.len()));
                    moved.1 = random.vector(DIMENSIONS.into());
                    write(&store, std::slice::from_ref(&moved));
                    model.push(moved);
                }
            }
            model
        });
        let reader = scope.spawn(|| {
            let mut random = Random::new(8);
            while !is_done.load(Ordering::Relaxed) {
                let (key, vector, tags, payload) = &steady[random.below(steady.len())];
                assert_eq!(store.get_slice(key), Some(&vector[..]));
                assert_eq!((store.tags(key), store.payload(key)), (Some(*tags), Some(&payload[..])));
                assert_eq!(store.search(vector, 1).unwrap()[0].score, 0.0);
            }
        });
        for round in 0..12 {
            if round % 2 == 0 {
                store.compact(&mut keep_going).unwrap();
            } else {
                while !store.compact_step(Duration::from_micros(200)).unwrap() {}
            }
        }
        is_done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        writer.join().unwrap()
    });
    let mut expected = steady;
    expected.extend(written);
    assert_eq!(contents(&store), expected);
    store.close().unwrap();
    assert_eq!(contents(&MmapVectorStore::new(&path, config()).unwrap()), expected);
}

#[test]
fn a_cancelled_compaction_leaves_the_store_unchanged() {
    let folder = TempFolder::new("early");
    let path = folder.file("store");
    let store = fragmented(&path, &mut Random::new(seed(4)));
    let before = contents(&store);
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let cancelled = store.compact(&mut |done, _| {
        if done > 1000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(cancelled, Err(SynaError::Cancelled)));
    assert_eq!((contents(&store) == before, files()), (true, 1));
    assert!(!store.compact_step(Duration::ZERO).unwrap());
    assert_eq!(files(), 2);
    store.compact_cancel().unwrap();
    assert_eq!(files(), 1);
    assert!(!store.compact_step(Duration::ZERO).unwrap());
    let inside = store.compact(&mut |_, _| {
        assert!(matches!(store.compact_step(Duration::ZERO), Err(SynaError::InvalidArgument { .. })));
        assert!(matches!(store.compact_cancel(), Err(SynaError::InvalidArgument { .. })));
        ControlFlow::Break(())
    });
    assert!(matches!(inside, Err(SynaError::Cancelled)));
    assert!(!store.compact_step(Duration::ZERO).unwrap());
    store.close().unwrap();
    assert_eq!(files(), 1);

    let open = OpenMode { read_only: true, ..OpenMode::default() };
    let reader = MmapVectorStore::new(&path, MmapVectorConfig { open, ..config() }).unwrap();
    assert!(matches!(reader.compact(&mut keep_going), Err(SynaError::ReadOnly { .. })));
    // Another program's file with a temporary name is not modified, and does not prevent a compaction.
    let store = MmapVectorStore::new(&path, config()).unwrap();
    assert!(!store.compact_step(Duration::ZERO).unwrap());
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let other = entries.map(|entry| entry.unwrap().path()).find(|found| *found != path).unwrap();
    store.compact_cancel().unwrap();
    std::fs::write(&other, "foreign").unwrap();
    store.compact(&mut keep_going).unwrap();
    store.close().unwrap();
    let store = MmapVectorStore::new(&path, config()).unwrap();
    assert_eq!((contents(&store), std::fs::read(&other).unwrap()), (before, b"foreign".to_vec()));
}

#[test]
fn a_reader_finds_the_compacted_file_at_its_next_refresh() {
    let folder = TempFolder::new("replaced");
    let path = folder.file("store");
    let store = fragmented(&path, &mut Random::new(seed(7)));
    let open = OpenMode { read_only: true, ..OpenMode::default() };
    let reader = MmapVectorStore::new(&path, MmapVectorConfig { open, ..config() }).unwrap();
    let before = contents(&store);
    let slice = reader.get_slice(&before[0].0).unwrap();
    store.compact(&mut keep_going).unwrap();
    store.delete(&before[0].0).unwrap();
    assert_eq!(contents(&reader), before);
    assert!(reader.refresh().unwrap());
    assert_eq!(contents(&reader), before[1..]);
    assert_eq!(slice, before[0].1);
    assert_eq!(reader.stats().unwrap().last_seq, store.stats().unwrap().last_seq);
    assert!(!reader.refresh().unwrap());
}
