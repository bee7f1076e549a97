//! Header section: building the index, in one call or in steps.
#![expect(non_camel_case_types, reason = "names of the C API")]
#![expect(unsafe_code, reason = "functions of the C API, and calls of C callbacks")]

use crate::ffi::boundary;
use crate::ffi::boundary::arguments::Out;
use crate::ffi::boundary::callbacks::calling_back;
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::store::{syna_mmap, with_store};
use std::ffi::c_void;
use std::ops::ControlFlow;
use std::time::Duration;

/// The progress of a long call, reported on the thread that made the call.
///
/// context  BORROWED for the callback: the pointer that was passed with the callback, unchanged.
/// done     rows that are done in this part of the work.
/// total    rows of this part of the work.
///
/// Returns: true to continue; false to end the call, which then returns SYNA_MMAP_ERR_CANCELLED.
/// It must return normally: an exception or a longjmp that leaves it is undefined behaviour.
/// It may call all functions on any store, also on this one, except that it cannot close this store and,
/// during a compaction, cannot call syna_mmap_compact* on it: SYNA_MMAP_ERR_INVALID_ARGUMENT. It must not
/// wait for a thread that closes this store, because that thread waits for the call to end.
/// Threads: the calling thread. Cost: yours.
pub type syna_mmap_progress_callback =
    Option<unsafe extern "C" fn(context: *mut c_void, done: u64, total: u64) -> bool>;

/// A progress callback with its context.
#[derive(Clone, Copy)]
pub(in crate::ffi) struct Callback {
    pub(in crate::ffi) function: syna_mmap_progress_callback,
    pub(in crate::ffi) context: *mut c_void,
    pub(in crate::ffi) store: *const syna_mmap,
}

impl Callback {
    /// # Safety
    /// The function is NULL or as described in the header.
    pub(in crate::ffi) unsafe fn call(self, done: u64, total: u64) -> ControlFlow<()> {
        let Some(function) = self.function else { return ControlFlow::Continue(()) };
        let goes_on = calling_back(self.store.addr(), || {
            // SAFETY: the caller guarantees a function that accepts these arguments and does not unwind.
            unsafe { function(self.context, done, total) }
        });
        if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// Does what syna_mmap_build_index does, with a callback that is told the progress and can end the call.
///
/// store     a handle.
/// callback  told how many rows of how many are indexed, after every 512 rows. When all are indexed, it is
///           called from time to time while the index is checked. May be NULL.
/// context   BORROWED for the call: passed to the callback unchanged. May be NULL.
/// error     BORROWED for the call. May be NULL.
///
/// Returns: as syna_mmap_build_index, or SYNA_MMAP_ERR_CANCELLED: indexed rows stay indexed, searches use
/// them, and a later call continues.
/// Threads, cost: as syna_mmap_build_index.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_build_index_with(
    store: *mut syna_mmap,
    callback: syna_mmap_progress_callback,
    context: *mut c_void,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them.
    unsafe {
        boundary::call(error, || {
            let callback = Callback { function: callback, context, store };
            with_store(store, |store| store.build_index_with(&mut |done, total| callback.call(done, total)))
        })
    }
}

/// Indexes rows for about `budget_us` microseconds, on the calling thread: incremental indexing with a time
/// budget, for frame loops. Creates the index if there is none.
///
/// Each search compares unindexed rows one by one. Rows are indexed in batches of up to 512, each of them
/// the work of many calls, so *out_remaining decreases in large steps. After it has reached 0, calls check
/// older rows and, if a quarter of the index is deleted rows, rebuild it. When nothing is left to do, a call
/// returns at once. Steps of any length give the same index as syna_mmap_build_index, if no rows are written
/// in between.
/// A call does at least one item of work, which takes at most as long as a search, and starts no item that
/// would exceed the budget. It returns late if the system preempts the thread, if the system is slow to
/// provide memory (a 2 MB page every few hundred rows), or if a table of the index is enlarged (32 bytes a
/// row are cleared each time the rows have doubled). If another thread is working on the index, the call
/// does nothing.
///
/// store          a handle.
/// budget_us      microseconds; 0: one item of work.
/// out_remaining  BORROWED for the call: how many rows are unindexed. May be NULL.
/// error          BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _NO_MEMORY, _POISONED.
/// On failure: *out_remaining is not written; indexed rows stay indexed.
/// Threads: any; searches and writes run meanwhile. Cost: the budget.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_index_step(
    store: *mut syna_mmap,
    budget_us: u64,
    out_remaining: *mut u64,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_remaining = Out::optional(out_remaining, "out_remaining")?;
            let budget = Duration::from_micros(budget_us);
            let remaining = with_store(store, |store| store.index_step(budget))?;
            out_remaining.set(u64::try_from(remaining).unwrap_or(u64::MAX));
            Ok(())
        })
    }
}
