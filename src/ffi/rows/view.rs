//! Header section: reading without copies, by row number, and many keys at once.
#![expect(unsafe_code, reason = "functions of the C API")]

use crate::ffi::boundary;
use crate::ffi::boundary::arguments::{self, Out};
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::boundary::structs::{OutStruct, Versioned, member_ends};
use crate::ffi::columns::{OneRow, syna_mmap_value};
use crate::ffi::kinds::SYNA_MMAP_ELEMENT_F32;
use crate::ffi::rows::iterate::syna_mmap_row;
use crate::ffi::rows::read::copy_floats;
use crate::ffi::store::{syna_mmap, with_store};
use crate::{BatchKeys, ElementType, Entry, SynaError};
use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::ptr;

/// A row as it lies in the file, with all that was written with it. You own the struct.
///
/// Initialize it with SYNA_MMAP_VIEW_INIT, or set struct_size before the call. Later versions append
/// members. In a shorter struct the members that it has are filled; in a longer one the unknown members are
/// zeroed.
/// Threads: plain memory; one thread at a time may change it.
///
/// What it points to is read-only memory that is BORROWED until the store is closed. It stays valid and
/// unchanged until then, even if the key is deleted or replaced. If a compaction or a refresh replaces the
/// file, the old file keeps its disk space and its memory that long.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_view {
    /// sizeof(syna_mmap_view), set by you.
    pub struct_size: usize,
    /// The key as stored, without a terminating NUL. BORROWED as said above. Not NULL.
    pub key: *const c_char,
    /// Bytes of the key.
    pub key_len: usize,
    /// The stored vector, of the type in `element`, aligned to 64 bytes. A vector of at most 32 bytes is aligned to
    /// its bytes rounded up to a power of two, at least 4. In a store of syna_mmap_open_at or
    /// syna_mmap_open_memory: as said there. BORROWED as said above.
    pub vector: *const c_void,
    /// Bytes of the vector.
    pub vector_bytes: usize,
    /// The payload, aligned to 1 byte. NULL if there is none. BORROWED as said above.
    pub payload: *const u8,
    /// Bytes of the payload; 0 if there is none.
    pub payload_len: usize,
    /// The tags; 0 if there are none.
    pub tags: u64,
    /// The row number, as in syna_mmap_hit.
    pub row: u64,
    /// SYNA_MMAP_ELEMENT_*: what `vector` points to; see the member vectors_element of syna_mmap_batch. Later
    /// versions add others: check it before you read the vector.
    pub element: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, begins with `struct_size`, numbers and pointers only.
unsafe impl Versioned for syna_mmap_view {
    const NAME: &'static str = "syna_mmap_view";
    const MEMBER_ENDS: &'static [usize] = member_ends!(syna_mmap_view: struct_size, key, key_len, vector,
        vector_bytes, payload, payload_len, tags, row, element, reserved);

    fn defaults() -> Self {
        Self {
            struct_size: size_of::<Self>(),
            key: ptr::null(),
            key_len: 0,
            vector: ptr::null(),
            vector_bytes: 0,
            payload: ptr::null(),
            payload_len: 0,
            tags: 0,
            row: 0,
            element: SYNA_MMAP_ELEMENT_F32,
            reserved: 0,
        }
    }
}

impl syna_mmap_view {
    fn of(entry: &Entry<'_>, element: ElementType) -> Self {
        let row = syna_mmap_row::of(entry, ptr::null());
        Self {
            key: row.key,
            key_len: row.key_len,
            vector: row.stored,
            vector_bytes: row.stored_bytes,
            element: element.number(),
            payload: row.payload,
            payload_len: row.payload_len,
            tags: row.tags,
            row: row.row,
            ..Self::defaults()
        }
    }
}

/// The row of a key with all that was written with it, without a copy.
///
/// store     a handle.
/// key       COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
/// out_view  BORROWED for the call: a struct whose struct_size is set. What it points to afterwards is
///           BORROWED until the store is closed.
/// error     BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_NOT_FOUND, _INVALID_ARGUMENT, _INVALID_KEY, _INVALID_HANDLE,
/// _POISONED.
/// On failure: *out_view is not written.
/// Threads: any. Another thread must not close the store while you read what the view points to. Cost: one
/// lookup. After the first call, a compaction keeps the old file until the store is closed.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_get_view(
    store: *const syna_mmap,
    key: *const c_char,
    key_len: usize,
    out_view: *mut syna_mmap_view,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            with_store(store, |store| {
                let out_view = OutStruct::new(out_view, "out_view")?;
                let key = arguments::key(key, key_len)?;
                let entry = store.get_view(key)?.ok_or_else(|| SynaError::no_such_key(key))?;
                out_view.set(&syna_mmap_view::of(&entry, store.element()));
                Ok(())
            })
        })
    }
}

/// The row number of a key. A later upsert gives the key another row, and a compaction renumbers the rows.
///
/// store    a handle.
/// key      COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
/// out_row  BORROWED for the call: the row number, as in syna_mmap_hit.
/// error    BORROWED for the call. May be NULL.
///
/// Returns, threads: as syna_mmap_get. On failure: *out_row is not written. Cost: one lookup.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_row_of(
    store: *const syna_mmap,
    key: *const c_char,
    key_len: usize,
    out_row: *mut u64,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            with_store(store, |store| {
                let out_row = Out::new(out_row, "out_row")?;
                let key = arguments::key(key, key_len)?;
                store.check_key(key)?;
                out_row.set(u64::from(store.row_of(key).ok_or_else(|| SynaError::no_such_key(key))?));
                Ok(())
            })
        })
    }
}

/// The row with a number, without a copy. Deleted rows stay in the file until a compaction, which renumbers
/// the rows.
///
/// store        a handle.
/// row          a row number, as in syna_mmap_hit.
/// out_row      BORROWED for the call. What it points to afterwards is BORROWED until the store is closed, as
///              in syna_mmap_view; `values` until the next call of this function in the same thread.
/// out_is_live  BORROWED for the call: whether the row is live. NULL: a deleted row is
///              SYNA_MMAP_ERR_NOT_FOUND, as a number that no row has.
/// error        BORROWED for the call. May be NULL.
///
/// Returns, threads: as syna_mmap_get_view. On failure: neither *out_row nor *out_is_live is written. Cost:
/// negligible. After the first call, a compaction keeps the old file until the store is closed.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_get_row(
    store: *const syna_mmap,
    row: u64,
    out_row: *mut syna_mmap_row,
    out_is_live: *mut bool,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            with_store(store, |store| {
                let out_row = Out::new(out_row, "out_row")?;
                let shows_deleted = !out_is_live.is_null();
                let out_is_live = Out::optional(out_is_live, "out_is_live")?;
                let missing = |why| SynaError::NotFound { what: format!("row {row}: {why}") };
                let none = || missing("the store has no row with this number");
                let number = u32::try_from(row).map_err(|_| none())?;
                let (entry, is_live) = store.entry_even_deleted(number)?.ok_or_else(none)?;
                if !is_live && !shows_deleted {
                    return Err(missing("the row was deleted"));
                }
                out_row.set(syna_mmap_row::of(&entry, values_of(&entry)));
                out_is_live.set(is_live);
                Ok(())
            })
        })
    }
}

thread_local! {
    /// The values of the row that [`syna_mmap_get_row`] returned last in this thread. It has no destructor.
    static ROW_VALUES: Cell<OneRow> = const { Cell::new(OneRow::EMPTY) };
}

/// The values of `entry`, in the memory of this thread; NULL if its store has no columns.
fn values_of(entry: &Entry<'_>) -> *const syna_mmap_value {
    ROW_VALUES.with(|values| {
        let mut row = OneRow::EMPTY;
        let has_columns = row.fill(entry);
        if has_columns {
            values.set(row);
        }
        OneRow::first(values.as_ptr(), has_columns)
    })
}

/// Copies the vectors of many keys. Keys that do not exist are no error.
///
/// Each key is looked up by itself: a write that another thread makes meanwhile may be seen by some of the
/// keys.
///
/// store        a handle.
/// keys         COPIED: the bytes of all keys, one after the other. May be NULL if all keys are empty.
/// key_offsets  COPIED: count + 1 offsets, aligned to 8 bytes. Key i is keys[key_offsets[i]] up to
///              keys[key_offsets[i + 1]].
/// count        keys. 0: the pointers above and below may be NULL.
/// out_vectors  BORROWED for the call: room for count x dimensions floats. The vector of key i begins at
///              element i * dimensions; it is not written if the key does not exist.
/// out_found    BORROWED for the call: room for count flags; whether key i exists.
/// out_count    BORROWED for the call: how many keys exist. May be NULL.
/// error        BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_KEY (the message names the position),
/// _INVALID_HANDLE, _LIMIT, _POISONED.
/// On failure: nothing is written.
/// Threads: any. Cost: one lookup and a copy for each key.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_get_batch(
    store: *const syna_mmap,
    keys: *const c_char,
    key_offsets: *const u64,
    count: usize,
    out_vectors: *mut f32,
    out_found: *mut bool,
    out_count: *mut usize,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            with_store(store, |store| {
                let dimensions = usize::from(store.dimensions());
                let (bytes, offsets) =
                    arguments::packed((keys.cast(), "keys"), (key_offsets, "key_offsets"), count)?;
                let floats = count.saturating_mul(dimensions);
                let vectors = arguments::room(out_vectors, floats, "out_vectors")?;
                let found = arguments::room(out_found, count, "out_found")?;
                let out_count = Out::optional(out_count, "out_count")?;
                let keys = BatchKeys::Packed { bytes, offsets };
                out_count.set(store.read_vectors(keys, |position, vector| {
                    found.set(position, vector.is_some());
                    if let Some(vector) = vector {
                        copy_floats(&vectors, position * dimensions, &vector);
                    }
                })?);
                Ok(())
            })
        })
    }
}
