//! Header section: reading what is stored.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::arguments;
use super::boundary;
use super::options::metric_number;
use super::status::{syna_mmap_error, syna_mmap_status};
use super::store::{syna_mmap, with_store};
use crate::{MmapVectorStore, Result, SynaError};
use std::ffi::c_char;

/// Copies the vector of a key.
///
/// store       a handle.
/// key         COPIED: `key_len` bytes of UTF-8, any content. May be NULL where `key_len` is 0, the empty
///             key.
/// out_vector  BORROWED for the call: room for as many floats as the store has dimensions.
/// error       BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_NOT_FOUND, _INVALID_ARGUMENT, _INVALID_KEY, _INVALID_HANDLE,
/// _POISONED.
/// On failure: out_vector is not written.
/// Threads: any. Cost: one look-up and a copy.
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
/// If not NULL and aligned, `out_vector` has room for the store's dimensions.
unsafe fn copy_vector(store: &MmapVectorStore, key: &str, out_vector: *mut f32) -> Result<()> {
    arguments::check_pointer(out_vector, "out_vector")?;
    let copy = |vector: &[f32]| {
        // SAFETY: a stored vector has the store's dimensions, for which the caller promises room, and lies in the
        // store's own memory.
        unsafe { std::ptr::copy(vector.as_ptr(), out_vector, vector.len()) };
    };
    if let Some(vector) = store.get_slice(key) {
        copy(vector);
        return Ok(());
    }
    // Only this way tells why there is none.
    let Some(vector) = store.get(key)? else {
        let shown: String = key.chars().take(100).collect();
        return Err(SynaError::NotFound { what: format!("the key {shown:?}") });
    };
    copy(&vector);
    Ok(())
}

/// Whether a key is stored; false for a bad handle or a key that cannot be one.
///
/// store  a handle.
/// key    COPIED: `key_len` bytes. May be NULL where `key_len` is 0, the empty key.
///
/// Threads: any. Cost: one look-up.
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

/// How many vectors are stored; 0 for a bad handle.
///
/// store  a handle.
///
/// Threads: any. Cost: none to speak of.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_len(store: *const syna_mmap) -> u64 {
    boundary::value(0, || with_store(store, |store| Ok(u64::try_from(store.len()).unwrap_or(u64::MAX))))
}

/// How many floats a vector of the store has; 0 for a bad handle.
///
/// store  a handle.
///
/// Threads: any. Cost: none to speak of.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_dimensions(store: *const syna_mmap) -> u32 {
    boundary::value(0, || with_store(store, |store| Ok(u32::from(store.dimensions()))))
}

/// The store's metric, SYNA_MMAP_METRIC_*; 0 for a bad handle, so ask syna_mmap_dimensions where that is in
/// doubt.
///
/// store  a handle.
///
/// Threads: any. Cost: none to speak of.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_metric(store: *const syna_mmap) -> u32 {
    boundary::value(0, || with_store(store, |store| Ok(metric_number(store.metric()))))
}
