//! Where a store lives: links, names, files that somebody else puts in the way, permissions, what killed processes leave.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use support::{Random, TempFolder, quiet};
use syna_mmap::{DistanceMetric, HnswConfig, MmapVectorConfig, MmapVectorStore, OpenMode};

const DIMENSIONS: u16 = 64;

fn go_on(_: u64, _: u64) -> ControlFlow<()> {
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
    let mut random = Random(keys.start as u64);
    for key in keys {
        store.insert(&key.to_string(), &random.vector(DIMENSIONS.into())).unwrap();
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn a_snapshot_under_the_name_of_the_former_compaction_file_stays() {
    let folder = TempFolder::new("own-mark");
    let path = folder.file("store");
    let copy = folder.file("store.compact");
    let store = open(&path);
    insert(&store, 0..30);
    store.snapshot_to(&copy, &mut go_on).unwrap();
    store.close().unwrap();
    let store = open(&path);
    store.compact(&mut go_on).unwrap();
    store.close().unwrap();
    assert_eq!(names(folder.path()), ["store", "store.compact"]);
    assert_eq!(open_reader(&copy).len(), 30);
}
