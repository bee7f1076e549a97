//! Stores in memory, stores inside larger files, and files without write permission.

mod support;

use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::{Random, TempFolder, quiet, seed};
use syna_mmap::{
    DistanceMetric, MmapVectorConfig, MmapVectorStore, OpenMode, SearchOptions, SearchResults, SynaError,
};

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
    check_at(store, rows, 0);
}

/// `offset`: of vectors, from a multiple of 64.
fn check_at(store: &MmapVectorStore, rows: &[(String, Vec<f32>)], offset: usize) {
    for (key, vector) in rows {
        let slice = store.get_slice(key).unwrap();
        assert_eq!((slice, slice.as_ptr().addr() % 64), (&vector[..], offset));
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
    for start in [64_usize, 8128, 4, 65_596] {
        let archive = folder.file("archive");
        let mut bytes = vec![0xEE; start];
        bytes.extend_from_slice(&data);
        bytes.resize(bytes.len().next_multiple_of(64) + start % 64, 0xEE);
        let index_start = bytes.len() as u64;
        bytes.extend_from_slice(&index);
        let index_range = index_start..bytes.len() as u64;
        bytes.extend_from_slice(&[0xEE; 5000]);
        File::create(&archive).unwrap().write_all(&bytes).unwrap();
        let open = || File::open(&archive).unwrap();
        let place = start as u64..(start + data.len()) as u64;
        let store = MmapVectorStore::open_at(open(), place.clone(), index_range.clone(), config()).unwrap();
        assert!(store.has_index());
        check_at(&store, &rows[..300], start % 64);
        assert!(!store.refresh().unwrap());
        assert!(matches!(store.insert("new", &[1.0; 70]), Err(SynaError::ReadOnly { .. })));
        assert_eq!(store.verify(&mut keep_going).unwrap().findings, []);
        store.close().unwrap();
        let store = MmapVectorStore::open_at(open(), place.clone(), 0..0, config()).unwrap();
        assert!(!store.has_index());
        check_at(&store, &rows[..20], start % 64);
        let refused = |place, index| MmapVectorStore::open_at(open(), place, index, config()).map(|_| ());
        let past = bytes.len() as u64 + 1;
        for (place, index) in [
            (place.start + 2..place.end, 0..0),
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

/// Bytes that begin `offset` bytes after a multiple of 64.
struct Placed {
    bytes: Vec<u8>,
    start: usize,
    is_dropped: Arc<AtomicBool>,
}

impl Placed {
    fn new(content: &[u8], offset: usize) -> Self {
        let mut bytes = vec![0xEE; content.len() + 128];
        let start = bytes.as_ptr().align_offset(64) + offset;
        bytes[start..start + content.len()].copy_from_slice(content);
        bytes.truncate(start + content.len());
        Self { bytes, start, is_dropped: Arc::default() }
    }
}

impl AsRef<[u8]> for Placed {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        self.is_dropped.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_store_in_the_callers_memory_is_read_and_kept_as_long_as_needed() {
    let folder = TempFolder::new("given");
    let path = folder.file("store");
    let mut random = Random::new(seed(4));
    let store = MmapVectorStore::new(&path, config()).unwrap();
    let rows = fill(&store, &mut random, 2500);
    store.build_index().unwrap();
    store.close().unwrap();
    let (data, index) = (std::fs::read(&path).unwrap(), std::fs::read(folder.file("store.hnsw")).unwrap());
    for offset in [0, 4] {
        let given = Placed::new(&data, offset);
        let is_dropped = Arc::clone(&given.is_dropped);
        let store = MmapVectorStore::open_memory(given, Placed::new(&index, offset), config()).unwrap();
        assert!(store.has_index());
        check_at(&store, &rows[..100], offset);
        assert!(!store.refresh().unwrap());
        assert!(matches!(store.insert("new", &[1.0; 70]), Err(SynaError::ReadOnly { .. })));
        assert_eq!(store.verify(&mut keep_going).unwrap().findings, []);
        let copy = folder.file(&format!("copy{offset}"));
        store.snapshot_to(&copy, &mut keep_going).unwrap();
        check(&MmapVectorStore::new(&copy, config()).unwrap(), &rows[..20]);
        let mut results = SearchResults::default();
        store.search_with(&rows[7].1, 1, &SearchOptions::default(), &mut results).unwrap();
        store.close().unwrap();
        assert!(!is_dropped.load(Ordering::Relaxed));
        assert_eq!(results.vector(0), Some(&rows[7].1[..]), "results outlive the store");
        drop(results);
        assert!(is_dropped.load(Ordering::Relaxed), "nothing keeps the bytes");
    }
    let open = |data: &[u8], offset, config| {
        MmapVectorStore::open_memory(Placed::new(data, offset), [], config).map(|_| ())
    };
    open(&data, 0, config()).unwrap();
    assert!(matches!(open(&data, 2, config()), Err(SynaError::InvalidArgument { .. })));
    assert!(matches!(open(&[], 0, config()), Err(SynaError::InvalidArgument { .. })));
    let mode = OpenMode { must_create: true, ..OpenMode::default() };
    let create = MmapVectorConfig { open: mode, ..config() };
    assert!(matches!(open(&data, 0, create), Err(SynaError::InvalidArgument { .. })));
    // Nothing in the bytes is trusted.
    assert!(matches!(open(&data[..data.len() - 4096], 0, config()), Err(SynaError::Corrupt { .. })));
    assert!(open(&data[..100], 0, config()).is_err());
    for _ in 0..20 {
        let (mut damaged, mut damaged_index) = (data.clone(), index.clone());
        for _ in 0..1 + random.below(20) {
            let (at, bits) = (random.below(data.len()), 1 << random.below(8));
            damaged[at] ^= bits;
            damaged_index[at % index.len()] ^= bits;
            damaged[random.below(16_384)] ^= bits;
        }
        let opened =
            MmapVectorStore::open_memory(Placed::new(&damaged, 4), Placed::new(&damaged_index, 4), config());
        if let Ok(store) = opened {
            for (key, vector) in &rows[..5] {
                let _ = (store.get(key), store.search(vector, 3));
            }
        }
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
