//! What `c_calls` checks of hits and rows that the library returned, and its calls with columns.

use super::c_calls::{DIMENSIONS, Host, OK};
use super::c_header::*;
use super::elements::{ELEMENTS, components, element_of_length};
use std::ptr;

/// The columns of a store that has some: of each kind one.
pub(super) static COLUMNS: [CColumn; 3] = [column(b"one", 1), column(b"two", 2), column(b"three", 3)];

const fn column(text: &[u8], kind: u32) -> CColumn {
    let mut name = [0; 36];
    let mut at = 0;
    while at < text.len() {
        name[at] = text[at];
        at += 1;
    }
    CColumn { name, kind }
}

impl Host {
    /// Hits are valid until the results are used again, even if the store was closed.
    pub(super) fn read_hits(&self, results: Handle, is_good: bool) {
        let mut count = 7;
        // SAFETY: the handle is a number.
        let hits = unsafe { syna_mmap_results_hits(results, &mut count) };
        assert!(is_good || hits.is_null() && count == 0, "an invalid handle has no hits");
        for at in 0..count {
            // SAFETY: the library says that there are `count` hits.
            let hit = unsafe { &*hits.add(at) };
            assert!(!hit.key.is_null() && hit.reserved == 0);
            let (mut bytes, mut floats) = (0, [f32::NAN; DIMENSIONS]);
            // SAFETY: the handle is a number; a key has `key_len` bytes, and there is room for the store's dimensions.
            let (key, first) = unsafe {
                assert!(syna_mmap_results_vector(results, at, floats.as_mut_ptr()));
                let first = syna_mmap_results_stored(results, at, &mut bytes);
                (std::slice::from_raw_parts(hit.key, hit.key_len), first.cast())
            };
            // SAFETY: the library says that there are so many bytes.
            let vector = unsafe { check_stored(first, bytes, hit.vector) };
            assert!(std::str::from_utf8(key).is_ok() && vector == floats);
            let mut values = [0; COLUMNS.len()];
            let mut is_found = |column: usize| {
                // SAFETY: the handle is a number; the pointer is valid.
                unsafe { syna_mmap_results_column(results, at, column as u32, &mut values[column]) }
            };
            if [0, 1, 2].map(&mut is_found) == [true; 3] {
                // SAFETY: an array of values.
                unsafe { check_values(values.as_ptr()) };
            }
        }
        // SAFETY: the handle is a number; a position past the end gives nothing.
        unsafe {
            let (mut bytes, mut floats) = (7, [f32::NAN; DIMENSIONS]);
            assert!(!syna_mmap_results_vector(results, count, floats.as_mut_ptr()));
            let stored = syna_mmap_results_stored(results, count, &mut bytes);
            assert!(stored.is_null() && bytes == 0 && floats[0].is_nan());
            let mut value = 7;
            assert!(!syna_mmap_results_column(results, count, 0, &mut value));
            assert!(!syna_mmap_results_column(results, 0, COLUMNS.len() as u32, &mut value) && value == 7);
        }
        // SAFETY: the handle is a number.
        assert!(is_good || !unsafe { syna_mmap_results_is_partial(results) });
    }

    /// Values of a batch with two rows, by the bits of `choice`: mostly valid ones. The number of columns is a part of it.
    pub(super) fn column_values(choice: u64, values: &[u64; 2]) -> ([CColumnValues; 2], usize) {
        let column = (choice >> 8 & 3) as u32;
        let kind = if choice & 0x70 == 0 { (choice >> 16 & 7) as u32 } else { column + 1 };
        let pointer = if choice >> 20 & 7 == 0 { ptr::null() } else { values.as_ptr() };
        let first = CColumnValues { column, kind, values: pointer.cast() };
        let second = CColumnValues { column: 1, kind: 2, values: values.as_ptr().cast() };
        ([first, second], if choice & 4 == 0 { 0 } else { 1 + (choice >> 12 & 1) as usize })
    }

    /// The calls on columns, for a key of one byte, and an update with the values of a batch.
    pub(super) fn call_columns(&mut self, store: Handle, is_good: bool, batch: &CBatch, capacity: usize) {
        let mut columns = [column(b"", 77); 4];
        let capacity = capacity % 5;
        let (mut count, mut updated, mut values) = (7, 7, [7; COLUMNS.len() + 1]);
        let update = CBatch { vectors: ptr::null(), mode: 0, ..*batch };
        let error = &mut self.error;
        // SAFETY: the handle is a number; the pointers are valid for the given lengths.
        let (status, updating) = unsafe {
            (
                syna_mmap_columns(store, columns.as_mut_ptr(), capacity, &mut count, error),
                syna_mmap_update(store, &update, &mut updated, error),
            )
        };
        self.expect(updating, is_good, "an update");
        assert!(updating != OK || updated <= batch.count);
        assert_eq!(status == OK, is_good, "columns");
        if status != OK {
            assert_eq!(count, 7);
            return;
        }
        assert!(count == 0 || count == COLUMNS.len());
        for (at, found) in columns.iter().enumerate() {
            let expected = if at < capacity.min(count) { COLUMNS[at] } else { column(b"", 77) };
            assert!(found.name == expected.name && found.kind == expected.kind);
        }
        // SAFETY: the handle is a number; the batch has at least one byte of keys; the pointers are valid.
        let [contained, found @ ..] = unsafe {
            let mut value = |at: usize| {
                let out = &raw mut values[at];
                syna_mmap_get_value(store, batch.keys, 1, at as u32, out, ptr::null_mut()) == OK
            };
            let found = [0, 1, 2, 3].map(&mut value);
            [syna_mmap_contains(store, batch.keys, 1), found[0], found[1], found[2], found[3]]
        };
        // Without faults in the key, every column that exists has a value.
        assert_eq!(found, std::array::from_fn(|at| at < count && contained));
        if found[0] {
            // SAFETY: an array of values.
            unsafe { check_values(values.as_ptr()) };
        }
        // SAFETY: the batch has at least one byte of keys.
        let hashes = unsafe { [0, 1].map(|length| syna_mmap_hash64(batch.keys, length)) };
        assert!(hashes[0] == 0xcbf2_9ce4_8422_2325 && hashes[1] != hashes[0]);
    }
}

/// Checks the values of a row: no column of floats has NaN.
///
/// # Safety
/// `values` is NULL or points to one value for each column.
pub(super) unsafe fn check_values(values: *const u64) {
    if !values.is_null() {
        // SAFETY: the caller's guarantee.
        let values = unsafe { std::slice::from_raw_parts(values, COLUMNS.len()) };
        assert!(!f64::from_bits(values[2]).is_nan());
    }
}

/// Checks a stored vector, and its pointer to floats, which is NULL unless they are stored as such. Returns the components.
///
/// # Safety
/// The pointers are NULL or valid, `stored` for `length` bytes.
pub(super) unsafe fn check_stored(stored: *const u8, length: usize, floats: *const f32) -> Vec<f32> {
    let element = element_of_length(DIMENSIONS, length).expect("the bytes of a stored vector");
    assert!(!stored.is_null() && stored.addr().is_multiple_of(64));
    assert_eq!(floats.is_null(), element != ELEMENTS[0]);
    assert!(floats.is_null() || floats.addr() == stored.addr());
    // SAFETY: the caller's guarantee.
    let vector = components(element, DIMENSIONS, unsafe { std::slice::from_raw_parts(stored, length) });
    assert!(vector.iter().all(|x| x.is_finite()));
    vector
}
