//! The part of `include/syna_mmap.h` that `c_calls.rs` uses, written by hand, as a host would: the structs, and the functions of
//! `c_functions.rs`.

use std::ffi::{c_char, c_void};

pub use super::c_functions::*;

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
    pub columns: *const CColumn,
    pub column_count: usize,
}

/// `syna_mmap_column` of the header.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CColumn {
    pub name: [u8; 36],
    pub kind: u32,
}

/// `syna_mmap_column_values` of the header.
#[repr(C)]
pub struct CColumnValues {
    pub column: u32,
    pub kind: u32,
    pub values: *const c_void,
}

const _: () = assert!(size_of::<CColumn>() == 40 && size_of::<CColumnValues>() == 16);

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
    pub columns: *const CColumnValues,
    pub column_count: usize,
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
    /// As bits.
    pub values: *const u64,
}

impl CRow {
    pub fn empty() -> Self {
        // SAFETY: numbers and pointers, for which zeros are valid.
        unsafe { std::mem::zeroed() }
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
    pub element: u32,
    pub reserved: u32,
}

impl CView {
    pub fn of_size(struct_size: usize) -> Self {
        let (key, vector) = (std::ptr::null(), std::ptr::null());
        let (others, element) = ([0; 4], 77);
        Self { struct_size, key, key_len: 0, vector, vector_bytes: 0, others, element, reserved: 0 }
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
