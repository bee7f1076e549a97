//! Header section: writing and deleting.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::arguments::{self, Out};
use super::boundary;
use super::status::{syna_mmap_error, syna_mmap_status};
use super::store::{syna_mmap, with_store};
use super::structs::{self, Versioned, member_ends};
use crate::{
    BatchKeys, BatchPayloads, BatchVectors, MmapVectorStore, Result, SynaError, WriteBatch, WriteMode,
};
use std::ffi::c_char;
use std::ptr;

/// Most bytes of a key; the fewest are 0.
pub const SYNA_MMAP_MAX_KEY_BYTES: u32 = 65_535;

/// A key that exists is left as it is; of a key that occurs twice in a batch the first counts.
pub const SYNA_MMAP_WRITE_INSERT: u32 = 0;
/// A key that exists is replaced; of a key that occurs twice in a batch the last counts.
pub const SYNA_MMAP_WRITE_UPSERT: u32 = 1;

/// Everything that a batch can carry. It is yours, with all that it points to: COPIED by syna_mmap_write,
/// so all of it may go out of scope after the call.
///
/// Zero it, set struct_size and what you need. Threads: plain memory. It grows at its end in later
/// versions.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_batch {
    /// sizeof(syna_mmap_batch).
    pub struct_size: usize,
    /// COPIED: the keys' bytes, one key after the other, nothing between. May be NULL where all keys are
    /// empty.
    pub keys: *const c_char,
    /// COPIED: count + 1 offsets. Key i is keys[key_offsets[i]] up to keys[key_offsets[i + 1]]. The first
    /// is 0; none is less than the one before.
    pub key_offsets: *const u64,
    /// COPIED: count x dimensions floats, one vector after the other.
    pub vectors: *const f32,
    /// Rows of the batch. 0: every pointer may be NULL.
    pub count: usize,
    /// COPIED: count numbers, or NULL: 0 for every row.
    pub tags: *const u64,
    /// COPIED: opaque bytes that are kept with the rows, up to 1 MiB each, laid out as the keys are. NULL:
    /// none.
    pub payloads: *const u8,
    /// COPIED: count + 1 offsets, as key_offsets. NULL where payloads is NULL.
    pub payload_offsets: *const u64,
    /// SYNA_MMAP_WRITE_*.
    pub mode: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, begins with `struct_size`, numbers and pointers only.
unsafe impl Versioned for syna_mmap_batch {
    const NAME: &'static str = "syna_mmap_batch";
    const MEMBER_ENDS: &'static [usize] = member_ends!(syna_mmap_batch: struct_size, keys, key_offsets, vectors,
        count, tags, payloads, payload_offsets, mode, reserved);

    fn defaults() -> Self {
        Self {
            struct_size: size_of::<Self>(),
            keys: ptr::null(),
            key_offsets: ptr::null(),
            vectors: ptr::null(),
            count: 0,
            tags: ptr::null(),
            payloads: ptr::null(),
            payload_offsets: ptr::null(),
            mode: SYNA_MMAP_WRITE_INSERT,
            reserved: 0,
        }
    }
}

impl syna_mmap_batch {
    /// Writes the batch into the store; how many rows were written.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`] for what cannot be right, and those of the store.
    ///
    /// # Safety
    /// Every pointer that is neither NULL nor misaligned points to what the header says.
    unsafe fn write_to(&self, store: &MmapVectorStore) -> Result<usize> {
        let mode = match self.mode {
            SYNA_MMAP_WRITE_INSERT => WriteMode::Insert,
            SYNA_MMAP_WRITE_UPSERT => WriteMode::Upsert,
            value => {
                return Err(SynaError::argument(format!(
                    "mode is {value}, which this version of the library does not know"
                )));
            }
        };
        if self.reserved != 0 {
            return Err(SynaError::argument(format!("reserved is {}; it must be 0", self.reserved)));
        }
        let count = self.count;
        let dimensions = usize::from(store.dimensions());
        // SAFETY: the caller's promise covers each of the arrays.
        let (keys, vectors, tags, payloads) = unsafe {
            let vectors = arguments::matrix(self.vectors, count, dimensions, "vectors")?;
            let (bytes, offsets) =
                arguments::packed((self.keys.cast(), "keys"), (self.key_offsets, "key_offsets"), count)?;
            let tags =
                if self.tags.is_null() { None } else { Some(arguments::slice(self.tags, count, "tags")?) };
            (BatchKeys::Packed { bytes, offsets }, vectors, tags, self.payloads()?)
        };
        store.write(&WriteBatch { keys, vectors: BatchVectors::RowMajor(vectors), tags, payloads, mode })
    }

    /// # Safety
    /// As [`Self::write_to`].
    unsafe fn payloads<'a>(&self) -> Result<BatchPayloads<'a>> {
        if self.payload_offsets.is_null() {
            if self.payloads.is_null() || self.count == 0 {
                return Ok(BatchPayloads::None);
            }
            return Err(SynaError::argument("`payload_offsets` is NULL while `payloads` is not"));
        }
        let offsets = (self.payload_offsets, "payload_offsets");
        // SAFETY: the caller's promise covers both arrays.
        let (bytes, offsets) =
            unsafe { arguments::packed((self.payloads, "payloads"), offsets, self.count)? };
        Ok(BatchPayloads::Packed { bytes, offsets })
    }
}

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
/// then more: a checkpoint or an index build that falls due is made here (set checkpoint_interval_secs and
/// index_threshold to 0 to avoid it).
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

/// Stores a vector under a key, in the place of the one that is there, if any. The row gets a new number.
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
