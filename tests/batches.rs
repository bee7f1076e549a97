//! Batches of rows and deletions, deletions by a filter, updates of tags and payloads: each is one write.

mod support;

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use support::{TempFolder, quiet};
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, Filter, MmapVectorConfig, MmapVectorStore,
    OpenMode, SynaError, UpdateBatch, WriteBatch, WriteMode, Written,
};

fn store(folder: &TempFolder) -> MmapVectorStore {
    MmapVectorStore::new(folder.file("store"), quiet(64, DistanceMetric::Euclidean)).unwrap()
}

fn vector(number: u8) -> [f32; 64] {
    [f32::from(number); 64]
}

/// A batch of rows whose vectors are numbered, and of deletions.
fn write(store: &MmapVectorStore, rows: &[(&str, u8)], deletions: &[&str], mode: WriteMode) -> Written {
    let keys: Vec<&str> = rows.iter().map(|row| row.0).collect();
    let vectors: Vec<f32> = rows.iter().flat_map(|row| vector(row.1)).collect();
    let before = store.stats().unwrap().last_seq;
    let written = store
        .write(&WriteBatch {
            keys: BatchKeys::Slices(&keys),
            vectors: BatchVectors::RowMajor(&vectors),
            mode,
            deletions: BatchKeys::Slices(deletions),
            ..WriteBatch::default()
        })
        .unwrap();
    let writes = u64::from(written != Written::default());
    assert_eq!(store.stats().unwrap().last_seq, before + writes, "a batch is one write, or none");
    written
}

fn contents(store: &MmapVectorStore) -> Vec<(String, f32)> {
    let keys = store.keys().unwrap();
    keys.into_iter().map(|key| (key.clone(), store.get_slice(&key).unwrap()[0])).collect()
}

fn expect(store: &MmapVectorStore, expected: &[(&str, u8)]) {
    let expected: Vec<_> = expected.iter().map(|&(key, n)| (key.to_owned(), f32::from(n))).collect();
    assert_eq!(contents(store), expected);
}

#[test]
fn a_batch_deletes_first_and_writes_then() {
    let folder = TempFolder::new("batches");
    let mixed = store(&folder);
    let all = [("a", 1), ("b", 2), ("c", 3), ("d", 4)];
    assert_eq!(write(&mixed, &all, &["a"], WriteMode::Insert), Written { rows: 4, deleted: 0 });
    // A deleted key that is inserted again is new; others are left as they are.
    let rows = [("a", 11), ("b", 12), ("e", 13), ("e", 14)];
    let written = write(&mixed, &rows, &["a", "d", "a", "nothing"], WriteMode::Insert);
    assert_eq!(written, Written { rows: 2, deleted: 2 });
    expect(&mixed, &[("b", 2), ("c", 3), ("a", 11), ("e", 13)]);
    let rows = [("b", 21), ("f", 22), ("b", 23), ("c", 24)];
    let written = write(&mixed, &rows, &["b", "e"], WriteMode::Upsert);
    assert_eq!(written, Written { rows: 3, deleted: 2 });
    let expected = [("a", 11), ("b", 23), ("f", 22), ("c", 24)];
    expect(&mixed, &expected);
    assert_eq!(write(&mixed, &[("a", 5)], &["e"], WriteMode::Insert), Written::default());
    assert_eq!(mixed.delete_batch(&["f", "f", "zz"]).unwrap(), 1);
    assert_eq!(mixed.delete_batch(&[]).unwrap(), 0);
    mixed.close().unwrap();
    let mixed = store(&folder);
    expect(&mixed, &[("a", 11), ("b", 23), ("c", 24)]);
    assert!(mixed.verify(&mut |_, _| ControlFlow::Continue(())).unwrap().findings.is_empty());
}

#[test]
fn a_refused_batch_deletes_nothing() {
    let folder = TempFolder::new("refused");
    let store = store(&folder);
    write(&store, &[("a", 1), ("b", 2)], &[], WriteMode::Insert);
    let mut wrong = vector(3);
    wrong[7] = f32::NAN;
    let long = "k".repeat(65_536);
    let batches: [(&[&str], &[f32], &[&str]); 3] =
        [(&["c"], &wrong, &["a"]), (&["c"], &wrong[..9], &["a"]), (&[], &[], &["a", &long])];
    for (keys, vectors, deletions) in batches {
        let (keys, vectors) = (BatchKeys::Slices(keys), BatchVectors::RowMajor(vectors));
        let deletions = BatchKeys::Slices(deletions);
        let refused = store.write(&WriteBatch { keys, vectors, deletions, ..WriteBatch::default() });
        assert!(matches!(
            refused.unwrap_err(),
            SynaError::InvalidVector { .. }
                | SynaError::DimensionMismatch { .. }
                | SynaError::InvalidKey { .. }
        ));
        expect(&store, &[("a", 1), ("b", 2)]);
    }
    let reader = MmapVectorConfig {
        open: OpenMode { read_only: true, ..OpenMode::default() },
        ..quiet(64, DistanceMetric::Euclidean)
    };
    let reader = MmapVectorStore::new(folder.file("store"), reader).unwrap();
    assert!(matches!(reader.delete_batch(&["a"]).unwrap_err(), SynaError::ReadOnly { .. }));
    assert!(matches!(reader.delete_where(&Filter::default()).unwrap_err(), SynaError::ReadOnly { .. }));
    assert!(matches!(reader.set_tags("a", 1).unwrap_err(), SynaError::ReadOnly { .. }));
}

#[test]
fn rows_that_meet_conditions_are_deleted_in_one_write() {
    let folder = TempFolder::new("where");
    let store = store(&folder);
    let keys: Vec<String> = (0..300).map(|i| format!("{}:{i}", ["red", "blue"][i % 2])).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let vectors: Vec<f32> = (0..300).flat_map(|i| vector(u8::try_from(i % 250).unwrap())).collect();
    let tags: Vec<u64> = (0..300).map(|i| 1 << (i % 10)).collect();
    let batch = WriteBatch {
        keys: BatchKeys::Slices(&keys),
        vectors: BatchVectors::RowMajor(&vectors),
        tags: Some(&tags),
        ..WriteBatch::default()
    };
    store.write(&batch).unwrap();
    let before = store.stats().unwrap().last_seq;
    assert_eq!(store.delete_where(&Filter { tags_any: 1, ..Filter::default() }).unwrap(), 30);
    let blue = Filter { key_prefix: b"blue:1", ..Filter::default() };
    assert_eq!(store.delete_where(&blue).unwrap(), 56);
    assert_eq!(store.delete_where(&blue).unwrap(), 0);
    let odd = |entry: &syna_mmap::Entry<'_>| entry.row % 4 == 3;
    let filter = Filter { callback: Some(&odd), tags_none: 8, ..Filter::default() };
    let deleted = store.delete_where(&filter).unwrap();
    let left = (0..300).filter(|i| {
        let (is_first, is_blue) = (i % 10 == 0, i % 2 == 1 && (i / 10 == 1 || i / 100 == 1 || *i == 1));
        !is_first && !is_blue && (i % 4 != 3 || i % 10 == 3)
    });
    let left: Vec<&str> = left.map(|i| keys[i]).collect();
    assert_eq!(
        (store.keys().unwrap(), deleted),
        (left.iter().map(|&key| key.to_owned()).collect(), 300 - 86 - left.len())
    );
    assert_eq!(store.stats().unwrap().last_seq, before + 3);
    assert_eq!(store.delete_where(&Filter::default()).unwrap(), left.len());
    assert!(store.is_empty());
    let invalid = Filter { key_prefix: b"\xff", ..Filter::default() };
    assert!(matches!(store.delete_where(&invalid).unwrap_err(), SynaError::InvalidKey { .. }));
}

#[test]
fn tags_and_payloads_are_updated_without_the_vectors() {
    let folder = TempFolder::new("updates");
    let updated = store(&folder);
    write(&updated, &[("a", 1), ("b", 2), ("c", 3)], &[], WriteMode::Insert);
    let rows: Vec<u32> = updated.iterate(0).map(|entry| entry.unwrap().row).collect();
    assert!(updated.set_tags("b", 7).unwrap() && !updated.set_tags("nothing", 1).unwrap());
    assert!(updated.set_payload("a", b"one").unwrap());
    let borrowed = updated.payload("a").unwrap();
    let batch = UpdateBatch {
        keys: BatchKeys::Slices(&["a", "c", "nothing", "a"]),
        tags: Some(&[1, 2, 3, 4]),
        payloads: BatchPayloads::Slices(&[b"x", b"", b"y", b"two"]),
        ..UpdateBatch::default()
    };
    assert_eq!(updated.update(&batch).unwrap(), 2);
    assert_eq!(borrowed, b"one", "what was borrowed stays valid");
    let check = |store: &MmapVectorStore| {
        let row = |key| (store.tags(key).unwrap(), store.payload(key).unwrap().to_vec());
        assert_eq!([row("a"), row("b"), row("c")], [(4, b"two".to_vec()), (7, vec![]), (2, vec![])]);
        expect(store, &[("a", 1), ("b", 2), ("c", 3)]);
        let filter = Filter { tags_all: 4, ..Filter::default() };
        assert_eq!(store.iterate(0).filter(|entry| entry.as_ref().unwrap().tags & 4 != 0).count(), 2);
        assert_eq!(store.search_filtered(&vector(2), 3, &filter), ["b", "a"]);
    };
    check(&updated);
    assert_eq!(updated.iterate(0).map(|entry| entry.unwrap().row).collect::<Vec<_>>(), rows);
    let nothing = UpdateBatch { keys: BatchKeys::Slices(&["a"]), ..UpdateBatch::default() };
    assert!(matches!(updated.update(&nothing).unwrap_err(), SynaError::InvalidArgument { .. }));
    let long = vec![0; (1 << 20) + 1];
    assert!(matches!(updated.set_payload("a", &long).unwrap_err(), SynaError::Limit { .. }));
    updated.close().unwrap();
    check(&store(&folder));
    // A copy has the updated values in the frames of its rows.
    let reopened = store(&folder);
    reopened.snapshot_to(folder.file("copy"), &mut |_, _| ControlFlow::Continue(())).unwrap();
    reopened.set_payload("b", b"later").unwrap();
    check(&MmapVectorStore::new(folder.file("copy"), quiet(64, DistanceMetric::Euclidean)).unwrap());
    reopened.set_payload("b", b"").unwrap();
    reopened.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
    check(&reopened);
}

trait SearchFiltered {
    fn search_filtered(&self, query: &[f32], k: usize, filter: &Filter<'_>) -> Vec<String>;
}

impl SearchFiltered for MmapVectorStore {
    fn search_filtered(&self, query: &[f32], k: usize, filter: &Filter<'_>) -> Vec<String> {
        let options = syna_mmap::SearchOptions { filter: *filter, ..Default::default() };
        let mut results = syna_mmap::SearchResults::default();
        self.search_with(query, k, &options, &mut results).unwrap();
        (0..results.hits().len()).map(|hit| results.key(hit).unwrap().to_owned()).collect()
    }
}

#[test]
fn a_reader_sees_updates_after_a_refresh() {
    let folder = TempFolder::new("update-reader");
    let writer = store(&folder);
    write(&writer, &[("a", 1), ("b", 2)], &[], WriteMode::Insert);
    let config = MmapVectorConfig {
        open: OpenMode { read_only: true, ..OpenMode::default() },
        ..quiet(64, DistanceMetric::Euclidean)
    };
    let reader = MmapVectorStore::new(folder.file("store"), config).unwrap();
    writer.set_tags("a", 3).unwrap();
    writer.set_payload("b", b"new").unwrap();
    assert_eq!((reader.tags("a"), reader.payload("b")), (Some(0), Some(&b""[..])));
    assert!(reader.refresh().unwrap());
    assert_eq!((reader.tags("a"), reader.payload("b")), (Some(3), Some(&b"new"[..])));
}

#[derive(Debug, Clone)]
enum Step {
    Write { rows: Vec<(u8, u8)>, deletions: Vec<u8>, upsert: bool },
    DeleteWhere(u8),
    Tag(Vec<u8>, u64),
    Compact,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0..12_u8;
    let write = (
        prop::collection::vec((key.clone(), any::<u8>()), 0..8),
        prop::collection::vec(key.clone(), 0..5),
        any::<bool>(),
    );
    let step = prop_oneof![
        6 => write.prop_map(|(rows, deletions, upsert)| Step::Write { rows, deletions, upsert }),
        1 => (0..4_u8).prop_map(Step::DeleteWhere),
        2 => (prop::collection::vec(key, 1..5), 0..16_u64).prop_map(|(keys, tags)| Step::Tag(keys, tags)),
        1 => Just(Step::Compact),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// The store agrees with a map.
    #[test]
    fn batches_agree_with_a_map(steps in steps()) {
        let folder = TempFolder::in_memory("batch-model");
        let mut real = store(&folder);
        let mut model: BTreeMap<String, (u8, u64)> = BTreeMap::new();
        let name = |key: u8| format!("{}-{key}", key % 4);
        for step in steps {
            match step {
                Step::Write { rows, deletions, upsert } => {
                    let rows: Vec<(String, u8)> = rows.into_iter().map(|(key, n)| (name(key), n)).collect();
                    let deletions: Vec<String> = deletions.into_iter().map(name).collect();
                    let given: Vec<(&str, u8)> = rows.iter().map(|(key, n)| (key.as_str(), *n)).collect();
                    let deleted: Vec<&str> = deletions.iter().map(String::as_str).collect();
                    let mode = if upsert { WriteMode::Upsert } else { WriteMode::Insert };
                    let before = model.len();
                    model.retain(|key, _| !deletions.contains(key));
                    let gone = before - model.len();
                    let mut new = BTreeMap::new();
                    for (key, n) in rows.iter().filter(|row| upsert || !model.contains_key(&row.0)) {
                        if upsert || !new.contains_key(key) {
                            new.insert(key.clone(), (*n, 0));
                        }
                    }
                    let expected = Written { rows: new.len(), deleted: gone };
                    model.extend(new);
                    prop_assert_eq!(write(&real, &given, &deleted, mode), expected);
                }
                Step::DeleteWhere(group) => {
                    let prefix = format!("{group}-");
                    let before = model.len();
                    model.retain(|key, _| !key.starts_with(&prefix));
                    let filter = Filter { key_prefix: prefix.as_bytes(), ..Filter::default() };
                    prop_assert_eq!(real.delete_where(&filter).unwrap(), before - model.len());
                }
                Step::Tag(keys, tags) => {
                    for key in keys {
                        let there = model.get_mut(&name(key)).map(|row| row.1 = tags).is_some();
                        prop_assert_eq!(real.set_tags(name(key), tags).unwrap(), there);
                    }
                }
                Step::Compact => real.compact(&mut |_, _| ControlFlow::Continue(())).unwrap(),
                Step::Reopen => {
                    real.close().unwrap();
                    real = store(&folder);
                }
            }
            prop_assert_eq!(real.len(), model.len());
            for (key, (n, tags)) in &model {
                prop_assert_eq!(real.get_slice(key).map(|vector| vector[0]), Some(f32::from(*n)));
                prop_assert_eq!(real.tags(key), Some(*tags));
            }
        }
    }
}
