//! What a store is opened with.

use crate::{DistanceMetric, IndexProfile};

/// The parameters of the graph, by the names that they have in HNSW (Malkov & Yashunin, 2018); this graph has one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HnswConfig {
    /// Half of `m_max` where that is 0, 2 to 256; without effect otherwise.
    pub m: usize,
    /// Links of a row, 2 to 512, of which under 4 count as 4; 0 stands for `2 * m`.
    pub m_max: usize,
    /// Candidates that an insertion looks at; more is slower and finds better links.
    pub ef_construction: usize,
    /// The candidates of a search that names no number; more where the index has measured that it needs more
    /// ([`MmapVectorConfig::fixed_ef`]).
    pub ef_search: usize,
}

impl Default for HnswConfig {
    fn default() -> Self {
        Self { m: 16, m_max: 32, ef_construction: 200, ef_search: 100 }
    }
}

impl HnswConfig {
    /// The defaults with `2 * m` links of a row.
    #[must_use]
    pub fn with_m(m: usize) -> Self {
        Self { m, m_max: m.saturating_mul(2), ..Self::default() }
    }
}

/// How safe a write is when it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Safe from a crash or kill of the process; from a power cut at the next checkpoint.
    #[default]
    Process,
    /// Synced to the disk before it is acknowledged: safe from a power cut at once, at the disk's speed.
    Batch,
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenMode {
    /// Open for reading only: takes no lock, changes no byte, sees the rows of this moment.
    pub read_only: bool,
    /// Fail with [`crate::SynaError::NotFound`] rather than create the file.
    pub must_exist: bool,
    /// Fail rather than open a file that exists.
    pub must_create: bool,
    /// Check every vector against its checksum: reads the whole file.
    pub verify: bool,
    /// Open a damaged file read-only, and show whatever of it is whole.
    pub damaged: bool,
}

/// Everything a store is opened with; fill it up with `..Default::default()`.
#[derive(Debug, Clone, PartialEq)]
pub struct MmapVectorConfig {
    /// Floats in a vector, 64 to 8192; 0: as in the existing file.
    pub dimensions: u16,
    /// How distances are measured; fixed when the file is made.
    pub metric: DistanceMetric,
    /// Take the metric from the existing file, whatever `metric` says.
    pub metric_from_file: bool,
    /// Vectors to plan for: sets how far ahead disk space is allocated. No limit, and no space is taken by it alone.
    pub initial_capacity: usize,
    /// Vectors at which the index comes by itself; 0: only when asked. From there on each write does the index work of two to
    /// four rows for each row that it wrote, so the first index is whole after half as many writes more, at most.
    pub index_threshold: usize,
    /// Rows that may wait before writes take them into an index that comes by itself; each search compares them one by
    /// one. Once more wait, the next writes take in up to 512 of them, two to four a row written, so that these and half
    /// as many wait at most. 0: every write takes in all its rows before it returns, and the one at `index_threshold` makes the
    /// whole index. What the default costs: docs/benchmarks/growth.md. Without effect where `index_threshold` is 0.
    pub most_unindexed_rows: usize,
    /// Have a thread of the store's own take rows into an index that comes by itself, whenever an eighth of
    /// `most_unindexed_rows` is left: writes then make no index, and do a share of its work only where twice
    /// `most_unindexed_rows`, or 1,024, wait; they wait for the thread 10 ms at most. Which rows enter together then depends on time, and so does
    /// the graph. Without effect where `index_threshold` is 0, and for a reader.
    pub index_worker: bool,
    /// Have a search that names no `ef` take `ef_search` candidates, whatever it finds with them. Otherwise the index measures
    /// on a sample of its rows, while it grows, how many it takes to find 9 of the 10 nearest, and such searches take so
    /// many, up to 2,000: on embeddings `ef_search` is enough, on random data it is not, and searches take longer there
    /// (docs/benchmarks/hard-data.md).
    pub fixed_ef: bool,
    /// How much memory the index takes, and how fast it is. An index that is there stays as it is; `compact` makes it anew.
    pub index_profile: IndexProfile,
    /// The graph's parameters.
    pub hnsw_config: HnswConfig,
    /// Seconds between checkpoints, looked at on writes; 0: only when asked and at close. Such a checkpoint takes no rows into
    /// the index; the write that makes it waits for the disk, and saves what has changed of the index once no batch of rows
    /// is half-way in.
    pub checkpoint_interval_secs: u64,
    /// How safe a write is when it is acknowledged.
    pub durability: Durability,
    /// How the file is opened.
    pub open: OpenMode,
    /// Threads that an index build or a batch search may use, the calling one among them. With 1 or more, a batch of 2 MiB
    /// or more is written by a thread of that call's own, while the calling one checks what comes next, and an open
    /// of an index of 16,384 rows or more has one that reads it while the calling one reads the keys. 0: none, the calling
    /// thread does all.
    pub threads: usize,
    /// Seed of the rows where searches begin: the same rows and seed give the same graph.
    pub seed: u64,
}

impl Default for MmapVectorConfig {
    fn default() -> Self {
        Self {
            dimensions: 768,
            metric: DistanceMetric::Cosine,
            metric_from_file: false,
            initial_capacity: 100_000,
            index_threshold: 10_000,
            most_unindexed_rows: 256,
            index_worker: false,
            fixed_ef: false,
            index_profile: IndexProfile::Fast,
            hnsw_config: HnswConfig::default(),
            checkpoint_interval_secs: 30,
            durability: Durability::Process,
            open: OpenMode::default(),
            threads: 0,
            seed: 0,
        }
    }
}
