//! Columns: values that are stored with rows.

mod support;

use std::ops::ControlFlow;
use support::{Random, TempFolder, quiet};
use syna_mmap::{
    BatchKeys, BatchVectors, Column, ColumnKind, ColumnValues, DistanceMetric, MmapVectorConfig,
    MmapVectorStore, OpenMode, Result, SynaError, UpdateBatch, Value, Values, WriteBatch, WriteMode,
};

const DIMENSIONS: u16 = 67;

fn column(name: &str, kind: ColumnKind) -> Column {
    Column::new(name, kind).unwrap()
}

fn columns() -> Vec<Column> {
    vec![column("time", ColumnKind::I64), column("tenant", ColumnKind::U64), column("price", ColumnKind::F64)]
}

fn config() -> MmapVectorConfig {
    MmapVectorConfig { columns: columns(), ..quiet(DIMENSIONS, DistanceMetric::Euclidean) }
}

/// Writes rows `keys` with values that depend on the key and `shift`.
fn write(store: &MmapVectorStore, keys: std::ops::Range<i64>, shift: i64, mode: WriteMode) -> Result<()> {
    let names: Vec<String> = keys.clone().map(|key| format!("key{key}")).collect();
    let vectors = Random::new(9).vector(names.len() * usize::from(DIMENSIONS));
    let times: Vec<i64> = keys.clone().map(|key| shift - key).collect();
    let prices: Vec<f64> = keys.map(|key| key as f64 / -4.0).collect();
    let batch = WriteBatch {
        keys: BatchKeys::Slices(&names.iter().map(String::as_str).collect::<Vec<_>>()),
        vectors: BatchVectors::RowMajor(&vectors),
        columns: &[
            ColumnValues { column: 2, values: Values::F64(&prices) },
            ColumnValues { column: 0, values: Values::I64(&times) },
        ],
        mode,
        ..WriteBatch::default()
    };
    store.write(&batch).map(|_| ())
}

fn update(store: &MmapVectorStore, keys: &[&str], columns: &[ColumnValues<'_>]) -> Result<usize> {
    store.update(&UpdateBatch { keys: BatchKeys::Slices(keys), columns, ..UpdateBatch::default() })
}

fn values(store: &MmapVectorStore, key: &str) -> Vec<Value> {
    store.get_view(key).unwrap().expect("the key exists").values.iter().collect()
}

fn expected(key: i64, shift: i64, tenant: u64) -> Vec<Value> {
    vec![Value::I64(shift - key), Value::U64(tenant), Value::F64(key as f64 / -4.0)]
}

#[test]
fn values_are_stored_updated_compacted_and_salvaged() {
    let folder = TempFolder::new("columns");
    let path = folder.file("store");
    let store = MmapVectorStore::new(&path, config()).unwrap();
    assert_eq!(store.columns(), columns());
    // Several extents.
    for first in [0, 300, 2000, 2001] {
        write(&store, first..first + 900, 1000, WriteMode::Insert).unwrap();
    }
    store.insert("single", &[1.0; DIMENSIONS as usize]).unwrap();
    write(&store, 10..12, 5, WriteMode::Upsert).unwrap();
    let tenants = [ColumnValues { column: 1, values: Values::U64(&[77, 78, 79]) }];
    assert_eq!(update(&store, &["key3", "nothing", "key11"], &tenants).unwrap(), 2);
    let check = |store: &MmapVectorStore| {
        assert_eq!(values(store, "key0"), expected(0, 1000, 0));
        assert_eq!(values(store, "key1199"), expected(1199, 1000, 0));
        assert_eq!(values(store, "key2900"), expected(2900, 1000, 0));
        assert_eq!(values(store, "key10"), expected(10, 5, 0), "replaced");
        assert_eq!(values(store, "key11"), expected(11, 5, 79), "replaced, then updated");
        assert_eq!(values(store, "key3"), expected(3, 1000, 77));
        assert_eq!(values(store, "single"), [Value::I64(0), Value::U64(0), Value::F64(0.0)]);
        let mut entries = 0;
        for entry in store.iterate(0) {
            let entry = entry.unwrap();
            assert_eq!(entry.values.iter().collect::<Vec<_>>(), values(store, entry.key.as_str().unwrap()));
            assert_eq!(entry.values.get(3), None);
            entries += 1;
        }
        assert_eq!(entries, store.len());
    };
    check(&store);
    store.close().unwrap();
    // The columns come from the file.
    let reader = OpenMode { read_only: true, verify: true, ..OpenMode::default() };
    let any = MmapVectorConfig { columns: Vec::new(), open: reader, ..config() };
    let reader = MmapVectorStore::new(&path, any).unwrap();
    assert_eq!(reader.columns(), columns());
    check(&reader);
    let store = MmapVectorStore::new(&path, config()).unwrap();
    let snapshot = folder.file("snapshot");
    store.snapshot_to(&snapshot, &mut |_, _| ControlFlow::Continue(())).unwrap();
    check(&MmapVectorStore::new(&snapshot, config()).unwrap());
    store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
    check(&store);
    assert!(store.verify(&mut |_, _| ControlFlow::Continue(())).unwrap().findings.is_empty());
    store.close().unwrap();
    let store = MmapVectorStore::new(&path, config()).unwrap();
    check(&store);
    drop(store);
    let to = folder.file("salvaged");
    MmapVectorStore::salvage(&path, &to).unwrap();
    let salvaged = MmapVectorStore::new(&to, config()).unwrap();
    assert_eq!(salvaged.columns(), columns());
    check(&salvaged);
}

#[test]
fn a_store_in_memory_has_columns() {
    let store = MmapVectorStore::in_memory(config()).unwrap();
    write(&store, 0..100, 7, WriteMode::Insert).unwrap();
    assert_eq!(values(&store, "key99"), expected(99, 7, 0));
}

#[test]
fn other_columns_are_refused() {
    let folder = TempFolder::new("other-columns");
    let path = folder.file("store");
    MmapVectorStore::new(&path, config()).unwrap().close().unwrap();
    let mut renamed = columns();
    renamed[1] = column("customer", ColumnKind::U64);
    for other in [renamed, columns()[..2].to_vec()] {
        let refused = MmapVectorStore::new(&path, MmapVectorConfig { columns: other, ..config() });
        let Err(SynaError::ColumnsMismatch { expected, actual }) = refused else { panic!("{refused:?}") };
        assert!(expected.contains("tenant u64") && expected != actual, "{expected}, {actual}");
    }
    let path = folder.file("without");
    MmapVectorStore::new(&path, quiet(DIMENSIONS, DistanceMetric::Euclidean)).unwrap();
    let refused = MmapVectorStore::new(&path, config());
    assert!(matches!(refused, Err(SynaError::ColumnsMismatch { .. })), "{refused:?}");
}

#[test]
fn invalid_values_are_refused_and_change_nothing() {
    let store = MmapVectorStore::in_memory(config()).unwrap();
    write(&store, 0..3, 7, WriteMode::Insert).unwrap();
    let keys = ["key0", "key1"];
    let prices = |prices| ColumnValues { column: 2, values: Values::F64(prices) };
    let times = |times| ColumnValues { column: 0, values: Values::I64(times) };
    for (columns, part) in [
        (&[prices(&[1.0, f64::NAN])][..], "contain NaN, at position 1"),
        (&[prices(&[1.0])], "1 values of a column"),
        (&[ColumnValues { column: 3, values: Values::I64(&[1, 2]) }], "no column 3"),
        (&[ColumnValues { column: 1, values: Values::I64(&[1, 2]) }], "(tenant) must be u64, not i64"),
        (&[times(&[1, 2]), prices(&[1.0, 2.0]), times(&[1, 2])], "given twice"),
    ] {
        let refused = [
            update(&store, &keys, columns).map(|_| ()),
            store
                .write(&WriteBatch {
                    keys: BatchKeys::Slices(&keys),
                    vectors: BatchVectors::RowMajor(&[0.5; 2 * DIMENSIONS as usize]),
                    columns,
                    mode: WriteMode::Upsert,
                    ..WriteBatch::default()
                })
                .map(|_| ()),
        ];
        for refused in refused {
            let error = refused.expect_err(part);
            assert!(matches!(error, SynaError::InvalidArgument { .. }), "{error:?}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }
    assert_eq!(values(&store, "key1"), expected(1, 7, 0));
    let nothing = update(&store, &keys, &[]);
    assert!(matches!(nothing, Err(SynaError::InvalidArgument { .. })), "{nothing:?}");
    // Infinity is a value.
    assert_eq!(update(&store, &keys, &[prices(&[f64::INFINITY, -0.0])]).unwrap(), 2);
    assert_eq!(values(&store, "key0")[2], Value::F64(f64::INFINITY));
}

#[test]
fn columns_have_different_names_and_are_at_most_16() {
    let open = |columns| MmapVectorStore::in_memory(MmapVectorConfig { columns, ..config() });
    let twice = vec![column("a", ColumnKind::I64), column("a", ColumnKind::F64)];
    assert!(matches!(open(twice), Err(SynaError::InvalidArgument { .. })));
    let named = |i| column(&format!("column {i}"), ColumnKind::F64);
    assert!(matches!(open((0..17).map(named).collect()), Err(SynaError::Limit { .. })));
    let store = open((0..16).map(named).collect()).unwrap();
    assert_eq!((store.columns().len(), store.columns()[15].name()), (16, "column 15"));
}

/// Changes a byte of the file.
fn damage(path: &std::path::Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x55;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn one_copy_of_the_list_of_columns_is_enough() {
    let folder = TempFolder::new("list-of-columns");
    let path = folder.file("store");
    let store = MmapVectorStore::new(&path, config()).unwrap();
    write(&store, 0..40, 7, WriteMode::Insert).unwrap();
    store.close().unwrap();
    // Kind and name of the second column, behind either slot.
    let lists = [256 + 36, 16_384 + 256 + 36 + 5];
    damage(&path, lists[0]);
    let store = MmapVectorStore::new(&path, config()).unwrap();
    assert_eq!(values(&store, "key9"), expected(9, 7, 0));
    store.close().unwrap();
    // Without superblocks, the list has no checksum, but it is still the list of these columns.
    let saved = folder.file("without superblocks");
    std::fs::copy(&path, &saved).unwrap();
    damage(&saved, 30);
    damage(&saved, 16_384 + 30);
    MmapVectorStore::salvage(&saved, folder.file("saved")).unwrap();
    let store = MmapVectorStore::new(folder.file("saved"), config()).unwrap();
    assert_eq!(values(&store, "key39"), expected(39, 7, 0));
    damage(&path, lists[1]);
    let refused = MmapVectorStore::new(&path, config());
    let Err(SynaError::Corrupt { what, .. }) = refused else { panic!("{refused:?}") };
    assert!(what.contains("list of columns") && what.contains("salvage"), "{what}");
    // The rows are saved with their values, under numbers for names.
    let to = folder.file("salvaged");
    MmapVectorStore::salvage(&path, &to).unwrap();
    let any = MmapVectorConfig { columns: Vec::new(), ..config() };
    let store = MmapVectorStore::new(&to, any).unwrap();
    let names: Vec<String> = store.columns().iter().map(|column| column.name().to_owned()).collect();
    assert_eq!(names, ["column0", "column1", "column2"]);
    let bits = |value| match value {
        Value::I64(value) => value as u64,
        Value::U64(value) => value,
        Value::F64(value) => value.to_bits(),
    };
    let saved: Vec<u64> = values(&store, "key9").into_iter().map(bits).collect();
    assert_eq!((store.len(), saved), (40, expected(9, 7, 0).into_iter().map(bits).collect()));
}
