//! `verify` finds damage in a store, and `salvage` recovers the rest.

mod support;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use support::{Random, TempFolder, quiet, seed};
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, MmapVectorConfig, MmapVectorStore, OpenMode,
    Problem, SynaError, VerifyReport, WriteBatch, WriteMode,
};

const EUCLIDEAN: DistanceMetric = DistanceMetric::Euclidean;

fn verify(store: &MmapVectorStore) -> VerifyReport {
    store.verify(&mut |_, _| ControlFlow::Continue(())).unwrap()
}

fn read_only(damaged: bool) -> MmapVectorConfig {
    let open = OpenMode { read_only: true, damaged, ..OpenMode::default() };
    MmapVectorConfig { open, ..quiet(64, EUCLIDEAN) }
}

/// Writes six batches of ten rows with tags and payloads, and one deletion; checkpointed and closed.
fn make_store(path: &Path) -> Vec<Vec<f32>> {
    let mut random = Random::new(seed(11));
    let vectors: Vec<Vec<f32>> = (0..60).map(|_| random.vector(64)).collect();
    let store = MmapVectorStore::new(path, quiet(64, EUCLIDEAN)).unwrap();
    for batch in 0..6 {
        let keys: Vec<String> = (batch * 10..batch * 10 + 10).map(|row| format!("key{row}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let rows = vectors[batch * 10..batch * 10 + 10].concat();
        let written = store.write(&WriteBatch {
            keys: BatchKeys::Slices(&keys),
            vectors: BatchVectors::RowMajor(&rows),
            tags: Some(&[batch as u64 + 1; 10]),
            payloads: BatchPayloads::Slices(&[b"payload".as_slice(); 10]),
            mode: WriteMode::Insert,
            ..WriteBatch::default()
        });
        assert_eq!(written.unwrap().rows, 10);
    }
    assert!(store.delete("key3").unwrap());
    store.close().unwrap();
    vectors
}

/// The offset of `bytes` in the file.
fn find(path: &Path, bytes: &[u8]) -> usize {
    fs::read(path).unwrap().windows(bytes.len()).position(|window| window == bytes).expect("they are there")
}

fn flip(path: &Path, offset: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[offset] ^= 4;
    fs::write(path, bytes).unwrap();
}

fn vector_offset(path: &Path, vector: &[f32]) -> usize {
    let bytes: Vec<u8> = vector.iter().flat_map(|component| component.to_le_bytes()).collect();
    find(path, &bytes)
}

#[test]
fn an_intact_store_has_no_findings_with_and_without_an_index() {
    let folder = TempFolder::new("whole");
    let mut random = Random::new(seed(2));
    let store = MmapVectorStore::new(folder.file("store"), quiet(64, EUCLIDEAN)).unwrap();
    for i in 0..4000 {
        store.insert(format!("key{i}"), &random.vector(64)).unwrap();
    }
    let report = verify(&store);
    assert_eq!((report.rows, report.searched, report.findings.len()), (4000, 0, 0));
    store.build_index().unwrap();
    store.insert("unindexed", &random.vector(64)).unwrap();
    let report = verify(&store);
    assert_eq!((report.rows, report.searched, report.findings.len()), (4001, 4000, 0));
    assert!(report.links > 4000);
    let stopped = store.verify(&mut |_, _| ControlFlow::Break(()));
    assert!(matches!(stopped.unwrap_err(), SynaError::Cancelled));
}

#[test]
fn a_damaged_vector_is_reported_refused_by_open_and_skipped_by_salvage() {
    let folder = TempFolder::new("vector");
    let (path, saved) = (folder.file("store"), folder.file("saved"));
    let vectors = make_store(&path);
    flip(&path, vector_offset(&path, &vectors[25]) + 7);
    let store = MmapVectorStore::new(&path, read_only(false)).unwrap();
    let findings = verify(&store).findings;
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].row, &findings[0].key[..]), (Some(25), &b"key25"[..]));
    assert_eq!(findings[0].problem, Problem::DamagedVector);
    let checked = OpenMode { verify: true, ..read_only(false).open };
    let error =
        MmapVectorStore::new(&path, MmapVectorConfig { open: checked, ..read_only(false) }).unwrap_err();
    assert!(matches!(error, SynaError::Corrupt { .. }) && error.to_string().contains("row 25"), "{error}");
    let before = fs::read(&path).unwrap();
    let report = MmapVectorStore::salvage(&path, &saved).unwrap();
    assert_eq!((report.rows, report.lost), (58, 1));
    assert_eq!(fs::read(&path).unwrap(), before);
    let store = MmapVectorStore::new(&saved, quiet(64, EUCLIDEAN)).unwrap();
    assert_eq!(store.len(), 58);
    for (row, vector) in vectors.iter().enumerate().filter(|(row, _)| ![3, 25].contains(row)) {
        let key = format!("key{row}");
        assert_eq!(store.get_slice(&key), Some(&vector[..]));
        assert_eq!(
            (store.tags(&key), store.payload(&key)),
            (Some(row as u64 / 10 + 1), Some(&b"payload"[..]))
        );
    }
    assert!(MmapVectorStore::salvage(&path, &saved).is_err(), "an existing file is not overwritten");
}

#[test]
fn damaged_links_are_reported_and_ignored_until_the_index_is_rebuilt() {
    let folder = TempFolder::new("links");
    let path = folder.file("store");
    let mut random = Random::new(4);
    let vectors: Vec<Vec<f32>> = (0..3_000).map(|_| random.vector(64)).collect();
    let keys: Vec<String> = (0..vectors.len()).map(|row| row.to_string()).collect();
    let config = MmapVectorConfig {
        dimensions: 64,
        metric: DistanceMetric::Euclidean,
        index_threshold: 0,
        ..MmapVectorConfig::default()
    };
    let store = MmapVectorStore::new(&path, config.clone()).unwrap();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    store.insert_batch(&keys, &vectors.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    store.build_index().unwrap();
    store.close().unwrap();
    let index = folder.file("store.hnsw");
    // After the records of the sample, which an open reads.
    flip(&index, fs::read(&index).unwrap().len() / 2);
    let store = MmapVectorStore::new(&path, config.clone()).unwrap();
    assert!(store.has_index(), "an open does not read the whole index");
    let report = verify(&store);
    let [found] = &report.findings[..] else { panic!("{report:?}") };
    assert_eq!(
        (found.problem, &found.key),
        (Problem::DamagedLinks, &found.row.unwrap().to_string().into_bytes())
    );
    assert_eq!(verify(&store), report, "the report is unchanged");
    assert!(!store.has_index());
    for (key, vector) in keys.iter().zip(&vectors).step_by(97) {
        assert_eq!(store.search(vector, 1).unwrap()[0].key, **key);
    }
    // A store that has detected the damage saves no index in its place, and keeps later writes.
    store.insert("one more", &vectors[0]).unwrap();
    store.checkpoint().unwrap();
    store.build_index().unwrap();
    assert!(store.has_index() && verify(&store).findings.is_empty());
    store.close().unwrap();
    let store = MmapVectorStore::new(&path, config).unwrap();
    assert!(store.has_index() && verify(&store).findings.is_empty());
    assert_eq!(store.len(), 3_001);
}

#[test]
fn a_damaged_checkpointed_frame_is_an_error_and_salvage_recovers_the_rest() {
    let folder = TempFolder::new("frame");
    let (path, saved) = (folder.file("store"), folder.file("saved"));
    let vectors = make_store(&path);
    flip(&path, find(&path, b"key20key21"));
    let error = MmapVectorStore::new(&path, quiet(64, EUCLIDEAN)).unwrap_err();
    assert!(
        matches!(error, SynaError::Corrupt { .. }) && error.to_string().contains("rows 20..60"),
        "{error}"
    );
    let damaged = MmapVectorStore::new(&path, read_only(true)).unwrap();
    assert!(matches!(damaged.insert("x", &[0.0; 64]).unwrap_err(), SynaError::ReadOnly { .. }));
    assert_eq!(damaged.len(), 49);
    let report = MmapVectorStore::salvage(&path, &saved).unwrap();
    assert_eq!((report.rows, report.lost), (49, 10));
    let store = MmapVectorStore::new(&saved, quiet(64, EUCLIDEAN)).unwrap();
    for (row, vector) in vectors.iter().enumerate() {
        let is_lost = row == 3 || (20..30).contains(&row);
        assert_eq!(store.get_slice(format!("key{row}")), (!is_lost).then_some(&vector[..]));
    }
}
