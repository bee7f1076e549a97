//! Header section: proving that a store is whole, and saving what is.
#![expect(non_camel_case_types, reason = "names of the C API")]
#![expect(unsafe_code, reason = "functions of the C API, and calls of the caller's callback")]

use super::boundary;
use super::boundary::arguments::{self, Out};
use super::boundary::callbacks::calling_back;
use super::boundary::status::{syna_mmap_error, syna_mmap_status};
use super::store::{syna_mmap, with_store};
use crate::{Finding, MmapVectorStore, Problem, Result, SynaError};
use std::ffi::{c_char, c_void};
use std::ops::ControlFlow;
use std::ptr;

/// The row's vector differs from its checksum: the disk has changed it. Save the others by
/// syna_mmap_salvage.
pub const SYNA_MMAP_PROBLEM_DAMAGED_VECTOR: u32 = 1;
/// A search through the index for the row's own vector does not find it.
pub const SYNA_MMAP_PROBLEM_HIDDEN: u32 = 2;
/// No chain of the index's links leads to the row, so no search through the index can find it.
pub const SYNA_MMAP_PROBLEM_UNREACHABLE: u32 = 3;
/// What the index's file says of the row differs from its checksum: the disk has changed it. The index is not
/// used any more: searches compare all vectors until syna_mmap_build_index, or the next index that comes by
/// itself.
pub const SYNA_MMAP_PROBLEM_DAMAGED_LINKS: u32 = 4;

/// No link of the index leads to the row, so it is a candidate of every search, as are more than one row in 50:
/// searches are slower than they need be, and find less. Not told where hnsw_m_max is under 16.
pub const SYNA_MMAP_PROBLEM_ORPHAN: u32 = 5;

/// A row that is not as it should be. BORROWED until the callback that it was handed to returns, with the
/// key that it points to. This struct never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_finding {
    /// The row's key: UTF-8, any content, without a NUL at its end. BORROWED as said above. Not NULL.
    pub key: *const c_char,
    /// Bytes of the key.
    pub key_len: usize,
    /// The row's number, as in syna_mmap_hit.
    pub row: u64,
    /// SYNA_MMAP_PROBLEM_*. Later versions add new ones: treat one that you do not know as damage.
    pub problem: u32,
    /// 0.
    pub reserved: u32,
}

/// What syna_mmap_verify calls, on the thread that called it, never from two threads at once.
///
/// context  BORROWED for the callback: the pointer that was given to syna_mmap_verify, as it is.
/// finding  BORROWED for the callback. NULL: a report of progress.
/// done     of progress: rows that were searched for so far; of a finding: its number, from 1.
/// total    of progress: how many rows that can be at most; of a finding: how many findings there are.
///
/// Returns: true to go on; false to end the call, which then answers SYNA_MMAP_ERR_CANCELLED.
/// It has to return: no exception of C++ or the like and no longjmp may leave it, which would be undefined
/// behaviour.
/// It may call everything on any store, this one too, except for closing this one, which is refused with
/// SYNA_MMAP_ERR_INVALID_ARGUMENT. It must not wait for a thread that closes this one: that one waits for
/// the call to end.
/// Threads: the caller's of syna_mmap_verify. Cost: yours; nothing is held up meanwhile but a close.
pub type syna_mmap_verify_callback = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        finding: *const syna_mmap_finding,
        done: u64,
        total: u64,
    ) -> bool,
>;

/// A callback with what it is to be handed.
#[derive(Clone, Copy)]
struct Callback {
    function: syna_mmap_verify_callback,
    context: *mut c_void,
    store: *const syna_mmap,
}

impl Callback {
    /// # Safety
    /// The function is NULL or as the header says.
    unsafe fn call(self, finding: Option<&Finding>, done: u64, total: u64) -> ControlFlow<()> {
        let Some(function) = self.function else { return ControlFlow::Continue(()) };
        let shown = finding.map(|finding| syna_mmap_finding {
            key: finding.key.as_ptr().cast(),
            key_len: finding.key.len(),
            row: u64::from(finding.row),
            problem: match finding.problem {
                Problem::DamagedVector => SYNA_MMAP_PROBLEM_DAMAGED_VECTOR,
                Problem::Hidden => SYNA_MMAP_PROBLEM_HIDDEN,
                Problem::Unreachable => SYNA_MMAP_PROBLEM_UNREACHABLE,
                Problem::DamagedLinks => SYNA_MMAP_PROBLEM_DAMAGED_LINKS,
                Problem::Orphan => SYNA_MMAP_PROBLEM_ORPHAN,
            },
            reserved: 0,
        });
        let shown = shown.as_ref().map_or(ptr::null(), ptr::from_ref);
        let goes_on = calling_back(self.store.addr(), || {
            // SAFETY: the caller promises a function that takes these and does not unwind; the finding and its key
            // live until it returns.
            unsafe { function(self.context, shown, done, total) }
        });
        if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// Proves that the store is whole: compares every vector with its checksum, follows the index's links to
/// every row, and (cosine and euclidean) searches through the index for each row by its own vector.
///
/// Tells of its progress once for 1,024 rows of the index that were searched for, and at the end of each
/// finding, by ascending row; a row with two problems is two findings. Looks at the rows of the moment of
/// the call. After _HIDDEN, _UNREACHABLE and _ORPHAN, remove the file path.hnsw while the store is closed, open it
/// and call syna_mmap_build_index; after _DAMAGED_LINKS, call syna_mmap_build_index.
///
/// store         a handle.
/// callback      called with findings and progress. May be NULL: then only counted.
/// context       BORROWED for the call: handed to the callback and not looked at. May be NULL.
/// out_findings  BORROWED for the call: how many findings there are; 0: the store is whole. May be NULL.
/// error         BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, also with findings, or SYNA_MMAP_ERR_CORRUPT (the file's structure is damaged:
/// see syna_mmap_salvage), _CANCELLED (the callback returned false, or syna_mmap_interrupt), _INVALID_ARGUMENT, _INVALID_HANDLE,
/// _IO, _NO_MEMORY, _POISONED.
/// On failure: *out_findings is not written; what the callback has been told is true. The store is as it
/// was in any case.
/// Threads: any; searches and writes go on meanwhile, an index build is waited for. Cost: reads the whole
/// file (no progress is told of that), and makes a search for each row of the index.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_verify(
    store: *const syna_mmap,
    callback: syna_mmap_verify_callback,
    context: *mut c_void,
    out_findings: *mut u64,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; a misaligned one is refused.
    unsafe {
        boundary::call(error, || {
            let out_findings = Out::optional(out_findings, "out_findings")?;
            let callback = Callback { function: callback, context, store };
            out_findings.set(with_store(store, |store| report(store, callback))?);
            Ok(())
        })
    }
}

/// Verifies and tells; how many findings there are.
///
/// # Safety
/// As [`Callback::call`].
unsafe fn report(store: &MmapVectorStore, callback: Callback) -> Result<u64> {
    // SAFETY: the caller's promise is the same.
    let report = store.verify(&mut |done, total| unsafe { callback.call(None, done, total) })?;
    let total = u64::try_from(report.findings.len()).unwrap_or(u64::MAX);
    for (number, finding) in (1..).zip(&report.findings) {
        // SAFETY: as above.
        if unsafe { callback.call(Some(finding), number, total) }.is_break() {
            return Err(SynaError::Cancelled);
        }
    }
    Ok(total)
}

/// Measures the recall of searches through the index, on the store as it is: `samples` stored vectors are
/// searched for through the index and exactly, each left out of its own hits, and it is counted how many of
/// the index's hits are as near as the exact ones.
///
/// The vectors of a store are near each other: queries from elsewhere may fare worse. Rows that are written
/// meanwhile may lower the figure.
///
/// store       a handle.
/// samples     how many vectors; where there are fewer, all of them. Not 0.
/// k           hits of each search. Not 0.
/// ef          candidates, as in syna_mmap_search_options. 0: the store's.
/// seed        which vectors: the same seed chooses the same ones, as long as no row comes or goes.
/// out_recall  BORROWED for the call: 0 to 1, 1 where there is nothing to compare, as without an index.
/// error       BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _LIMIT (k or ef), _NO_MEMORY,
/// _CANCELLED (syna_mmap_interrupt), _POISONED.
/// On failure: *out_recall is not written.
/// Threads: any; the store's `threads` share the work. Cost: a pass over all vectors for each
/// 64 samples, for fewer where vectors are long.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_check_recall(
    store: *const syna_mmap,
    samples: usize,
    k: usize,
    ef: u32,
    seed: u64,
    out_recall: *mut f64,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_recall = Out::new(out_recall, "out_recall")?;
            let ef = usize::try_from(ef).unwrap_or(usize::MAX);
            out_recall.set(with_store(store, |store| store.check_recall(samples, k, ef, seed))?);
            Ok(())
        })
    }
}

/// Writes whatever is whole in the damaged file `from` into the new file `to`, with tags and payloads.
/// `from` is only read and stays as it is.
///
/// A row is whole if its vector fits its checksum and the record of its write is whole. Where the record of
/// a deletion or of a replacement is damaged, what it took away is back. Rows get new numbers, in the old
/// order. The new file has no index: an insert builds it once the store has
/// index_threshold vectors, and syna_mmap_build_index does at once.
///
/// from      COPIED. A path as for syna_mmap_open; no handle is needed, and it should not be open for
///           writing.
/// to        COPIED. The path of a file that does not exist yet.
/// out_rows  BORROWED for the call: how many vectors are in the new file. May be NULL.
/// out_lost  BORROWED for the call: how many are known to have been in the old one besides, counted up to
///           its last checkpoint. May be NULL.
/// error     BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, also where vectors were lost, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _NOT_FOUND
/// (`from`), _CORRUPT (too damaged, or no store), _UNSUPPORTED_VERSION, _LEGACY_FORMAT, _IO (also where
/// `to` exists), _NO_SPACE, _NO_MEMORY, _LOCKED, _POISONED.
/// On failure: *out_rows and *out_lost are not written. A file `to` that existed is as it was; one that did
/// not may be there now with a part of the vectors: remove it before you try again.
/// Threads: any. Cost: reads the old file and writes the new one, with a checkpoint.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_salvage(
    from: *const c_char,
    to: *const c_char,
    out_rows: *mut u64,
    out_lost: *mut u64,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let (from, to) = (arguments::path(from, "from")?, arguments::path(to, "to")?);
            let out_rows = Out::optional(out_rows, "out_rows")?;
            let out_lost = Out::optional(out_lost, "out_lost")?;
            let report = MmapVectorStore::salvage(from, to)?;
            out_rows.set(report.rows);
            out_lost.set(report.lost);
            Ok(())
        })
    }
}
