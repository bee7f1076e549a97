//! Whole stores that mutations begin with: several extents of both kinds, checkpoints, and a log that goes on behind
//! the last of them.

use super::image::Image;
use super::scratch::Scratch;
use std::path::Path;
use std::sync::OnceLock;
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, MmapVectorConfig, MmapVectorStore, WriteBatch,
    WriteMode,
};

/// Nothing happens by itself.
pub fn quiet(dimensions: u16, metric: DistanceMetric) -> MmapVectorConfig {
    MmapVectorConfig {
        dimensions,
        metric,
        initial_capacity: 0,
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        ..MmapVectorConfig::default()
    }
}

/// Components between -4 and 4, the same for the same numbers.
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

/// Writes rows `range` under keys of every length, with tags and payloads.
pub fn write_rows(store: &MmapVectorStore, range: std::ops::Range<u64>, mode: WriteMode) {
    let key = |i: u64| format!("{}{i}", "k".repeat(i as usize % 17));
    let keys: Vec<String> = range.clone().map(key).collect();
    let vectors: Vec<f32> = range.clone().flat_map(|i| vector(store.dimensions(), i)).collect();
    let tags: Vec<u64> = range.clone().map(|i| i % 3 * (1 << 40)).collect();
    let payloads: Vec<Vec<u8>> = range.map(|i| vec![(i % 251) as u8; i as usize % 40]).collect();
    let batch = WriteBatch {
        keys: BatchKeys::Slices(&keys.iter().map(String::as_str).collect::<Vec<_>>()),
        vectors: BatchVectors::RowMajor(&vectors),
        tags: Some(&tags),
        payloads: BatchPayloads::Slices(&payloads.iter().map(Vec::as_slice).collect::<Vec<_>>()),
        mode,
    };
    store.write(&batch).unwrap();
}

fn live(path: &Path, dimensions: u16, metric: DistanceMetric, rows: u64) {
    let store = MmapVectorStore::new(path, quiet(dimensions, metric)).unwrap();
    write_rows(&store, 0..rows / 2, WriteMode::Insert);
    store.delete("kkk3").unwrap();
    store.checkpoint().unwrap();
    write_rows(&store, rows / 2..rows, WriteMode::Insert);
    write_rows(&store, 5..15, WriteMode::Upsert);
    store.checkpoint().unwrap();
    store.delete("kkkk4").unwrap();
    write_rows(&store, rows..rows + 6, WriteMode::Upsert);
    store.insert("", &vector(dimensions, 1)).unwrap();
    // What a killed writer leaves: the file as it is now, its tail not yet checkpointed.
    std::fs::copy(path, path.with_extension("base")).unwrap();
}

/// The store that mutations change, and another one to take parts from.
pub fn bases() -> &'static [Image; 2] {
    static BASES: OnceLock<[Image; 2]> = OnceLock::new();
    BASES.get_or_init(|| {
        let scratch = Scratch::new();
        let shapes = [(64, DistanceMetric::Euclidean, 300), (70, DistanceMetric::Cosine, 60)];
        shapes.map(|(dimensions, metric, rows)| {
            let path = scratch.file(&format!("{dimensions}"));
            live(&path, dimensions, metric, rows);
            Image::of_store(std::fs::read(path.with_extension("base")).unwrap())
        })
    })
}
