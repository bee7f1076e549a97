//! Header section: options of a store.
#![expect(unsafe_code, reason = "reads and writes the caller's options")]

use super::boundary::structs::{self, Versioned, member_ends};
use super::boundary::{self, arguments};
use super::columns::{self, syna_mmap_column};
use super::kinds::{
    SYNA_MMAP_ELEMENT_F32, SYNA_MMAP_ELEMENT_FROM_FILE, SYNA_MMAP_KEYS_FROM_FILE, SYNA_MMAP_KEYS_TEXT,
    SYNA_MMAP_METRIC_FROM_FILE, element_of, metric_number, metric_of, unknown,
};
use super::limits::{SYNA_MMAP_MAX_DIMENSIONS, SYNA_MMAP_MIN_DIMENSIONS};
use crate::{
    DistanceMetric, Durability, ElementType, HnswConfig, IndexProfile, KeyKind, MmapVectorConfig, OpenMode,
    Result, SynaError, UserBlock,
};
use std::ffi::c_char;

/// Open for reading. Takes no lock, changes no byte, and shows the rows of that moment; syna_mmap_refresh
/// shows later ones.
pub const SYNA_MMAP_OPEN_READ_ONLY: u32 = 1;
/// Do not create the file; SYNA_MMAP_ERR_NOT_FOUND if it does not exist.
pub const SYNA_MMAP_OPEN_MUST_EXIST: u32 = 2;
/// Do not open an existing file; SYNA_MMAP_ERR_IO if it exists. Cannot be combined with READ_ONLY,
/// MUST_EXIST or DAMAGED.
pub const SYNA_MMAP_OPEN_MUST_CREATE: u32 = 4;
/// Compare every stored vector with its checksum. Reads the whole file. SYNA_MMAP_ERR_CORRUPT at the first
/// difference; syna_mmap_verify checks more, and reports all differences.
pub const SYNA_MMAP_OPEN_VERIFY: u32 = 8;
/// Open a damaged file read-only and show the rows that are intact: those that syna_mmap_salvage
/// would save.
pub const SYNA_MMAP_OPEN_DAMAGED: u32 = 16;
/// Accept 1 to 63 dimensions. Without this flag they are SYNA_MMAP_ERR_INVALID_DIMENSIONS, as they are most
/// likely a mistake. It is needed in every open that gives such a number, also of an existing file. An open with
/// dimensions 0 or options NULL, and syna_mmap_salvage, need no flag. No effect on 64 dimensions and more.
pub const SYNA_MMAP_OPEN_SMALL_DIMENSIONS: u32 = 32;

/// A write that returned survives a crash or a kill of the process. It survives a power failure from the
/// next checkpoint on.
pub const SYNA_MMAP_DURABILITY_PROCESS: u32 = 0;
/// A write is synced to the disk before it returns. It survives a power failure, and takes as long as the
/// disk needs.
pub const SYNA_MMAP_DURABILITY_BATCH: u32 = 1;

/// The index stores the codes of a vector's neighbours beside its links. This gives the fastest searches. It
/// takes about 320 + 5 * dimensions bytes of memory a vector (1,600 at 129 to 256 dimensions, 1,472 at 128,
/// 1,152 at 27), for the vectors that searches have visited.
pub const SYNA_MMAP_INDEX_FAST: u32 = 0;
/// The index stores only a vector's own code and links: 192 + dimensions bytes a vector (448 at 129 to
/// 256). Searches take about twice as long.
pub const SYNA_MMAP_INDEX_COMPACT: u32 = 1;

/// How a store is opened. You own it: syna_mmap_open reads it (COPIED), so it may go out of scope after the
/// call.
///
/// Fill it with syna_mmap_options_init, then change single members. Later versions append members; programs
/// that were compiled with a shorter struct keep working.
/// Threads: plain memory; one thread at a time may change it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_options {
    /// sizeof(syna_mmap_options).
    pub struct_size: usize,
    /// Components of a vector, SYNA_MMAP_MIN_DIMENSIONS to SYNA_MMAP_MAX_DIMENSIONS; see also
    /// SYNA_MMAP_OPEN_SMALL_DIMENSIONS. 0: as in the existing file. Default 768.
    pub dimensions: u32,
    /// SYNA_MMAP_METRIC_*, fixed when the file is created. For an existing file it must be the file's
    /// (SYNA_MMAP_ERR_METRIC_MISMATCH), or SYNA_MMAP_METRIC_FROM_FILE. Default SYNA_MMAP_METRIC_COSINE.
    pub metric: u32,
    /// The expected number of vectors. It is not a limit and allocates nothing by itself; syna_mmap_reserve
    /// allocates. Default 100,000.
    pub initial_capacity: u64,
    /// The number of vectors from which on the store maintains an index automatically. 0: only
    /// syna_mmap_build_index and syna_mmap_index_step build it. From the threshold on, each write does index
    /// work for two to four rows for each row that it writes: 1 to 2 ms for a single row. While an index is
    /// rebuilt because a quarter of its rows are deleted, it is the work of six rows. Searches compare
    /// unindexed rows one by one. The first index is complete at the latest when half as many vectors as the
    /// threshold have been written after it. Default 10,000.
    pub index_threshold: u64,
    /// Seconds between automatic checkpoints. Writes make them, so a store without writes makes none. 0: only
    /// syna_mmap_checkpoint, syna_mmap_flush and syna_mmap_close. An automatic checkpoint indexes no rows. The
    /// write that makes it waits for the disk: milliseconds, or more if much was written in the last second or
    /// the disk is busy. Later writes then save the changes of the index, each of them a part. If that takes
    /// longer than the interval, one write saves the rest. Default 30.
    pub checkpoint_interval_secs: u32,
    /// SYNA_MMAP_OPEN_*, combined by |. Default 0: open for reading and writing, create the file if it does
    /// not exist.
    pub flags: u32,
    /// SYNA_MMAP_DURABILITY_*. Default SYNA_MMAP_DURABILITY_PROCESS.
    pub durability: u32,
    /// Threads that an index build or a batch search may use, the calling thread included. With 1 or more, two
    /// other calls start one thread each while they run: a batch of 2 MiB or more, to write while the calling
    /// thread checks the next rows, and an open of an index of 16,384 rows or more, to read the index while
    /// the calling thread reads the keys. These threads block all signals. 0: none, the calling thread does
    /// all work. At most 1,024. Default 0.
    pub threads: u32,
    /// Half the number of links of a row in the index, 2 to 256. Ignored if hnsw_m_max is not 0. Default 16.
    pub hnsw_m: u32,
    /// Candidates that are considered for the links of a row, 1 to 65,536. More is slower and finds better
    /// links. Default 200.
    pub hnsw_ef_construction: u32,
    /// Candidates of a search that sets no ef, 1 to 65,536. More is slower and finds more. If the index has
    /// measured that more candidates are needed to find 9 of the 10 nearest rows, such a search uses that
    /// number: see fixed_ef. Default 100.
    pub hnsw_ef_search: u32,
    /// The number of links of a row in the index, 2 to 512; less than 4 counts as 4. 0: 2 *
    /// hnsw_m. Default 0.
    pub hnsw_m_max: u32,
    /// The seed of the index. The same rows, options and seed give the same index. Default 0.
    pub seed: u64,
    /// The number of unindexed rows above which writes continue automatic indexing. Each search compares
    /// unindexed rows one by one. Writes index rows in batches of up to 512, with the work of two to four rows
    /// for each row written, so about twice this number stays unindexed at most. 0: every write indexes all
    /// rows before it returns, and the write that reaches index_threshold builds the whole index. Ignored if
    /// index_threshold is 0. Default 256.
    pub most_unindexed_rows: u64,
    /// SYNA_MMAP_INDEX_*: trades memory for speed. An existing index keeps its profile until it is rebuilt,
    /// for example by syna_mmap_compact. Default SYNA_MMAP_INDEX_FAST.
    pub index_profile: u32,
    /// 1: a background thread of the store does the automatic indexing. It starts when an eighth of
    /// most_unindexed_rows is unindexed. Writes then build no index. They do index work only if more than
    /// twice most_unindexed_rows, or more than 1,024 rows if that is more, are unindexed, and wait at most 10
    /// ms for the thread. The index then depends on timing, not only on rows, options and seed. The thread
    /// blocks all signals and ends when the store is closed. If the system cannot start it, syna_mmap_open
    /// returns SYNA_MMAP_ERR_IO. Ignored if index_threshold is 0 and in stores opened read-only. 0: no thread.
    /// Default 0.
    pub index_worker: u32,
    /// 1: a search that sets no ef always uses hnsw_ef_search candidates. 0: while the index grows, it
    /// measures on a sample of its rows how many candidates are needed to find 9 of the 10 nearest rows. Such
    /// a search then uses that number, up to 2,000. For embeddings hnsw_ef_search is enough; for random data
    /// it is not, and searches take longer. syna_mmap_get_stats reports the number. Default 0.
    pub fixed_ef: u32,
    /// SYNA_MMAP_KEYS_*, fixed when the file is created. For an existing file it must be the file's
    /// (SYNA_MMAP_ERR_KEY_KIND_MISMATCH), or SYNA_MMAP_KEYS_FROM_FILE. Default SYNA_MMAP_KEYS_TEXT.
    pub key_kind: u32,
    /// SYNA_MMAP_ELEMENT_*: how the components of vectors are stored, fixed when the file is created. Calls take
    /// and return floats in any case. For an existing file it must be the file's
    /// (SYNA_MMAP_ERR_ELEMENT_MISMATCH), or SYNA_MMAP_ELEMENT_FROM_FILE. Default SYNA_MMAP_ELEMENT_F32.
    pub element: u32,
    /// For a new file: tells which application it belongs to; see syna_mmap_user_block. Default 0.
    pub application_id: u32,
    /// For a new file: the version of the application's data. Default 0.
    pub user_version: u32,
    /// 0.
    pub reserved: u32,
    /// For a new file: what the vectors are, for example the name of the embedding model. UTF-8, at most
    /// SYNA_MMAP_MAX_LABEL_BYTES, NUL-terminated. COPIED. NULL: no label. Default NULL.
    pub label: *const c_char,
    /// The label that an existing file must have, NUL-terminated, at most SYNA_MMAP_MAX_LABEL_BYTES;
    /// SYNA_MMAP_ERR_LABEL_MISMATCH for another one, so that vectors of two models do not meet in one store.
    /// COPIED. NULL: any label. Default NULL.
    pub expected_label: *const c_char,
    /// COPIED: column_count columns with different names. A new file gets these columns, which never change. An
    /// existing file must have the same in the same order (SYNA_MMAP_ERR_COLUMNS_MISMATCH), or any if column_count
    /// is 0. May be NULL if column_count is 0. Default NULL.
    pub columns: *const syna_mmap_column,
    /// Columns, at most SYNA_MMAP_MAX_COLUMNS. 0: a new file has no columns. Default 0.
    pub column_count: usize,
}

// SAFETY: `repr(C)`, begins with `struct_size`; zeros are valid for all members.
unsafe impl Versioned for syna_mmap_options {
    const NAME: &'static str = "syna_mmap_options";
    const MEMBER_ENDS: &'static [usize] = member_ends!(syna_mmap_options: struct_size, dimensions, metric,
        initial_capacity, index_threshold, checkpoint_interval_secs, flags, durability, threads, hnsw_m,
        hnsw_ef_construction, hnsw_ef_search, hnsw_m_max, seed, most_unindexed_rows, index_profile, index_worker,
        fixed_ef, key_kind, element, application_id, user_version, reserved, label,
        expected_label, columns, column_count);

    fn defaults() -> Self {
        let store = MmapVectorConfig::default();
        let graph = &store.hnsw_config;
        // The defaults fit; a larger value would saturate.
        let long = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let short = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            struct_size: size_of::<Self>(),
            dimensions: u32::from(store.dimensions),
            metric: metric_number(store.metric),
            initial_capacity: long(store.initial_capacity),
            index_threshold: long(store.index_threshold),
            checkpoint_interval_secs: short(store.checkpoint_interval_secs),
            flags: 0,
            durability: SYNA_MMAP_DURABILITY_PROCESS,
            threads: short(long(store.threads)),
            hnsw_m: short(long(graph.m)),
            hnsw_ef_construction: short(long(graph.ef_construction)),
            hnsw_ef_search: short(long(graph.ef_search)),
            hnsw_m_max: 0,
            seed: store.seed,
            most_unindexed_rows: long(store.most_unindexed_rows),
            index_profile: SYNA_MMAP_INDEX_FAST,
            index_worker: 0,
            fixed_ef: 0,
            key_kind: SYNA_MMAP_KEYS_TEXT,
            element: SYNA_MMAP_ELEMENT_F32,
            application_id: 0,
            user_version: 0,
            reserved: 0,
            label: std::ptr::null(),
            expected_label: std::ptr::null(),
            columns: std::ptr::null(),
            column_count: 0,
        }
    }
}

impl syna_mmap_options {
    /// The defaults, with what an existing file says.
    pub(super) fn of_existing_file() -> Self {
        let (metric, key_kind) = (SYNA_MMAP_METRIC_FROM_FILE, SYNA_MMAP_KEYS_FROM_FILE);
        Self { dimensions: 0, metric, key_kind, element: SYNA_MMAP_ELEMENT_FROM_FILE, ..Self::defaults() }
    }

    /// Converts the options to the store's configuration.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`] for a value that is not in the header, [`SynaError::InvalidDimensions`],
    /// [`SynaError::Limit`] for too many columns.
    ///
    /// # Safety
    /// `label` and `expected_label` are NULL or NUL-terminated strings; `columns` has `column_count` elements.
    pub(super) unsafe fn to_config(self) -> Result<MmapVectorConfig> {
        let metric = match self.metric {
            SYNA_MMAP_METRIC_FROM_FILE => DistanceMetric::Cosine,
            number => metric_of(number)?,
        };
        let key_kind = match self.key_kind {
            SYNA_MMAP_KEYS_FROM_FILE => KeyKind::Text,
            number => KeyKind::from_number(number).ok_or_else(|| unknown("key_kind", number))?,
        };
        let element = match self.element {
            SYNA_MMAP_ELEMENT_FROM_FILE => ElementType::F32,
            number => element_of(number, "element")?,
        };
        let durability = match self.durability {
            SYNA_MMAP_DURABILITY_PROCESS => Durability::Process,
            SYNA_MMAP_DURABILITY_BATCH => Durability::Batch,
            value => return Err(unknown("durability", value)),
        };
        let index_profile = match self.index_profile {
            SYNA_MMAP_INDEX_FAST => IndexProfile::Fast,
            SYNA_MMAP_INDEX_COMPACT => IndexProfile::Compact,
            value => return Err(unknown("index_profile", value)),
        };
        let flags = [
            ("index_worker", self.index_worker, 1),
            ("fixed_ef", self.fixed_ef, 1),
            ("reserved", self.reserved, 0),
        ];
        for (member, value, most) in flags {
            if value > most {
                return Err(unknown(member, value));
            }
        }
        let small_dimensions = self.flags & SYNA_MMAP_OPEN_SMALL_DIMENSIONS != 0;
        let least = if small_dimensions { 1 } else { SYNA_MMAP_MIN_DIMENSIONS };
        let dimensions = match self.dimensions {
            0 => 0,
            n if (least..=SYNA_MMAP_MAX_DIMENSIONS).contains(&n) => {
                u16::try_from(n).map_err(|_| SynaError::InvalidDimensions { dimensions: n })?
            }
            n => return Err(SynaError::InvalidDimensions { dimensions: n }),
        };
        // SAFETY: as the caller guarantees.
        let (label, expected_label) = unsafe {
            (arguments::label(self.label, "label")?, arguments::label(self.expected_label, "expected_label")?)
        };
        // No process can hold more than `usize::MAX` vectors, so saturating does not change the meaning.
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let small = |n: u32| count(u64::from(n));
        Ok(MmapVectorConfig {
            dimensions,
            small_dimensions,
            metric,
            metric_from_file: self.metric == SYNA_MMAP_METRIC_FROM_FILE,
            element,
            element_from_file: self.element == SYNA_MMAP_ELEMENT_FROM_FILE,
            key_kind,
            key_kind_from_file: self.key_kind == SYNA_MMAP_KEYS_FROM_FILE,
            user_block: UserBlock {
                application_id: self.application_id,
                user_version: self.user_version,
                label: label.unwrap_or_default(),
            },
            // SAFETY: as the caller guarantees.
            columns: unsafe { columns::columns(self.columns, self.column_count)? },
            expected_label,
            initial_capacity: count(self.initial_capacity),
            index_threshold: count(self.index_threshold),
            most_unindexed_rows: count(self.most_unindexed_rows),
            index_worker: self.index_worker != 0,
            fixed_ef: self.fixed_ef != 0,
            index_profile,
            hnsw_config: HnswConfig {
                m: small(self.hnsw_m),
                m_max: small(self.hnsw_m_max),
                ef_construction: small(self.hnsw_ef_construction),
                ef_search: small(self.hnsw_ef_search),
            },
            checkpoint_interval_secs: u64::from(self.checkpoint_interval_secs),
            durability,
            open: open_mode(self.flags)?,
            threads: small(self.threads),
            seed: self.seed,
        })
    }
}

fn open_mode(flags: u32) -> Result<OpenMode> {
    let known = SYNA_MMAP_OPEN_READ_ONLY
        | SYNA_MMAP_OPEN_MUST_EXIST
        | SYNA_MMAP_OPEN_MUST_CREATE
        | SYNA_MMAP_OPEN_VERIFY
        | SYNA_MMAP_OPEN_DAMAGED
        | SYNA_MMAP_OPEN_SMALL_DIMENSIONS;
    if flags & !known != 0 {
        let bits = flags & !known;
        return Err(SynaError::argument(format!(
            "flags has bits {bits:#x}, which this version of the library does not know"
        )));
    }
    let has = |flag: u32| flags & flag != 0;
    Ok(OpenMode {
        read_only: has(SYNA_MMAP_OPEN_READ_ONLY),
        must_exist: has(SYNA_MMAP_OPEN_MUST_EXIST),
        must_create: has(SYNA_MMAP_OPEN_MUST_CREATE),
        verify: has(SYNA_MMAP_OPEN_VERIFY),
        damaged: has(SYNA_MMAP_OPEN_DAMAGED),
    })
}

/// Fills `options` with the defaults.
///
/// options      BORROWED for the call: `struct_size` bytes, which are overwritten. NULL, not aligned, or a
///              struct_size below sizeof(size_t) or above 4,096: nothing is done.
/// struct_size  sizeof(syna_mmap_options) as your program was compiled. It is stored in the member of
///              that name.
///
/// Threads: any, also in callbacks. Cost: negligible.
///
/// # Safety
/// `options` is NULL, or `struct_size` bytes can be written there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_options_init(options: *mut syna_mmap_options, struct_size: usize) {
    boundary::value_anyway((), |_allowed| {
        // SAFETY: as the caller guarantees.
        unsafe { structs::write_defaults(options, struct_size) };
        Ok(())
    })
}
