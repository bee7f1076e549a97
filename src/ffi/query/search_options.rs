//! Header section: search options and filters.
#![expect(non_camel_case_types, reason = "names of the C API")]
#![expect(unsafe_code, reason = "functions of the C API, and calls of C callbacks")]

use crate::ffi::boundary;
use crate::ffi::boundary::arguments;
use crate::ffi::boundary::callbacks::forbidding;
use crate::ffi::boundary::structs::{self, Versioned, member_ends};
use crate::ffi::columns::OneRow;
use crate::ffi::rows::iterate::syna_mmap_row;
use crate::{Entry, Filter, Hit, Result, SearchOptions, SynaError};
use std::ffi::{c_char, c_void};
use std::ptr;
use std::time::Duration;

/// A condition in your program: whether a row may be a hit.
///
/// context  BORROWED for the callback: the filter_context of the options, unchanged.
/// row      BORROWED for the callback, with all that it points to.
///
/// Returns: true if the row may be a hit. It is called at most once for each row and search, only for rows that
/// meet all other conditions, in no particular order. In a batch it is called at most once for each row and
/// query, and once more for up to 256 rows, by which the search method is chosen. It is not called after the
/// deadline.
/// It must not call this library: functions with a status return SYNA_MMAP_ERR_INVALID_ARGUMENT, the others
/// 0, false or NULL. It must return normally: an exception or a longjmp that leaves it is undefined
/// behaviour.
/// Threads: the calling thread; in syna_mmap_search_batch also the store's `threads`, several at the same
/// time. Cost: yours, times the number of rows it is called for, up to all rows.
pub type syna_mmap_filter_callback =
    Option<unsafe extern "C" fn(context: *mut c_void, row: *const syna_mmap_row) -> bool>;

/// How to search, and which rows may be hits: those that meet every condition. You own it and all that it
/// points to: it is BORROWED by the search for the call and may go out of scope after it.
///
/// With conditions, a search still returns k hits whenever k rows meet them. It costs at most about 1.5
/// times as much as checking every row and comparing those that meet the conditions.
/// Fill it with syna_mmap_search_options_init. Later versions append members. Threads: plain memory; one
/// thread at a time may change it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_search_options {
    /// sizeof(syna_mmap_search_options).
    pub struct_size: usize,
    /// How many candidates to consider; up to twice as many if the index is less accurate for the data. More
    /// is slower and finds more. A search that has found its k rows well before that stops early, except with
    /// the dot product. 0: hnsw_ef_search, or more if the index needs more (see fixed_ef). Less than k counts
    /// as k. Default 0.
    pub ef: u32,
    /// Not 0: compare the query with every vector instead of using the index. Default 0.
    pub exact: u32,
    /// Microseconds from the start of the call after which the search ends with the best hits found so far.
    /// These may be fewer than k, or none; syna_mmap_results_is_partial tells. The clock is read from time to
    /// time, and before each call of a filter, so the search ends slightly later. 0: no deadline. Default 0.
    pub deadline_us: u64,
    /// The most rows that the search for one query may visit in the index or compare one by one. It then ends
    /// as at a deadline. Rows that do not meet the conditions are not compared: only deadline_us limits how
    /// many of them are looked at. 0: no limit. Default 0.
    pub max_visits: u64,
    /// Condition: the row has at least one of these tags. 0: no condition. Default 0.
    pub tags_any: u64,
    /// Condition: the row has all of these tags. 0: no condition. Default 0.
    pub tags_all: u64,
    /// Condition: the row has none of these tags. 0: no condition. Default 0.
    pub tags_none: u64,
    /// BORROWED for the call. Condition: the key begins with these bytes, which must be UTF-8 in a store of text
    /// keys. May be NULL if key_prefix_len is 0.
    pub key_prefix: *const c_char,
    /// Bytes of key_prefix. 0: no condition. Default 0.
    pub key_prefix_len: usize,
    /// BORROWED for the call. Condition: the row's bit is set, that is bit row % 64 of row_bitmap[row / 64].
    /// Rows after the end of the bitmap do not meet the condition, so an array of 0 words excludes all rows.
    /// NULL: no condition. A compaction renumbers the rows. Default NULL.
    pub row_bitmap: *const u64,
    /// Elements of row_bitmap.
    pub row_bitmap_words: usize,
    /// Condition: the callback returns true. NULL: no condition. Default NULL.
    pub filter: syna_mmap_filter_callback,
    /// BORROWED for the call: passed to the callback unchanged. May be NULL.
    pub filter_context: *mut c_void,
    /// Only for syna_mmap_search_range. Not 0: use the index instead of comparing all vectors; rows may be
    /// missing. Ignored if there are conditions. Default 0.
    pub approximate: u32,
    /// Not 0: hits are at most at max_distance; a search then finds fewer than k if fewer rows are that near. In
    /// syna_mmap_search_range, both this and the argument apply. 0: no limit. Default 0.
    pub has_max_distance: u32,
    /// Only if has_max_distance is not 0: the largest distance of a hit. Default 0.
    pub max_distance: f32,
    /// Only if has_after is not 0: the distance of the last hit of the page before. Default 0.
    pub after_distance: f32,
    /// Only if has_after is not 0: the row of that hit. Default 0.
    pub after_row: u64,
    /// Paging. Not 0: hits come after the one at after_distance and after_row, in the order of hits: by
    /// ascending distance, then by ascending row number. The next search for the same query with the distance
    /// and the row of the last hit finds the next page. The row need not exist any more. 0: from the nearest
    /// row on. Default 0.
    ///
    /// Pages never overlap. Those of exact searches, one after the other, are one longer exact search. Pages
    /// through the index have k hits whenever k rows follow. They lack about as many rows as one search through
    /// the index for all of them, as long as ef is at least the number of their hits; a row that is missing on
    /// its page is not found later, so set a larger ef from the first page on for more of them, above all with
    /// conditions. Rows that are written between two pages are hits if they come later in the order. A
    /// compaction renumbers the rows: begin again after one. After a partial page, the next one begins after its last hit, so what the partial
    /// page lacks is not found later.
    ///
    /// Cost through the index: a search for all rows up to the end of the page, or two to three such searches
    /// for a page that is far from the nearest row; at most about 1.5 times as much as comparing every row. In
    /// syna_mmap_search_batch it applies to every query; syna_mmap_search_range returns all hits after it.
    pub has_after: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, begins with `struct_size`, numbers and pointers only.
unsafe impl Versioned for syna_mmap_search_options {
    const NAME: &'static str = "syna_mmap_search_options";
    const MEMBER_ENDS: &'static [usize] = member_ends!(syna_mmap_search_options: struct_size, ef, exact,
        deadline_us, max_visits, tags_any, tags_all, tags_none, key_prefix, key_prefix_len, row_bitmap,
        row_bitmap_words, filter, filter_context, approximate, has_max_distance, max_distance, after_distance,
        after_row, has_after, reserved);

    fn defaults() -> Self {
        Self {
            struct_size: size_of::<Self>(),
            ef: 0,
            exact: 0,
            deadline_us: 0,
            max_visits: 0,
            tags_any: 0,
            tags_all: 0,
            tags_none: 0,
            key_prefix: ptr::null(),
            key_prefix_len: 0,
            row_bitmap: ptr::null(),
            row_bitmap_words: 0,
            filter: None,
            filter_context: ptr::null_mut(),
            approximate: 0,
            has_max_distance: 0,
            max_distance: 0.0,
            after_distance: 0.0,
            after_row: 0,
            has_after: 0,
            reserved: 0,
        }
    }
}

/// A filter callback with its context.
struct Callback {
    function: unsafe extern "C" fn(*mut c_void, *const syna_mmap_row) -> bool,
    context: *mut c_void,
}

// SAFETY: the header says that several threads of a batch may call it at once with this pointer, which is not
// dereferenced here.
unsafe impl Sync for Callback {}

impl Callback {
    /// # Safety
    /// The function is as described in the header.
    unsafe fn passes(&self, entry: &Entry<'_>) -> bool {
        let mut values = OneRow::EMPTY;
        let has_columns = values.fill(entry);
        let row = syna_mmap_row::of(entry, OneRow::first(&raw const values, has_columns));
        forbidding("a filter callback", || {
            // SAFETY: the caller guarantees a function that accepts these arguments and does not unwind. The row and its
            // values exist until it returns.
            unsafe { (self.function)(self.context, &raw const row) }
        })
    }
}

/// Calls `work` with the caller's options; NULL means the defaults.
///
/// # Errors
/// [`SynaError::InvalidArgument`], [`SynaError::InvalidKey`] (of the prefix), and the errors of `work`.
///
/// # Safety
/// `options` is valid for [`structs::read`], and its members point to what the header describes.
pub(super) unsafe fn with_options<R>(
    options: *const syna_mmap_search_options,
    work: impl FnOnce(&SearchOptions<'_>) -> Result<R>,
) -> Result<R> {
    // SAFETY: as the caller guarantees.
    let given = unsafe { structs::read(options, "options")? };
    let given = given.unwrap_or_else(syna_mmap_search_options::defaults);
    if given.reserved != 0 {
        return Err(SynaError::argument(format!("reserved is {}; it must be 0", given.reserved)));
    }
    // SAFETY: the caller guarantees the arrays and their lengths.
    let (prefix, rows) = unsafe {
        let prefix = arguments::slice(given.key_prefix.cast::<u8>(), given.key_prefix_len, "key_prefix")?;
        let rows = arguments::slice(given.row_bitmap, given.row_bitmap_words, "row_bitmap")?;
        (prefix, (!given.row_bitmap.is_null()).then_some(rows))
    };
    let callback = given.filter.map(|function| Callback { function, context: given.filter_context });
    let test = callback.as_ref().map(|callback| {
        // SAFETY: the caller guarantees a callback as described in the header.
        move |entry: &Entry<'_>| unsafe { callback.passes(entry) }
    });
    work(&SearchOptions {
        ef: usize::try_from(given.ef).unwrap_or(usize::MAX),
        exact: given.exact != 0,
        deadline: (given.deadline_us != 0).then(|| Duration::from_micros(given.deadline_us)),
        max_visits: usize::try_from(given.max_visits).unwrap_or(usize::MAX),
        filter: Filter {
            tags_any: given.tags_any,
            tags_all: given.tags_all,
            tags_none: given.tags_none,
            key_prefix: prefix,
            rows,
            conditions: &[],
            prepared: None,
            callback: test.as_ref().map(|test| test as crate::RowTest<'_>),
        },
        approximate: given.approximate != 0,
        max_distance: if given.has_max_distance != 0 { given.max_distance } else { f32::INFINITY },
        after: (given.has_after != 0).then(|| Hit {
            // No store has a row with a larger number.
            row: u32::try_from(given.after_row).unwrap_or(u32::MAX),
            distance: given.after_distance,
        }),
    })
}

/// Fills `options` with the defaults.
///
/// options      BORROWED for the call: `struct_size` bytes, which are overwritten. NULL, not aligned, or a
///              struct_size below sizeof(size_t) or above 4,096: nothing is done.
/// struct_size  sizeof(syna_mmap_search_options) as your program was compiled. It is stored in the member of
///              that name.
///
/// Threads: any, also in callbacks. Cost: negligible.
///
/// # Safety
/// `options` is NULL, or `struct_size` bytes can be written there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_search_options_init(
    options: *mut syna_mmap_search_options,
    struct_size: usize,
) {
    boundary::value_anyway((), |_allowed| {
        // SAFETY: as the caller guarantees.
        unsafe { structs::write_defaults(options, struct_size) };
        Ok(())
    })
}
