//! Helpers of several test programs.
#![allow(dead_code, reason = "each test program uses some of them")]

pub mod c_program;
pub mod distance;
pub mod markdown;
pub mod numbered;
pub mod sources;

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, MmapVectorConfig, MmapVectorStore, WriteBatch,
    WriteMode,
};

/// A temporary folder for one test; it is removed if the test succeeds.
pub struct TempFolder {
    path: PathBuf,
}

impl TempFolder {
    pub fn new(name: &str) -> Self {
        Self::below(&std::env::temp_dir(), name)
    }

    /// In memory, if the machine has such a file system: for tests with many syncs that do not test the disk.
    pub fn in_memory(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { Self::below(memory, name) } else { Self::new(name) }
    }

    fn below(base: &Path, name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("syna-mmap-{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder in the temporary folder");
        Self { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Random numbers that are the same everywhere for the same seed.
pub struct Random(SplitMix64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(SplitMix64::seed_from_u64(seed))
    }

    pub fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    /// Approximately normally distributed, mean 0, variance 1.
    pub fn normal(&mut self) -> f32 {
        let sum: f32 = (0..12).map(|_| (self.next() >> 40) as f32 / (1u32 << 24) as f32).sum();
        sum - 6.0
    }

    pub fn vector(&mut self, dimensions: usize) -> Vec<f32> {
        (0..dimensions).map(|_| self.normal()).collect()
    }
}

/// The seed of a random test: `SYNA_MMAP_SEED`, or `default`. It is printed, so that a failure can be reproduced.
pub fn seed(default: u64) -> u64 {
    let seed = std::env::var("SYNA_MMAP_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    println!("SYNA_MMAP_SEED={seed}");
    seed
}

/// Whether campaigns run at their full size, as in `.ci/run`, and not as samples.
pub fn is_full() -> bool {
    std::env::var_os("SYNA_MMAP_FULL").is_some_and(|value| value != "0")
}

/// The size of a test: the value of the variable `name`; otherwise `full` if `SYNA_MMAP_FULL` is set, as in `.ci/run`;
/// otherwise `sample`, so that `cargo test` takes minutes.
pub fn size(name: &str, full: usize, sample: usize) -> usize {
    let given = std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    let size = given.unwrap_or(if is_full() { full } else { sample });
    println!("{name}={size}");
    size
}

/// Writes one batch of rows with tags and payloads; `vectors` has one row after the other.
pub fn write_rows(
    store: &MmapVectorStore,
    keys: &[String],
    vectors: &[f32],
    tags: &[u64],
    payloads: &[String],
    mode: WriteMode,
) {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let payloads: Vec<&[u8]> = payloads.iter().map(String::as_bytes).collect();
    let batch = WriteBatch {
        keys: BatchKeys::Slices(&keys),
        vectors: BatchVectors::RowMajor(vectors),
        tags: Some(tags),
        payloads: BatchPayloads::Slices(&payloads),
        mode,
        ..WriteBatch::default()
    };
    store.write(&batch).unwrap();
}

/// No automatic index and no automatic checkpoints.
pub fn quiet(dimensions: u16, metric: DistanceMetric) -> MmapVectorConfig {
    MmapVectorConfig {
        dimensions,
        metric,
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        ..MmapVectorConfig::default()
    }
}

pub const METRICS: [DistanceMetric; 3] =
    [DistanceMetric::Cosine, DistanceMetric::Euclidean, DistanceMetric::DotProduct];
