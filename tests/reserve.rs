//! Repeated small reservations: existing space counts, and the file is not fragmented.

mod support;

use std::ops::ControlFlow;
use std::path::Path;
use support::{TempFolder, quiet};
use syna_mmap::{DistanceMetric, MmapVectorStore};

fn file_bytes(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

/// The number of mappings of a file in this process; `None` if the system does not report it.
fn mappings(path: &Path) -> Option<usize> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let name = path.file_name().unwrap().to_str().unwrap();
    Some(maps.lines().filter(|line| line.ends_with(name)).count())
}

#[test]
fn growing_reservations_allocate_little_more_than_requested() {
    let folder = TempFolder::new("ever-more");
    let path = folder.file("ever-more-store");
    let store = MmapVectorStore::new(&path, quiet(64, DistanceMetric::Euclidean)).unwrap();
    const CALLS: u64 = 3_944;
    // A row takes 256 bytes, and 40 in the log.
    let needed = 256 * (CALLS - 1) * 296;
    for call in 0..CALLS {
        store.reserve(256 * call).unwrap();
        let bytes = file_bytes(&path);
        assert!(bytes <= needed + needed / 4, "{bytes} bytes for {needed} after {call} calls");
    }
    let bytes = file_bytes(&path);
    println!("{bytes} bytes for {needed}, {:?} mappings", mappings(&path));
    store.reserve(256).unwrap();
    assert_eq!(file_bytes(&path), bytes);
}

#[test]
fn repeated_small_reservations_leave_few_mappings() {
    const CYCLES: usize = 2_000;
    let folder = TempFolder::in_memory("cycles");
    let path = folder.file("cycles-store");
    let config = quiet(512, DistanceMetric::Euclidean);
    let store = MmapVectorStore::new(&path, config.clone()).unwrap();
    let vector = [1.0; 512];
    for cycle in 0..CYCLES {
        store.reserve(store.len() as u64 + 16).unwrap();
        for row in 0..16 {
            store.insert(format!("{cycle} {row}"), &vector).unwrap();
        }
    }
    let bytes = file_bytes(&path);
    // The vector, and about 112 bytes of a batch of one row.
    let needed = CYCLES as u64 * 16 * (2048 + 112);
    println!("{bytes} bytes for {needed}, {:?} mappings", mappings(&path));
    assert!(bytes <= needed + needed / 3, "{bytes} bytes for {needed}");
    let Some(count) = mappings(&path) else {
        println!("skipped: this system does not report mappings");
        return;
    };
    assert!(count <= 120, "{count} mappings");
    store.close().unwrap();
    let store = MmapVectorStore::new(&path, config).unwrap();
    assert_eq!(mappings(&path), Some(1), "an open maps all extents as one");
    store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(store.len(), CYCLES * 16);
}
