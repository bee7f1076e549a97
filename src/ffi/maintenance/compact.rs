//! Header section: compaction and backup.
#![expect(unsafe_code, reason = "functions of the C API")]

use crate::ffi::boundary;
use crate::ffi::boundary::arguments::{self, Out};
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::maintenance::indexing::{Callback, syna_mmap_progress_callback};
use crate::ffi::store::{syna_mmap, with_store};
use std::ffi::{c_char, c_void};
use std::time::Duration;

/// Copies the live rows into a new file that replaces the old one. This returns the disk space of deleted
/// and replaced rows. Rows are renumbered in the old order. If the store has an index, it is rebuilt.
///
/// Searches and writes run meanwhile; writes wait only for the last part. Results, cursors and what was
/// borrowed from them stay unchanged. The old file is closed, and its disk space returned, when the last
/// results and cursors that borrow from it are freed or searched into again. Other processes that read the
/// old file continue with it until syna_mmap_refresh. The new file needs disk space, under a temporary name
/// in the store's folder.
///
/// store     a handle.
/// callback  told how many rows of how many are copied, then how many are indexed. May be NULL.
/// context   BORROWED for the call: passed to the callback unchanged. May be NULL.
/// error     BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK: all writes so far also survive a power failure; or SYNA_MMAP_ERR_INVALID_HANDLE,
/// _INVALID_ARGUMENT (a call is already compacting the store), _READ_ONLY, _CANCELLED, _CORRUPT (a vector
/// differs from its checksum: see syna_mmap_salvage), _NO_SPACE, _NO_MEMORY, _IO, _POISONED.
/// On failure: the store continues with the old file. There are two exceptions. If the system cannot make
/// the new file's name durable (_IO), the store continues with the new file and refuses writes. If the index
/// cannot be saved, the store continues with the new file.
/// Threads: any. Cost: reads and writes all live rows, rebuilds the index, syncs.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_compact(
    store: *mut syna_mmap,
    callback: syna_mmap_progress_callback,
    context: *mut c_void,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them.
    unsafe {
        boundary::call(error, || {
            let callback = Callback { function: callback, context, store };
            with_store(store, |store| store.compact(&mut |done, total| callback.call(done, total)))
        })
    }
}

/// Does a part of what syna_mmap_compact does, for about `budget_us` microseconds. Call it until *out_done
/// is true. Between two calls the store can be used without restriction.
///
/// A call does at least one step: 1,024 rows copied, or 512 rows indexed. Some steps take longer: the first
/// reads all keys; if the store has an index, one checks all its rows; one syncs the new file, and the last
/// one syncs the rest.
///
/// store      a handle.
/// budget_us  microseconds; 0: one step.
/// out_done   BORROWED for the call: whether the compaction is complete.
/// error      BORROWED for the call. May be NULL.
///
/// Returns: as syna_mmap_compact. On failure: *out_done is not written; the next call starts again from the
/// beginning.
/// Threads: any. Cost: the budget, or one step if that is longer.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_compact_step(
    store: *mut syna_mmap,
    budget_us: u64,
    out_done: *mut bool,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_done = Out::new(out_done, "out_done")?;
            let budget = Duration::from_micros(budget_us);
            out_done.set(with_store(store, |store| store.compact_step(budget))?);
            Ok(())
        })
    }
}

/// Abandons a compaction that syna_mmap_compact_step has begun, and removes its copy. syna_mmap_close does
/// the same.
///
/// store  a handle.
/// error  BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, also if no compaction was begun, or SYNA_MMAP_ERR_INVALID_HANDLE,
/// _INVALID_ARGUMENT (a call is compacting the store), _POISONED.
/// Threads: any. Cost: removing a file.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_compact_cancel(
    store: *mut syna_mmap,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives an error struct as the header describes it; the handle is a number only.
    unsafe { boundary::call(error, || with_store(store, |store| store.compact_cancel())) }
}

/// Writes the rows that are live at this moment into the new file `path`: a backup of a store in use.
///
/// The copy is an independent store, as small as after a compaction. It has no index; after it is opened for
/// writing, writes or syna_mmap_build_index build one. The call also works for a store opened read-only.
///
/// store     a handle.
/// path      COPIED. A path as for syna_mmap_open, of a file that does not exist.
/// callback  told how many rows of how many were copied or skipped. May be NULL.
/// context   BORROWED for the call: passed to the callback unchanged. May be NULL.
/// error     BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK: the copy survives a power failure; or SYNA_MMAP_ERR_INVALID_HANDLE,
/// _INVALID_ARGUMENT, _CANCELLED, _CORRUPT (a vector differs from its checksum), _NO_SPACE, _NO_MEMORY, _IO
/// (also if `path` exists), _POISONED.
/// On failure: the file `path` does not exist, or is unchanged if it existed before.
/// Threads: any; waits for a write in progress when it begins, then searches and writes run meanwhile. Cost:
/// reads and writes all live rows, syncs.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_snapshot_to(
    store: *const syna_mmap,
    path: *const c_char,
    callback: syna_mmap_progress_callback,
    context: *mut c_void,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL is refused.
    unsafe {
        boundary::call(error, || {
            let path = arguments::path(path, "path")?;
            let callback = Callback { function: callback, context, store };
            with_store(store, |store| store.snapshot_to(path, &mut |done, total| callback.call(done, total)))
        })
    }
}
