//! Header section: iteration over all rows.
#![expect(non_camel_case_types, reason = "names of the C API")]
#![expect(unsafe_code, reason = "functions of the C API")]

use crate::ffi::boundary;
use crate::ffi::boundary::arguments::{self, Out};
use crate::ffi::boundary::handles::{Removed, Table};
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::boundary::tokens::Kind;
use crate::ffi::columns::syna_mmap_value;
use crate::ffi::store::{syna_mmap, with_store};
use crate::{Cursor, Entry, Result, memory};
use std::ffi::{c_char, c_void};
use std::ptr;

/// The cursors of this process.
static CURSORS: Table<Rows> = Table::new(Kind::Cursor);

/// A cursor, and the values of the rows that it returned last.
struct Rows {
    cursor: Cursor,
    /// Row after row. Refilled in place.
    values: Vec<syna_mmap_value>,
}

/// An iterator over the rows of a store, in insertion order. OWNED by you: free it with
/// syna_mmap_cursor_free.
///
/// It returns the rows that were live when it was created, whatever is written or deleted meanwhile.
/// Threads: one at a time. A call on a cursor that another thread is using returns
/// SYNA_MMAP_ERR_INVALID_ARGUMENT.
/// Outlives: the store may be closed or compacted before the cursor is freed. The cursor keeps the memory
/// and the disk space of its rows.
/// Fork: a child can only free it.
pub struct syna_mmap_cursor {
    _opaque: [u8; 0],
}

/// A row with all that was written with it. This struct never grows.
///
/// What it points to is BORROWED. From syna_mmap_cursor_next: until the cursor is freed, even after
/// syna_mmap_close. From syna_mmap_get_row: until the store is closed. In a syna_mmap_filter_callback: until the
/// callback returns. The member `values` is an exception: copy what you need for longer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_row {
    /// The key, without a terminating NUL; in a store of text keys UTF-8. BORROWED as said above. Not
    /// NULL.
    pub key: *const c_char,
    /// Bytes of the key.
    pub key_len: usize,
    /// The stored vector: `dimensions` floats in read-only memory. BORROWED as said above. NULL in a store whose
    /// element type is not SYNA_MMAP_ELEMENT_F32: syna_mmap_decode_vector converts `stored`, in a filter callback
    /// too. (syna_mmap_get finds the key's vector of that moment, which may be another one.)
    pub vector: *const f32,
    /// The vector as it is stored, in any element type: see the member vectors_element of syna_mmap_batch. Its
    /// type is syna_mmap_element of the store. In read-only memory, aligned as in syna_mmap_view. BORROWED as said
    /// above.
    pub stored: *const c_void,
    /// Bytes of the stored vector, as syna_mmap_vector_bytes.
    pub stored_bytes: usize,
    /// The payload, in read-only memory, aligned to 1 byte. NULL if there is none. BORROWED as said above.
    pub payload: *const u8,
    /// Bytes of the payload; 0 if there is none.
    pub payload_len: usize,
    /// The tags; 0 if there are none.
    pub tags: u64,
    /// The row number, as in syna_mmap_hit.
    pub row: u64,
    /// The values of the row: one for each column of the store, in the order of the columns. NULL if the store has no
    /// columns. They are a copy, so a later update does not change them. BORROWED for a shorter time than the other
    /// members. From syna_mmap_cursor_next: until the next call of it for this cursor, or until the cursor is freed.
    /// From syna_mmap_get_row: until the next call of it in the same thread, for any store, or until that thread
    /// ends. In a syna_mmap_filter_callback: until the callback returns.
    pub values: *const syna_mmap_value,
}

impl syna_mmap_row {
    pub(in crate::ffi) fn of(entry: &Entry<'_>, values: *const syna_mmap_value) -> Self {
        Self {
            key: entry.key.as_bytes().as_ptr().cast(),
            key_len: entry.key.as_bytes().len(),
            vector: entry.vector.map_or(ptr::null(), <[f32]>::as_ptr),
            stored: entry.stored.as_ptr().cast(),
            stored_bytes: entry.stored.len(),
            payload: if entry.payload.is_empty() { ptr::null() } else { entry.payload.as_ptr() },
            payload_len: entry.payload.len(),
            tags: entry.tags,
            row: u64::from(entry.row),
            values,
        }
    }
}

/// Creates a cursor over the rows that are live at this moment.
///
/// store       a handle.
/// first_row   where to begin. 0: all rows. To continue an earlier iteration: its last row number plus one.
///             Deleted rows are skipped; a number past the last row gives no rows. A compaction renumbers
///             the rows.
/// out_cursor  BORROWED for the call. On success a handle that is OWNED by you: free it with
///             syna_mmap_cursor_free.
/// error       BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _NO_MEMORY, _LIMIT (handles),
/// _POISONED.
/// On failure: *out_cursor is not written.
/// Threads: any. Cost: small.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_cursor_new(
    store: *const syna_mmap,
    first_row: u64,
    out_cursor: *mut *mut syna_mmap_cursor,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_cursor = Out::new(out_cursor, "out_cursor")?;
            let first_row = u32::try_from(first_row).unwrap_or(u32::MAX);
            let cursor = with_store(store, |store| Ok(store.cursor(first_row)))?;
            out_cursor.set(ptr::without_provenance_mut(CURSORS.insert(Rows { cursor, values: Vec::new() })?));
            Ok(())
        })
    }
}

/// Returns the next rows of an iteration.
///
/// cursor     a handle.
/// out_rows   BORROWED for the call: room for `capacity` rows. May be NULL if `capacity` is 0. What the rows
///            point to is BORROWED until the cursor is freed, also after later calls; their `values` until the
///            next call.
/// capacity   rows; 0 returns none.
/// out_count  BORROWED for the call: how many rows were written. It is less than `capacity` only at the end,
///            and 0 after the end.
/// error      BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, also at the end, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _LIMIT,
/// _NO_MEMORY (for the values), _POISONED.
/// On failure: *out_count is not written, and the content of out_rows is unspecified.
/// Threads: one at a time for each cursor; writes and searches run meanwhile. Cost: one lookup a row;
/// nothing is copied but the values of columns. The cursor keeps memory for these, 8 bytes each, for as many rows
/// as were asked for at once.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_cursor_next(
    cursor: *mut syna_mmap_cursor,
    out_rows: *mut syna_mmap_row,
    capacity: usize,
    out_count: *mut usize,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_count = Out::new(out_count, "out_count")?;
            let rows = arguments::room(out_rows, capacity, "out_rows")?;
            out_count.set(CURSORS.write(cursor.addr(), |found| fill(found, rows))?);
            Ok(())
        })
    }
}

fn fill(found: &mut Rows, rows: arguments::Room<syna_mmap_row>) -> Result<usize> {
    let Rows { cursor, values } = found;
    let columns = cursor.column_count();
    values.clear();
    // The values do not move while the rows are written.
    memory::reserve(values, rows.len().min(cursor.most_left()).saturating_mul(columns))?;
    let mut count = 0;
    while count < rows.len() {
        let Some(row) = cursor.advance() else { break };
        let entry = cursor.entry(row)?;
        // Where they are copied to.
        let first = values.spare_capacity_mut().as_ptr().cast();
        values.extend(entry.values.iter().map(syna_mmap_value::of));
        rows.set(count, syna_mmap_row::of(&entry, if columns == 0 { ptr::null() } else { first }));
        count += 1;
    }
    Ok(count)
}

/// Frees a cursor and everything that was borrowed from it.
///
/// cursor  a handle. NULL or an already freed one: nothing is done.
///
/// Threads: any; waits for a call that another thread has in progress on the cursor. Cost: small.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_cursor_free(cursor: *mut syna_mmap_cursor) {
    boundary::value((), || match CURSORS.remove(cursor.addr())? {
        Removed::Own(found) | Removed::Inherited(Some(found)) => {
            drop(found);
            Ok(())
        }
        Removed::Inherited(None) => Ok(()),
    })
}
