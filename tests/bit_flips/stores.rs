//! The stores whose files are changed, and their complete content.

use crate::support::Random;
use std::ops::Range;
use std::path::Path;
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, Column, ColumnKind, ColumnValues, DistanceMetric, ElementType,
    Label, MmapVectorConfig, MmapVectorStore, OpenMode, UpdateBatch, UserBlock, Value, Values, WriteBatch,
    WriteMode,
};

/// What the vectors of a file are.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub element: ElementType,
    pub dimensions: u16,
    pub columns: usize,
}

pub const fn shape(element: ElementType, dimensions: u16) -> Shape {
    Shape { element, dimensions, columns: 0 }
}

pub const fn with_columns(element: ElementType, dimensions: u16) -> Shape {
    Shape { element, dimensions, columns: 3 }
}

use ElementType::{F16, F32, I8};

/// Rows of 64 x f32 fill their 64 bytes; those of 67 dimensions have padding, and those of i8 also before the scale. Rows of
/// less than 64 dimensions take 16, 32 and 64 bytes.
pub const SHAPES: [Shape; 6] = [
    shape(F32, 64),
    shape(F16, 67),
    with_columns(I8, 67),
    with_columns(F32, 3),
    shape(F16, 16),
    shape(I8, 35),
];
/// Every reader takes the element type from the file, so that a damaged one is not refused for its difference alone.
pub fn config(open: OpenMode) -> MmapVectorConfig {
    MmapVectorConfig {
        dimensions: 0,
        small_dimensions: true,
        element_from_file: true,
        metric: DistanceMetric::Euclidean,
        initial_capacity: 0,
        index_threshold: 40,
        checkpoint_interval_secs: 0,
        open,
        ..MmapVectorConfig::default()
    }
}

pub fn read_only(verify: bool) -> MmapVectorConfig {
    config(OpenMode { read_only: true, verify, ..OpenMode::default() })
}

/// Writes about a hundred rows with deletions, replacements, tags, payloads, two checkpoints and an index.
pub fn make(path: &Path, shape: Shape, rows: usize) {
    let label = Label::new("all-MiniLM-L6-v2").unwrap();
    let user_block = UserBlock { application_id: 0x6d61_7073, user_version: 1, label };
    let Shape { element, dimensions, .. } = shape;
    let all = [("time", ColumnKind::I64), ("tenant", ColumnKind::U64), ("price", ColumnKind::F64)];
    let columns = all.iter().map(|&(name, kind)| Column::new(name, kind).unwrap());
    let columns = columns.take(shape.columns).collect();
    let new = config(OpenMode::default());
    let config =
        MmapVectorConfig { user_block, dimensions, element, columns, element_from_file: false, ..new };
    let store = MmapVectorStore::new(path, config).unwrap();
    let mut random = Random::new(3);
    let mut write = |range: std::ops::Range<usize>, mode| {
        let keys: Vec<String> = range.clone().map(|i| format!("{}{i}", "k".repeat(i % 17))).collect();
        let vectors: Vec<f32> = range.clone().flat_map(|_| random.vector(dimensions.into())).collect();
        let tags: Vec<u64> = range.clone().map(|i| i as u64 % 2 * 5).collect();
        let payloads: Vec<String> = range.map(|i| "p".repeat(i % 9)).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let payloads: Vec<&[u8]> = payloads.iter().map(String::as_bytes).collect();
        let times: Vec<i64> = tags.iter().map(|&tags| 7 - tags as i64).collect();
        let prices: Vec<f64> = times.iter().map(|&time| time as f64 / 3.0).collect();
        let columns = [
            ColumnValues { column: 0, values: Values::I64(&times) },
            ColumnValues { column: 2, values: Values::F64(&prices) },
        ];
        let batch = WriteBatch {
            keys: BatchKeys::Slices(&keys),
            vectors: BatchVectors::RowMajor(&vectors),
            tags: Some(&tags),
            payloads: BatchPayloads::Slices(&payloads),
            columns: if shape.columns == 0 { &[] } else { &columns },
            mode,
            ..WriteBatch::default()
        };
        store.write(&batch).unwrap();
    };
    write(0..rows / 2, WriteMode::Insert);
    store.checkpoint().unwrap();
    write(rows / 2..rows, WriteMode::Insert);
    write(10..15, WriteMode::Upsert);
    for i in [3, 7, 20, 33, 41] {
        assert!(store.delete(format!("{}{i}", "k".repeat(i % 17))).unwrap());
    }
    let update = |range: Range<usize>, tags: Option<&[u64]>, payloads: BatchPayloads<'_>| {
        let keys: Vec<String> = range.map(|i| format!("{}{i}", "k".repeat(i % 17))).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let tenants: Vec<u64> = (9..).take(keys.len()).collect();
        let tenants = [ColumnValues { column: 1, values: Values::U64(&tenants) }];
        let columns = if shape.columns == 0 { &[][..] } else { &tenants };
        store.update(&UpdateBatch { keys: BatchKeys::Slices(&keys), tags, payloads, columns }).unwrap()
    };
    assert_eq!(update(4..7, Some(&[1, 2, 3]), BatchPayloads::None), 3);
    assert_eq!(update(21..23, Some(&[0, 9]), BatchPayloads::Slices(&[b"new", b""])), 2);
    store.build_index().unwrap();
    store.close().unwrap();
}

/// The complete content of a store.
#[derive(Debug, PartialEq)]
pub struct Contents {
    pub rows: Vec<Row>,
    pub user_block: UserBlock,
    pub columns: Vec<Column>,
}

#[derive(Debug, PartialEq)]
pub struct Row {
    key: String,
    stored: Vec<u8>,
    tags: u64,
    payload: Vec<u8>,
    values: Vec<Value>,
}

pub fn contents(store: &MmapVectorStore, shape: Shape) -> Contents {
    let row = |key: String| {
        let view = store.get_view(&key).unwrap().unwrap();
        let values = view.values.iter().collect();
        let components = store.get(&key).unwrap().unwrap();
        assert_eq!(components.len(), usize::from(shape.dimensions));
        Row { tags: view.tags, payload: view.payload.to_vec(), stored: view.stored.to_vec(), values, key }
    };
    let rows = store.keys().unwrap().into_iter().map(row);
    Contents { rows: rows.collect(), user_block: store.user_block(), columns: store.columns() }
}
