//! The functions of `include/syna_mmap.h` that `c_calls.rs` calls.

use super::c_header::*;
use std::ffi::{c_char, c_void};
// The functions are in the library crate; without a use of it, nothing would link them.
use syna_mmap as _;

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
    pub fn syna_mmap_columns(
        s: Handle,
        out: *mut CColumn,
        n: usize,
        count: *mut usize,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_get_value(
        s: Handle,
        k: *const u8,
        n: usize,
        column: u32,
        out: *mut u64,
        e: *mut CError,
    ) -> Status;
    pub fn syna_mmap_update(s: Handle, batch: *const CBatch, out: *mut usize, e: *mut CError) -> Status;
    pub fn syna_mmap_results_column(results: Handle, index: usize, column: u32, out: *mut u64) -> bool;
    pub fn syna_mmap_hash64(bytes: *const u8, n: usize) -> u64;
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
