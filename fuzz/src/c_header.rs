//! What `c_calls.rs` needs of `include/syna_mmap.h`, written down by hand as a host would have it.

use std::ffi::{c_char, c_void};
// The functions below are this crate's; without a use of it nothing would link them.
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
    pub fn syna_mmap_has_index(store: Handle) -> bool;
    pub fn syna_mmap_is_dirty(store: Handle) -> bool;
    pub fn syna_mmap_last_durable_seq(store: Handle) -> u64;
    pub fn syna_mmap_results_new(out: *mut Handle, e: *mut CError) -> Status;
    pub fn syna_mmap_results_free(results: Handle);
    pub fn syna_mmap_results_hits(results: Handle, count: *mut usize) -> *const CHit;
    pub fn syna_mmap_results_is_partial(results: Handle) -> bool;
    pub fn syna_mmap_search(
        s: Handle,
        q: *const f32,
        k: usize,
        o: *const c_void,
        r: Handle,
        e: *mut CError,
    ) -> Status;
}
