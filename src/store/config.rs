//! The configuration that a store is opened with.

use crate::{Column, DistanceMetric, ElementType, IndexProfile, KeyKind, Label, UserBlock};

/// The parameters of the index, under the names that HNSW uses (Malkov & Yashunin, 2018). The graph of this library has
/// one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HnswConfig {
    /// Half the number of links of a row in the index, 2 to 256. Ignored if `m_max` is not 0, as by default: use
    /// [`HnswConfig::with_m`] to set both. Default 16.
    pub m: usize,
    /// The number of links of a row in the index, 2 to 512; less than 4 counts as 4. 0: `2 * m`. Default 32.
    pub m_max: usize,
    /// Candidates that are considered for the links of a row, 1 to 65,536. More is slower and finds better links. Default
    /// 200.
    pub ef_construction: usize,
    /// Candidates of a search that sets no `ef`, 1 to 65,536. More is slower and finds more. If the index has measured
    /// that more candidates are needed to find 9 of the 10 nearest rows, such a search uses that number: see
    /// [`MmapVectorConfig::fixed_ef`]. Default 100.
    pub ef_search: usize,
}

impl Default for HnswConfig {
    fn default() -> Self {
        Self { m: 16, m_max: 32, ef_construction: 200, ef_search: 100 }
    }
}

impl HnswConfig {
    /// The defaults, with `m` and `2 * m` links of a row.
    #[must_use]
    pub fn with_m(m: usize) -> Self {
        Self { m, m_max: m.saturating_mul(2), ..Self::default() }
    }
}

/// What a write survives once it has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// A write that returned survives a crash or a kill of the process. It survives a power failure from the next
    /// checkpoint on.
    #[default]
    Process,
    /// A write is synced to the disk before it returns. It survives a power failure, and takes as long as the disk needs.
    Batch,
}

/// How a file is opened. The default opens it for reading and writing and creates it if it does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenMode {
    /// Open for reading. Takes no lock, changes no byte, and shows the rows of that moment;
    /// [`refresh`](crate::MmapVectorStore::refresh) shows later ones.
    pub read_only: bool,
    /// Do not create the file; [`crate::SynaError::NotFound`] if it does not exist.
    pub must_exist: bool,
    /// Do not open an existing file; [`crate::SynaError::Io`] if it exists. Cannot be combined with `read_only`,
    /// `must_exist` or `damaged`.
    pub must_create: bool,
    /// Compare every stored vector with its checksum. Reads the whole file. [`crate::SynaError::Corrupt`] at the first
    /// difference; [`verify`](crate::MmapVectorStore::verify) checks more, and reports all differences.
    pub verify: bool,
    /// Open a damaged file read-only and show the rows that are intact: those that
    /// [`salvage`](crate::MmapVectorStore::salvage) would save.
    pub damaged: bool,
}

/// The configuration that a store is opened with. Set single fields and take the others from `..Default::default()`.
#[derive(Debug, Clone, PartialEq)]
pub struct MmapVectorConfig {
    /// Floats in a vector, 64 to 8,192, or 1 to 8,192 with `small_dimensions`. 0: as in the existing file. Default 768.
    pub dimensions: u16,
    /// Accept dimensions from 1 on. Otherwise fewer than 64 are an error, as they are most likely a mistake. An existing
    /// file that is opened with `dimensions` 0 may have any. Default `false`.
    pub small_dimensions: bool,
    /// How distances are computed, fixed when the file is created. Default cosine.
    pub metric: DistanceMetric,
    /// Take the metric of the existing file and ignore `metric`. Default `false`.
    pub metric_from_file: bool,
    /// How the components of vectors are stored, fixed when the file is created. Default [`ElementType::F32`].
    pub element: ElementType,
    /// Take the element type of the existing file and ignore `element`. Default `false`.
    pub element_from_file: bool,
    /// What keys are, fixed when the file is created. Default [`KeyKind::Text`].
    pub key_kind: KeyKind,
    /// Take the kind of keys of the existing file and ignore `key_kind`. Default `false`.
    pub key_kind_from_file: bool,
    /// The columns of a new file: at most [`MAX_COLUMNS`](crate::MAX_COLUMNS), with different names. An existing file must have
    /// the same, or any if this is empty. Default: none.
    pub columns: Vec<Column>,
    /// The user block of a new file. An existing file keeps its own:
    /// [`set_user_block`](crate::MmapVectorStore::set_user_block) changes it. Default: zeros, no label.
    pub user_block: UserBlock,
    /// The label that an existing file must have, so that vectors of two models do not meet in one store. Default: any.
    pub expected_label: Option<Label>,
    /// The expected number of vectors. It is not a limit and allocates nothing by itself;
    /// [`reserve`](crate::MmapVectorStore::reserve) allocates. Default 100,000.
    pub initial_capacity: usize,
    /// The number of vectors from which on the store maintains an index automatically. 0: only
    /// [`build_index`](crate::MmapVectorStore::build_index) and [`index_step`](crate::MmapVectorStore::index_step)
    /// build it. From the threshold on, each write does index work for two to four rows for each row that it writes: 1
    /// to 2 ms for a single row. While an index is rebuilt because a quarter of its rows are deleted, it is the work of
    /// six rows. Searches compare unindexed rows one by one. The first index is complete at the latest when half as
    /// many vectors as the threshold have been written after it. Default 10,000.
    pub index_threshold: usize,
    /// The number of unindexed rows above which writes continue automatic indexing. Each search compares unindexed rows
    /// one by one. Writes index rows in batches of up to 512, with the work of two to four rows for each row written,
    /// so about twice this number stays unindexed at most. 0: every write indexes all rows before it returns, and the
    /// write that reaches `index_threshold` builds the whole index. Ignored if `index_threshold` is 0. Default 256.
    /// What it costs: docs/benchmarks/growth.md.
    pub most_unindexed_rows: usize,
    /// A background thread of the store does the automatic indexing. It starts when an eighth of `most_unindexed_rows`
    /// is unindexed. Writes then build no index. They do index work only if more than twice `most_unindexed_rows`, or
    /// more than 1,024 rows if that is more, are unindexed, and wait at most 10 ms for the thread. The index then
    /// depends on timing, not only on rows, options and seed. The thread ends when the store is closed. If the system
    /// cannot start it, the open returns [`crate::SynaError::Io`]. Ignored if `index_threshold` is 0 and in stores
    /// opened read-only. Default `false`.
    pub index_worker: bool,
    /// A search that sets no `ef` always uses `ef_search` candidates. If `false`, the index measures, while it grows,
    /// on a sample of its rows how many candidates are needed to find 9 of the 10 nearest rows. Such a search then uses
    /// that number, up to 2,000. For embeddings `ef_search` is enough; for random data it is not, and searches take
    /// longer (docs/benchmarks/hard-data.md). [`stats`](crate::MmapVectorStore::stats) reports the number. Default
    /// `false`.
    pub fixed_ef: bool,
    /// Trades memory for speed. An existing index keeps its profile until it is rebuilt, for example by
    /// [`compact`](crate::MmapVectorStore::compact). Default [`IndexProfile::Fast`].
    pub index_profile: IndexProfile,
    /// The parameters of the index.
    pub hnsw_config: HnswConfig,
    /// Seconds between automatic checkpoints. Writes make them, so a store without writes makes none. 0: only
    /// [`checkpoint`](crate::MmapVectorStore::checkpoint), [`flush`](crate::MmapVectorStore::flush) and
    /// [`close`](crate::MmapVectorStore::close). An automatic checkpoint indexes no rows. The write that makes it waits
    /// for the disk. Later writes then save the changes of the index, each of them a part. If that takes longer than
    /// the interval, one write saves the rest. Default 30.
    pub checkpoint_interval_secs: u64,
    /// What a write survives once it has returned. Default [`Durability::Process`].
    pub durability: Durability,
    /// How the file is opened. Default: for reading and writing, created if it does not exist.
    pub open: OpenMode,
    /// Threads that an index build or a batch search may use, the calling thread included. With 1 or more, two other
    /// calls start one thread each while they run: a batch of 2 MiB or more, to write while the calling thread checks
    /// the next rows, and an open of an index of 16,384 rows or more, to read the index while the calling thread reads
    /// the keys. 0: none, the calling thread does all work. At most 1,024. Default 0.
    pub threads: usize,
    /// The seed of the index. The same rows, options and seed give the same index. Default 0.
    pub seed: u64,
}

impl MmapVectorConfig {
    /// Whether a value is to be taken from an existing file.
    pub(in crate::store) fn needs_file(&self) -> bool {
        let is_any_from_file = self.metric_from_file || self.element_from_file || self.key_kind_from_file;
        self.dimensions == 0 || is_any_from_file
    }

    /// The fewest dimensions that may be asked for.
    pub(in crate::store) fn least_dimensions(&self) -> u32 {
        if self.small_dimensions { 1 } else { 64 }
    }
}

impl Default for MmapVectorConfig {
    fn default() -> Self {
        Self {
            dimensions: 768,
            metric: DistanceMetric::Cosine,
            small_dimensions: false,
            metric_from_file: false,
            element: ElementType::F32,
            element_from_file: false,
            key_kind: KeyKind::Text,
            key_kind_from_file: false,
            columns: Vec::new(),
            user_block: UserBlock::default(),
            expected_label: None,
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
