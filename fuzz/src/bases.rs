//! Stores that mutations start from: several extents of both kinds, checkpoints, and a log that continues after the last
//! one. The fuzzer uses small stores, because it opens many of them; the tests use large ones.

use super::image::Image;
use super::scratch::Scratch;
use std::path::Path;
use std::sync::OnceLock;
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, Column, ColumnKind, ColumnValues, DistanceMetric, ElementType,
    HnswConfig, KeyKind, MmapVectorConfig, MmapVectorStore, UpdateBatch, Values, WriteBatch, WriteMode,
};

/// Graphs with few links: building a graph takes most of the time of a run, and tests nothing else.
pub fn thin_graph() -> HnswConfig {
    HnswConfig { m: 4, m_max: 8, ef_construction: 16, ..HnswConfig::default() }
}

/// No automatic index and no automatic checkpoints.
pub fn quiet(dimensions: u16, metric: DistanceMetric) -> MmapVectorConfig {
    MmapVectorConfig {
        dimensions,
        small_dimensions: true,
        metric,
        initial_capacity: 0,
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        hnsw_config: thin_graph(),
        ..MmapVectorConfig::default()
    }
}

/// Components between -4 and 4, the same for the same arguments.
pub fn vector(dimensions: u16, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u32 << 21) as f32 - 4.0
    };
    (0..dimensions).map(|_| next()).collect()
}

/// Writes rows `range` under keys of every length, with tags and payloads of 0 to 39 times `payload_step` bytes.
pub fn write_rows(
    store: &MmapVectorStore,
    range: std::ops::Range<u64>,
    payload_step: usize,
    mode: WriteMode,
) {
    let key = |i: u64| format!("{}{i}", "k".repeat(i as usize % 17));
    let keys: Vec<String> = range.clone().map(key).collect();
    let vectors: Vec<f32> = range.clone().flat_map(|i| vector(store.dimensions(), i)).collect();
    let tags: Vec<u64> = range.clone().map(|i| i % 3 * (1 << 40)).collect();
    let times: Vec<i64> = range.clone().map(|i| i as i64 - 20).collect();
    let payloads: Vec<Vec<u8>> =
        range.map(|i| vec![(i % 251) as u8; i as usize % 40 * payload_step]).collect();
    let has_columns = !store.columns().is_empty();
    let prices: Vec<f64> = times.iter().map(|&time| time as f64 / 3.0).collect();
    let columns = [
        ColumnValues { column: 1, values: Values::F64(&prices) },
        ColumnValues { column: 0, values: Values::I64(&times) },
    ];
    let batch = WriteBatch {
        columns: if has_columns { &columns } else { &[] },
        keys: BatchKeys::Slices(&keys.iter().map(String::as_str).collect::<Vec<_>>()),
        vectors: BatchVectors::RowMajor(&vectors),
        tags: Some(&tags),
        payloads: BatchPayloads::Slices(&payloads.iter().map(Vec::as_slice).collect::<Vec<_>>()),
        mode,
        ..WriteBatch::default()
    };
    store.write(&batch).unwrap();
    // An update of some of them.
    let keys: Vec<&str> = keys.iter().map(String::as_str).step_by(7).collect();
    let payloads: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
    let changed = &times[..keys.len()];
    let update = UpdateBatch {
        columns: if has_columns { &[ColumnValues { column: 0, values: Values::I64(changed) }] } else { &[] },
        keys: BatchKeys::Slices(&keys),
        tags: None,
        payloads: BatchPayloads::Slices(&payloads),
    };
    store.update(&update).unwrap();
}

/// The shape of a base.
#[derive(Debug, Clone, Copy)]
struct Shape {
    dimensions: u16,
    metric: DistanceMetric,
    element: ElementType,
    columns: usize,
    keys: KeyKind,
    rows: u64,
    payload_step: usize,
}

fn live(path: &Path, shape: Shape) {
    let Shape { dimensions, metric, element, columns, keys, rows, payload_step } = shape;
    let all = [("time", ColumnKind::I64), ("price", ColumnKind::F64), ("tenant", ColumnKind::U64)];
    let columns = all[..columns].iter().map(|&(name, kind)| Column::new(name, kind).unwrap()).collect();
    let config = MmapVectorConfig { element, key_kind: keys, columns, ..quiet(dimensions, metric) };
    let store = MmapVectorStore::new(path, config).unwrap();
    write_rows(&store, 0..rows / 2, payload_step, WriteMode::Insert);
    store.delete("kkk3").unwrap();
    store.checkpoint().unwrap();
    write_rows(&store, rows / 2..rows, payload_step, WriteMode::Insert);
    write_rows(&store, 5..15, payload_step, WriteMode::Upsert);
    store.checkpoint().unwrap();
    store.delete("kkkk4").unwrap();
    write_rows(&store, rows..rows + 6, payload_step, WriteMode::Upsert);
    store.insert("", &vector(dimensions, 1)).unwrap();
    // The state after a killed writer: the file as it is now, with a tail that is not checkpointed.
    std::fs::copy(path, path.with_extension("base")).unwrap();
}

/// Stores that mutations change: two of f32, of which each takes parts from the other, one of f16, and one of i8, whose keys are bytes.
pub type Bases = [Image; 4];

fn make(shapes: [Shape; 4]) -> Bases {
    let scratch = Scratch::new();
    shapes.map(|shape| {
        let path = scratch.file(&format!("{}-{}", shape.element.name(), shape.dimensions));
        live(&path, shape);
        Image::of_store(std::fs::read(path.with_extension("base")).unwrap())
    })
}

use DistanceMetric::{Cosine, Euclidean};
use ElementType::{F16, F32, I8};
use KeyKind::{Bytes, Text};

/// Few rows, long enough for two extents of vectors, with payloads long enough for two extents of the log.
pub fn small_bases() -> &'static Bases {
    static BASES: OnceLock<Bases> = OnceLock::new();
    BASES.get_or_init(|| {
        make([
            Shape {
                dimensions: 1000,
                metric: Euclidean,
                element: F32,
                columns: 0,
                keys: Text,
                rows: 8,
                payload_step: 80,
            },
            Shape {
                dimensions: 70,
                metric: Cosine,
                element: F32,
                columns: 2,
                keys: Text,
                rows: 8,
                payload_step: 1,
            },
            Shape {
                dimensions: 2000,
                metric: Euclidean,
                element: F16,
                columns: 0,
                keys: Text,
                rows: 8,
                payload_step: 80,
            },
            Shape {
                dimensions: 27,
                metric: Cosine,
                element: I8,
                columns: 3,
                keys: Bytes,
                rows: 8,
                payload_step: 1,
            },
        ])
    })
}

/// Enough rows to fill several blocks.
pub fn large_bases() -> &'static Bases {
    static BASES: OnceLock<Bases> = OnceLock::new();
    BASES.get_or_init(|| {
        make([
            Shape {
                dimensions: 64,
                metric: Euclidean,
                element: F32,
                columns: 0,
                keys: Text,
                rows: 300,
                payload_step: 1,
            },
            Shape {
                dimensions: 70,
                metric: Cosine,
                element: F32,
                columns: 2,
                keys: Text,
                rows: 60,
                payload_step: 1,
            },
            Shape {
                dimensions: 70,
                metric: Cosine,
                element: F16,
                columns: 0,
                keys: Text,
                rows: 60,
                payload_step: 1,
            },
            Shape {
                dimensions: 67,
                metric: Euclidean,
                element: I8,
                columns: 3,
                keys: Bytes,
                rows: 300,
                payload_step: 1,
            },
        ])
    })
}
