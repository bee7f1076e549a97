//! Header section: the rows that meet conditions, without a query.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::search_options::{syna_mmap_search_options, with_options};
use crate::ffi::boundary;
use crate::ffi::boundary::arguments::{self, Out};
use crate::ffi::boundary::status::{syna_mmap_error, syna_mmap_status};
use crate::ffi::store::{syna_mmap, with_store};

/// Deletes all rows that meet the conditions, all or none, as one write. The conditions are evaluated for
/// the rows that are live when the call begins; rows that are written meanwhile are not deleted.
///
/// store        a handle.
/// options      BORROWED for the call, with all that it points to. Only its conditions are used. NULL, or no
///              conditions: all rows are deleted.
/// out_deleted  BORROWED for the call: how many rows were deleted. May be NULL.
/// error        BORROWED for the call. May be NULL.
///
/// Returns, threads: as syna_mmap_insert. On failure: as there; *out_deleted is not written. Cost: the
/// conditions of every row, then one small write. Other writes run until it begins to delete. The index work
/// of up to 16 rows.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_delete_where(
    store: *mut syna_mmap,
    options: *const syna_mmap_search_options,
    out_deleted: *mut usize,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_deleted = Out::optional(out_deleted, "out_deleted")?;
            let delete = |store: &crate::MmapVectorStore| {
                with_options(options, |options| store.delete_where(&options.filter))
            };
            out_deleted.set(with_store(store, delete)?);
            Ok(())
        })
    }
}

/// Counts the rows that meet the conditions.
///
/// store      a handle.
/// options    BORROWED for the call, with all that it points to. Only its conditions are used. NULL, or no
///            conditions: all rows are counted.
/// out_count  BORROWED for the call: the number of rows.
/// error      BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_KEY (the prefix is not UTF-8 in a store
/// of text keys), _INVALID_HANDLE, _POISONED.
/// On failure: *out_count is not written.
/// Threads: any; writes and searches run meanwhile and have no effect on it. Cost: the conditions of every
/// row; a key prefix reads each key. Without conditions: negligible.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_count_where(
    store: *const syna_mmap,
    options: *const syna_mmap_search_options,
    out_count: *mut u64,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_count = Out::new(out_count, "out_count")?;
            let count = with_store(store, |store| {
                with_options(options, |options| store.count_where(&options.filter))
            })?;
            out_count.set(u64::try_from(count).unwrap_or(u64::MAX));
            Ok(())
        })
    }
}

/// Lists the rows that meet the conditions, by ascending row number. syna_mmap_get_row returns the row of a
/// number.
///
/// store      a handle.
/// options    BORROWED for the call, with all that it points to. Only its conditions are used. NULL, or no
///            conditions: all rows are listed.
/// first_row  where to begin. 0: all rows. To continue: the last row number that was returned plus one. A
///            compaction in between renumbers the rows.
/// out_rows   BORROWED for the call: room for `capacity` row numbers. May be NULL if `capacity` is 0.
/// capacity   row numbers; 0 returns none.
/// out_count  BORROWED for the call: how many were written. It is less than `capacity` only at the end.
/// error      BORROWED for the call. May be NULL.
///
/// Returns, threads: as syna_mmap_count_where.
/// On failure: *out_count is not written, and the content of out_rows is unspecified.
/// Cost: the conditions of the rows from first_row to the last one that is returned.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_rows_where(
    store: *const syna_mmap,
    options: *const syna_mmap_search_options,
    first_row: u64,
    out_rows: *mut u64,
    capacity: usize,
    out_count: *mut usize,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_count = Out::new(out_count, "out_count")?;
            let rows = arguments::room(out_rows, capacity, "out_rows")?;
            let first_row = u32::try_from(first_row).unwrap_or(u32::MAX);
            let mut count = 0;
            with_store(store, |store| {
                with_options(options, |options| {
                    store.visit_rows_where(&options.filter, first_row, rows.len(), |row| {
                        rows.set(count, u64::from(row));
                        count += 1;
                        Ok(())
                    })
                })
            })?;
            out_count.set(count);
            Ok(())
        })
    }
}
