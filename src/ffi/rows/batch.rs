//! Header section: batches.
#![expect(unsafe_code, reason = "turns the caller's arrays into slices")]

use crate::ffi::boundary::arguments::{self, Out};
use crate::ffi::boundary::structs::{Versioned, member_ends};
use crate::ffi::columns::{BatchColumns, syna_mmap_column_values};
use crate::ffi::kinds::{SYNA_MMAP_ELEMENT_F32, element_of};
use crate::{
    BatchKeys, BatchPayloads, BatchVectors, MAX_KEY_BYTES, MmapVectorStore, Result, SynaError, UpdateBatch,
    WriteBatch, WriteMode,
};
use std::ffi::{c_char, c_void};
use std::ptr;

/// The most bytes of a key. The empty key is valid.
pub const SYNA_MMAP_MAX_KEY_BYTES: u32 = 65_535;

const _: () = assert!(SYNA_MMAP_MAX_KEY_BYTES as usize == MAX_KEY_BYTES);

/// Leave an existing key unchanged. If a key occurs twice in a batch, the first occurrence counts.
pub const SYNA_MMAP_WRITE_INSERT: u32 = 0;
/// Replace an existing key. If a key occurs twice in a batch, the last occurrence counts.
pub const SYNA_MMAP_WRITE_UPSERT: u32 = 1;

/// A batch of rows and deletions, with all that can be written in one call. It is written as a whole or not
/// at all: neither a crash nor a search can see a part of it. You own it and all that it points to:
/// syna_mmap_write reads it (COPIED), so all of it may go out of scope after the call.
///
/// Initialize it with SYNA_MMAP_BATCH_INIT, then set the members you need. Later versions append members.
/// Threads: plain memory; one thread at a time may change it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_batch {
    /// sizeof(syna_mmap_batch).
    pub struct_size: usize,
    /// COPIED: the bytes of all keys, one after the other, without separators. May be NULL if all keys are
    /// empty.
    pub keys: *const c_char,
    /// COPIED: count + 1 offsets. Key i is keys[key_offsets[i]] up to keys[key_offsets[i + 1]]. The first
    /// offset is 0, and offsets never decrease.
    pub key_offsets: *const u64,
    /// COPIED: count vectors, one after the other. By default each is as many floats as the store has
    /// dimensions, aligned to 4 bytes; see `vectors_element`.
    pub vectors: *const c_void,
    /// Rows of the batch. 0: the pointers above and below that belong to rows may be NULL.
    pub count: usize,
    /// COPIED: count numbers that are stored with the rows. NULL: 0 for every row. Their meaning is yours:
    /// syna_mmap_get_tags and syna_mmap_results_tags return them, and searches can filter by them. A row that
    /// replaces another one does not inherit its tags.
    pub tags: *const u64,
    /// COPIED: opaque bytes that are stored with the rows, up to 1 MiB each, laid out as the keys.
    /// syna_mmap_get_payload and syna_mmap_results_payload return them. May be NULL if all payloads are empty.
    pub payloads: *const u8,
    /// COPIED: count + 1 offsets, as key_offsets. NULL: no payloads; `payloads` must be NULL then.
    pub payload_offsets: *const u64,
    /// SYNA_MMAP_WRITE_*.
    pub mode: u32,
    /// 0.
    pub reserved: u32,
    /// COPIED: keys to delete, before the rows are written, laid out as `keys`. A key that is deleted and also
    /// occurs in `keys` has the new row afterwards, whatever `mode` is. Keys that do not exist are ignored.
    pub delete_keys: *const c_char,
    /// COPIED: delete_count + 1 offsets, as key_offsets.
    pub delete_key_offsets: *const u64,
    /// Keys to delete. 0: both pointers may be NULL. Default 0.
    pub delete_count: usize,
    /// BORROWED for the call: where to store how many of the keys to delete existed. NULL: nowhere. Not written
    /// on failure.
    pub out_deleted: *mut usize,
    /// SYNA_MMAP_ELEMENT_*: the type of `vectors`. SYNA_MMAP_ELEMENT_F32: floats, which are converted to the
    /// element type of the store. Otherwise it must be the element type of the store; the vectors are then stored
    /// as they are, each of them syna_mmap_vector_bytes bytes, little-endian, aligned to 1 byte. A vector of
    /// SYNA_MMAP_ELEMENT_F16 is its components. A vector of SYNA_MMAP_ELEMENT_I8 is its integers, zeros up to a
    /// multiple of 4 bytes, and the scale as a float. SYNA_MMAP_ERR_INVALID_VECTOR: a component of F16 that is
    /// infinite or NaN; an integer of -128; a padding that is not zero; a scale that is negative, -0, infinite or
    /// NaN, or so large that 127 times it is infinite. Ignored by syna_mmap_update. Default
    /// SYNA_MMAP_ELEMENT_F32.
    pub vectors_element: u32,
    /// 0.
    pub reserved_2: u32,
    /// COPIED: the values of column_count columns, each column at most once. Columns that are not listed get 0 in every
    /// row; with syna_mmap_update, they stay as they are. A row that replaces another one does not inherit its
    /// values. May be NULL if column_count is 0. Default NULL.
    pub columns: *const syna_mmap_column_values,
    /// Elements of `columns`, at most the columns of the store. Default 0.
    pub column_count: usize,
}

// SAFETY: `repr(C)`, begins with `struct_size`, numbers and pointers only.
unsafe impl Versioned for syna_mmap_batch {
    const NAME: &'static str = "syna_mmap_batch";
    const MEMBER_ENDS: &'static [usize] = member_ends!(syna_mmap_batch: struct_size, keys, key_offsets, vectors,
        count, tags, payloads, payload_offsets, mode, reserved, delete_keys, delete_key_offsets, delete_count,
        out_deleted, vectors_element, reserved_2, columns, column_count);

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
            delete_keys: ptr::null(),
            delete_key_offsets: ptr::null(),
            delete_count: 0,
            out_deleted: ptr::null_mut(),
            vectors_element: SYNA_MMAP_ELEMENT_F32,
            reserved_2: 0,
            columns: ptr::null(),
            column_count: 0,
        }
    }
}

/// # Errors
/// [`SynaError::InvalidArgument`] for a mode that is not in the header.
pub(super) fn write_mode(mode: u32) -> Result<WriteMode> {
    match mode {
        SYNA_MMAP_WRITE_INSERT => Ok(WriteMode::Insert),
        SYNA_MMAP_WRITE_UPSERT => Ok(WriteMode::Upsert),
        value => Err(SynaError::argument(format!(
            "mode is {value}, which this version of the library does not know"
        ))),
    }
}

impl syna_mmap_batch {
    /// Updates the tags, payloads and values of existing rows, and returns how many keys exist.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`], and the errors of the store.
    ///
    /// # Safety
    /// As [`Self::write_to`].
    pub(super) unsafe fn update(&self, store: &MmapVectorStore) -> Result<usize> {
        if !self.vectors.is_null() || self.delete_count != 0 || self.mode != SYNA_MMAP_WRITE_INSERT {
            return Err(SynaError::argument(
                "an update has neither vectors nor deletions, and its mode is 0; use syna_mmap_write",
            ));
        }
        self.check_reserved()?;
        // SAFETY: the caller's guarantee covers each of the arrays.
        let (keys, tags, payloads, columns) =
            unsafe { (self.keys()?, self.tags()?, self.payloads()?, self.columns()?) };
        store.update(&UpdateBatch { keys, tags, payloads, columns: columns.as_slice() })
    }

    fn check_reserved(&self) -> Result<()> {
        match (self.reserved, self.reserved_2) {
            (0, 0) => Ok(()),
            (0, value) => Err(SynaError::argument(format!("reserved_2 is {value}; it must be 0"))),
            (value, _) => Err(SynaError::argument(format!("reserved is {value}; it must be 0"))),
        }
    }

    /// # Safety
    /// As [`Self::write_to`].
    unsafe fn keys<'a>(&self) -> Result<BatchKeys<'a>> {
        let offsets = (self.key_offsets, "key_offsets");
        // SAFETY: the caller's guarantee covers both arrays.
        let (bytes, offsets) = unsafe { arguments::packed((self.keys.cast(), "keys"), offsets, self.count)? };
        Ok(BatchKeys::Packed { bytes, offsets })
    }

    /// # Safety
    /// As [`Self::write_to`].
    unsafe fn tags<'a>(&self) -> Result<Option<&'a [u64]>> {
        if self.tags.is_null() {
            return Ok(None);
        }
        // SAFETY: the caller's guarantee covers the array.
        unsafe { arguments::slice(self.tags, self.count, "tags") }.map(Some)
    }

    /// # Safety
    /// As [`Self::write_to`].
    unsafe fn columns<'a>(&self) -> Result<BatchColumns<'a>> {
        // SAFETY: the caller's guarantee covers the array and the values.
        unsafe { BatchColumns::read(self.columns, self.column_count, self.count) }
    }

    /// # Safety
    /// As [`Self::write_to`].
    unsafe fn vectors<'a>(&self, store: &MmapVectorStore) -> Result<BatchVectors<'a>> {
        if self.vectors_element == SYNA_MMAP_ELEMENT_F32 {
            let dimensions = usize::from(store.dimensions());
            // SAFETY: the caller guarantees `count` vectors of floats.
            let floats =
                unsafe { arguments::matrix(self.vectors.cast(), self.count, dimensions, "vectors")? };
            return Ok(BatchVectors::RowMajor(floats));
        }
        let (own, given) = (store.element(), element_of(self.vectors_element, "vectors_element")?);
        if given != own && self.count > 0 {
            return Err(SynaError::ElementMismatch { expected: own, actual: given });
        }
        // SAFETY: the caller guarantees `count` stored vectors.
        let bytes =
            unsafe { arguments::matrix(self.vectors.cast(), self.count, store.vector_bytes(), "vectors")? };
        Ok(BatchVectors::StoredRowMajor(bytes))
    }

    /// Writes the batch into the store, sets `out_deleted`, and returns the number of rows written.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`], and the errors of the store.
    ///
    /// # Safety
    /// Every pointer that is neither NULL nor misaligned points to what the header describes.
    pub(super) unsafe fn write_to(&self, store: &MmapVectorStore) -> Result<usize> {
        let mode = write_mode(self.mode)?;
        self.check_reserved()?;
        // SAFETY: the caller's guarantee covers each of the arrays.
        let (out_deleted, deletions) = unsafe {
            let bytes = (self.delete_keys.cast(), "delete_keys");
            let offsets = (self.delete_key_offsets, "delete_key_offsets");
            let (bytes, offsets) = arguments::packed(bytes, offsets, self.delete_count)?;
            (Out::optional(self.out_deleted, "out_deleted")?, BatchKeys::Packed { bytes, offsets })
        };
        // SAFETY: likewise.
        let (vectors, keys, tags, payloads, columns) =
            unsafe { (self.vectors(store)?, self.keys()?, self.tags()?, self.payloads()?, self.columns()?) };
        let columns = columns.as_slice();
        let written = store.write(&WriteBatch { keys, vectors, tags, payloads, columns, mode, deletions })?;
        out_deleted.set(written.deleted);
        Ok(written.rows)
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
        // SAFETY: the caller's guarantee covers both arrays.
        let (bytes, offsets) =
            unsafe { arguments::packed((self.payloads, "payloads"), offsets, self.count)? };
        Ok(BatchPayloads::Packed { bytes, offsets })
    }
}
