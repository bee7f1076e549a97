//! The files of a store: paths, foreign files at its paths, permissions, and files that stay open.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `paths.rs` | symbolic links, renamed folders, long names |
//! | `foreign.rs` | files of other programs at the store's paths, removed and empty files |
//! | `permissions.rs` | modes, owners and access control lists |
//! | `open_files.rs` | descriptors and mappings of replaced files |
#![cfg(target_os = "linux")]

mod foreign;
mod open_files;
mod paths;
mod permissions;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use support::{Random, quiet};
use syna_mmap::{DistanceMetric, HnswConfig, MmapVectorConfig, MmapVectorStore, OpenMode};

const DIMENSIONS: u16 = 64;

fn keep_going(_: u64, _: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn config() -> MmapVectorConfig {
    MmapVectorConfig {
        initial_capacity: 0,
        hnsw_config: HnswConfig { ef_construction: 12, ..HnswConfig::with_m(4) },
        ..quiet(DIMENSIONS, DistanceMetric::Euclidean)
    }
}

fn open(path: &Path) -> MmapVectorStore {
    MmapVectorStore::new(path, config()).unwrap()
}

fn open_reader(path: &Path) -> MmapVectorStore {
    let open = OpenMode { read_only: true, ..OpenMode::default() };
    MmapVectorStore::new(path, MmapVectorConfig { open, ..config() }).unwrap()
}

fn insert(store: &MmapVectorStore, keys: std::ops::Range<usize>) {
    let mut random = Random::new(keys.start as u64);
    for key in keys {
        store.insert(key.to_string(), &random.vector(DIMENSIONS.into())).unwrap();
    }
}

/// Writes a store at `path` with the keys `0..count`, and closes it.
fn make(path: &Path, count: usize) {
    let store = open(path);
    insert(&store, 0..count);
    store.close().unwrap();
}

fn index_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.hnsw", path.display()))
}

fn file_names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
