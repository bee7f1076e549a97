//! Reading rows by key, by number and by conditions; distances; settings that change while a store is open.

mod support;

use std::time::Duration;
use support::{Random, TempFolder, quiet, seed};
use syna_mmap::{
    BatchKeys, DistanceMetric, Filter, KeyKind, MmapVectorConfig, MmapVectorStore, OpenMode, RowData,
    SearchOptions, SearchResults, SynaError, WriteMode,
};

const DIMENSIONS: u16 = 70;

fn config(metric: DistanceMetric) -> MmapVectorConfig {
    quiet(DIMENSIONS, metric)
}

fn store() -> MmapVectorStore {
    MmapVectorStore::in_memory(config(DistanceMetric::Euclidean)).unwrap()
}

/// Rows `0..count`: key `"a"` or `"b"` and the number, tags = number, payload = the number's digits.
fn fill(store: &MmapVectorStore, random: &mut Random, count: usize) -> Vec<Vec<f32>> {
    let vectors: Vec<Vec<f32>> = (0..count).map(|_| random.vector(usize::from(DIMENSIONS))).collect();
    for (number, vector) in vectors.iter().enumerate() {
        let payload = number.to_string();
        let data = RowData { tags: number as u64, payload: payload.as_bytes() };
        assert!(store.put(key(number), vector, &data, WriteMode::Insert).unwrap());
    }
    vectors
}

fn key(number: usize) -> String {
    format!("{}{number}", if number.is_multiple_of(3) { 'a' } else { 'b' })
}

#[test]
fn put_writes_tags_and_payload_of_one_row() {
    let store = store();
    let vectors = fill(&store, &mut Random::new(seed(1)), 3);
    let put = |key: &str, data, mode| store.put(key, &vectors[0], &data, mode);
    let data = RowData { tags: 7, payload: b"new" };
    assert!(!put("a0", data, WriteMode::Insert).unwrap(), "the key exists");
    assert_eq!((store.tags("a0"), store.payload("a0")), (Some(0), Some(&b"0"[..])));
    assert!(put("a0", data, WriteMode::Upsert).unwrap());
    assert_eq!((store.tags("a0"), store.payload("a0")), (Some(7), Some(&b"new"[..])));
    assert!(put("a0", RowData::default(), WriteMode::Upsert).unwrap());
    assert_eq!((store.tags("a0"), store.payload("a0")), (Some(0), Some(&b""[..])));
    let long = vec![0; (1 << 20) + 1];
    let refused = put("c", RowData { tags: 0, payload: &long }, WriteMode::Insert);
    assert!(matches!(refused, Err(SynaError::Limit { .. })) && !store.contains("c"));
}

#[test]
fn views_and_entries_stay_valid_while_the_store_is_open() {
    let store = store();
    let vectors = fill(&store, &mut Random::new(seed(2)), 100);
    let view = store.get_view("b5").unwrap().unwrap();
    assert_eq!((view.row, view.key.as_str(), view.tags, view.payload), (5, Some("b5"), 5, &b"5"[..]));
    assert_eq!(view.vector, Some(vectors[5].as_slice()));
    assert_eq!(store.row_of("b5"), Some(5));
    assert_eq!(store.entry(5).unwrap(), Some(view));
    assert_eq!(
        (store.row_of("x"), store.get_view("x").unwrap(), store.entry(100).unwrap()),
        (None, None, None)
    );
    store.upsert("b5", &vectors[6]).unwrap();
    assert_eq!((store.row_of("b5"), store.entry(5).unwrap()), (Some(100), None));
    let (old, is_live) = store.entry_even_deleted(5).unwrap().unwrap();
    assert_eq!((old, is_live), (view, false));
    assert!(store.entry_even_deleted(6).unwrap().unwrap().1);
    assert!(store.entry_even_deleted(101).unwrap().is_none() && store.entry(u32::MAX).unwrap().is_none());
    store.compact(&mut |_, _| std::ops::ControlFlow::Continue(())).unwrap();
    assert_eq!((view.vector, view.payload), (Some(vectors[5].as_slice()), &b"5"[..]), "the old file is kept");
    assert!(store.stats().unwrap().replaced_bytes > 0);
    assert_eq!(store.row_of("b7"), Some(6), "rows are renumbered");
    assert!(matches!(store.get_view([0xFF]), Err(SynaError::InvalidKey { .. })));
}

#[test]
fn a_batch_of_keys_is_read_with_a_flag_for_each() {
    let store = store();
    let vectors = fill(&store, &mut Random::new(seed(3)), 50);
    let width = usize::from(DIMENSIONS);
    let keys: Vec<String> = (0..80).rev().map(key).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let (mut read, mut found) = (vec![9.0; 80 * width], vec![true; 80]);
    assert_eq!(store.get_batch(BatchKeys::Slices(&keys), &mut read, &mut found).unwrap(), 50);
    for (position, number) in (0..80).rev().enumerate() {
        let vector = &read[position * width..(position + 1) * width];
        assert_eq!(found[position], number < 50);
        assert!(if number < 50 { vector == vectors[number] } else { vector.iter().all(|&x| x == 9.0) });
    }
    let invalid: [&[u8]; 2] = [b"b1", &[0xFF]];
    let mut few = vec![9.0; 2 * width];
    let refused = store.get_batch(BatchKeys::Bytes(&invalid), &mut few, &mut [true; 2]);
    assert!(matches!(refused, Err(SynaError::InvalidKey { position: 1, .. })));
    assert!(few.iter().all(|&x| x == 9.0), "nothing is changed");
    for (floats, flags) in [(width, 2), (2 * width, 1), (2 * width + 1, 2)] {
        let (mut floats, mut flags) = (vec![0.0; floats], vec![false; flags]);
        let refused = store.get_batch(BatchKeys::Slices(&["b1", "b2"]), &mut floats, &mut flags);
        assert!(matches!(refused, Err(SynaError::InvalidArgument { .. })));
    }
    assert_eq!(store.get_batch(BatchKeys::default(), &mut [], &mut []).unwrap(), 0);
}

#[test]
fn rows_are_counted_and_listed_by_conditions_in_parts() {
    let store = store();
    fill(&store, &mut Random::new(seed(4)), 300);
    for number in (0..300).step_by(7) {
        assert!(store.delete(key(number)).unwrap());
    }
    let all = Filter::default();
    let prefix = Filter { key_prefix: b"a", ..all };
    let tags = Filter { tags_all: 3, tags_none: 8, ..all };
    let odd_payload = |entry: &syna_mmap::Entry<'_>| entry.payload.last().is_some_and(|digit| digit % 2 == 1);
    let callback = Filter { callback: Some(&odd_payload), ..all };
    let is_met: [(Filter<'_>, &dyn Fn(u32) -> bool); 4] = [
        (all, &|_| true),
        (prefix, &|row| row.is_multiple_of(3)),
        (tags, &|row| row & 11 == 3),
        (callback, &|row| row % 2 == 1),
    ];
    for (filter, is_met) in is_met {
        let expected: Vec<u32> = (0..300).filter(|row| row % 7 != 0 && is_met(*row)).collect();
        assert_eq!(store.count_where(&filter).unwrap(), expected.len());
        assert_eq!(store.rows_where(&filter).unwrap(), expected);
        let (mut listed, mut first) = (Vec::new(), 0);
        loop {
            let part = store.rows_where_from(&filter, first, 10).unwrap();
            listed.extend_from_slice(&part);
            if part.len() < 10 {
                break;
            }
            first = part[9] + 1;
        }
        assert_eq!(listed, expected);
        assert!(store.rows_where_from(&filter, 0, 0).unwrap().is_empty());
        assert!(store.rows_where_from(&filter, 300, 5).unwrap().is_empty());
        assert!(store.rows_where_from(&filter, u32::MAX, 5).unwrap().is_empty());
    }
}

#[test]
fn a_distance_has_the_bits_of_a_search() {
    for metric in [DistanceMetric::Cosine, DistanceMetric::Euclidean, DistanceMetric::DotProduct] {
        let store = MmapVectorStore::in_memory(config(metric)).unwrap();
        let mut random = Random::new(seed(5));
        let vectors = fill(&store, &mut random, 200);
        let query = random.vector(usize::from(DIMENSIONS));
        let mut results = SearchResults::default();
        store.search_with(&query, 200, &SearchOptions::default(), &mut results).unwrap();
        assert_eq!(results.hits().len(), 200);
        for hit in results.hits() {
            let distance = store.distance(&query, &vectors[hit.row as usize]).unwrap();
            assert_eq!(distance.to_bits(), hit.distance.to_bits());
        }
        assert!(matches!(store.distance(&query, &query[1..]), Err(SynaError::DimensionMismatch { .. })));
        let mut bad = query.clone();
        bad[3] = f32::NAN;
        let position = |found| match found {
            Err(SynaError::InvalidVector { position, component: 3, .. }) => position,
            other => panic!("{other:?}"),
        };
        assert_eq!(position(store.distance(&bad, &query)), 0);
        assert_eq!(position(store.distance(&query, &bad)), 1);
    }
}

#[test]
fn path_and_configuration_are_those_in_effect() {
    let folder = TempFolder::new("config");
    let path = folder.file("store");
    let made = MmapVectorConfig { key_kind: KeyKind::Bytes, seed: 9, ..config(DistanceMetric::DotProduct) };
    MmapVectorStore::new(&path, made.clone()).unwrap().close().unwrap();
    let open = OpenMode { must_exist: true, ..OpenMode::default() };
    let opened = MmapVectorConfig {
        dimensions: 0,
        metric_from_file: true,
        key_kind_from_file: true,
        checkpoint_interval_secs: 50,
        open,
        ..config(DistanceMetric::Cosine)
    };
    let store = MmapVectorStore::new(&path, opened.clone()).unwrap();
    let expected = MmapVectorConfig {
        dimensions: DIMENSIONS,
        metric: DistanceMetric::DotProduct,
        metric_from_file: false,
        key_kind: KeyKind::Bytes,
        key_kind_from_file: false,
        ..opened
    };
    assert_eq!((store.path(), store.config()), (Some(&*path), expected.clone()));
    store.set_ef_search(333).unwrap();
    store.set_checkpoint_interval_secs(7).unwrap();
    let mut changed = MmapVectorConfig { checkpoint_interval_secs: 7, ..expected };
    changed.hnsw_config.ef_search = 333;
    assert_eq!(store.config(), changed);
    assert_eq!(store.stats().unwrap().default_ef, 333);
    for ef in [0, 65_537] {
        assert!(matches!(store.set_ef_search(ef), Err(SynaError::InvalidArgument { .. })));
    }
    assert_eq!(store.config(), changed, "a refused value changes nothing");
    store.close().unwrap();
    let memory = MmapVectorStore::in_memory(made).unwrap();
    memory.set_checkpoint_interval_secs(7).unwrap();
    assert_eq!((memory.path(), memory.config().checkpoint_interval_secs), (None, 0));
    let open = OpenMode { read_only: true, ..OpenMode::default() };
    let reader = MmapVectorStore::new(&path, MmapVectorConfig { open, ..changed.clone() }).unwrap();
    assert!(matches!(reader.set_checkpoint_interval_secs(1), Err(SynaError::ReadOnly { .. })));
    reader.set_ef_search(5).unwrap();
    assert_eq!(reader.config().hnsw_config.ef_search, 5);
    assert_eq!(reader.stats().unwrap().since_checkpoint, None);
}

#[test]
fn a_checkpoint_interval_that_is_set_later_takes_effect() {
    let folder = TempFolder::in_memory("interval");
    let store = MmapVectorStore::new(folder.file("store"), config(DistanceMetric::Euclidean)).unwrap();
    let vector = Random::new(seed(6)).vector(usize::from(DIMENSIONS));
    let generation = || store.stats().unwrap().generation;
    store.insert("a", &vector).unwrap();
    let before = generation();
    assert_eq!(store.stats().unwrap().since_checkpoint, None);
    std::thread::sleep(Duration::from_millis(1100));
    store.insert("b", &vector).unwrap();
    assert_eq!(generation(), before, "without an interval there are no automatic checkpoints");
    store.set_checkpoint_interval_secs(1).unwrap();
    store.insert("c", &vector).unwrap();
    assert_eq!((generation(), store.is_dirty()), (before + 1, false));
    assert!(store.stats().unwrap().since_checkpoint.unwrap() < Duration::from_secs(60));
    store.set_checkpoint_interval_secs(0).unwrap();
    store.insert("d", &vector).unwrap();
    assert!(store.is_dirty());
}
