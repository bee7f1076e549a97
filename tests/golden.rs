//! Files of released formats can always be opened (P10).

mod support;

use std::path::Path;
use support::{TempFolder, quiet};
use syna_mmap::{
    BatchKeys, BatchVectors, Column, ColumnKind, ColumnValues, DistanceMetric, ElementType, MmapVectorConfig,
    MmapVectorStore, OpenMode, UpdateBatch, Value, Values, WriteBatch,
};

/// Checks that a file of two vectors opens for reading and for writing.
fn check(name: &str, element: ElementType, first: &[f32], second: &[f32]) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let dimensions = u16::try_from(first.len()).unwrap();
    let config = MmapVectorConfig { element, ..quiet(dimensions, DistanceMetric::Euclidean) };
    let check = |store: &MmapVectorStore| {
        assert_eq!(store.keys().unwrap(), ["a", "bc"]);
        assert_eq!(store.get("a").unwrap().unwrap(), first);
        assert_eq!(store.get("bc").unwrap().unwrap(), second);
        let nearest = &store.search(second, 1).unwrap()[0];
        assert_eq!((nearest.key.as_str(), nearest.score), ("bc", 0.0));
    };
    let open = OpenMode { read_only: true, verify: true, ..OpenMode::default() };
    check(&MmapVectorStore::new(&golden, MmapVectorConfig { open, ..config.clone() }).unwrap());
    let folder = TempFolder::new("golden");
    let copy = folder.file("store");
    std::fs::copy(&golden, &copy).unwrap();
    let store = MmapVectorStore::new(&copy, config.clone()).unwrap();
    check(&store);
    store.insert("new", &vec![9.0; first.len()]).unwrap();
    store.close().unwrap();
    assert_eq!(MmapVectorStore::new(&copy, config).unwrap().keys().unwrap(), ["a", "bc", "new"]);
}

#[test]
fn format_4_opens_for_reading_and_for_writing() {
    let (mut a, mut bc) = ([0.0; 64], [0.0; 64]);
    (a[0], bc[63]) = (1.0, 2.0);
    check("format-4.syna", ElementType::F32, &a, &bc);
}

/// The vectors (1, -0.5, 0.1, 0, ...) and (0, ..., 0, 2) were written.
#[test]
fn format_4_with_16_bit_floats_opens_for_reading_and_for_writing() {
    let (mut a, mut bc) = ([0.0; 67], [0.0; 67]);
    // 0.1 is rounded to 1638 / 2^14.
    a[..3].copy_from_slice(&[1.0, -0.5, 1638.0 / 16384.0]);
    bc[66] = 2.0;
    check("format-4-f16.syna", ElementType::F16, &a, &bc);
}

/// The same vectors were written.
#[test]
fn format_4_with_integers_opens_for_reading_and_for_writing() {
    let (mut a, mut bc) = ([0.0; 67], [0.0; 67]);
    let step = 1.0_f32 / 127.0;
    a[..3].copy_from_slice(&[127.0 * step, -64.0 * step, 13.0 * step]);
    bc[66] = 127.0 * (2.0_f32 / 127.0);
    check("format-4-i8.syna", ElementType::I8, &a, &bc);
}

fn columns() -> Vec<Column> {
    let column = |name, kind| Column::new(name, kind).unwrap();
    vec![column("time", ColumnKind::I64), column("tenant", ColumnKind::U64), column("price", ColumnKind::F64)]
}

/// Writes two rows of 3 dimensions with values, and updates one of them.
fn write_with_columns(store: &MmapVectorStore) {
    let times = ColumnValues { column: 0, values: Values::I64(&[-2, 1_700_000_000]) };
    let prices = ColumnValues { column: 2, values: Values::F64(&[0.5, -1e300]) };
    let batch = WriteBatch {
        keys: BatchKeys::Slices(&["a", "bc"]),
        vectors: BatchVectors::RowMajor(&[1.0, -0.5, 0.1, 0.0, 0.0, 2.0]),
        columns: &[times, prices],
        ..WriteBatch::default()
    };
    store.write(&batch).unwrap();
    let columns = &[ColumnValues { column: 1, values: Values::U64(&[u64::MAX]) }];
    let batch = UpdateBatch { keys: BatchKeys::Slices(&["bc"]), columns, ..UpdateBatch::default() };
    assert_eq!(store.update(&batch).unwrap(), 1);
}

/// [`write_with_columns`] wrote the file. `SYNA_MMAP_BLESS=1` writes it again, with another store id.
#[test]
fn format_4_with_columns_opens_for_reading_and_for_writing() {
    let name = "format-4-columns.syna";
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let quiet = quiet(3, DistanceMetric::Euclidean);
    let config = MmapVectorConfig { small_dimensions: true, columns: columns(), ..quiet };
    if std::env::var_os("SYNA_MMAP_BLESS").is_some_and(|value| value == "1") {
        let _ = std::fs::remove_file(&golden);
        let store = MmapVectorStore::new(&golden, config.clone()).unwrap();
        write_with_columns(&store);
        store.close().unwrap();
    }
    let values = |store: &MmapVectorStore, key: &str| -> Vec<Value> {
        store.get_view(key).unwrap().unwrap().values.iter().collect()
    };
    let check = |store: &MmapVectorStore| {
        assert_eq!(store.columns(), columns());
        assert_eq!(values(store, "a"), [Value::I64(-2), Value::U64(0), Value::F64(0.5)]);
        let updated = [Value::I64(1_700_000_000), Value::U64(u64::MAX), Value::F64(-1e300)];
        assert_eq!(values(store, "bc"), updated);
    };
    let open = OpenMode { read_only: true, verify: true, ..OpenMode::default() };
    check(&MmapVectorStore::new(&golden, MmapVectorConfig { open, ..config.clone() }).unwrap());
    let folder = TempFolder::new("golden-columns");
    let copy = folder.file("store");
    std::fs::copy(&golden, &copy).unwrap();
    let store = MmapVectorStore::new(&copy, config.clone()).unwrap();
    check(&store);
    store.insert("new", &[9.0; 3]).unwrap();
    store.close().unwrap();
    let store = MmapVectorStore::new(&copy, config).unwrap();
    check(&store);
    assert_eq!(values(&store, "new"), [Value::I64(0), Value::U64(0), Value::F64(0.0)]);
}
