//! The part of `include/syna_mmap.h` that `c_calls.rs` uses, written by hand, as a host would.

use std::ffi::{c_char, c_void};
// The functions below are in the library crate; without a use of it, nothing would link them.
use syna_mmap as _;

pub type Handle = *mut c_void;
pub type Status = i32;

/// `syna_mmap_error` of the header.
#[repr(C)]
pub struct CError {
    pub struct_size: usize,
    pub status: Status,
    pub os_errno: i32,
    pub message: [u8; 256],
}

/// `syna_mmap_options` of the header.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct COptions {
    pub struct_size: usize,
    pub dimensions: u32,
    pub metric: u32,
    pub initial_capacity: u64,
    pub index_threshold: u64,
    pub words: [u32; 8],
    pub seed: u64,
    pub most_unindexed_rows: u64,
    pub index_profile: u32,
    pub index_worker: u32,
    pub fixed_ef: u32,
    pub key_kind: u32,
    pub element: u32,
    pub application_id: u32,
    pub user_version: u32,
    pub reserved: u32,
    pub label: *const c_char,
    pub expected_label: *const c_char,
}

/// `syna_mmap_batch` of the header.
#[repr(C)]
pub struct CBatch {
    pub struct_size: usize,
    pub keys: *const u8,
    pub key_offsets: *const u64,
    pub vectors: *const c_void,
    pub count: usize,
    pub tags: *const u64,
    pub payloads: *const u8,
    pub payload_offsets: *const u64,
    pub mode: u32,
    pub reserved: u32,
    pub delete_keys: *const u8,
    pub delete_key_offsets: *const u64,
    pub delete_count: usize,
    pub out_deleted: *mut usize,
    pub vectors_element: u32,
    pub reserved_2: u32,
}

/// `syna_mmap_row` of the header.
#[repr(C)]
pub struct CRow {
    pub key: *const u8,
    pub key_len: usize,
    pub vector: *const f32,
    pub stored: *const u8,
    pub stored_bytes: usize,
    pub payload: *const u8,
    pub payload_len: usize,
    pub tags: u64,
    pub row: u64,
}

impl CRow {
    pub fn empty() -> Self {
        let (key, vector) = (std::ptr::null(), std::ptr::null());
        let (stored, payload) = (std::ptr::null(), std::ptr::null());
        Self { key, key_len: 0, vector, stored, stored_bytes: 0, payload, payload_len: 0, tags: 0, row: 0 }
    }
}

/// `syna_mmap_view` of the header.
#[repr(C)]
pub struct CView {
    pub struct_size: usize,
    pub key: *const u8,
    pub key_len: usize,
    pub vector: *const u8,
    pub vector_bytes: usize,
    /// Other members, which are not used here.
    pub others: [u64; 4],
    pub element_type: u32,
    pub reserved: u32,
}

impl CView {
    pub fn of_size(struct_size: usize) -> Self {
        let (key, vector) = (std::ptr::null(), std::ptr::null());
        let (others, element_type) = ([0; 4], 77);
        Self { struct_size, key, key_len: 0, vector, vector_bytes: 0, others, element_type, reserved: 0 }
    }
}

pub type FilterCallback = unsafe extern "C" fn(context: *mut c_void, row: *const CRow) -> bool;
pub type ProgressCallback = unsafe extern "C" fn(context: *mut c_void, done: u64, total: u64) -> bool;

/// `syna_mmap_search_options` of the header.
#[repr(C)]
pub struct CSearchOptions {
    pub struct_size: usize,
    pub ef: u32,
    pub exact: u32,
    pub deadline_us: u64,
    pub max_visits: u64,
    pub tags_any: u64,
    pub tags_all: u64,
    pub tags_none: u64,
    pub key_prefix: *const u8,
    pub key_prefix_len: usize,
    pub row_bitmap: *const u64,
    pub row_bitmap_words: usize,
    pub filter: Option<FilterCallback>,
    pub filter_context: *mut c_void,
    pub approximate: u32,
    pub has_max_distance: u32,
    pub max_distance: f32,
    pub after_distance: f32,
    pub after_row: u64,
    pub has_after: u32,
    pub reserved: u32,
}

/// `syna_mmap_stats` of the header.
#[repr(C)]
pub struct CStats {
    pub struct_size: usize,
    pub rows: u64,
    pub live_rows: u64,
    pub deleted_rows: u64,
    /// Other members, which are not used here.
    pub others: [u64; 12],
}

/// `syna_mmap_hit` of the header.
#[repr(C)]
pub struct CHit {
    pub key: *const u8,
    pub key_len: usize,
    pub distance: f32,
    pub reserved: u32,
    pub vector: *const f32,
    pub row: u64,
}

unsafe extern "C" {
    pub fn syna_mmap_options_init(options: *mut COptions, struct_size: usize);
    pub fn syna_mmap_open(
        path: *const c_char,
        o: *const COptions,
        out: *mut Handle,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_close(store: Handle, e: *mut CError) -> Status;
    pub fn syna_mmap_checkpoint(store: Handle, e: *mut CError) -> Status;
    pub fn syna_mmap_flush(store: Handle, e: *mut CError) -> Status;
    pub fn syna_mmap_build_index(store: Handle, e: *mut CError) -> Status;
    pub fn syna_mmap_reserve(store: Handle, count: u64, e: *mut CError) -> Status;
    pub fn syna_mmap_insert(
        s: Handle,
        k: *const u8,
        n: usize,
        v: *const f32,
        out: *mut bool,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_upsert(s: Handle, k: *const u8, n: usize, v: *const f32, e: *mut CError) -> Status;
    pub fn syna_mmap_delete(s: Handle, k: *const u8, n: usize, out: *mut bool, e: *mut CError) -> Status;
    pub fn syna_mmap_get(s: Handle, k: *const u8, n: usize, out: *mut f32, e: *mut CError) -> Status;
    pub fn syna_mmap_contains(s: Handle, k: *const u8, n: usize) -> bool;
    pub fn syna_mmap_insert_batch(
        s: Handle,
        keys: *const u8,
        offsets: *const u64,
        vectors: *const f32,
        count: usize,
        out: *mut usize,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_len(store: Handle) -> u64;
    pub fn syna_mmap_dimensions(store: Handle) -> u32;
    pub fn syna_mmap_metric(store: Handle) -> u32;
    pub fn syna_mmap_element(store: Handle) -> u32;
    pub fn syna_mmap_vector_bytes(store: Handle) -> usize;
    pub fn syna_mmap_has_index(store: Handle) -> bool;
    pub fn syna_mmap_is_dirty(store: Handle) -> bool;
    pub fn syna_mmap_last_durable_seq(store: Handle) -> u64;
    pub fn syna_mmap_results_new(out: *mut Handle, e: *mut CError) -> Status;
    pub fn syna_mmap_results_free(results: Handle);
    pub fn syna_mmap_results_hits(results: Handle, count: *mut usize) -> *const CHit;
    pub fn syna_mmap_results_is_partial(results: Handle) -> bool;
    pub fn syna_mmap_results_vector(results: Handle, index: usize, out: *mut f32) -> bool;
    pub fn syna_mmap_results_stored(results: Handle, index: usize, bytes: *mut usize) -> *const c_void;
    pub fn syna_mmap_search(
        s: Handle,
        q: *const f32,
        k: usize,
        o: *const CSearchOptions,
        r: Handle,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_open_in_memory(o: *const COptions, out: *mut Handle, e: *mut CError) -> Status;
    pub fn syna_mmap_open_memory(
        bytes: *const u8,
        length: usize,
        index: *const u8,
        index_length: usize,
        o: *const COptions,
        out: *mut Handle,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_path(s: Handle, out: *mut u8, n: usize, length: *mut usize, e: *mut CError) -> Status;
    pub fn syna_mmap_get_options(s: Handle, out: *mut COptions, e: *mut CError) -> Status;
    pub fn syna_mmap_set_ef_search(s: Handle, ef: u32, e: *mut CError) -> Status;
    pub fn syna_mmap_set_checkpoint_interval(s: Handle, secs: u32, e: *mut CError) -> Status;
    pub fn syna_mmap_put(
        s: Handle,
        k: *const u8,
        n: usize,
        v: *const f32,
        tags: u64,
        payload: *const u8,
        payload_len: usize,
        mode: u32,
        out: *mut bool,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_get_view(s: Handle, k: *const u8, n: usize, out: *mut CView, e: *mut CError) -> Status;
    pub fn syna_mmap_row_of(s: Handle, k: *const u8, n: usize, out: *mut u64, e: *mut CError) -> Status;
    pub fn syna_mmap_get_row(s: Handle, row: u64, out: *mut CRow, live: *mut bool, e: *mut CError) -> Status;
    pub fn syna_mmap_get_batch(
        s: Handle,
        keys: *const u8,
        offsets: *const u64,
        count: usize,
        out: *mut f32,
        found: *mut bool,
        existing: *mut usize,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_count_where(
        s: Handle,
        o: *const CSearchOptions,
        out: *mut u64,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_rows_where(
        s: Handle,
        o: *const CSearchOptions,
        first: u64,
        out: *mut u64,
        n: usize,
        count: *mut usize,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_distance(
        s: Handle,
        a: *const f32,
        b: *const f32,
        out: *mut f32,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_search_options_init(options: *mut CSearchOptions, struct_size: usize);
    pub fn syna_mmap_search_key(
        s: Handle,
        k: *const u8,
        n: usize,
        count: usize,
        o: *const CSearchOptions,
        r: Handle,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_search_range(
        s: Handle,
        q: *const f32,
        most: f32,
        o: *const CSearchOptions,
        r: Handle,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_search_batch(
        s: Handle,
        q: *const f32,
        count: usize,
        k: usize,
        o: *const CSearchOptions,
        r: Handle,
        out: *mut Status,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_results_tags(results: Handle, index: usize) -> u64;
    pub fn syna_mmap_results_payload(results: Handle, index: usize, count: *mut usize) -> *const u8;
    pub fn syna_mmap_results_query_hits(results: Handle, query: usize, count: *mut usize) -> *const CHit;
    pub fn syna_mmap_results_query_is_partial(results: Handle, query: usize) -> bool;
    pub fn syna_mmap_cursor_new(s: Handle, first: u64, out: *mut Handle, e: *mut CError) -> Status;
    pub fn syna_mmap_cursor_next(
        c: Handle,
        out: *mut CRow,
        n: usize,
        count: *mut usize,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_cursor_free(cursor: Handle);
    pub fn syna_mmap_write(s: Handle, batch: *const CBatch, out: *mut usize, e: *mut CError) -> Status;
    pub fn syna_mmap_get_tags(s: Handle, k: *const u8, n: usize, out: *mut u64, e: *mut CError) -> Status;
    pub fn syna_mmap_get_payload(
        s: Handle,
        k: *const u8,
        n: usize,
        out: *mut u8,
        capacity: usize,
        count: *mut usize,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_compact(
        s: Handle,
        f: Option<ProgressCallback>,
        c: *mut c_void,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_compact_step(s: Handle, budget_us: u64, out: *mut bool, e: *mut CError) -> Status;
    pub fn syna_mmap_compact_cancel(s: Handle, e: *mut CError) -> Status;
    pub fn syna_mmap_index_step(s: Handle, budget_us: u64, out: *mut u64, e: *mut CError) -> Status;
    pub fn syna_mmap_build_index_with(
        s: Handle,
        f: Option<ProgressCallback>,
        c: *mut c_void,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_get_stats(s: Handle, out: *mut CStats, e: *mut CError) -> Status;
    pub fn syna_mmap_refresh(s: Handle, out: *mut bool, e: *mut CError) -> Status;
    pub fn syna_mmap_check_recall(
        s: Handle,
        samples: usize,
        k: usize,
        ef: u32,
        seed: u64,
        out: *mut f64,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_snapshot_to(
        s: Handle,
        path: *const c_char,
        f: Option<ProgressCallback>,
        c: *mut c_void,
        e: *mut CError,
    ) -> Status;
}
