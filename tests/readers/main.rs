//! Reader processes beside a writer process: each snapshot is the state after the writer's first n writes, and n is at
//! least the number of writes that were acknowledged before the reader refreshed (P6).
//!
//! ```text
//!   writer: writes 1, 2, 3, ... from a seed, checkpoints, indexes, compactions      readers: refresh, read, compare
//!              '-- counts in a separate file: submitted, acknowledged -----------------^
//! ```
//!
//! `SYNA_MMAP_SNAPSHOTS` sets the number of snapshots (200; 1,200 with `SYNA_MMAP_FULL=1`), `SYNA_MMAP_SEED` the writes.
#![cfg(unix)]

#[path = "../../fuzz/src/elements.rs"]
mod elements;
#[path = "../support/mod.rs"]
mod support;
mod workload;

use elements::{ELEMENTS, stored};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{Random, TempFolder, quiet, seed, size};
use syna_mmap::{
    DistanceMetric, ElementType, HnswConfig, MmapVectorConfig, MmapVectorStore, OpenMode, SearchOptions,
    SearchResults,
};
use workload::{DIMENSIONS, Workload};

/// The test program starts itself with these variables set: then it is a child.
const ROLE: &str = "SYNA_MMAP_READERS_ROLE";
const FOLDER: &str = "SYNA_MMAP_READERS_FOLDER";
const CHILD_SEED: &str = "SYNA_MMAP_READERS_SEED";
const SNAPSHOTS: &str = "SYNA_MMAP_READERS_SNAPSHOTS";
const ELEMENT: &str = "SYNA_MMAP_READERS_ELEMENT";

const READERS: u64 = 2;
/// The time limit of a child.
const LONGEST_LIFE: Duration = Duration::from_secs(300);

/// Of a child.
fn config(read_only: bool) -> MmapVectorConfig {
    MmapVectorConfig {
        element: ELEMENTS[number(ELEMENT) as usize],
        hnsw_config: HnswConfig { ef_construction: 12, ..HnswConfig::with_m(4) },
        open: OpenMode { read_only, ..OpenMode::default() },
        ..quiet(DIMENSIONS, DistanceMetric::Euclidean)
    }
}

/// Two numbers in a file: how many writes were submitted, and how many were acknowledged.
struct Counts(File);

impl Counts {
    fn at(folder: &Path) -> Self {
        let path = folder.join("counts");
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        Self(options.unwrap())
    }

    fn set(&self, which: u64, count: u64) {
        self.0.write_all_at(&count.to_le_bytes(), which * 8).unwrap();
    }

    fn get(&self, which: u64) -> u64 {
        let mut bytes = [0; 8];
        match self.0.read_exact_at(&mut bytes, which * 8) {
            Ok(()) => u64::from_le_bytes(bytes),
            Err(_) => 0,
        }
    }
}

const SUBMITTED: u64 = 0;
const ACKNOWLEDGED: u64 = 1;

fn number(name: &str) -> u64 {
    std::env::var(name).unwrap().parse().unwrap()
}

/// Writes until it is killed.
fn run_writer(folder: &Path) {
    let counts = Counts::at(folder);
    let mut workload = Workload::new(number(CHILD_SEED));
    let mut store = MmapVectorStore::new(folder.join("store"), config(false)).unwrap();
    let started = Instant::now();
    while started.elapsed() < LONGEST_LIFE {
        counts.set(SUBMITTED, workload.writes() + 1);
        workload.write(Some(&store));
        counts.set(ACKNOWLEDGED, workload.writes());
        match workload.writes() % 1000 {
            50 | 350 | 700 => store.checkpoint().unwrap(),
            200 | 800 => workload::compact(&workload, &store),
            // After a compaction, so that it ends soon.
            250 if workload.writes() < 2000 => store.build_index().unwrap(),
            999 => {
                store.close().unwrap();
                store = MmapVectorStore::new(folder.join("store"), config(false)).unwrap();
            }
            _ => {}
        }
    }
}

/// Compares snapshots with the model.
fn run_reader(folder: &Path) {
    let (seed, snapshots) = (number(CHILD_SEED), number(SNAPSHOTS));
    let counts = Counts::at(folder);
    let mut random = Random::new(seed ^ u64::from(std::process::id()));
    let mut workload = Workload::new(seed);
    let mut results = SearchResults::default();
    let mut store = None;
    let (mut looks, mut distinct, mut opens) = (0, 0, 0);
    while distinct < snapshots {
        let acknowledged = counts.get(ACKNOWLEDGED);
        // Some snapshots come from an open, most from a refresh.
        if store.is_none() || random.below(40) == 0 {
            store = Some(MmapVectorStore::new(folder.join("store"), config(true)).unwrap());
            opens += 1;
        } else if let Some(store) = &store {
            store.refresh().unwrap();
        }
        let Some(store) = &store else { continue };
        let writes = store.stats().unwrap().last_seq;
        let submitted = counts.get(SUBMITTED);
        assert!(writes >= acknowledged, "STALE: {writes} writes seen, {acknowledged} were acknowledged");
        assert!(writes <= submitted, "INVENTED: {writes} writes seen, {submitted} were submitted");
        assert!(writes >= workload.writes(), "BACKWARDS: {writes} writes seen after {}", workload.writes());
        distinct += u64::from(writes > workload.writes());
        while workload.writes() < writes {
            workload.write(None);
        }
        for look in 0..2 {
            if let Some(difference) = workload.difference(store) {
                panic!("DIFFERS from the state after {writes} writes, look {look}: {difference}");
            }
            // If a snapshot changed by itself, the second comparison would fail.
            std::thread::sleep(Duration::from_micros(random.next() % 3000));
        }
        if let Some((key, vector)) = workload.any_row(&mut random) {
            store.search_with(&vector, 1, &SearchOptions::default(), &mut results).unwrap();
            let own = store.distance(&vector, &store.get(&key).unwrap().unwrap()).unwrap();
            let distance = results.hits().first().map(|hit| hit.distance);
            assert!(distance.is_some_and(|found| found <= own), "HIDDEN: {key:?} after {writes} writes");
            let found = store.get_view(&key).unwrap().map(|view| view.stored.to_vec());
            assert_eq!(found, Some(stored(store.element(), &vector)), "after {writes} writes");
        }
        looks += 1;
    }
    println!("{distinct} snapshots, {looks} looks, {opens} opens, {} writes", workload.writes());
}

fn start(role: &str, folder: &Path, element: ElementType, seed: u64, snapshots: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["every_snapshot_of_a_reader_is_a_prefix", "--exact", "--nocapture"])
        .env(ROLE, role)
        .env(ELEMENT, element.number().to_string())
        .env(FOLDER, folder)
        .env(CHILD_SEED, seed.to_string())
        .env(SNAPSHOTS, snapshots.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn every_snapshot_of_a_reader_is_a_prefix() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let folder = Path::new(&folder);
        return if std::env::var(ROLE).unwrap() == "writer" {
            run_writer(folder)
        } else {
            run_reader(folder)
        };
    }
    let seed = seed(5);
    let snapshots = size("SYNA_MMAP_SNAPSHOTS", 1_200, 200) as u64;
    for element in [ElementType::F32, ElementType::F16] {
        read_and_write(element, seed, snapshots / 2);
    }
}

/// Runs the children, until the readers have compared their snapshots.
fn read_and_write(element: ElementType, seed: u64, snapshots: u64) {
    let folder = TempFolder::in_memory("readers");
    let mut writer = start("writer", folder.path(), element, seed, 0);
    let counts = Counts::at(folder.path());
    while counts.get(ACKNOWLEDGED) == 0 {
        assert!(writer.try_wait().unwrap().is_none(), "the writer ended");
        std::thread::sleep(Duration::from_millis(1));
    }
    let readers =
        (0..READERS).map(|_| start("reader", folder.path(), element, seed, snapshots.div_ceil(READERS)));
    let readers: Vec<Child> = readers.collect();
    let mut failed = Vec::new();
    for reader in readers {
        let output = reader.wait_with_output().unwrap();
        let said = [&output.stdout[..], &output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        println!("{}", said.lines().find(|line| line.contains("snapshots,")).unwrap_or_default());
        if !output.status.success() {
            failed.push(said);
        }
    }
    let is_alive = writer.try_wait().unwrap().is_none();
    writer.kill().unwrap();
    let output = writer.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(is_alive, "the writer ended before the readers:\n{said}");
    assert!(failed.is_empty(), "{failed:#?}");
}
