//! Stores in memory, stores inside larger files, and files without write permission.

mod support;

use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use support::{Random, TempFolder, quiet, seed};
use syna_mmap::{DistanceMetric, MmapVectorConfig, MmapVectorStore, OpenMode, SynaError};

const DIMENSIONS: u16 = 70;

fn keep_going(_: u64, _: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn config() -> MmapVectorConfig {
    quiet(DIMENSIONS, DistanceMetric::Euclidean)
}

fn fill(store: &MmapVectorStore, random: &mut Random, count: usize) -> Vec<(String, Vec<f32>)> {
    let rows: Vec<(String, Vec<f32>)> =
        (0..count).map(|n| (format!("{}{n}", "k".repeat(n % 17)), random.vector(70))).collect();
    for (key, vector) in &rows {
        store.insert(key, vector).unwrap();
    }
    rows
}

fn check(store: &MmapVectorStore, rows: &[(String, Vec<f32>)]) {
    for (key, vector) in rows {
        let slice = store.get_slice(key).unwrap();
        assert_eq!((slice, slice.as_ptr().addr() % 64), (&vector[..], 0));
        assert_eq!(&store.search(vector, 1).unwrap()[0].key, key);
    }
}

#[test]
fn an_in_memory_store_supports_all_operations() {
    let folder = TempFolder::new("memory");
    let mut random = Random::new(seed(1));
    let store = MmapVectorStore::in_memory(config()).unwrap();
    let other = MmapVectorStore::in_memory(config()).unwrap();
    let mut rows = fill(&store, &mut random, 3000);
    assert!(other.is_empty(), "two stores in memory share nothing");
    store.build_index().unwrap();
    store.checkpoint().unwrap();
    assert!(store.has_index());
    for (key, _) in rows.drain(..1500) {
        assert!(store.delete(&key).unwrap());
    }
    check(&store, &rows[..200]);
    let before = store.stats().unwrap();
    store.compact(&mut keep_going).unwrap();
    let after = store.stats().unwrap();
    assert!(after.file_bytes < before.file_bytes && after.deleted_rows == 0 && after.index_bytes == 0);
    assert!(!store.refresh().unwrap());
    check(&store, &rows);
    assert_eq!(store.verify(&mut keep_going).unwrap().findings, []);
    let path = folder.file("copy");
    store.snapshot_to(&path, &mut keep_going).unwrap();
    store.close().unwrap();
    check(&MmapVectorStore::new(&path, config()).unwrap(), &rows);
    assert!(!std::path::Path::new(":memory:").exists());
    let open = OpenMode { read_only: true, ..OpenMode::default() };
    let refused = MmapVectorStore::in_memory(MmapVectorConfig { open, ..config() });
    assert!(matches!(refused, Err(SynaError::NotFound { .. })));
}

#[test]
fn a_store_and_its_index_are_read_inside_a_larger_file() {
    let folder = TempFolder::new("archive");
    let path = folder.file("store");
    let mut random = Random::new(seed(2));
    let store = MmapVectorStore::new(&path, config()).unwrap();
    let rows = fill(&store, &mut random, 2500);
    store.build_index().unwrap();
    store.close().unwrap();
    let (data, index) = (std::fs::read(&path).unwrap(), std::fs::read(folder.file("store.hnsw")).unwrap());
    for start in [64_usize, 4096, 64 * 1023, 8128] {
        let archive = folder.file("archive");
        let mut bytes = vec![0xEE; start];
        bytes.extend_from_slice(&data);
        bytes.resize(bytes.len().next_multiple_of(64), 0xEE);
        let index_start = bytes.len() as u64;
        bytes.extend_from_slice(&index);
        let index_range = index_start..bytes.len() as u64;
        bytes.extend_from_slice(&[0xEE; 5000]);
        File::create(&archive).unwrap().write_all(&bytes).unwrap();
        let open = || File::open(&archive).unwrap();
        let place = start as u64..(start + data.len()) as u64;
        let store = MmapVectorStore::open_at(open(), place.clone(), index_range.clone(), config()).unwrap();
        assert!(store.has_index());
        check(&store, &rows[..300]);
        assert!(!store.refresh().unwrap());
        assert!(matches!(store.insert("new", &[1.0; 70]), Err(SynaError::ReadOnly { .. })));
        assert_eq!(store.verify(&mut keep_going).unwrap().findings, []);
        store.close().unwrap();
        let store = MmapVectorStore::open_at(open(), place.clone(), 0..0, config()).unwrap();
        assert!(!store.has_index());
        check(&store, &rows[..20]);
        let refused = |place, index| MmapVectorStore::open_at(open(), place, index, config()).map(|_| ());
        let past = bytes.len() as u64 + 1;
        for (place, index) in [
            (place.start + 32..place.end, 0..0),
            (place.clone(), index_range.start + 1..index_range.end),
            (place.start..past, 0..0),
            (place.clone(), index_range.start..past),
            (place.end..place.start, 0..0),
            (0..0, 0..0),
        ] {
            assert!(matches!(refused(place, index), Err(SynaError::InvalidArgument { .. })));
        }
        // Other bytes of the file are not a store, and a truncated store is corrupt.
        assert!(matches!(refused(0..place.end, 0..0), Err(SynaError::Corrupt { .. })));
        assert!(matches!(refused(place.start..place.end - 4096, 0..0), Err(SynaError::Corrupt { .. })));
    }
}

#[test]
#[cfg(unix)]
fn a_reader_needs_no_write_permission() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempFolder::new("read-only");
    let path = folder.file("store");
    let store = MmapVectorStore::new(&path, config()).unwrap();
    let rows = fill(&store, &mut Random::new(seed(3)), 100);
    store.build_index().unwrap();
    store.close().unwrap();
    let listed = || {
        let entry = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            (entry.file_name(), metadata.len(), metadata.modified().unwrap())
        };
        let mut entries: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(entry).collect();
        entries.sort();
        entries
    };
    let allow = |mode: u32| {
        for (name, ..) in listed() {
            std::fs::set_permissions(
                folder.file(name.to_str().unwrap()),
                PermissionsExt::from_mode(mode & 0o666),
            )
            .unwrap();
        }
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(mode)).unwrap();
    };
    allow(0o555);
    let before = listed();
    let open = OpenMode { read_only: true, ..OpenMode::default() };
    let reader = MmapVectorStore::new(&path, MmapVectorConfig { open, ..config() }).unwrap();
    assert!(reader.has_index());
    check(&reader, &rows);
    assert!(!reader.refresh().unwrap());
    reader.close().unwrap();
    assert_eq!(listed(), before);
    allow(0o755);
}
