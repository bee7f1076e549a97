//! Tests of the tests: with a failpoint set, one of them must report a violated guarantee.

use super::{Random, cuts, faults, scratch_folder, setting, size, twice};
use crate::failpoint::{ALL, Failpoint, set_failpoint};
use crate::{ElementType, HnswConfig, MmapVectorConfig, MmapVectorStore};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The words that the checks report, and the guarantees they stand for.
const INVARIANTS: [(&str, &str); 10] = [
    ("HIDDEN", "a stored vector is found (P1)"),
    ("LOST", "no acknowledged or checkpointed write is lost (P2, P3)"),
    ("INVENTED", "nothing is stored that was not submitted (P3)"),
    ("DIFFERS", "the content is a prefix of the batches, bit for bit (P3)"),
    ("UNOPENABLE", "a store can be opened after any failure (P3)"),
    ("UNUSABLE", "an opened store can be written to (P3)"),
    ("MISCOUNTED", "a write returns the number of rows"),
    ("TWO WRITERS", "there is one writer (P6)"),
    ("LEFT BEHIND", "the next open removes the leftovers of a killed process"),
    ("PANICKED", "nothing panics (P4, P7)"),
];

/// Runs `check` and turns a panic into an error.
fn answer(check: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().map_or("", String::as_str);
        Err(if what.contains("MISCOUNTED") { what.to_owned() } else { format!("PANICKED: {what}") })
    })
}

fn two_writers() -> Result<(), String> {
    let folder = scratch_folder("two-writers");
    let path = folder.join("store");
    let config = MmapVectorConfig { dimensions: 64, ..MmapVectorConfig::default() };
    let first = MmapVectorStore::new(&path, config.clone()).map_err(|error| error.to_string())?;
    let second = MmapVectorStore::new(&path, config);
    first.abandon();
    second.map_or(Ok(()), |_| Err("TWO WRITERS: a second one was let in".to_owned()))
}

/// A process is killed during a compaction.
fn killed_compaction() -> Result<(), String> {
    let folder = scratch_folder("killed-compaction");
    let config = MmapVectorConfig { dimensions: 64, index_threshold: 0, ..MmapVectorConfig::default() };
    let open =
        || MmapVectorStore::new(folder.join("store"), config.clone()).map_err(|e| format!("UNUSABLE: {e}"));
    let store = open()?;
    for row in 0..100_u16 {
        store.insert(row.to_string(), &[f32::from(row); 64]).map_err(|e| format!("UNUSABLE: {e}"))?;
    }
    store.compact_step(Duration::ZERO).map_err(|error| format!("UNUSABLE: {error}"))?;
    store.abandon();
    let _store = open()?;
    match std::fs::read_dir(&*folder).unwrap().count() {
        1 => Ok(()),
        files => Err(format!("LEFT BEHIND: {files} files")),
    }
}

/// A backup of the data file is restored and written to. The index of the lost writes is still beside it.
fn foreign_index() -> Result<(), String> {
    let folder = scratch_folder("foreign-index");
    let (path, backup) = (folder.join("store"), folder.join("backup"));
    let hnsw_config = HnswConfig { ef_search: 10, ..HnswConfig::default() };
    let config =
        MmapVectorConfig { dimensions: 64, index_threshold: 0, hnsw_config, ..MmapVectorConfig::default() };
    let mut random = Random::new(1);
    let vectors: Vec<Vec<f32>> = (0..3000)
        .map(|_| (0..64).map(|_| f32::from(u16::try_from(random.below(1000)).unwrap()) - 500.0).collect())
        .collect();
    let write = |rows: std::ops::Range<usize>, with_index: bool| -> crate::Result<()> {
        let store = MmapVectorStore::new(&path, config.clone())?;
        let keys: Vec<String> = rows.clone().map(|row| row.to_string()).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let rows: Vec<&[f32]> = vectors[rows].iter().map(Vec::as_slice).collect();
        store.insert_batch(&keys, &rows)?;
        if with_index { store.build_index() } else { store.close() }
    };
    let lost_future = || -> crate::Result<Vec<bool>> {
        write(0..1000, false)?;
        std::fs::copy(&path, &backup).unwrap();
        write(1000..2000, true)?;
        std::fs::copy(&backup, &path).unwrap();
        write(2000..3000, false)?;
        let store = MmapVectorStore::new(&path, config.clone())?;
        let mut is_found = Vec::new();
        for row in (0..1000).chain(2000..3000) {
            is_found.push(store.search(&vectors[row], 1)?.first().is_some_and(|hit| hit.score < 1e-3));
        }
        Ok(is_found)
    };
    let is_found = lost_future().map_err(|error| format!("UNUSABLE: {error}"))?;
    let hidden = is_found.iter().filter(|found| !**found).count();
    if hidden == 0 { Ok(()) } else { Err(format!("HIDDEN: {hidden} vectors are not found")) }
}

/// Rows are deleted, replaced, updated and added between the steps of a compaction.
fn late_writes() -> Result<(), String> {
    let folder = scratch_folder("late-writes");
    let config = MmapVectorConfig { dimensions: 64, index_threshold: 0, ..MmapVectorConfig::default() };
    let vector = |row: usize| {
        let mut vector = [0.0; 64];
        vector[row % 64] = f32::from(u16::try_from(row).unwrap());
        vector
    };
    let late = || -> crate::Result<Option<String>> {
        let store = MmapVectorStore::new(folder.join("store"), config)?;
        for row in 0..200 {
            store.insert(row.to_string(), &vector(row))?;
        }
        // Some of these rows have been copied, others have not.
        store.compact_step(Duration::ZERO)?;
        let mut expected: Vec<Option<f32>> = (0..200).map(|row| Some(vector(row)[row % 64])).collect();
        for row in [0, 1, 199] {
            store.delete(row.to_string())?;
            expected[row] = None;
        }
        store.upsert("2", &vector(2 + 64))?;
        expected[2] = Some(66.0);
        // A row that has been copied, and one that has not.
        let updated = ["5", "198"];
        for key in updated {
            store.set_tags(key, 9)?;
            store.set_payload(key, b"late")?;
        }
        while !store.compact_step(Duration::ZERO)? {
            let row = expected.len();
            if row < 210 {
                store.insert(row.to_string(), &vector(row))?;
                expected.push(Some(vector(row)[row % 64]));
            }
        }
        let found = |row: usize| store.get_slice(row.to_string()).map(|vector| vector[row % 64]);
        let is_late = |key: &&str| store.tags(key) == Some(9) && store.payload(key) == Some(b"late");
        if let Some(key) = updated.iter().find(|key| !is_late(key)) {
            return Ok(Some(format!("{key} has the tags {:?}", store.tags(key))));
        }
        let wrong = (0..expected.len()).find(|&row| found(row) != expected[row]);
        Ok(wrong.map(|row| format!("{row} is {:?} instead of {:?}", found(row), expected[row])))
    };
    match late().map_err(|error| format!("UNUSABLE: {error}"))? {
        Some(wrong) => Err(format!("DIFFERS: after a compaction key {wrong}")),
        None => Ok(()),
    }
}

/// Returns an error that names a violated guarantee, if it finds one.
type Check = fn() -> Result<(), String>;

/// The checks that detect all current failpoints. Returns the first error.
fn find_quickly() -> Option<(&'static str, String)> {
    // A seed without an index and without compactions, whose new files would hide what a failpoint has lost.
    const BARE_SEED: u64 = 7003;
    let checks: [(&str, Check); 9] = [
        ("lock", two_writers),
        ("killed", killed_compaction),
        ("late writes", late_writes),
        ("a failed sync", faults::fail_a_sync),
        ("written again", || twice::lose_a_page_twice(ElementType::F32, 2).map(|_| ())),
        ("cuts", || cuts::run(5000, 5, 150).map(|_| ())),
        ("cuts of a run with many sessions", || cuts::run(9017, 1, 150).map(|_| ())),
        ("faults", || faults::sweep(BARE_SEED, 1, 1).map(|_| ())),
        ("backup", foreign_index),
    ];
    first_of(&checks)
}

/// More seeds, for a failpoint that the other checks miss.
fn find_slowly() -> Option<(&'static str, String)> {
    first_of(&[
        ("more cuts", || cuts::run(5005, 55, 150).map(|_| ())),
        ("still more cuts", || cuts::run(9000, 160, 150).map(|_| ())),
    ])
}

fn first_of(checks: &[(&'static str, Check)]) -> Option<(&'static str, String)> {
    checks.iter().find_map(|&(name, check)| answer(check).err().map(|what| (name, what)))
}

#[test]
fn every_failpoint_is_detected_by_a_named_invariant() {
    let first = usize::try_from(setting("SYNA_MMAP_FIRST_FAULT", 0)).unwrap();
    std::panic::set_hook(Box::new(|_| {}));
    // Without a failpoint, then with each of them. A failpoint is set for one thread.
    let stride = usize::try_from(size("SYNA_MMAP_FAILPOINT_STRIDE", 1, 3)).unwrap();
    let set = ALL.into_iter().map(Some).skip(first).step_by(stride);
    let cases: Vec<Option<Failpoint>> = [None].into_iter().chain(set).collect();
    let (next, answers) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(&fault) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    set_failpoint(fault);
                    // Without a failpoint the slow checks are left to the tests of cuts and faults.
                    let found = find_quickly().or_else(|| fault.and_then(|_| find_slowly()));
                    answers.lock().unwrap().push((fault, found));
                }
            });
        }
    });
    let mut missed = Vec::new();
    println!("| fault | found by | invariant |\n| --- | --- | --- |");
    for (fault, found) in answers.into_inner().unwrap() {
        let Some(fault) = fault else {
            assert_eq!(found, None, "without a failpoint");
            continue;
        };
        let named = found.as_ref().and_then(|(by, what)| {
            INVARIANTS.iter().find(|(word, _)| what.contains(word)).map(|(word, promise)| (by, word, promise))
        });
        match named {
            Some((by, word, promise)) => println!("| {fault:?} | {by} | {word}: {promise} |"),
            None => {
                println!("| {fault:?} | NOT FOUND | {found:?} |");
                missed.push(fault);
            }
        }
    }
    let _ = std::panic::take_hook();
    assert_eq!(missed, Vec::<Failpoint>::new());
}
