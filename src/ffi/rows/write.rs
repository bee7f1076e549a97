//! Header section: writing and deleting.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::batch::{SYNA_MMAP_WRITE_INSERT, SYNA_MMAP_WRITE_UPSERT, syna_mmap_batch, write_mode};
use crate::ffi::boundary;
use crate::ffi::boundary::arguments::{self, Out};
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::boundary::structs::{self, Versioned};
use crate::ffi::store::{syna_mmap, with_store};
use crate::{Result, RowData};
use std::ffi::c_char;

/// Writes one row as a batch.
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
            vectors: vector.cast(),
            count: 1,
            mode,
            ..syna_mmap_batch::defaults()
        };
        // SAFETY: there are two offsets, and the caller guarantees key and vector.
        Ok(unsafe { batch.write_to(store)? } == 1)
    })
}

/// Stores a vector under a key. If the key exists, it is left unchanged, and the call succeeds.
///
/// syna_mmap_insert_batch is many times faster for many vectors.
///
/// store         a handle.
/// key           COPIED: `key_len` bytes, in a store of text keys UTF-8. May be NULL if `key_len` is 0, the
///               empty key.
/// vector        COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
/// out_inserted  BORROWED for the call: whether the key was new. May be NULL.
/// error         BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_KEY, _INVALID_VECTOR, _INVALID_HANDLE,
/// _READ_ONLY, _NO_SPACE, _NO_MEMORY, _LIMIT, _IO, _POISONED.
/// On failure: the store is unchanged, and *out_inserted is not written. After _IO, whether the row was
/// stored is known when the store is opened again.
/// Threads: any; searches run meanwhile, writes wait for each other. Cost: writing the row. With automatic
/// indexing, a write also does index work: see index_threshold. A write may also make an automatic
/// checkpoint or save a part of the index: see checkpoint_interval_secs. Set both options to 0 to avoid
/// this. If this extra work finds no space or no memory, the failure is logged and the write still succeeds.
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

/// Stores a vector under a key and replaces an existing one. The row gets a new number. It has no tags and
/// no payload, even if the replaced row had some; syna_mmap_put can set them.
///
/// store   a handle.
/// key     COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
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

/// Writes one row with its tags and its payload.
///
/// store        a handle.
/// key          COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
/// vector       COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
/// tags         the tags of the row; 0: none. See syna_mmap_batch.
/// payload      COPIED: `payload_len` bytes, up to 1 MiB. May be NULL if `payload_len` is 0: no payload.
/// mode         SYNA_MMAP_WRITE_*. A row that replaces another one does not inherit its tags or its payload.
/// out_written  BORROWED for the call: whether the row was written. With SYNA_MMAP_WRITE_INSERT: whether the
///              key was new. May be NULL.
/// error        BORROWED for the call. May be NULL.
///
/// Returns, threads, cost: as syna_mmap_insert. On failure: as there; *out_written is not written.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_put(
    store: *mut syna_mmap,
    key: *const c_char,
    key_len: usize,
    vector: *const f32,
    tags: u64,
    payload: *const u8,
    payload_len: usize,
    mode: u32,
    out_written: *mut bool,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_written = Out::optional(out_written, "out_written")?;
            let mode = write_mode(mode)?;
            let put = |store: &crate::MmapVectorStore| {
                let key = arguments::key(key, key_len)?;
                let vector = arguments::slice(vector, usize::from(store.dimensions()), "vector")?;
                let payload = arguments::slice(payload, payload_len, "payload")?;
                store.put(key, vector, &RowData { tags, payload }, mode)
            };
            out_written.set(with_store(store, put)?);
            Ok(())
        })
    }
}

/// Stores many vectors, all or none. Existing keys are left unchanged. It is syna_mmap_write with
/// SYNA_MMAP_WRITE_INSERT and without tags or payloads.
///
/// store         a handle.
/// keys          COPIED: the bytes of all keys, one after the other. May be NULL if all keys are empty.
/// key_offsets   COPIED: count + 1 offsets, aligned to 8 bytes. Key i is keys[key_offsets[i]] up to
///               keys[key_offsets[i + 1]].
/// vectors       COPIED: count x dimensions floats, one vector after the other, aligned to 4 bytes.
/// count         vectors. 0: nothing is done, and every pointer may be NULL.
/// out_inserted  BORROWED for the call: how many keys were new. May be NULL.
/// error         BORROWED for the call. May be NULL.
///
/// Returns, on failure, threads: as syna_mmap_insert. The error message names the first invalid row. Cost:
/// writing the rows, in few large pieces, and the extra work of syna_mmap_insert. In a store whose element type
/// is not SYNA_MMAP_ELEMENT_F32, the call allocates the converted vectors, syna_mmap_vector_bytes each.
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
            let batch = syna_mmap_batch {
                keys,
                key_offsets,
                vectors: vectors.cast(),
                count,
                ..syna_mmap_batch::defaults()
            };
            out_inserted.set(with_store(store, |store| batch.write_to(store))?);
            Ok(())
        })
    }
}

/// Stores many vectors, all or none, and replaces existing keys. It is syna_mmap_write with
/// SYNA_MMAP_WRITE_UPSERT and without tags or payloads.
///
/// The arguments are those of syna_mmap_insert_batch, COPIED as there. `error` is BORROWED for the call and
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
            let batch = syna_mmap_batch {
                keys,
                key_offsets,
                vectors: vectors.cast(),
                count,
                mode,
                ..syna_mmap_batch::defaults()
            };
            with_store(store, |store| batch.write_to(store)).map(|_written| ())
        })
    }
}

/// Writes a batch of rows and deletions, all or none.
///
/// store        a handle.
/// batch        COPIED, with all that it points to. Its out_deleted is BORROWED for the call.
/// out_written  BORROWED for the call. Of an insert: how many keys were new. Of an upsert: how many
///              different keys the batch had. May be NULL.
/// error        BORROWED for the call. May be NULL.
///
/// Returns, on failure, threads, cost: as syna_mmap_insert_batch; and SYNA_MMAP_ERR_ELEMENT_MISMATCH if
/// vectors_element is neither SYNA_MMAP_ELEMENT_F32 nor the element type of the store. Stored bytes need no
/// memory for conversion.
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

/// Deletes a key and its row. Deleting a key that does not exist succeeds.
///
/// The disk space of the row is returned by syna_mmap_compact.
///
/// store        a handle.
/// key          COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
/// out_deleted  BORROWED for the call: whether the key existed. May be NULL.
/// error        BORROWED for the call. May be NULL.
///
/// Returns, threads: as syna_mmap_insert. On failure: as there; *out_deleted is not written. Cost: a small
/// write, and the extra work of syna_mmap_insert.
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

/// Deletes many keys and their rows, all or none, as one write. It is syna_mmap_write of a batch without
/// rows. Keys that do not exist are ignored.
///
/// store        a handle.
/// keys         COPIED: the bytes of all keys, one after the other. May be NULL if all keys are empty.
/// key_offsets  COPIED: count + 1 offsets, aligned to 8 bytes. Key i is keys[key_offsets[i]] up to
///              keys[key_offsets[i + 1]].
/// count        keys. 0: nothing is done, and every pointer may be NULL.
/// out_deleted  BORROWED for the call: how many keys existed. May be NULL.
/// error        BORROWED for the call. May be NULL.
///
/// Returns, threads: as syna_mmap_insert. On failure: as there; *out_deleted is not written. Cost: one
/// lookup a key and one small write: milliseconds for 100,000 keys. The index work of up to 16 rows.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_delete_batch(
    store: *mut syna_mmap,
    keys: *const c_char,
    key_offsets: *const u64,
    count: usize,
    out_deleted: *mut usize,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let batch = syna_mmap_batch {
                delete_keys: keys,
                delete_key_offsets: key_offsets,
                delete_count: count,
                out_deleted,
                ..syna_mmap_batch::defaults()
            };
            with_store(store, |store| batch.write_to(store)).map(|_written| ())
        })
    }
}
