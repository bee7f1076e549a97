//! Calls of the target `c_calls` that read rows by views, row numbers, many keys and conditions, and that read or change
//! settings.

use super::bases::vector;
use super::c_calls::{DIMENSIONS, Host, Kind, OK};
use super::c_header::*;
use super::c_rows::{check_stored, check_values};
use super::elements::{ELEMENTS, element_of_length};
use super::source::Source;
use std::ptr;

const NOT_FOUND: Status = 7;

impl Host {
    pub(super) fn read_rows(&mut self, source: &mut Source<'_>) {
        let (store, is_good) = self.handle(source, Kind::Store);
        let keys: Vec<u8> = (0..source.below(24)).map(|_| source.byte()).collect();
        let (key, length) = (keys.as_ptr(), keys.len());
        let which = source.byte();
        let row = if source.one_in(8) { source.long() } else { source.byte().into() };
        let size = if source.one_in(8) { source.byte().into() } else { size_of::<CView>() };
        let mut view = CView::of_size(size.min(size_of::<CView>()));
        let mut found_row = CRow::empty();
        let (mut number, mut numbers, mut flags) = (0, [0_u64; 9], [false; 2]);
        let (mut count, mut distance, mut floats) = (77, 0.0, [0.0; 2 * DIMENSIONS]);
        let one = vector(DIMENSIONS as u16, source.byte().into());
        let error = &mut self.error;
        // SAFETY: the handle is a number; all pointers are valid for the given lengths.
        let status = unsafe {
            match which % 7 {
                0 => syna_mmap_get_view(store, key, length, &mut view, error),
                1 => syna_mmap_row_of(store, key, length, &mut number, error),
                2 => syna_mmap_get_row(store, row, &mut found_row, flags.as_mut_ptr(), error),
                3 => {
                    let offsets = [0, source.byte().into(), length as u64];
                    let is_inside = offsets[1] <= length as u64;
                    let rows = if is_inside { usize::from(source.byte() % 3) } else { 0 };
                    let (floats, flags) = (floats.as_mut_ptr(), flags.as_mut_ptr());
                    syna_mmap_get_batch(store, key, offsets.as_ptr(), rows, floats, flags, &mut count, error)
                }
                4 => syna_mmap_count_where(store, ptr::null(), &mut number, error),
                5 => {
                    syna_mmap_rows_where(store, ptr::null(), row, numbers.as_mut_ptr(), 9, &mut count, error)
                }
                _ => syna_mmap_distance(store, one.as_ptr(), one.as_ptr(), &mut distance, error),
            }
        };
        self.expect(status, is_good, "a read");
        assert!(status != NOT_FOUND || which % 7 < 3);
        if status == OK && size >= size_of::<CView>() && which.is_multiple_of(7) {
            let element = ELEMENTS[view.element as usize];
            assert_eq!(element_of_length(DIMENSIONS, view.vector_bytes), Some(element));
            let floats = if element == ELEMENTS[0] { view.vector.cast() } else { ptr::null() };
            // SAFETY: the library says that the vector has as many bytes, and the store is open.
            unsafe { check_stored(view.vector, view.vector_bytes, floats) };
        }
        if status == OK && which % 7 == 2 {
            // SAFETY: as above.
            let key = unsafe {
                check_stored(found_row.stored, found_row.stored_bytes, found_row.vector);
                check_values(found_row.values);
                std::slice::from_raw_parts(found_row.key, found_row.key_len)
            };
            assert!(std::str::from_utf8(key).is_ok() && found_row.row == row);
        }
        if status == OK && which % 7 == 5 {
            assert!(count <= 9 && numbers[..count].is_sorted() && numbers[..count].iter().all(|&n| n >= row));
        }
    }

    pub(super) fn settings(&mut self, source: &mut Source<'_>) {
        let (store, is_good) = self.handle(source, Kind::Store);
        let which = source.byte();
        let (mut path, mut length) = ([0_u8; 300], 0);
        // SAFETY: numbers and pointers, for which zeros are valid.
        let mut options: COptions = unsafe { std::mem::zeroed() };
        options.struct_size = size_of::<COptions>();
        let capacity = usize::from(source.byte());
        let word = source.word();
        let error = &mut self.error;
        // SAFETY: the handle is a number; all pointers are valid for the given lengths.
        let status = unsafe {
            match which % 4 {
                0 => syna_mmap_path(store, path.as_mut_ptr(), capacity, &mut length, error),
                1 => syna_mmap_get_options(store, &mut options, error),
                2 => syna_mmap_set_ef_search(store, word >> (word % 32), error),
                // Not 1 to 255 seconds: the checkpoints of a run must not depend on the clock.
                _ => syna_mmap_set_checkpoint_interval(store, word & 0xFFFF_FF00, error),
            }
        };
        self.expect(status, is_good, "a setting");
        if status == OK && which.is_multiple_of(4) && length < capacity {
            assert!(path[length] == 0 && (length == 0 || path[0] == b'/'));
        }
    }

    pub(super) fn put(&mut self, source: &mut Source<'_>) {
        let (store, is_good) = self.handle(source, Kind::Store);
        let bytes: Vec<u8> = (0..source.below(24)).map(|_| source.byte()).collect();
        let vector = vector(DIMENSIONS as u16, source.byte().into());
        let (tags, mode) = (source.long(), u32::from(source.byte() % 3));
        let (mut flag, error) = (false, &mut self.error);
        let (bytes, length) = (bytes.as_ptr(), bytes.len());
        // SAFETY: the handle is a number; all pointers are valid for the given lengths.
        let status = unsafe {
            syna_mmap_put(store, bytes, length, vector.as_ptr(), tags, bytes, length, mode, &mut flag, error)
        };
        self.expect(status, is_good, "put");
    }

    /// Opens any bytes as a store in memory.
    pub(super) fn open_memory(&mut self, source: &mut Source<'_>) {
        let words: Vec<u32> = (0..source.byte()).map(|_| source.word()).collect();
        let path = self.scratch.file(&format!("store{}", source.byte() % 3));
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        if source.one_in(2) {
            bytes = std::fs::read(path).unwrap_or_default();
            if let Some(last) = bytes.len().checked_sub(1) {
                bytes[source.long() as usize % (last + 1)] ^= source.byte();
            }
        }
        let mut store = ptr::null_mut();
        // SAFETY: the bytes live until the store is closed below; the other pointers are valid.
        let status = unsafe {
            let (first, length) = (bytes.as_ptr(), bytes.len());
            syna_mmap_open_memory(first, length, first, length, ptr::null(), &mut store, &mut self.error)
        };
        self.expect(status, true, "open_memory");
        if status == OK {
            let mut count = 0;
            // SAFETY: the handle is a number; the pointers are valid.
            unsafe {
                syna_mmap_count_where(store, ptr::null(), &mut count, ptr::null_mut());
                assert_eq!(syna_mmap_len(store), count);
                assert_eq!(syna_mmap_close(store, ptr::null_mut()), OK);
            }
        }
    }
}
