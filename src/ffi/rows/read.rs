//! Header section: reading rows.
#![expect(unsafe_code, reason = "functions of the C API")]

use crate::ffi::boundary;
use crate::ffi::boundary::arguments::{self, Out};
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::options::metric_number;
use crate::ffi::store::{syna_mmap, with_store};
use crate::{MmapVectorStore, Result, SynaError};
use std::ffi::c_char;

/// Copies the vector of a key.
///
/// store       a handle.
/// key         COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
/// out_vector  BORROWED for the call: room for as many floats as the store has dimensions.
/// error       BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_NOT_FOUND, _INVALID_ARGUMENT, _INVALID_KEY, _INVALID_HANDLE,
/// _POISONED.
/// On failure: out_vector is not written.
/// Threads: any. Cost: one lookup and a copy.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_get(
    store: *const syna_mmap,
    key: *const c_char,
    key_len: usize,
    out_vector: *mut f32,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            with_store(store, |store| copy_vector(store, arguments::key(key, key_len)?, out_vector))
        })
    }
}

/// # Safety
/// If not NULL and aligned, `out_vector` can hold a vector of the store's dimensions.
unsafe fn copy_vector(store: &MmapVectorStore, key: &[u8], out_vector: *mut f32) -> Result<()> {
    arguments::check_pointer(out_vector, "out_vector")?;
    let copy = |vector: &[f32]| {
        // SAFETY: a stored vector has the store's dimensions, for which the caller guarantees room. It lies in the store's
        // own memory. `ptr::copy` allows an overlap.
        unsafe { std::ptr::copy(vector.as_ptr(), out_vector, vector.len()) };
    };
    if store.read_vector(key, copy).is_some() {
        return Ok(());
    }
    // `get` reports why there is no vector.
    let vector = store.get(key)?.ok_or_else(|| SynaError::no_such_key(key))?;
    copy(&vector);
    Ok(())
}

/// The tags of a key: the number that was written with it, 0 if there was none.
///
/// store     a handle.
/// key       COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
/// out_tags  BORROWED for the call: the tags.
/// error     BORROWED for the call. May be NULL.
///
/// Returns, threads: as syna_mmap_get. On failure: *out_tags is not written. Cost: one lookup.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_get_tags(
    store: *const syna_mmap,
    key: *const c_char,
    key_len: usize,
    out_tags: *mut u64,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            with_store(store, |store| {
                let out_tags = Out::new(out_tags, "out_tags")?;
                let key = arguments::key(key, key_len)?;
                store.check_key(key)?;
                out_tags.set(store.tags(key).ok_or_else(|| SynaError::no_such_key(key))?);
                Ok(())
            })
        })
    }
}

/// Copies the payload of a key if there is room for it, and reports its length.
///
/// Call it with `capacity` 0 to get the length, then again with enough room, or call it once with room for
/// your largest payload. If *out_len exceeds `capacity`, nothing was copied, and the call still succeeds.
/// Check *out_len after every call: another thread may have replaced the payload in between.
///
/// store        a handle.
/// key          COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
/// out_payload  BORROWED for the call: room for `capacity` bytes. May be NULL if `capacity` is 0.
/// capacity     bytes.
/// out_len      BORROWED for the call: the payload's length in bytes; 0 if the key has none. Not NULL.
/// error        BORROWED for the call. May be NULL.
///
/// Returns, threads: as syna_mmap_get. On failure: nothing is written. Cost: one lookup and a copy.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_get_payload(
    store: *const syna_mmap,
    key: *const c_char,
    key_len: usize,
    out_payload: *mut u8,
    capacity: usize,
    out_len: *mut usize,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            with_store(store, |store| {
                if capacity > 0 {
                    arguments::check_pointer(out_payload, "out_payload")?;
                }
                let out_len = Out::new(out_len, "out_len")?;
                let key = arguments::key(key, key_len)?;
                store.check_key(key)?;
                let copied = store.read_payload(key, |payload| {
                    if !payload.is_empty() && payload.len() <= capacity {
                        // `capacity` is not 0 here, so the pointer was checked. It has room for the payload, which lies
                        // in the store's own memory.
                        std::ptr::copy(payload.as_ptr(), out_payload, payload.len());
                    }
                    payload.len()
                });
                out_len.set(copied.ok_or_else(|| SynaError::no_such_key(key))?);
                Ok(())
            })
        })
    }
}

/// Whether a key is stored. False for an invalid handle or an invalid key.
///
/// store  a handle.
/// key    COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
///
/// Threads: any. Cost: one lookup.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_contains(
    store: *const syna_mmap,
    key: *const c_char,
    key_len: usize,
) -> bool {
    boundary::value(false, || {
        // SAFETY: the caller gives `key_len` bytes; NULL is refused.
        with_store(store, |store| Ok(store.contains(unsafe { arguments::key(key, key_len)? })))
    })
}

/// The number of stored vectors; 0 for an invalid handle.
///
/// store  a handle.
///
/// Threads: any. Cost: negligible.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_len(store: *const syna_mmap) -> u64 {
    boundary::value(0, || with_store(store, |store| Ok(u64::try_from(store.len()).unwrap_or(u64::MAX))))
}

/// The number of floats in a vector of the store; 0 for an invalid handle.
///
/// store  a handle.
///
/// Threads: any. Cost: negligible.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_dimensions(store: *const syna_mmap) -> u32 {
    boundary::value(0, || with_store(store, |store| Ok(u32::from(store.dimensions()))))
}

/// The store's metric, SYNA_MMAP_METRIC_*. 0 for an invalid handle, which is also a metric;
/// syna_mmap_dimensions tells the two apart.
///
/// store  a handle.
///
/// Threads: any. Cost: negligible.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_metric(store: *const syna_mmap) -> u32 {
    boundary::value(0, || with_store(store, |store| Ok(metric_number(store.metric()))))
}
