//! Bad input gives a typed error and changes no byte on disk.

mod support;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use support::{Random, TempFolder, quiet};
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, HnswConfig, MmapVectorConfig, MmapVectorStore,
    OpenMode, SynaError, WriteBatch, WriteMode,
};

const EUCLIDEAN: DistanceMetric = DistanceMetric::Euclidean;

/// Writes a store of ten rows, checkpointed and closed.
fn make_store(path: &Path) {
    let store = MmapVectorStore::new(path, quiet(64, EUCLIDEAN)).unwrap();
    let mut random = Random::new(5);
    for i in 0..10 {
        store.insert(format!("key{i}"), &random.vector(64)).unwrap();
    }
    store.close().unwrap();
}

fn open_error(path: &Path, config: MmapVectorConfig) -> SynaError {
    let before = fs::read(path).ok();
    let error = MmapVectorStore::new(path, config).expect_err("the open must fail");
    assert_eq!(fs::read(path).ok(), before, "a failed open changes nothing");
    assert!(error.to_string().len() > 20, "{error}");
    error
}

#[test]
fn refused_writes_change_no_byte() {
    let folder = TempFolder::new("refused");
    let path = folder.file("store");
    make_store(&path);
    let store = MmapVectorStore::new(&path, quiet(64, EUCLIDEAN)).unwrap();
    let before = fs::read(&path).unwrap();
    let good = [1.0_f32; 64];
    let mut wrong = vec![];
    for (component, value) in [(0, f32::NAN), (31, f32::INFINITY), (63, f32::NEG_INFINITY)] {
        let mut bad = good;
        bad[component] = value;
        let error = store.insert_batch(&["x", "y"], &[&good, &bad]).unwrap_err();
        assert!(
            matches!(error, SynaError::InvalidVector { position: 1, component: c, .. } if c == component),
            "{error}"
        );
        assert!(matches!(store.search(&bad, 1).unwrap_err(), SynaError::InvalidVector { .. }));
        wrong.push(error.to_string());
    }
    for length in [0, 63, 65, 128] {
        let short = vec![1.0; length];
        let error = store.insert_batch(&["x", "y"], &[&good, &short]).unwrap_err();
        assert!(
            matches!(error, SynaError::DimensionMismatch { expected: 64, actual } if actual == length as u64),
            "{error}"
        );
        assert!(matches!(store.search(&short, 1).unwrap_err(), SynaError::DimensionMismatch { .. }));
    }
    let long = "k".repeat(65_536);
    assert!(matches!(store.insert(&long, &good).unwrap_err(), SynaError::InvalidKey { .. }));
    assert!(matches!(store.get(&long).unwrap_err(), SynaError::InvalidKey { .. }));
    assert!(matches!(store.delete(&long).unwrap_err(), SynaError::InvalidKey { .. }));
    assert!(store.insert_batch(&["x"], &[]).is_err() && store.insert_batch(&[], &[&good]).is_err());
    let packed = |bytes, offsets| {
        let rows = [1.0; 128];
        store.write(&WriteBatch {
            keys: BatchKeys::Packed { bytes, offsets },
            vectors: BatchVectors::RowMajor(&rows),
            tags: None,
            payloads: BatchPayloads::None,
            mode: WriteMode::Insert,
            ..WriteBatch::default()
        })
    };
    assert!(matches!(packed(b"abcd", &[1, 2, 4]).unwrap_err(), SynaError::InvalidArgument { .. }));
    assert!(matches!(packed(b"abcd", &[0, 3, 2]).unwrap_err(), SynaError::InvalidArgument { .. }));
    assert!(matches!(packed(b"abcd", &[0, 3, 5]).unwrap_err(), SynaError::InvalidArgument { .. }));
    assert!(matches!(packed(b"ab\xFFd", &[0, 2, 4]).unwrap_err(), SynaError::InvalidKey { position: 1, .. }));
    assert!(matches!(packed("é".as_bytes(), &[0, 1, 2]).unwrap_err(), SynaError::InvalidKey { .. }));
    let payload = vec![0; (1 << 20) + 1];
    let too_large = WriteBatch {
        keys: BatchKeys::Slices(&["x"]),
        vectors: BatchVectors::RowMajor(&good),
        tags: None,
        payloads: BatchPayloads::Slices(&[&payload]),
        mode: WriteMode::Insert,
        ..WriteBatch::default()
    };
    assert!(matches!(store.write(&too_large).unwrap_err(), SynaError::Limit { .. }));
    assert_eq!(store.len(), 10);
    assert!(!store.is_dirty());
    store.close().unwrap();
    assert_eq!(fs::read(&path).unwrap(), before);
}

/// A batch of several megabytes is checked in pieces while it is written. After a failure the written pieces are removed.
#[test]
fn a_large_refused_batch_changes_no_byte() {
    let folder = TempFolder::new("refused-large");
    // 65 dimensions: rows are padded to their stride.
    for (dimensions, is_reserved, threads) in
        [(64, true, 0), (65, true, 0), (64, false, 0), (64, true, 1), (65, false, 1)]
    {
        let path = folder.file(&format!("store-{dimensions}-{is_reserved}-{threads}"));
        let config = MmapVectorConfig { threads, ..quiet(dimensions, EUCLIDEAN) };
        let store = MmapVectorStore::new(&path, config).unwrap();
        store.insert("first", &vec![0.5; dimensions.into()]).unwrap();
        if is_reserved {
            store.reserve(20_000).unwrap();
        }
        store.checkpoint().unwrap();
        let before = fs::read(&path).unwrap();
        let keys: Vec<String> = (0..9000).map(|i| format!("key {i}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let good = vec![1.5; keys.len() * usize::from(dimensions)];
        for position in [0, 2000, 5000, 8999] {
            let mut bad = good.clone();
            bad[position * usize::from(dimensions) + 63] = f32::NAN;
            let as_block: Vec<&[f32]> = bad.chunks(dimensions.into()).collect();
            let rows: Vec<Vec<f32>> = as_block.iter().map(|row| row.to_vec()).collect();
            let as_slices: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
            for vectors in [as_block, as_slices] {
                let error = store.insert_batch(&keys, &vectors).unwrap_err();
                assert!(
                    matches!(error, SynaError::InvalidVector { position: p, component: 63, .. } if p == position),
                    "{error}"
                );
                assert!(fs::read(&path).unwrap() == before, "position {position}: the file has changed");
                assert_eq!(store.len(), 1);
                assert!(!store.contains("key 0") && !store.is_dirty());
            }
        }
        assert_eq!(
            store.insert_batch(&keys, &good.chunks(dimensions.into()).collect::<Vec<_>>()).unwrap(),
            9000
        );
        assert_eq!(store.search(&vec![1.5; dimensions.into()], 1).unwrap()[0].key, "key 0");
        let report = store.verify(&mut |_, _| ControlFlow::Continue(())).unwrap();
        assert!(report.findings.is_empty());
    }
}

#[test]
fn the_longest_key_is_accepted() {
    let folder = TempFolder::new("long");
    let path = folder.file("store");
    let keys = ["k".repeat(65_535), String::new(), "\0\0".to_owned(), "ключ🗝".to_owned()];
    let store = MmapVectorStore::new(&path, quiet(64, EUCLIDEAN)).unwrap();
    for (i, key) in (1u8..).zip(&keys) {
        store.insert(key, &[f32::from(i); 64]).unwrap();
    }
    store.close().unwrap();
    let store = MmapVectorStore::new(&path, quiet(64, EUCLIDEAN)).unwrap();
    assert_eq!(store.keys().unwrap(), keys);
    assert_eq!(store.search(&[1.0; 64], 1).unwrap()[0].key, keys[0]);
}

#[test]
fn invalid_configurations_are_refused_before_a_file_is_created() {
    let folder = TempFolder::new("config");
    let path = folder.file("store");
    for dimensions in [1, 63, 8193, u16::MAX] {
        let error = open_error(&path, quiet(dimensions, EUCLIDEAN));
        assert!(
            matches!(error, SynaError::InvalidDimensions { dimensions: d } if d == u32::from(dimensions))
        );
    }
    let hnsw = |hnsw_config| MmapVectorConfig { hnsw_config, ..quiet(64, EUCLIDEAN) };
    assert!(matches!(open_error(&path, hnsw(HnswConfig::with_m(1))), SynaError::InvalidArgument { .. }));
    assert!(matches!(
        open_error(&path, hnsw(HnswConfig::with_m(usize::MAX))),
        SynaError::InvalidArgument { .. }
    ));
    let zero = HnswConfig { ef_search: 0, ..HnswConfig::default() };
    assert!(matches!(open_error(&path, hnsw(zero)), SynaError::InvalidArgument { .. }));
    let must_exist = OpenMode { must_exist: true, ..OpenMode::default() };
    let config = MmapVectorConfig { open: must_exist, ..quiet(64, EUCLIDEAN) };
    assert!(matches!(open_error(&path, config), SynaError::NotFound { .. }));
    assert!(matches!(open_error(&path, quiet(0, EUCLIDEAN)), SynaError::NotFound { .. }));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn files_that_are_not_stores_are_refused_and_unchanged() {
    let folder = TempFolder::new("foreign");
    let path = folder.file("store");
    assert!(matches!(open_error(folder.path(), quiet(64, EUCLIDEAN)), SynaError::Io { .. }));
    for (bytes, what) in [
        (&b"hello"[..], "not a syna-mmap store"),
        (&[0; 65536], "not a syna-mmap store"),
        (&[0xFF; 40000], "not a syna-mmap store"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = open_error(&path, quiet(64, EUCLIDEAN));
        assert!(matches!(error, SynaError::Corrupt { .. }) && error.to_string().contains(what), "{error}");
    }
    fs::write(&path, [b"CEVM\x01\0\0\0".as_slice(), &[0; 100]].concat()).unwrap();
    let error = open_error(&path, quiet(64, EUCLIDEAN));
    assert!(
        matches!(error, SynaError::LegacyFormat { .. }) && error.to_string().contains("import"),
        "{error}"
    );
    let missing = folder.file("no folder").join("store");
    assert!(matches!(open_error(&missing, quiet(64, EUCLIDEAN)), SynaError::Io { .. }));
}

#[test]
fn a_truncated_file_is_refused_and_unchanged() {
    let folder = TempFolder::new("cut");
    let path = folder.file("store");
    make_store(&path);
    let whole = fs::read(&path).unwrap();
    // An empty file becomes a new store.
    for length in (1..whole.len()).step_by(1009).chain([127, 128, 16384, whole.len() - 1]) {
        fs::write(&path, &whole[..length]).unwrap();
        let error = open_error(&path, quiet(64, EUCLIDEAN));
        assert!(matches!(error, SynaError::Corrupt { .. }), "{length} bytes: {error}");
    }
}

#[test]
fn mismatched_dimensions_and_metrics_are_refused_and_named() {
    let folder = TempFolder::new("facts");
    let path = folder.file("store");
    make_store(&path);
    let error = open_error(&path, quiet(65, EUCLIDEAN));
    assert!(matches!(error, SynaError::DimensionMismatch { expected: 64, actual: 65 }));
    assert!(error.to_string().contains("64") && error.to_string().contains("65"));
    let error = open_error(&path, quiet(64, DistanceMetric::Cosine));
    assert!(error.to_string().contains("cosine") && error.to_string().contains("euclidean"), "{error}");
    let from_file = MmapVectorConfig { metric_from_file: true, ..quiet(0, DistanceMetric::Cosine) };
    let store = MmapVectorStore::new(&path, from_file).unwrap();
    assert_eq!((store.dimensions(), store.metric(), store.len()), (64, EUCLIDEAN, 10));
    let must_create = OpenMode { must_create: true, ..OpenMode::default() };
    let config = MmapVectorConfig { open: must_create, ..quiet(64, EUCLIDEAN) };
    assert!(matches!(open_error(&path, config), SynaError::Io { .. }));
}

#[test]
fn a_second_writer_is_locked_out_and_readers_are_not() {
    let folder = TempFolder::new("lock");
    let path = folder.file("store");
    make_store(&path);
    let writer = MmapVectorStore::new(&path, quiet(64, EUCLIDEAN)).unwrap();
    assert!(matches!(open_error(&path, quiet(64, EUCLIDEAN)), SynaError::Locked { .. }));
    let read_only = OpenMode { read_only: true, ..OpenMode::default() };
    let config = MmapVectorConfig { open: read_only, ..quiet(64, EUCLIDEAN) };
    let reader = MmapVectorStore::new(&path, config).unwrap();
    writer.insert("new", &[7.0; 64]).unwrap();
    assert_eq!((writer.len(), reader.len()), (11, 10), "a reader stays at its snapshot");
    assert!(matches!(reader.insert("x", &[1.0; 64]).unwrap_err(), SynaError::ReadOnly { .. }));
    assert!(matches!(reader.delete("key1").unwrap_err(), SynaError::ReadOnly { .. }));
    assert!(matches!(reader.build_index().unwrap_err(), SynaError::ReadOnly { .. }));
    assert!(matches!(reader.checkpoint().unwrap_err(), SynaError::ReadOnly { .. }));
    reader.close().unwrap();
    writer.close().unwrap();
    MmapVectorStore::new(&path, quiet(64, EUCLIDEAN)).unwrap().close().unwrap();
}

#[test]
fn a_foreign_file_at_the_index_path_is_never_overwritten() {
    let folder = TempFolder::new("index-name");
    let path = folder.file("store");
    make_store(&path);
    let index = folder.file("store.hnsw");
    fs::write(&index, b"another tool's notes").unwrap();
    let error = open_error(&path, quiet(64, EUCLIDEAN));
    assert!(matches!(error, SynaError::Corrupt { .. }) && error.to_string().contains("hnsw"), "{error}");
    assert_eq!(fs::read(&index).unwrap(), b"another tool's notes");
}
