//! Header section: tags, payloads and values of existing rows.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::batch::syna_mmap_batch;
use crate::ffi::boundary;
use crate::ffi::boundary::arguments::{self, Out};
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::boundary::structs::{self, Versioned};
use crate::ffi::store::{syna_mmap, with_store};
use crate::{MmapVectorStore, Result, SynaError};
use std::ffi::c_char;

/// Sets tags, payloads or values of columns of existing rows, all or none, as one write. The rows keep their
/// numbers and vectors. A search or a cursor that runs meanwhile may see the old or the new values of each row.
///
/// store        a handle.
/// batch        COPIED, with all that it points to. keys, key_offsets and count as for syna_mmap_write; keys
///              that do not exist are ignored, and of a key that occurs twice the last one counts. tags: the
///              new tags; NULL: tags stay as they are. payload_offsets, payloads: the new payloads, an empty
///              one removes the old one; NULL: payloads stay as they are. columns, column_count: the new
///              values; columns that are not listed stay as they are. vectors is NULL, delete_count and
///              mode are 0.
/// out_updated  BORROWED for the call: how many keys exist. May be NULL.
/// error        BORROWED for the call. May be NULL.
///
/// Returns, threads: as syna_mmap_insert; SYNA_MMAP_ERR_INVALID_ARGUMENT also for neither tags nor payloads nor
/// columns.
/// On failure: as there; *out_updated is not written. Cost: one lookup a key and a small write, without index
/// work. Disk space: 12 bytes a row for tags, 12 bytes and the payload for payloads, 8 bytes for each value,
/// and 64 bytes for the call, until a compaction. Memory: 24 to 48 bytes for each row whose payload was updated,
/// 20 to 40 bytes for each value that was updated, until a compaction.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_update(
    store: *mut syna_mmap,
    batch: *const syna_mmap_batch,
    out_updated: *mut usize,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_updated = Out::optional(out_updated, "out_updated")?;
            arguments::check_pointer(batch, "batch")?;
            let batch = structs::read(batch, "batch")?.unwrap_or_else(syna_mmap_batch::defaults);
            out_updated.set(with_store(store, |store| batch.update(store))?);
            Ok(())
        })
    }
}

/// Sets the tags of a key. It is syna_mmap_update of one row.
///
/// store    a handle.
/// key      COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
/// tags     the new tags.
/// error    BORROWED for the call. May be NULL.
///
/// Returns, on failure, threads, cost: as syna_mmap_update; SYNA_MMAP_ERR_NOT_FOUND if the key does not exist.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_set_tags(
    store: *mut syna_mmap,
    key: *const c_char,
    key_len: usize,
    tags: u64,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe { boundary::call(error, || with_key(store, key, key_len, |store, key| store.set_tags(key, tags))) }
}

/// Sets the payload of a key. It is syna_mmap_update of one row. What was borrowed of the old payload stays
/// valid as long as before.
///
/// store        a handle.
/// key          COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
/// payload      COPIED: `payload_len` bytes. May be NULL if `payload_len` is 0, which removes the payload.
/// payload_len  bytes, at most SYNA_MMAP_MAX_PAYLOAD_BYTES.
/// error        BORROWED for the call. May be NULL.
///
/// Returns, on failure, threads, cost: as syna_mmap_update; SYNA_MMAP_ERR_NOT_FOUND if the key does not exist.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_set_payload(
    store: *mut syna_mmap,
    key: *const c_char,
    key_len: usize,
    payload: *const u8,
    payload_len: usize,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let payload = arguments::slice(payload, payload_len, "payload")?;
            with_key(store, key, key_len, |store, key| store.set_payload(key, payload))
        })
    }
}

/// # Errors
/// [`SynaError::NotFound`] if `set` returns that the key does not exist.
///
/// # Safety
/// As [`arguments::key`].
unsafe fn with_key(
    store: *const syna_mmap,
    key: *const c_char,
    key_len: usize,
    set: impl FnOnce(&MmapVectorStore, &[u8]) -> Result<bool>,
) -> Result<()> {
    with_store(store, |store| {
        // SAFETY: as the caller guarantees.
        let key = unsafe { arguments::key(key, key_len)? };
        if set(store, key)? { Ok(()) } else { Err(SynaError::no_such_key(key)) }
    })
}
