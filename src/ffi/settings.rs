//! Header section: what a store was opened with, and settings that can change while it is open.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::boundary;
use super::boundary::arguments::{self, Out};
use super::boundary::status::{syna_mmap_error, syna_mmap_status};
use super::boundary::structs::OutStruct;
use super::kinds::metric_number;
use super::options::{self, syna_mmap_options};
use super::store::{syna_mmap, with_store};
use crate::{Durability, IndexProfile, MmapVectorConfig};
use std::ffi::c_char;
use std::path::Path;
use std::ptr;

/// The options that give this configuration, without labels and columns.
fn options_of(config: &MmapVectorConfig) -> syna_mmap_options {
    let graph = &config.hnsw_config;
    let long = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let short = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mode = &config.open;
    let flags = [
        (mode.read_only, options::SYNA_MMAP_OPEN_READ_ONLY),
        (mode.must_exist, options::SYNA_MMAP_OPEN_MUST_EXIST),
        (mode.must_create, options::SYNA_MMAP_OPEN_MUST_CREATE),
        (mode.verify, options::SYNA_MMAP_OPEN_VERIFY),
        (mode.damaged, options::SYNA_MMAP_OPEN_DAMAGED),
        (config.small_dimensions, options::SYNA_MMAP_OPEN_SMALL_DIMENSIONS),
    ];
    syna_mmap_options {
        struct_size: size_of::<syna_mmap_options>(),
        dimensions: u32::from(config.dimensions),
        metric: metric_number(config.metric),
        initial_capacity: long(config.initial_capacity),
        index_threshold: long(config.index_threshold),
        checkpoint_interval_secs: u32::try_from(config.checkpoint_interval_secs).unwrap_or(u32::MAX),
        flags: flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).sum(),
        durability: match config.durability {
            Durability::Process => options::SYNA_MMAP_DURABILITY_PROCESS,
            Durability::Batch => options::SYNA_MMAP_DURABILITY_BATCH,
        },
        threads: short(config.threads),
        hnsw_m: short(graph.m),
        hnsw_ef_construction: short(graph.ef_construction),
        hnsw_ef_search: short(graph.ef_search),
        hnsw_m_max: short(graph.m_max),
        seed: config.seed,
        most_unindexed_rows: long(config.most_unindexed_rows),
        index_profile: match config.index_profile {
            IndexProfile::Fast => options::SYNA_MMAP_INDEX_FAST,
            IndexProfile::Compact => options::SYNA_MMAP_INDEX_COMPACT,
        },
        index_worker: u32::from(config.index_worker),
        fixed_ef: u32::from(config.fixed_ef),
        key_kind: config.key_kind.number(),
        element: config.element.number(),
        reserved: 0,
        application_id: config.user_block.application_id,
        user_version: config.user_block.user_version,
        label: ptr::null(),
        expected_label: ptr::null(),
        columns: ptr::null(),
        column_count: 0,
    }
}

/// Copies the path that the store was opened by, made absolute, if there is room for it, and reports its
/// length.
///
/// store     a handle.
/// buffer    BORROWED for the call: room for `capacity` bytes. The path is followed by a NUL. May be NULL if
///           `capacity` is 0.
/// capacity  bytes. If it does not exceed *out_len, nothing was copied, and the call still succeeds.
/// out_len   BORROWED for the call: bytes of the path without the NUL; 0 for a store without a file of its
///           own (syna_mmap_open_in_memory, _open_memory, _open_at). Not NULL.
/// error     BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _POISONED.
/// On failure: nothing is written.
/// Threads: any. Cost: a copy.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_path(
    store: *const syna_mmap,
    buffer: *mut c_char,
    capacity: usize,
    out_len: *mut usize,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            with_store(store, |store| {
                let room = arguments::room(buffer.cast::<u8>(), capacity, "buffer")?;
                let out_len = Out::new(out_len, "out_len")?;
                let path = store.path().map(Path::as_os_str).unwrap_or_default().as_encoded_bytes();
                if path.len() < capacity {
                    room.copy(0, path);
                    room.set(path.len(), 0);
                }
                out_len.set(path.len());
                Ok(())
            })
        })
    }
}

/// Reports the options of a store as they are in effect: dimensions, metric, key_kind, element, application_id and
/// user_version as the file says, hnsw_ef_search and checkpoint_interval_secs as they were set last, the
/// others as the store was opened. flags also has SYNA_MMAP_OPEN_SMALL_DIMENSIONS if the store has fewer than 64
/// dimensions, so that the options open it again.
///
/// store        a handle.
/// out_options  BORROWED for the call: a struct whose struct_size is set (syna_mmap_options_init sets it). Its
///              members `label` and `expected_label` become NULL: syna_mmap_get_user_block returns the label.
///              `columns` becomes NULL and column_count 0, which opens a file with any columns:
///              syna_mmap_columns returns them.
/// error        BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _POISONED.
/// On failure: *out_options is not written.
/// Threads: any. Cost: negligible.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_get_options(
    store: *const syna_mmap,
    out_options: *mut syna_mmap_options,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            with_store(store, |store| {
                let out_options = OutStruct::new(out_options, "out_options")?;
                out_options.set(&options_of(&store.config()));
                Ok(())
            })
        })
    }
}

/// Changes hnsw_ef_search for searches that begin afterwards. It is not stored in the file.
///
/// store      a handle; the store may be read-only.
/// ef_search  1 to 65,536.
/// error      BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _POISONED.
/// On failure: nothing is changed.
/// Threads: any. Cost: negligible.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_set_ef_search(
    store: *mut syna_mmap,
    ef_search: u32,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives an error struct as the header describes it; the handle is a number only.
    unsafe {
        boundary::call(error, || {
            let ef_search = usize::try_from(ef_search).unwrap_or(usize::MAX);
            with_store(store, |store| store.set_ef_search(ef_search))
        })
    }
}

/// Changes checkpoint_interval_secs for the writes that follow. It is not stored in the file. If the last
/// checkpoint is longer ago than the new interval, the next write makes one.
///
/// store  a handle.
/// secs   seconds; 0: no automatic checkpoints. Ignored for a store of syna_mmap_open_in_memory.
/// error  BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _POISONED.
/// On failure: nothing is changed.
/// Threads: any; it does not wait for a write in progress. Cost: negligible.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_set_checkpoint_interval(
    store: *mut syna_mmap,
    secs: u32,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives an error struct as the header describes it; the handle is a number only.
    unsafe {
        boundary::call(error, || {
            with_store(store, |store| store.set_checkpoint_interval_secs(u64::from(secs)))
        })
    }
}
