//! Header section: a store in numbers.
#![expect(unsafe_code, reason = "a function of the C API")]

use super::boundary;
use super::boundary::status::{syna_mmap_error, syna_mmap_status};
use super::boundary::structs::{OutStruct, Versioned, member_ends};
use super::store::{syna_mmap, with_store};
use crate::StoreStats;

/// A store in numbers. It is yours: any memory will do.
///
/// Set struct_size before the call. Threads: it is plain memory. The struct grows at its end in later
/// versions; of a shorter one the members that it has are filled, of a longer one the others are zeroed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_stats {
    /// sizeof(syna_mmap_stats), set by you.
    pub struct_size: usize,
    /// Rows in the file, live and deleted.
    pub rows: u64,
    /// Live rows: as syna_mmap_len.
    pub live_rows: u64,
    /// Deleted rows; syna_mmap_compact gives their space back.
    pub deleted_rows: u64,
    /// The data file's length: the sum of vector_bytes, log_bytes and slack_bytes.
    pub file_bytes: u64,
    /// Vectors of all rows, deleted ones too.
    pub vector_bytes: u64,
    /// Keys, tags, payloads, checksums.
    pub log_bytes: u64,
    /// Superblocks, headers, and space that is allocated ahead.
    pub slack_bytes: u64,
    /// The file of the index; 0 where there is none.
    pub index_bytes: u64,
    /// Replaced data files whose space is kept since results or cursors still borrow from them.
    pub replaced_bytes: u64,
    /// Rows that the index covers; 0 where there is none. Those behind them are compared one by one.
    pub indexed_rows: u64,
    /// Checkpoints that the file has had.
    pub generation: u64,
    /// The number of the last write. Writes that change something are counted from 1 over the store's life.
    pub last_seq: u64,
    /// The number of the last write that is safe from a power cut.
    pub durable_seq: u64,
    /// 1 where searches use an index, else 0.
    pub has_index: u32,
    /// The candidates of a search that names no ef: hnsw_ef_search, or more where the index needs more (fixed_ef).
    pub default_ef: u32,
    /// The recall of searches for 10 vectors with so many candidates, 0 to 1, that the index measured on a sample of
    /// its rows when it had last doubled, or grown by a quarter where 100 candidates are not enough; -1 where none was measured, as in an
    /// index of under 2,000 rows. With fixed_ef or a larger hnsw_ef_search: with the number that it would take.
    pub index_recall: f64,
}

// SAFETY: `repr(C)`, begins with `struct_size`, numbers only.
unsafe impl Versioned for syna_mmap_stats {
    const NAME: &'static str = "syna_mmap_stats";
    const MEMBER_ENDS: &'static [usize] = member_ends!(syna_mmap_stats: struct_size, rows, live_rows,
        deleted_rows, file_bytes, vector_bytes, log_bytes, slack_bytes, index_bytes, replaced_bytes,
        indexed_rows, generation, last_seq, durable_seq, has_index, default_ef, index_recall);
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
        }
    }
}

/// What the store holds, what it takes, and how far it has come.
///
/// store      a handle.
/// out_stats  BORROWED for the call: a struct whose struct_size is set.
/// error      BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _IO, _POISONED.
/// On failure: *out_stats is not written.
/// Threads: any; waits for a write, a checkpoint or an index build that is under way. Cost: a look at two
/// files.
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
