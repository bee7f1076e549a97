//! Header section: reading rows.
#![expect(unsafe_code, reason = "functions of the C API")]

use crate::ffi::boundary;
use crate::ffi::boundary::arguments::{self, Out, Room};
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::kinds::{element_of, metric_number};
use crate::ffi::limits::SYNA_MMAP_MAX_DIMENSIONS;
use crate::ffi::store::{syna_mmap, with_store};
use crate::store::{FoundVector, decode_vector};
use crate::{Result, SynaError};
use std::ffi::{c_char, c_void};

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
            with_store(store, |store| {
                arguments::check_pointer(out_vector, "out_vector")?;
                let key = arguments::key(key, key_len)?;
                let copied = store.read_vector(key, |vector| copy_vector(&vector, out_vector))?;
                copied.unwrap_or_else(|| Err(SynaError::no_such_key(key)))
            })
        })
    }
}

/// Writes the components of a vector to the caller's memory.
///
/// # Errors
/// [`SynaError::InvalidArgument`]: NULL or misaligned.
///
/// # Safety
/// If not NULL and aligned, `out_vector` has room for the components, which no other thread uses during the call.
pub(in crate::ffi) unsafe fn copy_vector(vector: &FoundVector<'_>, out_vector: *mut f32) -> Result<()> {
    // SAFETY: as the caller guarantees.
    let room = unsafe { arguments::room(out_vector, vector.len(), "out_vector")? };
    copy_floats(&room, 0, vector);
    Ok(())
}

/// Writes the components of a vector from an element of `room` on.
pub(super) fn copy_floats(room: &Room<f32>, position: usize, vector: &FoundVector<'_>) {
    match vector.floats() {
        Some(floats) => room.copy(position, floats),
        None => room.fill(position, vector.len(), |into| vector.copy_to(into)),
    }
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

/// The number of components of a vector of the store; 0 for an invalid handle.
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

/// What the keys of the store are, SYNA_MMAP_KEYS_*. 0 for an invalid handle, which is also a kind;
/// syna_mmap_dimensions tells the two apart.
///
/// store  a handle.
///
/// Threads: any. Cost: negligible.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_key_kind(store: *const syna_mmap) -> u32 {
    boundary::value(0, || with_store(store, |store| Ok(store.key_kind().number())))
}

/// How the components of vectors are stored, SYNA_MMAP_ELEMENT_*. 0 for an invalid handle, which is also an
/// element type; syna_mmap_dimensions tells the two apart.
///
/// store  a handle.
///
/// Threads: any. Cost: negligible.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_element(store: *const syna_mmap) -> u32 {
    boundary::value(0, || with_store(store, |store| Ok(store.element().number())))
}

/// The bytes of a stored vector, not counting the padding between rows; 0 for an invalid handle. With D
/// dimensions: 4 * D for SYNA_MMAP_ELEMENT_F32, 2 * D for SYNA_MMAP_ELEMENT_F16, and D rounded up to a multiple
/// of 4, plus 4, for SYNA_MMAP_ELEMENT_I8. In the file a vector takes this rounded up to a multiple of 64 bytes;
/// up to 32 bytes, to a power of two, at least 4. So 60 dimensions of SYNA_MMAP_ELEMENT_I8 take 64 bytes, and 64
/// dimensions take 128.
///
/// store  a handle.
///
/// Threads: any. Cost: negligible.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_vector_bytes(store: *const syna_mmap) -> usize {
    boundary::value(0, || with_store(store, |store| Ok(store.vector_bytes())))
}

/// Converts a stored vector to floats, for example the member `stored` of a syna_mmap_row. No handle is needed.
///
/// element     SYNA_MMAP_ELEMENT_*: the type of the vector, as syna_mmap_element of its store.
/// dimensions  its components, 1 to SYNA_MMAP_MAX_DIMENSIONS.
/// stored      BORROWED for the call: the bytes of the vector, as many as syna_mmap_vector_bytes of its store,
///             aligned to 1 byte. Not NULL.
/// out_vector  BORROWED for the call: room for `dimensions` floats, aligned to 4 bytes. Not NULL.
///
/// Returns: whether the vector was converted. False for an unknown element type, a wrong number of dimensions,
/// and an invalid pointer; nothing is written then.
/// Threads: any, also in callbacks. Cost: a copy.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_decode_vector(
    element: u32,
    dimensions: u32,
    stored: *const c_void,
    out_vector: *mut f32,
) -> bool {
    boundary::value_anyway(false, |_allowed| {
        let element = element_of(element, "element")?;
        if !(1..=SYNA_MMAP_MAX_DIMENSIONS).contains(&dimensions) {
            return Err(SynaError::InvalidDimensions { dimensions });
        }
        let count = dimensions as usize;
        // SAFETY: the caller gives the bytes of a vector and room for its components; NULL and misaligned pointers are
        // refused.
        let (bytes, room) = unsafe {
            let bytes = element.vector_bytes(dimensions) as usize;
            arguments::check_pointer(stored.cast::<u8>(), "stored")?;
            arguments::check_pointer(out_vector, "out_vector")?;
            (
                arguments::slice(stored.cast::<u8>(), bytes, "stored")?,
                arguments::room(out_vector, count, "out_vector")?,
            )
        };
        room.fill(0, count, |components| decode_vector(element, bytes, components));
        Ok(true)
    })
}
