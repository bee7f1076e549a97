//! More C calls for `c_calls.rs`: filters, range searches, batches, iteration, compactions.

use super::bases::vector;
use super::c_calls::{DIMENSIONS, Host, Kind, OK, Status};
use super::c_header::*;
use super::c_rows::{check_stored, check_values};
use super::elements::{ELEMENTS, stored};
use super::source::Source;
use std::ffi::{CString, c_void};
use std::ptr;

/// Rows that a cursor returns at a time.
const ROWS: usize = 4;

/// A filter that accepts rows whose number has the context's lowest bit.
unsafe extern "C" fn passes(context: *mut c_void, row: *const CRow) -> bool {
    // SAFETY: the library passes a row that is valid during the call.
    let row = unsafe { &*row };
    assert!(!row.key.is_null());
    // SAFETY: as above.
    unsafe {
        check_stored(row.stored, row.stored_bytes, row.vector);
        check_values(row.values);
    }
    row.row % 2 == context.addr() as u64 % 2
}

/// Continues as often as the context says.
unsafe extern "C" fn goes_on(context: *mut c_void, done: u64, total: u64) -> bool {
    assert!(done <= total);
    // SAFETY: the context is a counter of `maintain`.
    let left = unsafe { &mut *context.cast::<u8>() };
    *left = left.saturating_sub(1);
    *left > 0
}

/// The vectors of a batch, and what they are: floats, or stored vectors of which `change` may have changed a byte.
fn as_stored(choice: usize, change: u64, floats: Vec<f32>) -> (u32, Vec<u32>) {
    let bits = floats.iter().map(|x| x.to_bits()).collect();
    let element = match choice {
        200.. => choice % 3,
        _ => return (0, bits),
    };
    let mut bytes: Vec<u8> =
        floats.chunks(DIMENSIONS).flat_map(|vector| stored(ELEMENTS[element], vector)).collect();
    let at = (change >> 16) as usize % bytes.len();
    bytes[at] ^= if change.is_multiple_of(2) { change.to_le_bytes()[1] } else { 0 };
    // As long as vectors of any type, so that a wrong type is refused for what it is.
    bytes.resize(4 * floats.len(), 0);
    let words = bytes.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word));
    (element as u32, words.collect())
}

impl Host {
    /// Search options with conditions; `prefix` and `bitmap` outlive them.
    fn search_options(source: &mut Source<'_>, prefix: &str, bitmap: &[u64]) -> CSearchOptions {
        let which = source.byte();
        // SAFETY: numbers and pointers that may be NULL, for which zeros are valid.
        let mut options: CSearchOptions = unsafe { std::mem::zeroed() };
        // SAFETY: the struct has `struct_size` bytes.
        unsafe { syna_mmap_search_options_init(&mut options, size_of::<CSearchOptions>()) };
        let mut of = |bit: u8| if which & bit != 0 { u64::from(source.byte()) } else { 0 };
        options.tags_any = of(1);
        options.tags_none = of(2);
        options.max_visits = of(4);
        options.exact = u32::from(which & 8 != 0);
        options.approximate = u32::from(which & 16 != 0);
        if which & 32 != 0 {
            (options.key_prefix, options.key_prefix_len) = (prefix.as_ptr(), prefix.len());
        }
        if which & 64 != 0 {
            (options.row_bitmap, options.row_bitmap_words) = (bitmap.as_ptr(), bitmap.len());
        }
        if which & 128 != 0 {
            options.filter = Some(passes);
            options.filter_context = ptr::without_provenance_mut(usize::from(source.byte()));
        }
        if source.one_in(4) {
            options.has_max_distance = 1;
            options.max_distance = f32::from(source.byte()) / 16.0;
        }
        if source.one_in(4) {
            options.has_after = 1;
            options.after_distance = f32::from(source.byte()) / 16.0;
            options.after_row = source.long();
        }
        if source.one_in(16) {
            options.struct_size = usize::from(source.byte()) % (size_of::<CSearchOptions>() + 1);
            options.ef = source.word();
            options.reserved = u32::from(source.byte() % 2);
        }
        options
    }

    pub(super) fn search_otherwise(&mut self, source: &mut Source<'_>) {
        let (store, store_is_good) = self.handle(source, Kind::Store);
        let (results, results_are_good) = self.handle(source, Kind::Results);
        let is_good = store_is_good && results_are_good;
        let bitmap = [source.long()];
        let options = Self::search_options(source, "ab", &bitmap);
        let queries =
            [vector(DIMENSIONS as u16, source.byte().into()), vector(DIMENSIONS as u16, 3)].concat();
        let k = usize::from(source.byte());
        let keys = [source.byte(), source.byte()];
        let mut statuses: [Status; 2] = [-1; 2];
        let error = &mut self.error;
        // SAFETY: the handles are numbers; the queries have the dimensions of every store here; all else is valid.
        let status = unsafe {
            match source.byte() % 4 {
                0 => syna_mmap_search(store, queries.as_ptr(), k, &options, results, error),
                1 => syna_mmap_search_key(store, keys.as_ptr(), k % 3, k, &options, results, error),
                2 => {
                    syna_mmap_search_range(store, queries.as_ptr(), k as f32 / 8.0, &options, results, error)
                }
                _ => {
                    let count = usize::from(source.byte() % 3);
                    let out = statuses.as_mut_ptr();
                    let status = syna_mmap_search_batch(
                        store,
                        queries.as_ptr(),
                        count,
                        k,
                        &options,
                        results,
                        out,
                        error,
                    );
                    let answered = if status == OK { count } else { 0 };
                    assert!(statuses[..answered].iter().all(|&status| status == OK));
                    assert!(statuses[answered..].iter().all(|&status| status == -1));
                    status
                }
            }
        };
        self.expect(status, is_good, "a key, range or batch search");
        self.read_hits(results, results_are_good);
        let mut count = 7;
        // SAFETY: the handle is a number; a position past the end gives nothing.
        unsafe {
            let past = usize::from(source.byte());
            syna_mmap_results_tags(results, past);
            let payload = syna_mmap_results_payload(results, past, &mut count);
            assert_eq!(payload.is_null(), count == 0);
            syna_mmap_results_query_hits(results, past, &mut count);
            assert!(count <= 255 * 2 || !is_good);
            syna_mmap_results_query_is_partial(results, past);
        }
    }

    pub(super) fn walk(&mut self, source: &mut Source<'_>) {
        if source.one_in(3) {
            let (store, is_good) = self.handle(source, Kind::Store);
            let mut cursor = ptr::null_mut();
            // SAFETY: the handle is a number; the pointers are valid.
            let status =
                unsafe { syna_mmap_cursor_new(store, source.byte().into(), &mut cursor, &mut self.error) };
            self.expect(status, is_good, "a new cursor");
            assert_eq!(status == OK, !cursor.is_null());
            if status == OK {
                self.give_out(Kind::Cursor, cursor);
            }
            return;
        }
        let (cursor, is_good) = self.handle(source, Kind::Cursor);
        // SAFETY: numbers and pointers, for which zeros are valid.
        let mut rows: [CRow; ROWS] = unsafe { std::mem::zeroed() };
        let mut count = 7;
        // SAFETY: the handle is a number; the array has room for the rows.
        let status =
            unsafe { syna_mmap_cursor_next(cursor, rows.as_mut_ptr(), ROWS, &mut count, &mut self.error) };
        self.expect(status, is_good, "a cursor's next rows");
        let given = if status == OK { count } else { 0 };
        for row in &rows[..given] {
            // SAFETY: the library says that these bytes exist.
            let key = unsafe {
                check_stored(row.stored, row.stored_bytes, row.vector);
                check_values(row.values);
                std::slice::from_raw_parts(row.key, row.key_len)
            };
            assert!(std::str::from_utf8(key).is_ok() && row.payload.is_null() == (row.payload_len == 0));
        }
        if source.one_in(4) {
            // SAFETY: the handle is a number.
            unsafe { syna_mmap_cursor_free(cursor) };
            self.take_back(Kind::Cursor, cursor);
        }
    }

    /// A batch with all members set.
    pub(super) fn write_batch(&mut self, source: &mut Source<'_>) {
        let (store, is_good) = self.handle(source, Kind::Store);
        let keys = [b'a', source.byte() % 128, b'b'];
        let offsets = [0, u64::from(source.byte() % 4).min(3), 3];
        let vectors =
            [vector(DIMENSIONS as u16, source.byte().into()), vector(DIMENSIONS as u16, 5)].concat();
        let tags = [source.long(), 1];
        let payloads = vec![7_u8; usize::from(source.byte())];
        let payload_offsets = [0, payloads.len() as u64 / 2, payloads.len() as u64];
        // Some batches have stored vectors, of the store's type or another one, in some of them with other bytes.
        let (vectors_element, vectors) = as_stored(payloads.len(), tags[0], vectors);
        let (columns, column_count) = Self::column_values(tags[0], &tags);
        let batch = CBatch {
            struct_size: size_of::<CBatch>(),
            keys: keys.as_ptr(),
            key_offsets: offsets.as_ptr(),
            vectors: vectors.as_ptr().cast(),
            count: usize::from(source.byte() % 3),
            tags: if source.one_in(3) { ptr::null() } else { tags.as_ptr() },
            payloads: payloads.as_ptr(),
            payload_offsets: payload_offsets.as_ptr(),
            mode: u32::from(source.byte() % 3),
            reserved: u32::from(source.one_in(32)),
            delete_keys: ptr::null(),
            delete_key_offsets: ptr::null(),
            delete_count: 0,
            out_deleted: ptr::null_mut(),
            vectors_element,
            reserved_2: 0,
            columns: columns.as_ptr(),
            column_count,
        };
        let mut written = 7;
        // SAFETY: the handle is a number; the batch points to the lengths that it states.
        let status = unsafe { syna_mmap_write(store, &batch, &mut written, &mut self.error) };
        self.expect(status, is_good, "a batch");
        assert!(status != OK || written <= batch.count);
        let (mut tags, mut bytes, mut length) = (0, [0_u8; 300], 0);
        // SAFETY: the handle is a number; the pointers are valid for the given lengths.
        unsafe {
            let error = &mut self.error;
            let key = keys.as_ptr();
            let first = syna_mmap_get_tags(store, key, 1, &mut tags, error);
            let second =
                syna_mmap_get_payload(store, key, 1, bytes.as_mut_ptr(), bytes.len(), &mut length, error);
            assert_eq!(first, second, "a row has tags and a payload, or does not exist");
        }
        self.call_columns(store, is_good, &batch, payloads.len());
    }

    pub(super) fn maintain_otherwise(&mut self, source: &mut Source<'_>) {
        let (store, is_good) = self.handle(source, Kind::Store);
        let (which, count) = (source.byte(), source.byte());
        let mut left = count;
        let context: *mut c_void = (&raw mut left).cast();
        let copy = self.scratch.file(&format!("copy{}", count % 4));
        let copy = CString::new(copy.to_str().unwrap()).unwrap();
        // SAFETY: numbers, for which zeros are valid.
        let mut stats: CStats = unsafe { std::mem::zeroed() };
        stats.struct_size = size_of::<CStats>();
        let (mut is_done, mut number, mut recall) = (false, 0, 0.0);
        let error = &mut self.error;
        // SAFETY: the handle is a number; the pointers are valid, and the callback's context outlives the call.
        let status = unsafe {
            match which % 9 {
                0 => syna_mmap_compact(store, Some(goes_on), context, error),
                1 => syna_mmap_compact_step(store, count.into(), &mut is_done, error),
                2 => syna_mmap_compact_cancel(store, error),
                3 => syna_mmap_index_step(store, count.into(), &mut number, error),
                4 => syna_mmap_build_index_with(store, Some(goes_on), context, error),
                5 => syna_mmap_get_stats(store, &mut stats, error),
                6 => syna_mmap_refresh(store, &mut is_done, error),
                7 => syna_mmap_check_recall(store, count.into(), count.into(), 0, 1, &mut recall, error),
                _ => syna_mmap_snapshot_to(store, copy.as_ptr(), Some(goes_on), context, error),
            }
        };
        self.expect(status, is_good, "a maintenance call");
        assert!((0.0..=1.0).contains(&recall));
        assert!(stats.live_rows + stats.deleted_rows == stats.rows);
        assert!(stats.live_rows == 0 || is_good);
    }
}
