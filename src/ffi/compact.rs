//! Header section: giving space back, and copying a live store.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::boundary;
use super::boundary::arguments::{self, Out};
use super::boundary::status::{syna_mmap_error, syna_mmap_status};
use super::indexing::{Callback, syna_mmap_progress_callback};
use super::store::{syna_mmap, with_store};
use std::ffi::{c_char, c_void};
use std::time::Duration;

/// Writes the live rows into a new file that takes the old one's place: gives back the disk space of what was
/// deleted or replaced. Rows get new numbers, in the old order; the index is made anew if there is one.
///
/// Searches and writes go on meanwhile; writes wait for its last moments. Results, cursors and what was
/// borrowed from them stay as they were. The old file is closed, and its disk space comes back, when the
/// last results and cursors that borrow from it are freed or searched into again. Other processes that read the old file go on with it until
/// syna_mmap_refresh. Needs disk space for the new file, under a temporary name in the store's folder.
///
/// store     a handle.
/// callback  told how many rows of how many were copied, then how many are in the index. May be NULL.
/// context   BORROWED for the call: handed to the callback and not looked at. May be NULL.
/// error     BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK: everything is safe from a power cut too; or SYNA_MMAP_ERR_INVALID_HANDLE,
/// _INVALID_ARGUMENT (another compaction of the store is in a call), _READ_ONLY, _CANCELLED, _CORRUPT (a
/// vector differs from its checksum: see syna_mmap_salvage), _NO_SPACE, _NO_MEMORY, _IO, _POISONED.
/// On failure: the store goes on with the old file. (Where the system could not make sure of the new file's
/// name, _IO, it goes on with the new one and refuses writes; where the index could not be saved, without.)
/// Threads: any. Cost: reads and writes all live rows, makes the index, syncs.
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

/// Does a part of what syna_mmap_compact does, for about as long as `budget_us` says. Call it until
/// *out_done is true; between two calls anything may be done with the store.
///
/// A call does one step at least: 1,024 rows copied, or 512 taken into the index. Some steps are longer: the
/// first looks at all keys; where there is an index, one checks all its rows; one syncs the new file, and
/// the last one syncs the rest.
///
/// store      a handle.
/// budget_us  microseconds; 0: one step.
/// out_done   BORROWED for the call: whether the compaction is done.
/// error      BORROWED for the call. May be NULL.
///
/// Returns: as syna_mmap_compact. On failure: *out_done is not written; the next call begins anew.
/// Threads: any. Cost: the budget, or a step.
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

/// Gives up a compaction that syna_mmap_compact_step has begun, and removes what it has copied. Closing the
/// store does so too.
///
/// store  a handle.
/// error  BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, also where none was begun, or SYNA_MMAP_ERR_INVALID_HANDLE, _INVALID_ARGUMENT (the
/// compaction is in a call), _POISONED.
/// Threads: any. Cost: the removal of a file.
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

/// Writes the live rows of this moment into the new file `path`: a backup, while searches and writes go on.
/// The copy is a store of its own, as small as after a compaction, and has no index: opened for writing it
/// makes one. Works for a store that was opened read-only too.
///
/// store     a handle.
/// path      COPIED. A path as for syna_mmap_open, of a file that does not exist.
/// callback  told how many rows of how many were looked at. May be NULL.
/// context   BORROWED for the call: handed to the callback and not looked at. May be NULL.
/// error     BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK: the copy is safe from a power cut; or SYNA_MMAP_ERR_INVALID_HANDLE,
/// _INVALID_ARGUMENT, _CANCELLED, _CORRUPT (a vector differs from its checksum), _NO_SPACE, _NO_MEMORY, _IO
/// (also where `path` exists), _POISONED.
/// On failure: there is no file `path`, or the one that was there is as it was.
/// Threads: any; a write that is under way is waited for at the beginning. Cost: reads and writes all live
/// rows, syncs.
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
