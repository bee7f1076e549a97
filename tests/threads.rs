//! One thread writes, others read: every answer is the state of the store at one moment (P6).
//!
//! Every vector encodes its key and its version, so that each answer can be checked alone. `SYNA_MMAP_ROUNDS` sets the
//! duration.

mod support;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use support::{Random, TempFolder, quiet, seed};
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, HnswConfig, MmapVectorConfig, MmapVectorStore,
    OpenMode, SearchOptions, SearchResults, WriteBatch, WriteMode,
};

const DIMENSIONS: u16 = 70;
/// Pairs of keys that are replaced together and never deleted.
const PAIRS: usize = 20;
/// Keys that are replaced one at a time and never deleted.
const SINGLES: usize = 20;
/// Keys that are inserted and deleted.
const GUESTS: usize = 30;

fn rounds() -> u64 {
    std::env::var("SYNA_MMAP_ROUNDS").map_or(1500, |text| text.parse().expect("a number of rounds"))
}

fn config() -> MmapVectorConfig {
    MmapVectorConfig {
        initial_capacity: 300,
        hnsw_config: HnswConfig { ef_construction: 20, ..HnswConfig::with_m(4) },
        ..quiet(DIMENSIONS, DistanceMetric::Euclidean)
    }
}

/// The vector of a key at a version, which determine it.
fn vector(key: &str, version: u64) -> Vec<f32> {
    let name = key.bytes().fold(version, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut vector = Random::new(name).vector(usize::from(DIMENSIONS));
    vector[0] = version as f32;
    vector
}

/// The version of a vector that was found under a key.
fn version(key: &str, found: &[f32]) -> u64 {
    let version = found[0] as u64;
    assert_eq!(found, vector(key, version), "the vector of {key:?} is not one of its versions");
    version
}

/// For each single key, the last version that the writer has begun, and the last one that was acknowledged.
#[derive(Default)]
struct Progress {
    begun: [AtomicU64; SINGLES],
    done: [AtomicU64; SINGLES],
    is_over: AtomicBool,
}

/// Tags and payload contain the version too.
fn put(store: &MmapVectorStore, keys: &[&str], version: u64, mode: WriteMode) {
    let vectors: Vec<Vec<f32>> = keys.iter().map(|key| vector(key, version)).collect();
    let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
    let payload = version.to_le_bytes();
    let batch = WriteBatch {
        keys: BatchKeys::Slices(keys),
        vectors: BatchVectors::Slices(&vectors),
        tags: Some(&vec![version; keys.len()]),
        payloads: BatchPayloads::Slices(&vec![payload.as_slice(); keys.len()]),
        mode,
        ..WriteBatch::default()
    };
    assert_eq!(store.write(&batch).unwrap().rows, keys.len());
}

fn pair(number: usize) -> [String; 2] {
    [format!("pair {number} a"), format!("pair {number} b")]
}

fn put_pair(store: &MmapVectorStore, number: usize, version: u64) {
    let [a, b] = pair(number);
    put(store, &[&a, &b], version, WriteMode::Upsert);
}

fn begin(store: &MmapVectorStore) {
    (0..PAIRS).for_each(|number| put_pair(store, number, 0));
    (0..SINGLES).for_each(|number| put(store, &[&format!("single {number}")], 0, WriteMode::Insert));
}

fn write(store: &MmapVectorStore, progress: &Progress, seed: u64) {
    let mut random = Random::new(seed);
    for round in 1..=rounds() {
        put_pair(store, random.below(PAIRS), round);
        let single = random.below(SINGLES);
        progress.begun[single].store(round, Ordering::SeqCst);
        put(store, &[&format!("single {single}")], round, WriteMode::Upsert);
        progress.done[single].store(round, Ordering::SeqCst);
        let guest = format!("guest {}", random.below(GUESTS));
        if !store.delete(&guest).unwrap() {
            put(store, &[&guest], round, WriteMode::Insert);
        }
        if round % 101 == 0 {
            store.checkpoint().unwrap();
        }
        if round % 307 == 0 {
            store.build_index().unwrap();
        }
    }
    progress.is_over.store(true, Ordering::SeqCst);
}

/// Checks one answer: every key once, with its version.
fn check_answer(versions: &HashMap<String, u64>, is_whole: bool) {
    for number in 0..PAIRS {
        let [a, b] = pair(number).map(|key| versions.get(&key).copied());
        assert!(a == b || !is_whole, "pair {number} has versions {a:?} and {b:?}");
        assert!(a.is_some() || !is_whole, "pair {number} is missing");
    }
    for number in 0..SINGLES {
        assert!(
            versions.contains_key(&format!("single {number}")) || !is_whole,
            "single {number} is missing"
        );
    }
}

/// Searches for all rows by a scan, or for the neighbours of one key by the graph if there is one.
fn search(store: &MmapVectorStore, random: &mut Random, results: &mut SearchResults) {
    let is_whole = random.below(2) == 0;
    let options = SearchOptions { exact: is_whole, ..SearchOptions::default() };
    let k = if is_whole { 1000 } else { 15 };
    let query = vector("guest 1", random.next() % rounds());
    store.search_with(&query, k, &options, results).unwrap();
    let mut versions = HashMap::new();
    for position in 0..results.hits().len() {
        let key = results.key(position).unwrap();
        let version = version(key, results.vector(position).unwrap());
        assert_eq!(results.tags(position), Some(version), "{key:?}");
        assert_eq!(results.payload(position), Some(&version.to_le_bytes()[..]), "{key:?}");
        let earlier = versions.insert(key.to_owned(), version);
        assert_eq!(earlier, None, "{key:?} twice in one answer");
    }
    assert_eq!(results.hits().len(), if is_whole { versions.len() } else { k });
    check_answer(&versions, is_whole);
}

/// A key that is never deleted is found, with a version that is at least the last acknowledged one.
fn look_up(store: &MmapVectorStore, progress: &Progress, random: &mut Random) {
    let number = random.below(SINGLES);
    let key = format!("single {number}");
    let least = progress.done[number].load(Ordering::SeqCst);
    let found = store.get(&key).unwrap().unwrap_or_else(|| panic!("{key:?} is temporarily missing"));
    let most = progress.begun[number].load(Ordering::SeqCst);
    let version = version(&key, &found);
    assert!((least..=most).contains(&version), "version {version} of {key:?}, {least} to {most} expected");
    assert!(store.tags(&key).is_some() && store.payload(&key).is_some());
    let guest = format!("guest {}", random.below(GUESTS));
    if let Some(found) = store.get_slice(&guest) {
        self::version(&guest, found);
    }
}

/// Looks up keys continuously, to meet the moment of a change: keys that are never deleted are always found.
fn watch(store: &MmapVectorStore, progress: &Progress) {
    let keys: Vec<String> = (0..SINGLES).map(|number| format!("single {number}")).collect();
    while !progress.is_over.load(Ordering::SeqCst) {
        for key in &keys {
            assert!(store.contains(key), "{key:?} is temporarily missing");
        }
    }
}

/// An iteration shows one moment: each key once, both keys of a pair.
fn iterate(store: &MmapVectorStore) {
    let mut versions = HashMap::new();
    for key in store.keys().unwrap() {
        assert_eq!(versions.insert(key.clone(), 0), None, "{key:?} twice");
    }
    check_answer(&versions, true);
    assert!((PAIRS * 2 + SINGLES..=PAIRS * 2 + SINGLES + GUESTS).contains(&store.len()));
}

fn read(store: &MmapVectorStore, progress: &Progress, seed: u64) {
    let (mut random, mut results) = (Random::new(seed), SearchResults::default());
    while !progress.is_over.load(Ordering::SeqCst) {
        match random.below(8) {
            0..2 => search(store, &mut random, &mut results),
            2..7 => look_up(store, progress, &mut random),
            _ => iterate(store),
        }
    }
}

/// Opens the file for reading again and again while it is written: each open shows one moment.
fn open_for_reading(path: &Path, progress: &Progress, seed: u64) {
    let (mut random, mut results) = (Random::new(seed), SearchResults::default());
    let mode = OpenMode { read_only: true, ..OpenMode::default() };
    while !progress.is_over.load(Ordering::SeqCst) {
        let least = progress.done[0].load(Ordering::SeqCst);
        let store = MmapVectorStore::new(path, MmapVectorConfig { open: mode, ..config() }).unwrap();
        let found = version("single 0", store.get_slice("single 0").expect("it is never deleted"));
        assert!(found >= least, "acknowledged before the open: {least}, found: {found}");
        for _ in 0..3 {
            search(&store, &mut random, &mut results);
            iterate(&store);
            assert_eq!(
                version("single 0", store.get_slice("single 0").unwrap()),
                found,
                "the snapshot changed"
            );
        }
    }
}

type Reader = fn(&MmapVectorStore, &Path, &Progress, u64);

fn run(name: &str, config: MmapVectorConfig, readers: &[Reader]) {
    let seed = seed(11);
    let folder = TempFolder::new(name);
    let path = folder.file("store");
    let store = MmapVectorStore::new(&path, config).unwrap();
    begin(&store);
    let progress = Progress::default();
    std::thread::scope(|scope| {
        let (store, path, progress) = (&store, &path, &progress);
        let readers: Vec<_> = readers
            .iter()
            .zip(seed + 1..)
            .map(|(reader, seed)| scope.spawn(move || reader(store, path, progress, seed)))
            .collect();
        let writer = scope.spawn(move || write(store, progress, seed));
        let written = writer.join();
        progress.is_over.store(true, Ordering::SeqCst);
        let read: Vec<_> = readers.into_iter().map(|reader| reader.join()).collect();
        assert!(written.is_ok() && read.iter().all(Result::is_ok), "a thread saw a state that never existed");
    });
    iterate(&store);
    store.close().unwrap();
}

#[test]
fn every_answer_is_a_consistent_snapshot() {
    let reader: Reader = |store, _, progress, seed| read(store, progress, seed);
    let watcher: Reader = |store, _, progress, _| watch(store, progress);
    run("threads", config(), &[reader, reader, watcher]);
}

#[test]
fn every_answer_is_a_consistent_snapshot_with_a_worker() {
    let reader: Reader = |store, _, progress, seed| read(store, progress, seed);
    let config =
        MmapVectorConfig { index_threshold: 60, most_unindexed_rows: 256, index_worker: true, ..config() };
    run("worker", config, &[reader, reader]);
}

#[test]
fn every_open_is_a_consistent_snapshot() {
    let reader: Reader = |_, path, progress, seed| {
        open_for_reading(path, progress, seed);
    };
    run("openings", config(), &[reader; 2]);
}
