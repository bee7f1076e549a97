//! Header section: the columns of a store, and the values of a key.
#![expect(unsafe_code, reason = "functions of the C API")]

use crate::SynaError;
use crate::ffi::boundary;
use crate::ffi::boundary::arguments::{self, Out};
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::columns::{columns_of, syna_mmap_column, syna_mmap_value};
use crate::ffi::store::{syna_mmap, with_store};
use std::ffi::c_char;

/// Reports the columns of a store, in order. Their positions in this list are the numbers that other calls take.
///
/// store      a handle.
/// columns    BORROWED for the call: room for `capacity` columns. The first ones are written, at most `capacity`. May
///            be NULL if `capacity` is 0. SYNA_MMAP_MAX_COLUMNS are always enough.
/// capacity   columns.
/// out_count  BORROWED for the call: how many columns the store has, also if it exceeds `capacity`. Not NULL.
/// error      BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _LIMIT, _POISONED.
/// On failure: nothing is written.
/// Threads: any. Cost: a copy.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_columns(
    store: *const syna_mmap,
    columns: *mut syna_mmap_column,
    capacity: usize,
    out_count: *mut usize,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            with_store(store, |store| {
                let room = arguments::room(columns, capacity, "columns")?;
                let out_count = Out::new(out_count, "out_count")?;
                let columns = store.columns();
                for (place, column) in columns_of(&columns).enumerate() {
                    room.set(place, column);
                }
                out_count.set(columns.len());
                Ok(())
            })
        })
    }
}

/// The value of a key in a column: what was written with its row or by syna_mmap_update, 0 if nothing was.
///
/// store      a handle.
/// key        COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
/// column     the column: its position in syna_mmap_columns.
/// out_value  BORROWED for the call: the value, in the member for the kind of the column. Aligned to 8 bytes.
/// error      BORROWED for the call. May be NULL.
///
/// Returns: as syna_mmap_get; SYNA_MMAP_ERR_INVALID_ARGUMENT also if the store has no such column. On failure:
/// *out_value is not written. Threads: any. Cost: one lookup, and another one if the row was updated.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_get_value(
    store: *const syna_mmap,
    key: *const c_char,
    key_len: usize,
    column: u32,
    out_value: *mut syna_mmap_value,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            with_store(store, |store| {
                let out_value = Out::new(out_value, "out_value")?;
                let key = arguments::key(key, key_len)?;
                let column = usize::try_from(column).unwrap_or(usize::MAX);
                let value = store.value(key, column)?.ok_or_else(|| SynaError::no_such_key(key))?;
                out_value.set(syna_mmap_value::of(value));
                Ok(())
            })
        })
    }
}
