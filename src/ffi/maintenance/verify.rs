//! Header section: verification, recall, salvage.
#![expect(non_camel_case_types, reason = "names of the C API")]
#![expect(unsafe_code, reason = "functions of the C API, and calls of C callbacks")]

use crate::ffi::boundary;
use crate::ffi::boundary::arguments::{self, Out};
use crate::ffi::boundary::callbacks::calling_back;
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::store::{syna_mmap, with_store};
use crate::{Finding, MmapVectorStore, Problem, Result, SynaError};
use std::ffi::{CString, c_char, c_void};
use std::ops::ControlFlow;
use std::ptr;

/// The row's vector differs from its checksum: the disk has changed it. Or it has values that no vector of the
/// store's element type has, for example NaN, under a valid checksum: another program has written it.
/// syna_mmap_salvage saves the other rows.
pub const SYNA_MMAP_PROBLEM_DAMAGED_VECTOR: u32 = 1;
/// A search through the index for the row's own vector does not find it.
pub const SYNA_MMAP_PROBLEM_HIDDEN: u32 = 2;
/// No path of links in the index leads to the row, so no search through the index can find it.
pub const SYNA_MMAP_PROBLEM_UNREACHABLE: u32 = 3;
/// The row's record in the index file differs from its checksum: the disk has changed it. The index is no
/// longer used: searches compare all vectors until syna_mmap_build_index or automatic indexing rebuilds it.
pub const SYNA_MMAP_PROBLEM_DAMAGED_LINKS: u32 = 4;

/// The index has only links to the row that may be replaced, or none. Reported only if this holds for more
/// than 16 rows and for more than one row in 50: searches then are slower and find less than they could. Not
/// reported if a row has fewer than 16 links (hnsw_m_max).
pub const SYNA_MMAP_PROBLEM_ORPHAN: u32 = 5;

/// The index file was not used when the store was opened: it is damaged, or belongs to another state of the
/// data file. `message` has the reason. This is a problem of the store and not of a row: key_len is 0 and row
/// is UINT64_MAX. Searches compare all vectors until the index is rebuilt. A later save of the index removes
/// the problem. No data are lost: a process that is killed between a compaction and the next save of the index
/// leaves such an index file too.
pub const SYNA_MMAP_PROBLEM_IGNORED_INDEX: u32 = 6;

/// A problem of one row, or of the store. It is BORROWED until the callback that receives it returns,
/// including the key and the message that it points to. This struct never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_finding {
    /// The row's key, without a terminating NUL; in a store of text keys UTF-8. BORROWED as said above.
    /// Not NULL.
    pub key: *const c_char,
    /// Bytes of the key.
    pub key_len: usize,
    /// The row number, as in syna_mmap_hit.
    pub row: u64,
    /// SYNA_MMAP_PROBLEM_*. Later versions add new ones: treat an unknown number as damage.
    pub problem: u32,
    /// 0.
    pub reserved: u32,
    /// The problem as a sentence in English, terminated by NUL. BORROWED as said above. Not NULL.
    pub message: *const c_char,
}

/// Receives the findings and the progress of syna_mmap_verify, on the thread that called it, one call at a
/// time.
///
/// context  BORROWED for the callback: the pointer that was passed to syna_mmap_verify, unchanged.
/// finding  BORROWED for the callback. NULL: a progress report.
/// done     of a progress report: rows that were searched for so far. Of a finding: its number, from 1.
/// total    of a progress report: the most rows that will be searched for. Of a finding: the number of
///          findings.
///
/// Returns: true to continue; false to end the call, which then returns SYNA_MMAP_ERR_CANCELLED.
/// It must return normally: an exception or a longjmp that leaves it is undefined behaviour.
/// It may call all functions on any store, also on this one, except that it cannot close this store:
/// SYNA_MMAP_ERR_INVALID_ARGUMENT. It must not wait for a thread that closes this store, because that thread
/// waits for the call to end.
/// Threads: the thread that called syna_mmap_verify. Cost: yours; only a close waits for it.
pub type syna_mmap_verify_callback = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        finding: *const syna_mmap_finding,
        done: u64,
        total: u64,
    ) -> bool,
>;

/// A verification callback with its context.
#[derive(Clone, Copy)]
struct Callback {
    function: syna_mmap_verify_callback,
    context: *mut c_void,
    store: *const syna_mmap,
}

impl Callback {
    /// # Safety
    /// The function is NULL or as described in the header.
    unsafe fn call(self, finding: Option<&Finding>, done: u64, total: u64) -> ControlFlow<()> {
        let Some(function) = self.function else { return ControlFlow::Continue(()) };
        let message = finding.map_or_else(CString::default, |finding| {
            CString::new(finding.message.replace('\0', " ")).unwrap_or_default()
        });
        let shown = finding.map(|finding| syna_mmap_finding {
            key: finding.key.as_ptr().cast(),
            key_len: finding.key.len(),
            row: finding.row.map_or(u64::MAX, u64::from),
            problem: match finding.problem {
                Problem::DamagedVector => SYNA_MMAP_PROBLEM_DAMAGED_VECTOR,
                Problem::Hidden => SYNA_MMAP_PROBLEM_HIDDEN,
                Problem::Unreachable => SYNA_MMAP_PROBLEM_UNREACHABLE,
                Problem::DamagedLinks => SYNA_MMAP_PROBLEM_DAMAGED_LINKS,
                Problem::Orphan => SYNA_MMAP_PROBLEM_ORPHAN,
                Problem::IgnoredIndex => SYNA_MMAP_PROBLEM_IGNORED_INDEX,
            },
            reserved: 0,
            message: message.as_ptr(),
        });
        let shown = shown.as_ref().map_or(ptr::null(), ptr::from_ref);
        let goes_on = calling_back(self.store.addr(), || {
            // SAFETY: the caller guarantees a function that accepts these arguments and does not unwind. The
            // finding, its key and its message exist until it returns.
            unsafe { function(self.context, shown, done, total) }
        });
        if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// Proves that the store is intact. It compares every vector with its checksum and follows the links of the
/// index to every row. With the cosine and euclidean metrics, it also searches the index for each row by the
/// row's own vector.
///
/// It covers the rows of the moment of the call. Progress is reported once for 1,024 indexed rows that were
/// searched for. The findings are reported at the end: first SYNA_MMAP_PROBLEM_IGNORED_INDEX, then those of
/// rows, by ascending row number; a row with two problems is two findings.
/// After _HIDDEN, _UNREACHABLE or _ORPHAN: close the store, remove the file path.hnsw, open the store and
/// call syna_mmap_build_index. After _DAMAGED_LINKS or _IGNORED_INDEX: call
/// syna_mmap_build_index and syna_mmap_checkpoint.
///
/// store         a handle.
/// callback      called with findings and progress. May be NULL: findings are then only counted.
/// context       BORROWED for the call: passed to the callback unchanged. May be NULL.
/// out_findings  BORROWED for the call: the number of findings; 0: the store is intact. May be NULL.
/// error         BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, also with findings, or SYNA_MMAP_ERR_CORRUPT (the structure of the file is
/// damaged: see syna_mmap_salvage), _CANCELLED (the callback returned false, or syna_mmap_interrupt),
/// _INVALID_ARGUMENT, _INVALID_HANDLE, _IO, _NO_MEMORY, _POISONED.
/// On failure: *out_findings is not written; what was reported to the callback is true. The store is
/// unchanged in any case.
/// Threads: any; searches and writes run meanwhile. It waits for a batch of an index build in progress, and
/// index builds wait while it reads the index. Cost: reads the whole file (without progress reports), and
/// makes one search for each indexed row.
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

/// Verifies the store, reports each finding, and returns the number of findings.
///
/// # Safety
/// As [`Callback::call`].
unsafe fn report(store: &MmapVectorStore, callback: Callback) -> Result<u64> {
    // SAFETY: as the caller guarantees.
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

/// Measures the recall of searches through the index, on the store's own data.
///
/// It searches for `samples` stored vectors through the index and exactly, each vector excluded from its own
/// hits. The recall is the share of the index's hits that are as near as the exact ones. The vectors of a
/// store resemble each other, so queries from another source may have a lower recall. Rows that are written
/// meanwhile may lower the result.
///
/// store       a handle.
/// samples     how many vectors; all of them if there are fewer. Not 0.
/// k           hits of each search. Not 0.
/// ef          candidates, as in syna_mmap_search_options. 0: the store's.
/// seed        selects the vectors. The same seed selects the same vectors as long as no rows are written or
///             deleted.
/// out_recall  BORROWED for the call: 0 to 1. 1 if there is nothing to compare, as without an index.
/// error       BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _LIMIT (k or ef), _NO_MEMORY,
/// _CANCELLED (syna_mmap_interrupt), _POISONED.
/// On failure: *out_recall is not written.
/// Threads: any; the store's `threads` share the work. Cost: one pass over all vectors for every 64 samples,
/// or for fewer samples if the vectors are long.
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

/// Writes the intact rows of the damaged file `from`, with tags and payloads, into the new file `to`. `from`
/// is only read and stays unchanged.
///
/// A row is intact if its vector matches its checksum and the record of its write is intact. If the record
/// of a deletion or replacement is damaged, the row that it removed is back. Rows are renumbered in the old
/// order.
/// The new file has no index. After it is opened for writing, writes build one from index_threshold vectors
/// on, or syna_mmap_build_index builds it.
///
/// from      COPIED. A path as for syna_mmap_open. No handle is needed. The file should not be open for
///           writing.
/// to        COPIED. The path of a file that does not exist.
/// out_rows  BORROWED for the call: how many vectors are in the new file. May be NULL.
/// out_lost  BORROWED for the call: how many other vectors the old file is known to have had at its last
///           checkpoint. May be NULL.
/// error     BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, also if vectors were lost, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _NOT_FOUND (`from`),
/// _CORRUPT (too damaged, or not a store), _UNSUPPORTED_VERSION, _LEGACY_FORMAT, _IO (also if `to` exists),
/// _NO_SPACE, _NO_MEMORY, _LOCKED, _POISONED.
/// On failure: *out_rows and *out_lost are not written. A file `to` that existed is unchanged. A new file
/// `to` is removed; if that fails, remove it before you try again.
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
