//! Header section: writing and deleting.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::batch::{SYNA_MMAP_WRITE_INSERT, SYNA_MMAP_WRITE_UPSERT, syna_mmap_batch};
use crate::Result;
use crate::ffi::boundary;
use crate::ffi::boundary::arguments::{self, Out};
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::boundary::structs::{self, Versioned};
use crate::ffi::store::{syna_mmap, with_store};
use std::ffi::c_char;

/// One row as a batch.
///
/// # Safety
/// As [`syna_mmap_batch::write_to`], with `key_len` bytes at `key` and one vector.
unsafe fn write_one(
    store: *const syna_mmap,
    key: *const c_char,
    key_len: usize,
    vector: *const f32,
    mode: u32,
) -> Result<bool> {
    with_store(store, |store| {
        arguments::check_key_length(key_len)?;
        if key_len > 0 {
            arguments::check_pointer(key, "key")?;
        }
        arguments::check_pointer(vector, "vector")?;
        let offsets = [0, u64::try_from(key_len).unwrap_or(u64::MAX)];
        let batch = syna_mmap_batch {
            keys: key,
            key_offsets: offsets.as_ptr(),
            vectors: vector,
            count: 1,
            mode,
            ..syna_mmap_batch::defaults()
        };
        // SAFETY: the offsets are two, and the caller promises key and vector.
        Ok(unsafe { batch.write_to(store)? } == 1)
    })
}

/// Stores a vector under a key, unless the key is there already: then it is left as it is, and that is OK.
///
/// Many vectors are stored many times faster by syna_mmap_insert_batch.
///
/// store         a handle.
/// key           COPIED: `key_len` bytes of UTF-8, any content. May be NULL where `key_len` is 0, the empty
///               key.
/// vector        COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
/// out_inserted  BORROWED for the call: whether the key was new. May be NULL.
/// error         BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_KEY, _INVALID_VECTOR,
/// _INVALID_HANDLE, _READ_ONLY, _NO_SPACE, _NO_MEMORY, _LIMIT, _IO, _POISONED.
/// On failure: the store is as it was (after _IO: as it was or with the row, which opening it again
/// decides), and *out_inserted is not written.
/// Threads: any; searches go on meanwhile, writes wait for one another. Cost: the row's bytes, and now and
/// then more: a share of the index work, and a checkpoint that falls due, are done here (set
/// checkpoint_interval_secs and index_threshold to 0 to avoid it). Where that finds no room for the index, the log says so, and the row is
/// stored all the same.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_insert(
    store: *mut syna_mmap,
    key: *const c_char,
    key_len: usize,
    vector: *const f32,
    out_inserted: *mut bool,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_inserted = Out::optional(out_inserted, "out_inserted")?;
            out_inserted.set(write_one(store, key, key_len, vector, SYNA_MMAP_WRITE_INSERT)?);
            Ok(())
        })
    }
}

/// Stores a vector under a key, in the place of the one that is there, if any. The row gets a new number,
/// and has no tags and no payload, whatever the former one had: syna_mmap_write gives it some.
///
/// store   a handle.
/// key     COPIED: `key_len` bytes of UTF-8, any content. May be NULL where `key_len` is 0, the empty key.
/// vector  COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
/// error   BORROWED for the call. May be NULL.
///
/// Returns, on failure, threads, cost: as syna_mmap_insert.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_upsert(
    store: *mut syna_mmap,
    key: *const c_char,
    key_len: usize,
    vector: *const f32,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            write_one(store, key, key_len, vector, SYNA_MMAP_WRITE_UPSERT).map(|_is_new| ())
        })
    }
}

/// Stores many vectors, all or none: short for syna_mmap_write with SYNA_MMAP_WRITE_INSERT and no tags or
/// payloads.
///
/// store         a handle.
/// keys          COPIED: the keys' bytes, one key after the other. May be NULL where all keys are empty.
/// key_offsets   COPIED: count + 1 offsets, aligned to 8 bytes; key i is keys[key_offsets[i]] up to
///               keys[key_offsets[i + 1]].
/// vectors       COPIED: count x dimensions floats, one vector after the other, aligned to 4 bytes.
/// count         vectors. 0: nothing is done, and every pointer may be NULL.
/// out_inserted  BORROWED for the call: how many keys were new. May be NULL.
/// error         BORROWED for the call. May be NULL.
///
/// Returns, on failure, threads: as syna_mmap_insert. An error's message names the first row that is wrong.
/// Cost: the rows' bytes, written in few large pieces.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_insert_batch(
    store: *mut syna_mmap,
    keys: *const c_char,
    key_offsets: *const u64,
    vectors: *const f32,
    count: usize,
    out_inserted: *mut usize,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_inserted = Out::optional(out_inserted, "out_inserted")?;
            let batch = syna_mmap_batch { keys, key_offsets, vectors, count, ..syna_mmap_batch::defaults() };
            out_inserted.set(with_store(store, |store| batch.write_to(store))?);
            Ok(())
        })
    }
}

/// Stores many vectors, all or none, in the place of those that are there under the same keys: short for
/// syna_mmap_write with SYNA_MMAP_WRITE_UPSERT and no tags or payloads.
///
/// The arguments are those of syna_mmap_insert_batch, COPIED as there; `error` is BORROWED for the call and
/// may be NULL.
///
/// Returns, on failure, threads, cost: as syna_mmap_insert_batch.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_upsert_batch(
    store: *mut syna_mmap,
    keys: *const c_char,
    key_offsets: *const u64,
    vectors: *const f32,
    count: usize,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let mode = SYNA_MMAP_WRITE_UPSERT;
            let batch =
                syna_mmap_batch { keys, key_offsets, vectors, count, mode, ..syna_mmap_batch::defaults() };
            with_store(store, |store| batch.write_to(store)).map(|_written| ())
        })
    }
}

/// Writes a batch, all or none.
///
/// store        a handle.
/// batch        COPIED, with all that it points to.
/// out_written  BORROWED for the call: the new keys of an insert, the different keys of an upsert. May be
///              NULL.
/// error        BORROWED for the call. May be NULL.
///
/// Returns, on failure, threads, cost: as syna_mmap_insert_batch.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_write(
    store: *mut syna_mmap,
    batch: *const syna_mmap_batch,
    out_written: *mut usize,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_written = Out::optional(out_written, "out_written")?;
            arguments::check_pointer(batch, "batch")?;
            let batch = structs::read(batch, "batch")?.unwrap_or_else(syna_mmap_batch::defaults);
            out_written.set(with_store(store, |store| batch.write_to(store))?);
            Ok(())
        })
    }
}

/// Deletes a key and its vector. Deleting one that is not there is OK.
///
/// store        a handle.
/// key          COPIED: `key_len` bytes of UTF-8. May be NULL where `key_len` is 0, the empty key.
/// out_deleted  BORROWED for the call: whether the key was there. May be NULL.
/// error        BORROWED for the call. May be NULL.
///
/// Returns, on failure, threads: as syna_mmap_insert; *out_deleted is not written then. Cost: a small
/// write.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_delete(
    store: *mut syna_mmap,
    key: *const c_char,
    key_len: usize,
    out_deleted: *mut bool,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_deleted = Out::optional(out_deleted, "out_deleted")?;
            out_deleted.set(with_store(store, |store| store.delete(arguments::key(key, key_len)?))?);
            Ok(())
        })
    }
}
