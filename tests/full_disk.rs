//! A full disk is an error, the store remains usable, and no acknowledged row is lost (P5), on real file systems.
//!
//! The test mounts a small tmpfs and a small ext4 image. If mounting is not permitted, it prints that directly to standard
//! error, because the harness would hide it. `SYNA_MMAP_FULL_DISK=required` makes that a failure.
#![cfg(target_os = "linux")]

mod support;

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Random, TempFolder, quiet};
use syna_mmap::{DistanceMetric, MmapVectorStore, Result, SynaError};

/// 320 bytes a row in the file.
const DIMENSIONS: u16 = 70;
const MIB: u64 = 1 << 20;

/// A small mounted file system; it is unmounted when this is dropped.
struct SmallDisk {
    root: TempFolder,
}

impl SmallDisk {
    /// # Errors
    /// Why it cannot be mounted.
    fn mount(kind: &str, mebibytes: u64) -> std::result::Result<Self, String> {
        let root = TempFolder::new("full-disk");
        let point = root.file("disk");
        fs::create_dir(&point).map_err(|error| error.to_string())?;
        let mut mount = Command::new("mount");
        match kind {
            "tmpfs" => mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "none"]),
            _ => {
                let image = root.file("image");
                File::create(&image)
                    .and_then(|file| file.set_len(mebibytes * MIB))
                    .map_err(|error| error.to_string())?;
                // No blocks reserved for root, which runs this test.
                run(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(&image))?;
                mount.args(["-o", "loop"]).arg(&image)
            }
        };
        run(mount.arg(&point))?;
        Ok(Self { root })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root.file("disk").join(name)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A store that a failed test left open keeps the mount busy; a lazy unmount takes effect when the process ends.
        let _ = run(Command::new("umount").arg("--lazy").arg(self.root.file("disk")));
    }
}

fn run(command: &mut Command) -> std::result::Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// Runs `test` on each small disk that can be mounted.
fn on_small_disks(name: &str, test: fn(&SmallDisk)) {
    for (kind, mebibytes) in [("tmpfs", 4), ("tmpfs", 8), ("ext4", 12)] {
        match SmallDisk::mount(kind, mebibytes) {
            Ok(disk) => test(&disk),
            Err(why) => {
                let line = format!("not run: {name} on {kind} of {mebibytes} MiB: {why}\n");
                let _ = std::io::stderr().write_all(line.as_bytes());
                let is_required = std::env::var_os("SYNA_MMAP_FULL_DISK").is_some_and(|v| v == "required");
                assert!(!is_required, "{line}");
            }
        }
    }
}

/// Writes a file of `most` bytes, or of all free bytes.
fn take_space(path: &Path, most: u64) {
    let mut file = File::create(path).unwrap();
    let mut left = most;
    let mut piece = 64 * 1024;
    while left > 0 && piece > 0 {
        let length = left.min(piece);
        match file.write(&vec![7; usize::try_from(length).unwrap()]) {
            Ok(written) => left -= written as u64,
            Err(error) if error.kind() == ErrorKind::StorageFull => piece /= 2,
            Err(error) => panic!("{error}"),
        }
    }
    file.sync_all().unwrap();
}

/// Removes a file. ext4 reuses the blocks only after the journal is committed.
fn free(filler: &Path) {
    fs::remove_file(filler).unwrap();
    File::open(filler.parent().unwrap()).unwrap().sync_all().unwrap();
}

fn vector(number: usize) -> Vec<f32> {
    Random::new(number as u64).vector(usize::from(DIMENSIONS))
}

fn open(path: &Path) -> Result<MmapVectorStore> {
    MmapVectorStore::new(path, quiet(DIMENSIONS, DistanceMetric::Euclidean))
}

fn insert(store: &MmapVectorStore, numbers: std::ops::Range<usize>) -> Result<usize> {
    let keys: Vec<String> = numbers.clone().map(|number| format!("{number}")).collect();
    let vectors: Vec<Vec<f32>> = numbers.map(vector).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
    store.insert_batch(&keys, &vectors)
}

/// Inserts `step` rows at a time until the disk is full; returns the number of rows.
fn fill(store: &MmapVectorStore, from: usize, step: usize) -> usize {
    let mut count = from;
    loop {
        match insert(store, count..count + step) {
            Ok(inserted) => count += inserted,
            Err(error) => {
                expect_no_space::<usize>(Err(error));
                return count;
            }
        }
        assert!(count < 1_000_000, "the disk does not fill");
    }
}

fn expect_no_space<T: std::fmt::Debug>(result: Result<T>) {
    match result {
        Err(SynaError::NoSpace { needed_bytes, source, .. }) => {
            assert_eq!(source.kind(), ErrorKind::StorageFull);
            assert!(needed_bytes < 1 << 40, "{needed_bytes}");
        }
        other => panic!("expected NoSpace, got {other:?}"),
    }
}

/// Checks that the store has exactly `count` rows, unchanged and findable.
fn check(store: &MmapVectorStore, count: usize) {
    assert_eq!(store.len(), count);
    for number in 0..count {
        assert_eq!(store.get_slice(number.to_string()), Some(&vector(number)[..]), "row {number}");
    }
    for number in (0..count).step_by(count / 5 + 1) {
        assert_eq!(store.search(&vector(number), 1).unwrap()[0].key, number.to_string());
    }
}

/// Fills the disk, frees some space, fills it again, and reopens the store.
fn fill_by(disk: &SmallDisk, step: usize) {
    let (path, filler) = (disk.file("store"), disk.file("filler"));
    take_space(&filler, MIB);
    let store = open(&path).unwrap();
    let first = fill(&store, 0, step);
    assert!(first > 0);
    check(&store, first);
    store.checkpoint().expect("a checkpoint writes to existing slots");
    assert_eq!(fill(&store, first, step), first, "the disk is still full");
    free(&filler);
    let second = fill(&store, first, step);
    assert!(second > first, "the freed space was used");
    check(&store, second);
    store.close().unwrap();
    check(&open(&path).unwrap(), second);
}

#[test]
fn single_inserts_fill_a_disk() {
    on_small_disks("single inserts", |disk| fill_by(disk, 1));
}

#[test]
fn batches_fill_a_disk() {
    on_small_disks("batches", |disk| fill_by(disk, 300));
}

#[test]
fn a_batch_larger_than_the_disk_changes_nothing() {
    on_small_disks("a batch that is too large", |disk| {
        let path = disk.file("store");
        let store = open(&path).unwrap();
        insert(&store, 0..100).unwrap();
        let before = fs::metadata(&path).unwrap().len();
        for _ in 0..3 {
            expect_no_space(insert(&store, 100..60_000));
            assert_eq!(fs::metadata(&path).unwrap().len(), before, "the file has its old length");
        }
        check(&store, 100);
        insert(&store, 100..200).unwrap();
        store.close().unwrap();
        check(&open(&path).unwrap(), 200);
    });
}

#[test]
fn a_reservation_succeeds_completely_or_changes_nothing() {
    on_small_disks("reserve", |disk| {
        let (path, filler) = (disk.file("store"), disk.file("filler"));
        let store = open(&path).unwrap();
        insert(&store, 0..10).unwrap();
        expect_no_space(store.reserve(100_000));
        store.reserve(2000).unwrap();
        take_space(&filler, u64::MAX);
        for number in (10..2000).step_by(10) {
            insert(&store, number..number + 10).expect("the space was reserved");
        }
        check(&store, 2000);
        let mut before = fs::metadata(&path).unwrap().len();
        expect_no_space(store.reserve(20_000));
        // Space for the rows, but not for their frames.
        free(&filler);
        for rows in (2100..40_000).step_by(300) {
            let result = store.reserve(rows);
            if result.is_err() {
                expect_no_space(result);
                assert_eq!(fs::metadata(&path).unwrap().len(), before, "no space was allocated");
            } else {
                before = fs::metadata(&path).unwrap().len();
            }
        }
        drop(store);
        check(&open(&path).unwrap(), 2000);
    });
}

#[test]
fn an_index_without_space_is_saved_later() {
    on_small_disks("build_index", |disk| {
        let (path, filler) = (disk.file("store"), disk.file("filler"));
        let store = open(&path).unwrap();
        insert(&store, 0..1000).unwrap();
        take_space(&filler, u64::MAX);
        expect_no_space(store.build_index());
        assert!(!disk.file("store.hnsw").exists());
        check(&store, 1000);
        // The rows are durable although the index is not saved.
        assert!(!store.is_dirty());
        expect_no_space(store.checkpoint());
        free(&filler);
        store.checkpoint().expect("there is space");
        assert!(disk.file("store.hnsw").exists() && store.has_index());
        store.close().unwrap();
        let store = open(&path).unwrap();
        assert!(store.has_index());
        check(&store, 1000);
    });
}

#[test]
fn a_write_succeeds_if_only_the_index_has_no_space() {
    on_small_disks("an automatic checkpoint", |disk| {
        let (path, filler) = (disk.file("store"), disk.file("filler"));
        let mut config = quiet(DIMENSIONS, DistanceMetric::Euclidean);
        config.checkpoint_interval_secs = 1;
        let store = MmapVectorStore::new(&path, config).unwrap();
        store.reserve(1100).unwrap();
        insert(&store, 0..1000).unwrap();
        store.build_index().unwrap();
        let saved = fs::metadata(disk.file("store.hnsw")).unwrap().len();
        insert(&store, 1000..1010).unwrap();
        store.index_step(std::time::Duration::from_secs(60)).unwrap();
        take_space(&filler, u64::MAX);
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert_eq!(insert(&store, 1010..1011).expect("there is space for the row"), 1);
        assert!(!store.is_dirty(), "the checkpoint of the rows was made");
        expect_no_space(store.checkpoint());
        check(&store, 1011);
        free(&filler);
        store.checkpoint().expect("there is space");
        assert!(fs::metadata(disk.file("store.hnsw")).unwrap().len() > saved);
    });
}

#[test]
fn a_store_without_space_is_not_created() {
    on_small_disks("create", |disk| {
        let (path, filler) = (disk.file("store"), disk.file("filler"));
        take_space(&filler, u64::MAX);
        let files = || fs::read_dir(path.parent().unwrap()).unwrap().count();
        let before = files();
        expect_no_space(open(&path));
        assert_eq!(files(), before, "no file is left");
        free(&filler);
        let store = open(&path).unwrap();
        insert(&store, 0..10).unwrap();
        // An existing store can be opened on a full disk.
        take_space(&filler, u64::MAX);
        store.close().unwrap();
        check(&open(&path).unwrap(), 10);
    });
}
