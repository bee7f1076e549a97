//! Header section: what a store is opened with.
#![expect(unsafe_code, reason = "reads and writes the caller's options")]

use super::boundary;
use super::boundary::structs::{self, Versioned, member_ends};
use crate::{
    DistanceMetric, Durability, HnswConfig, IndexProfile, MmapVectorConfig, OpenMode, Result, SynaError,
};

/// Fewest dimensions of a store.
pub const SYNA_MMAP_MIN_DIMENSIONS: u32 = 64;
/// Most dimensions of a store.
pub const SYNA_MMAP_MAX_DIMENSIONS: u32 = 8192;

/// Most hits of one search: SYNA_MMAP_ERR_LIMIT for more.
pub const SYNA_MMAP_MAX_K: u32 = 16_777_216;
/// Most candidates of one search: SYNA_MMAP_ERR_LIMIT for more.
pub const SYNA_MMAP_MAX_EF: u32 = 16_777_216;
/// Most bytes of a payload: SYNA_MMAP_ERR_LIMIT for more.
pub const SYNA_MMAP_MAX_PAYLOAD_BYTES: u32 = 1_048_576;
/// Most bytes of keys and payloads in one batch, with 8 to 24 bytes more for each row: SYNA_MMAP_ERR_LIMIT for
/// more.
pub const SYNA_MMAP_MAX_BATCH_BYTES: u32 = 1_073_741_824;
/// Most rows that are ever written to one file, deleted ones too; a compaction begins a new file.
/// SYNA_MMAP_ERR_LIMIT for more.
pub const SYNA_MMAP_MAX_ROWS: u32 = 4_294_967_294;

const _: () = assert!(
    SYNA_MMAP_MAX_K as usize == crate::MAX_K
        && SYNA_MMAP_MAX_EF as usize == crate::MAX_EF
        && SYNA_MMAP_MAX_PAYLOAD_BYTES as usize == crate::MAX_PAYLOAD_BYTES
        && SYNA_MMAP_MAX_BATCH_BYTES as usize == crate::MAX_BATCH_BYTES
        && SYNA_MMAP_MAX_ROWS as u64 == crate::storage::MAX_ROWS
);

/// Distance 1 - cos(a, b), from 0 to 2; exactly 1 where one of the vectors has no length.
pub const SYNA_MMAP_METRIC_COSINE: u32 = 0;
/// Distance: the square root of the sum of squared differences.
pub const SYNA_MMAP_METRIC_EUCLIDEAN: u32 = 1;
/// Distance -(a . b).
pub const SYNA_MMAP_METRIC_DOT_PRODUCT: u32 = 2;
/// For opening only: as in the existing file, whichever that is (UINT32_MAX).
pub const SYNA_MMAP_METRIC_FROM_FILE: u32 = 0xFFFF_FFFF;

/// Open for reading: takes no lock, changes no byte, sees the rows of that moment; syna_mmap_refresh shows
/// later ones.
pub const SYNA_MMAP_OPEN_READ_ONLY: u32 = 1;
/// Do not create the file: SYNA_MMAP_ERR_NOT_FOUND where there is none.
pub const SYNA_MMAP_OPEN_MUST_EXIST: u32 = 2;
/// Do not open an existing file: SYNA_MMAP_ERR_IO where there is one. Not with READ_ONLY, MUST_EXIST or
/// DAMAGED.
pub const SYNA_MMAP_OPEN_MUST_CREATE: u32 = 4;
/// Check every stored vector against its checksum: reads the whole file; SYNA_MMAP_ERR_CORRUPT at the first
/// that differs. syna_mmap_verify checks more, and names all.
pub const SYNA_MMAP_OPEN_VERIFY: u32 = 8;
/// Open a damaged file read-only and show whatever of it is whole, as syna_mmap_salvage would save it.
pub const SYNA_MMAP_OPEN_DAMAGED: u32 = 16;

/// A write that returned survives a crash or a kill of the process; a power cut only from the next
/// checkpoint on.
pub const SYNA_MMAP_DURABILITY_PROCESS: u32 = 0;
/// A write is synced to the disk before it returns: it survives a power cut, and takes as long as the disk
/// does.
pub const SYNA_MMAP_DURABILITY_BATCH: u32 = 1;

/// The index holds the neighbours' codes beside each vector's links: the fastest searches. In memory 320 + 5 *
/// dimensions bytes a vector, as far as searches have come to it (256 dimensions at least count).
pub const SYNA_MMAP_INDEX_FAST: u32 = 0;
/// The index holds a vector's own code and links: 192 + dimensions bytes a vector. Searches are about twice as
/// slow.
pub const SYNA_MMAP_INDEX_COMPACT: u32 = 1;

/// What a store is opened with. It is yours: COPIED by syna_mmap_open, so it may go out of scope after the
/// call.
///
/// Fill it by syna_mmap_options_init, then change what you care about. Threads: it is plain memory, so
/// share it as you would an int. The struct grows at its end in later versions; programs that were compiled
/// with a shorter one keep working.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_options {
    /// sizeof(syna_mmap_options).
    pub struct_size: usize,
    /// Floats in a vector, SYNA_MMAP_MIN_DIMENSIONS to SYNA_MMAP_MAX_DIMENSIONS; 0: as in the existing
    /// file. Default 768.
    pub dimensions: u32,
    /// SYNA_MMAP_METRIC_*, fixed when the file is made. Default SYNA_MMAP_METRIC_COSINE.
    pub metric: u32,
    /// Vectors to plan for. No limit, and takes no space by itself: syna_mmap_reserve does. Default
    /// 100,000.
    pub initial_capacity: u64,
    /// Vectors at which the index comes by itself; 0: only syna_mmap_build_index and syna_mmap_index_step make
    /// it. From there on each write does the index work of two to four rows for each row that it wrote, of six
    /// while an index of which a quarter is deleted rows is rebuilt: some milliseconds for a single one.
    /// Searches compare rows that wait one by one. The first index is whole after as many writes more as half of
    /// these vectors, at most. Default 10,000.
    pub index_threshold: u64,
    /// Seconds between the checkpoints that writes make; 0: only when asked and at close. Such a checkpoint takes no
    /// rows into the index. The write that makes it waits for the disk: milliseconds, or more where much was
    /// written in the last second or the disk is busy. The writes after it save what has changed of the index,
    /// each a part of it. Default 30.
    pub checkpoint_interval_secs: u32,
    /// SYNA_MMAP_OPEN_*, combined by |. Default 0: read and write, create if there is no file.
    pub flags: u32,
    /// SYNA_MMAP_DURABILITY_*. Default SYNA_MMAP_DURABILITY_PROCESS.
    pub durability: u32,
    /// Threads that an index build or a batch search may use, the calling one among them. With 1 or more, a
    /// batch of 2 MiB or more is written by a thread of that call's own, while the calling one checks what
    /// comes next, and an open of an index of 16,384 rows or more has one that reads it while the calling one
    /// reads the keys; they take no signals. 0: none, the calling thread does all. At most 1,024, default 0.
    pub threads: u32,
    /// Half of the index's links of a row, 2 to 256, where hnsw_m_max is 0; without effect otherwise. Default 16.
    pub hnsw_m: u32,
    /// Candidates that are looked at for a node's links; more is slower and finds better ones. 1 to
    /// 65,536, default 200.
    pub hnsw_ef_construction: u32,
    /// The candidates of a search that names no number; more is slower and finds more. Where the index has measured
    /// that it takes more to find 9 of the 10 nearest, such a search takes more: see fixed_ef. 1 to 65,536,
    /// default 100.
    pub hnsw_ef_search: u32,
    /// The index's links of a row, 2 to 512, of which under 4 count as 4; 0: 2 * hnsw_m. Default 0.
    pub hnsw_m_max: u32,
    /// Seed of the index: the same rows, options and seed give the same index. Default 0.
    pub seed: u64,
    /// Rows that may wait before writes take them into an index that comes by itself: each search compares them
    /// one by one. Once more wait, the next writes take in up to 512 of them, two to four a row written, so that
    /// these and half as many wait at most. 0: every write takes in all its rows before it returns, and the
    /// one at index_threshold makes the whole index. Without effect where index_threshold is 0. Default 256.
    pub most_unindexed_rows: u64,
    /// SYNA_MMAP_INDEX_*: how much memory the index takes, and how fast it is. An index that is there stays as it is;
    /// syna_mmap_compact makes it anew. Default SYNA_MMAP_INDEX_FAST.
    pub index_profile: u32,
    /// 1: a thread of the store's own takes rows into an index that comes by itself, whenever an eighth of
    /// most_unindexed_rows is left. Writes then make no index, and do a share of its work only where twice
    /// most_unindexed_rows, or 1,024, wait; they wait for the thread 10 ms at most. The index then depends on
    /// time, not only on rows, options and seed. The thread takes no signals and ends when the store is closed. Where the
    /// system has no thread for it, syna_mmap_open answers SYNA_MMAP_ERR_IO. Without effect where index_threshold is
    /// 0 and where the store is opened read-only. 0: no such thread. Default 0.
    pub index_worker: u32,
    /// 1: a search that names no ef takes hnsw_ef_search candidates, whatever it finds with them. 0: the index
    /// measures on a sample of its rows, while it grows, how many it takes to find 9 of the 10 nearest, and such a
    /// search takes as many, up to 2,000: on embeddings hnsw_ef_search is enough, on random data it is not, and
    /// searches take longer there. syna_mmap_stats has the number. Default 0.
    pub fixed_ef: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, begins with `struct_size`, numbers only.
unsafe impl Versioned for syna_mmap_options {
    const NAME: &'static str = "syna_mmap_options";
    const MEMBER_ENDS: &'static [usize] = member_ends!(syna_mmap_options: struct_size, dimensions, metric,
        initial_capacity, index_threshold, checkpoint_interval_secs, flags, durability, threads, hnsw_m,
        hnsw_ef_construction, hnsw_ef_search, hnsw_m_max, seed, most_unindexed_rows, index_profile, index_worker,
        fixed_ef, reserved);

    fn defaults() -> Self {
        let store = MmapVectorConfig::default();
        let graph = &store.hnsw_config;
        // The defaults are small numbers; a larger one would be cut to the member's largest.
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
            reserved: 0,
        }
    }
}

/// The metric's number in the header.
pub(super) fn metric_number(metric: DistanceMetric) -> u32 {
    match metric {
        DistanceMetric::Cosine => SYNA_MMAP_METRIC_COSINE,
        DistanceMetric::Euclidean => SYNA_MMAP_METRIC_EUCLIDEAN,
        DistanceMetric::DotProduct => SYNA_MMAP_METRIC_DOT_PRODUCT,
    }
}

impl syna_mmap_options {
    /// The store's own form of the options.
    ///
    /// # Errors [`SynaError::InvalidArgument`] for a value that is not in the header,
    /// [`SynaError::InvalidDimensions`].
    pub(super) fn to_config(self) -> Result<MmapVectorConfig> {
        let unknown = |member: &str, value: u32| {
            SynaError::argument(format!(
                "{member} is {value}, which this version of the library does not know"
            ))
        };
        let metric = match self.metric {
            SYNA_MMAP_METRIC_COSINE | SYNA_MMAP_METRIC_FROM_FILE => DistanceMetric::Cosine,
            SYNA_MMAP_METRIC_EUCLIDEAN => DistanceMetric::Euclidean,
            SYNA_MMAP_METRIC_DOT_PRODUCT => DistanceMetric::DotProduct,
            value => return Err(unknown("metric", value)),
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
        let dimensions = match self.dimensions {
            0 => 0,
            n if (SYNA_MMAP_MIN_DIMENSIONS..=SYNA_MMAP_MAX_DIMENSIONS).contains(&n) => {
                u16::try_from(n).map_err(|_| SynaError::InvalidDimensions { dimensions: n })?
            }
            n => return Err(SynaError::InvalidDimensions { dimensions: n }),
        };
        // No process can hold more than `usize::MAX` vectors, so a larger plan means the same.
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let small = |n: u32| count(u64::from(n));
        Ok(MmapVectorConfig {
            dimensions,
            metric,
            metric_from_file: self.metric == SYNA_MMAP_METRIC_FROM_FILE,
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
        | SYNA_MMAP_OPEN_DAMAGED;
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
/// options      BORROWED for the call: `struct_size` bytes that are written, whatever they were before.
///              NULL, not aligned, or a struct_size below sizeof(size_t) or above 4,096: nothing is done.
/// struct_size  sizeof(syna_mmap_options) where your program is compiled; becomes the member of that name.
///
/// Threads: any, in callbacks too. Cost: none to speak of.
///
/// # Safety
/// `options` is NULL, or `struct_size` bytes can be written there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_options_init(options: *mut syna_mmap_options, struct_size: usize) {
    boundary::value_anyway((), |_allowed| {
        // SAFETY: the caller's promise is the same.
        unsafe { structs::write_defaults(options, struct_size) };
        Ok(())
    })
}
