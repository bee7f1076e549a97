//! Header section: the index, made at once or in steps.
#![expect(non_camel_case_types, reason = "names of the C API")]
#![expect(unsafe_code, reason = "functions of the C API, and calls of the caller's callback")]

use super::boundary;
use super::boundary::arguments::Out;
use super::boundary::callbacks::calling_back;
use super::boundary::status::{syna_mmap_error, syna_mmap_status};
use super::store::{syna_mmap, with_store};
use std::ffi::c_void;
use std::ops::ControlFlow;
use std::time::Duration;

/// What a long call tells of its progress, on the thread that made it.
///
/// context  BORROWED for the callback: the pointer that was given with the callback, as it is.
/// done     rows that are done in this part of the work.
/// total    rows of this part of the work.
///
/// Returns: true to go on; false to end the call, which then answers SYNA_MMAP_ERR_CANCELLED.
/// It has to return: no exception of C++ or the like and no longjmp may leave it, which would be undefined
/// behaviour.
/// It may call everything on any store, this one too, except for closing this one and, in a compaction, the
/// functions named syna_mmap_compact* on it, which are refused with SYNA_MMAP_ERR_INVALID_ARGUMENT. It must not
/// wait for a thread that closes this one: that one waits for the call to end.
/// Threads: the caller's. Cost: yours.
pub type syna_mmap_progress_callback =
    Option<unsafe extern "C" fn(context: *mut c_void, done: u64, total: u64) -> bool>;

/// A callback with what it is to be handed.
#[derive(Clone, Copy)]
pub(super) struct Callback {
    pub(super) function: syna_mmap_progress_callback,
    pub(super) context: *mut c_void,
    pub(super) store: *const syna_mmap,
}

impl Callback {
    /// # Safety
    /// The function is NULL or as the header says.
    pub(super) unsafe fn call(self, done: u64, total: u64) -> ControlFlow<()> {
        let Some(function) = self.function else { return ControlFlow::Continue(()) };
        let goes_on = calling_back(self.store.addr(), || {
            // SAFETY: the caller promises a function that takes these and does not unwind.
            unsafe { function(self.context, done, total) }
        });
        if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// Does what syna_mmap_build_index does, and tells how far it is; the callback can end it.
///
/// store     a handle.
/// callback  told how many rows of how many are in the index, after every 512 rows, and with all of them in
///           it now and then while they are checked. May be NULL.
/// context   BORROWED for the call: handed to the callback and not looked at. May be NULL.
/// error     BORROWED for the call. May be NULL.
///
/// Returns: as syna_mmap_build_index, or SYNA_MMAP_ERR_CANCELLED: the rows that are in the index stay there,
/// searches use it, and a later call goes on.
/// Threads: any; searches and writes go on meanwhile. Cost: as syna_mmap_build_index.
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

/// Takes rows into the index for about as long as `budget_us` says, on this thread: for a program that has so
/// much time in each frame. Makes the index where there is none.
///
/// Rows that are not in the index are compared one by one by each search. They enter it in batches of up to
/// 512, each of them the work of many calls, so *out_remaining goes down by leaps. Once it is 0, calls go on
/// checking older rows, and making an index anew of which a quarter is deleted vectors, for their budget at
/// most, until all that is due is done; then they return at once.
/// Steps of any length make the index that syna_mmap_build_index makes, if no rows come between.
///
/// A call does one item of work at least, which takes as long as a search or less, and begins none that would
/// not fit any more. It is late where the system takes the processor away or takes long to give memory (a
/// page of 2 MB every few hundred rows), and where a table of the index is made larger: 32 bytes a row are
/// cleared, each time the rows have doubled. Where another thread is working on the index, a call does nothing.
///
/// store          a handle.
/// budget_us      microseconds; 0: one item of work.
/// out_remaining  BORROWED for the call: how many rows are not in the index. May be NULL.
/// error          BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _NO_MEMORY, _POISONED.
/// On failure: *out_remaining is not written; what is in the index stays.
/// Threads: any; searches and writes go on meanwhile. Cost: the budget.
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
