//! Header section: refreshing a reader to the state that another process wrote.
#![expect(unsafe_code, reason = "a function of the C API")]

use super::boundary;
use super::boundary::arguments::Out;
use super::boundary::status::{syna_mmap_error, syna_mmap_status};
use super::store::{syna_mmap, with_store};

/// Advances a store that was opened with SYNA_MMAP_OPEN_READ_ONLY to the newest state of its file. Without
/// this call, the store shows the state of its opening, whatever other processes write.
///
/// The store always shows the state after some write, in the order of the writes, never half of a write.
/// Searches in progress end in the state in which they began. What was borrowed from results and cursors
/// stays unchanged. If a compaction has replaced the file, the old file keeps its disk space until the
/// borrowed objects are freed. For a store opened for writing the call does nothing: such a store is always
/// up to date.
///
/// store        a handle.
/// out_changed  BORROWED for the call: whether there was anything new. May be NULL.
/// error        BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _NOT_FOUND (the file no longer
/// exists), _CORRUPT, _IO, _NO_MEMORY, _POISONED. If another file has replaced it: also what syna_mmap_open
/// returns for that file.
/// On failure: *out_changed is not written, and the store shows a complete state, the old one or a newer
/// one.
/// Threads: any. Lookups by key wait for it; searches run meanwhile. Cost: reads the new keys; all keys if
/// the file was replaced.
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
