//! Header section: batches.
#![expect(unsafe_code, reason = "turns the caller's arrays into slices")]

use crate::ffi::boundary::arguments;
use crate::ffi::boundary::structs::{Versioned, member_ends};
use crate::{
    BatchKeys, BatchPayloads, BatchVectors, MAX_KEY_BYTES, MmapVectorStore, Result, SynaError, WriteBatch,
    WriteMode,
};
use std::ffi::c_char;
use std::ptr;

/// The most bytes of a key. The empty key is valid.
pub const SYNA_MMAP_MAX_KEY_BYTES: u32 = 65_535;

const _: () = assert!(SYNA_MMAP_MAX_KEY_BYTES as usize == MAX_KEY_BYTES);

/// Leave an existing key unchanged. If a key occurs twice in a batch, the first occurrence counts.
pub const SYNA_MMAP_WRITE_INSERT: u32 = 0;
/// Replace an existing key. If a key occurs twice in a batch, the last occurrence counts.
pub const SYNA_MMAP_WRITE_UPSERT: u32 = 1;

/// A batch of rows, with all that can be written in one call. You own it and all that it points to:
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
    /// COPIED: count x dimensions floats, one vector after the other.
    pub vectors: *const f32,
    /// Rows of the batch. 0: every pointer may be NULL.
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
    /// Writes the batch into the store and returns the number of rows written.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`], and the errors of the store.
    ///
    /// # Safety
    /// Every pointer that is neither NULL nor misaligned points to what the header describes.
    pub(super) unsafe fn write_to(&self, store: &MmapVectorStore) -> Result<usize> {
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
        // SAFETY: the caller's guarantee covers each of the arrays.
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
        // SAFETY: the caller's guarantee covers both arrays.
        let (bytes, offsets) =
            unsafe { arguments::packed((self.payloads, "payloads"), offsets, self.count)? };
        Ok(BatchPayloads::Packed { bytes, offsets })
    }
}
