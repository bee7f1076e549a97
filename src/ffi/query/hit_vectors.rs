//! Header section: the vectors of hits, in stores of any element type, and their values.
#![expect(unsafe_code, reason = "functions of the C API")]

use crate::ffi::boundary;
use crate::ffi::boundary::arguments::Out;
use crate::ffi::columns::syna_mmap_value;
use crate::ffi::query::results::{read_answers, syna_mmap_results};
use crate::ffi::rows::read::copy_vector;
use std::ffi::c_void;
use std::ptr;

/// Copies the vector of a hit as floats, in a store of any element type.
///
/// results     a handle.
/// index       the hit, from 0, as in the array of syna_mmap_results_hits.
/// out_vector  BORROWED for the call: room for as many floats as the store has dimensions that was searched
///             last. Not NULL, aligned to 4 bytes.
///
/// Returns: whether the vector was copied. False for an invalid handle, index or pointer; nothing is written
/// then.
/// Threads: one at a time. Cost: a copy.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_results_vector(
    results: *const syna_mmap_results,
    index: usize,
    out_vector: *mut f32,
) -> bool {
    boundary::value(false, || {
        read_answers(results, |answers| {
            let Some(vector) = answers.found_vector(index) else { return Ok(false) };
            // SAFETY: the caller gives room for a vector; NULL and misaligned pointers are refused.
            unsafe { copy_vector(&vector, out_vector)? };
            Ok(true)
        })
    })
}

/// The vector of a hit as it is stored, without a copy, in a store of any element type: see the member
/// vectors_element of syna_mmap_batch. Its type is syna_mmap_element of the store that was searched last: note it
/// before you close the store.
///
/// results    a handle.
/// index      the hit, from 0, as in the array of syna_mmap_results_hits.
/// out_bytes  BORROWED for the call: the bytes of the stored vector; 0 for an invalid index and an invalid
///            handle. May be NULL.
///
/// Returns: the first byte, in read-only memory, aligned as in syna_mmap_view, BORROWED until the results are
/// searched into again or freed. NULL for an invalid index and an invalid handle.
/// Threads: one at a time. Cost: one lookup.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_results_stored(
    results: *const syna_mmap_results,
    index: usize,
    out_bytes: *mut usize,
) -> *const c_void {
    boundary::value_anyway(ptr::null(), |allowed| {
        // SAFETY: the caller gives a pointer to the length, or NULL; a misaligned one is refused.
        let out_bytes = unsafe { Out::optional(out_bytes, "out_bytes")? };
        let found = allowed.and_then(|()| {
            // The bytes belong to the answers.
            read_answers(results, |answers| {
                Ok(answers.stored(index).map(|stored| (stored.as_ptr(), stored.len())))
            })
        });
        let (first, bytes) = found.ok().flatten().unwrap_or((ptr::null(), 0));
        out_bytes.set(bytes);
        Ok(first.cast())
    })
}

/// The value of a hit in a column. An update after the search may be seen or not.
///
/// results    a handle.
/// index      the hit, from 0, as in the array of syna_mmap_results_hits.
/// column     the column: its position in syna_mmap_columns of the store that was searched last.
/// out_value  BORROWED for the call: the value, in the member for the kind of the column. Not NULL, aligned to 8 bytes.
///
/// Returns: whether the value was written. False for an invalid handle, index, column or pointer; nothing is written
/// then.
/// Threads: one at a time. Cost: a read, and a lookup if the row was updated.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_results_column(
    results: *const syna_mmap_results,
    index: usize,
    column: u32,
    out_value: *mut syna_mmap_value,
) -> bool {
    boundary::value(false, || {
        // SAFETY: the caller gives room for a value; NULL and misaligned pointers are refused.
        let out_value = unsafe { Out::new(out_value, "out_value")? };
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        read_answers(results, |answers| {
            let Some(value) = answers.value(index, column) else { return Ok(false) };
            out_value.set(syna_mmap_value::of(value));
            Ok(true)
        })
    })
}
