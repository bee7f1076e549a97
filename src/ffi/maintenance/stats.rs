//! Header section: statistics of a store.
#![expect(unsafe_code, reason = "a function of the C API")]

use crate::StoreStats;
use crate::ffi::boundary;
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::boundary::structs::{OutStruct, Versioned, member_ends};
use crate::ffi::store::{syna_mmap, with_store};

/// Statistics of a store. You own it; it may lie in any memory.
///
/// Initialize it with SYNA_MMAP_STATS_INIT, or set struct_size before the call. Later versions append
/// members. In a shorter struct the members that it has are filled; in a longer one the unknown members are
/// zeroed.
/// Threads: plain memory; one thread at a time.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_stats {
    /// sizeof(syna_mmap_stats), set by you.
    pub struct_size: usize,
    /// Rows in the file, live and deleted.
    pub rows: u64,
    /// Live rows, as syna_mmap_len.
    pub live_rows: u64,
    /// Deleted rows; syna_mmap_compact returns their space.
    pub deleted_rows: u64,
    /// The length of the data file: the sum of vector_bytes, log_bytes and slack_bytes.
    pub file_bytes: u64,
    /// Vectors and column values of all rows, deleted rows included.
    pub vector_bytes: u64,
    /// Keys, tags, payloads, checksums.
    pub log_bytes: u64,
    /// Superblocks, headers, and space that is allocated ahead.
    pub slack_bytes: u64,
    /// The length of the index file; 0 if there is none.
    pub index_bytes: u64,
    /// Data files that were replaced by a compaction and keep their space because results or cursors borrow
    /// from them.
    pub replaced_bytes: u64,
    /// Rows that the index covers; 0 if there is no index. Searches compare the rows after them one by one.
    pub indexed_rows: u64,
    /// The number of checkpoints in the file's life.
    pub generation: u64,
    /// The number of the last write. Writes that change something are numbered from 1 over the store's life.
    pub last_seq: u64,
    /// The number of the last write that survives a power failure.
    pub durable_seq: u64,
    /// 1 if searches use an index, else 0.
    pub has_index: u32,
    /// The candidates of a search that sets no ef: hnsw_ef_search, or more if the index needs more (see
    /// fixed_ef).
    pub default_ef: u32,
    /// The recall, 0 to 1, of searches for 10 vectors with default_ef candidates. The index measures it on a
    /// sample of its rows each time it has doubled, or grown by a quarter if 100 candidates are not enough. -1
    /// if it was not measured, as in an index of fewer than 2,000 rows. With fixed_ef or a larger
    /// hnsw_ef_search, it is the recall with the number of candidates that the index would choose.
    pub index_recall: f64,
    /// Seconds since the last checkpoint that this open store has made, by syna_mmap_checkpoint,
    /// syna_mmap_flush, syna_mmap_compact or automatically. -1 if it has made none, as in a store opened
    /// read-only. The file does not contain the time of a checkpoint.
    pub secs_since_checkpoint: f64,
}

// SAFETY: `repr(C)`, begins with `struct_size`, numbers only.
unsafe impl Versioned for syna_mmap_stats {
    const NAME: &'static str = "syna_mmap_stats";
    const MEMBER_ENDS: &'static [usize] = member_ends!(syna_mmap_stats: struct_size, rows, live_rows,
        deleted_rows, file_bytes, vector_bytes, log_bytes, slack_bytes, index_bytes, replaced_bytes,
        indexed_rows, generation, last_seq, durable_seq, has_index, default_ef, index_recall,
        secs_since_checkpoint);
    fn defaults() -> Self {
        Self::of(&StoreStats::default())
    }
}

impl syna_mmap_stats {
    fn of(stats: &StoreStats) -> Self {
        Self {
            struct_size: size_of::<Self>(),
            rows: stats.rows,
            live_rows: stats.live_rows,
            deleted_rows: stats.deleted_rows,
            file_bytes: stats.file_bytes,
            vector_bytes: stats.vector_bytes,
            log_bytes: stats.log_bytes,
            slack_bytes: stats.slack_bytes,
            index_bytes: stats.index_bytes,
            replaced_bytes: stats.replaced_bytes,
            indexed_rows: stats.indexed_rows,
            generation: stats.generation,
            last_seq: stats.last_seq,
            durable_seq: stats.durable_seq,
            has_index: u32::from(stats.has_index),
            default_ef: u32::try_from(stats.default_ef).unwrap_or(u32::MAX),
            index_recall: stats.index_recall.map_or(-1.0, f64::from),
            secs_since_checkpoint: stats.since_checkpoint.map_or(-1.0, |since| since.as_secs_f64()),
        }
    }
}

/// Reports what the store holds, how much space it takes, and which writes are durable.
///
/// store      a handle.
/// out_stats  BORROWED for the call: a struct whose struct_size is set.
/// error      BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _IO, _POISONED.
/// On failure: *out_stats is not written.
/// Threads: any; waits for a write or a checkpoint in progress. Cost: queries the system for the lengths of
/// two files.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_get_stats(
    store: *const syna_mmap,
    out_stats: *mut syna_mmap_stats,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_stats = OutStruct::new(out_stats, "out_stats")?;
            out_stats.set(&syna_mmap_stats::of(&with_store(store, |store| store.stats())?));
            Ok(())
        })
    }
}
