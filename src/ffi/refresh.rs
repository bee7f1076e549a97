//! Header section: moving a reader on to what was written elsewhere.
#![expect(unsafe_code, reason = "a function of the C API")]

use super::boundary;
use super::boundary::arguments::Out;
use super::boundary::status::{syna_mmap_error, syna_mmap_status};
use super::store::{syna_mmap, with_store};

/// Moves a store that was opened with SYNA_MMAP_OPEN_READ_ONLY on to the newest state of its file. Until
/// then it answers as it did when it was opened, whatever another process writes.
///
/// What the store answers is at each moment what it would have answered after one of the writes, in their
/// order; never half of one. Searches that are under way end in the state that they began with. What was
/// borrowed from results and cursors stays as it was. Where a compaction has replaced the file, the old one
/// is kept, with its disk space, until what was borrowed is freed. Does nothing for a store that was opened
/// for writing: it always is at the newest state.
///
/// store        a handle.
/// out_changed  BORROWED for the call: whether there was anything new. May be NULL.
/// error        BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _NOT_FOUND (the file is gone),
/// _CORRUPT, _IO, _NO_MEMORY, _POISONED and, where the file was replaced by another one, whatever
/// syna_mmap_open answers for that.
/// On failure: *out_changed is not written, and the store answers from a whole state, the old one or a newer
/// one.
/// Threads: any. Look-ups by key wait for it; searches go on. Cost: reads the keys that are new; all of them
/// where the file was replaced.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_refresh(
    store: *mut syna_mmap,
    out_changed: *mut bool,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_changed = Out::optional(out_changed, "out_changed")?;
            out_changed.set(with_store(store, |store| store.refresh())?);
            Ok(())
        })
    }
}
