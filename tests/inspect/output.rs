//! Stores to inspect, and the output of the program as numbers and tables.

use crate::inspect::fields::array;
use crate::inspect::{self as program, Arguments};
use crate::support::{Random, quiet, write_rows};
use clap::Parser;
use std::ffi::OsStr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use syna_mmap::{
    DistanceMetric, HnswConfig, IndexProfile, MmapVectorConfig, MmapVectorStore, OpenMode, StoreStats,
    WriteMode,
};

/// Not a multiple of 16.
pub const DIMENSIONS: u16 = 70;

pub fn config(metric: DistanceMetric, profile: IndexProfile) -> MmapVectorConfig {
    MmapVectorConfig {
        initial_capacity: 0,
        hnsw_config: HnswConfig { ef_construction: 20, ..HnswConfig::with_m(4) },
        index_profile: profile,
        ..quiet(DIMENSIONS, metric)
    }
}

pub fn key(i: usize) -> String {
    format!("{}{i}", "é".repeat(i % 9))
}

/// Writes a store with tags, payloads, deletions, equal vectors, a zero vector, several frames, checkpoints and an index.
pub fn make(path: &Path, config: MmapVectorConfig) -> StoreStats {
    let store = MmapVectorStore::new(path, config.clone()).unwrap();
    let mut random = Random::new(5);
    let mut write = |range: Range<usize>, mode| {
        let keys: Vec<String> = range.clone().map(key).collect();
        let mut vectors: Vec<f32> = range.clone().flat_map(|_| random.vector(DIMENSIONS.into())).collect();
        let width = usize::from(DIMENSIONS);
        vectors.copy_within(..width, 3 * width);
        vectors[width..2 * width].fill(0.0);
        let tags: Vec<u64> = range.clone().map(|i| i as u64).collect();
        let payloads: Vec<String> = range.map(|i| "SYNF".repeat(i % 9)).collect();
        write_rows(&store, &keys, &vectors, &tags, &payloads, mode);
    };
    write(0..40, WriteMode::Insert);
    store.checkpoint().unwrap();
    write(40..70, WriteMode::Insert);
    store.build_index().unwrap();
    store.checkpoint().unwrap();
    write(10..15, WriteMode::Upsert);
    for i in [3, 20, 30] {
        assert!(store.delete(key(i)).unwrap());
    }
    assert!(store.set_tags(key(5), 1 << 40).unwrap() && store.set_payload(key(6), b"updated").unwrap());
    store.build_index().unwrap();
    store.close().unwrap();
    let open = OpenMode { read_only: true, verify: true, ..OpenMode::default() };
    MmapVectorStore::new(path, MmapVectorConfig { open, ..config }).unwrap().stats().unwrap()
}

pub fn make_default(path: &Path) -> StoreStats {
    make(path, config(DistanceMetric::Euclidean, IndexProfile::Fast))
}

/// Runs the program; returns the exit code and the output.
pub fn run(arguments: &[&OsStr]) -> (u8, String) {
    let arguments = [OsStr::new("inspect")].into_iter().chain(arguments.iter().copied());
    let arguments = Arguments::try_parse_from(arguments).unwrap();
    let mut out = Vec::new();
    let code = program::run(&arguments, &mut out);
    (code, String::from_utf8(out).unwrap())
}

pub fn inspect(path: &Path) -> (u8, String) {
    run(&[path.as_os_str(), OsStr::new("--vectors")])
}

/// The lines that report damage.
pub fn damage(output: &str) -> Vec<&str> {
    output.lines().filter(|line| line.starts_with(['!', '?'])).collect()
}

/// The number after the name at the start of a line.
pub fn number(output: &str, name: &str) -> u64 {
    let mut values =
        output.lines().filter_map(|line| line.trim_start().strip_prefix(name)?.trim().parse().ok());
    values.next().unwrap_or_else(|| panic!("{name} is not printed: {output}"))
}

/// The words of a section's lines, without its heading and column names.
pub fn table<'o>(output: &'o str, heading: &str) -> Vec<Vec<&'o str>> {
    let lines = output.lines().skip_while(|line| *line != heading).skip(2);
    let lines = lines.take_while(|line| !line.is_empty() && !line.starts_with("newest"));
    lines.map(|line| line.split_whitespace().collect()).collect()
}

/// The offsets in a column of a section.
pub fn offsets(output: &str, heading: &str, column: usize) -> Vec<usize> {
    table(output, heading).iter().map(|words| words[column].parse().unwrap()).collect()
}

/// The offsets and lengths of the frames.
pub fn frames(output: &str) -> Vec<(usize, usize)> {
    let lengths = offsets(output, "frames", 3);
    offsets(output, "frames", 1).into_iter().zip(lengths).collect()
}

/// The offsets of the parts of an index, by its newest slot.
pub struct SavedIndex {
    pub slot: usize,
    pub cell_bytes: usize,
    pub table: Range<usize>,
    /// Words of the centre, the sample, the orphans and the pinned links.
    pub lists: usize,
}

impl SavedIndex {
    pub fn of(bytes: &[u8]) -> Self {
        let word = |at: usize| u32::from_le_bytes(array(bytes, at)) as usize;
        let slot = if word(32) > word(4096 + 32) { 0 } else { 4096 };
        let cell_bytes = (bytes.len() - 8192) / word(slot + 80);
        let table = 8192 + word(slot + 84) * cell_bytes;
        let lists = word(table + 92) + word(table + 96) + word(table + 100) + 2 * word(table + 104);
        Self { slot, cell_bytes, table: table..table + word(slot + 88), lists }
    }

    /// The bytes of a node's record.
    pub fn record(&self, bytes: &[u8], row: usize) -> Range<usize> {
        let cell = u32::from_le_bytes(array(bytes, self.table.start + 4 * (27 + self.lists + row))) - 1;
        let start = 8192 + cell as usize * self.cell_bytes;
        start..start + self.cell_bytes
    }
}

pub fn index_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.hnsw", path.display()))
}
