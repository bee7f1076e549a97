//! Header section: opening, closing, checkpoints.
#![expect(non_camel_case_types, reason = "names of the C API")]
#![expect(unsafe_code, reason = "functions of the C API")]

use super::boundary;
use super::boundary::arguments::{self, Out};
use super::boundary::callbacks::check_not_inside;
use super::boundary::handles::{Removed, Table};
use super::boundary::status::{syna_mmap_error, syna_mmap_status};
use super::boundary::structs::{self, Versioned};
use super::boundary::tokens::Kind;
use super::options::syna_mmap_options;
use crate::{MmapVectorStore, Result, SynaError};
use std::ffi::c_char;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::ptr;

/// The open stores of this process.
static STORES: Table<MmapVectorStore> = Table::new(Kind::Store);

/// Calls `work` with the store of a handle.
pub(super) fn with_store<R>(
    store: *const syna_mmap,
    work: impl FnOnce(&MmapVectorStore) -> Result<R>,
) -> Result<R> {
    STORES.read(store.addr(), work)
}

/// Creates a handle for a store.
pub(super) fn keep_store(store: MmapVectorStore) -> Result<*mut syna_mmap> {
    Ok(ptr::without_provenance_mut(STORES.insert(store)?))
}

/// An open store. The handle is OWNED by you: close it with syna_mmap_close, from any thread.
///
/// It is an opaque token, not an address: never dereference it. Using a closed handle is an error, not a
/// crash.
/// Threads: every call on a store is safe from any thread at any time. Searches run in parallel with each
/// other and with one write. Writes wait for each other.
/// Outlives: nothing must be closed before it. syna_mmap_results of its searches remain valid after it is
/// closed.
/// Fork: only the process that opened a store can use it. A child that closes the inherited handle releases
/// its share of the file and changes no file; the memory of the store remains allocated in the child. The
/// parent's lock lasts as long as the parent has the store open or a child has a share in it. A child that
/// continues without its parent (a daemon) must therefore close the inherited handle before it can open the
/// file itself.
pub struct syna_mmap {
    _opaque: [u8; 0],
}

/// Opens the store in the file `path`, or creates it.
///
/// path       COPIED. Bytes that end with a NUL, as the system has them; UTF-8 on Windows. The index is
///            stored beside it, as path.hnsw. The folder must exist. A relative path is resolved once, so
///            changing the working folder later is harmless. Symbolic links at its end are followed once. An
///            empty file (mkstemp) becomes a store if it is opened for writing. A path that ends with a
///            separator names a folder and is refused.
/// options    COPIED. NULL: an existing file is opened with its own dimensions, metric, element type, kind of
///            keys and columns; a new one is created with the defaults: 768 dimensions, cosine distance, floats,
///            text keys, no columns.
/// out_store  BORROWED for the call. On success a handle that is OWNED by you: close it with
///            syna_mmap_close.
/// error      BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_DIMENSIONS, _DIMENSION_MISMATCH,
/// _METRIC_MISMATCH, _ELEMENT_MISMATCH, _KEY_KIND_MISMATCH, _LABEL_MISMATCH, _COLUMNS_MISMATCH, _NOT_FOUND (the
/// file does not exist and the options need one: SYNA_MMAP_OPEN_MUST_EXIST, SYNA_MMAP_OPEN_READ_ONLY, or a value
/// that is to be taken from the file),
/// _LOCKED, _CORRUPT, _UNSUPPORTED_VERSION, _LEGACY_FORMAT, _IO (also if `path` is a folder, or the folder
/// of a new file does not exist), _NO_SPACE, _NO_MEMORY, _LIMIT (handles, columns).
/// On failure: *out_store is not written, and no byte of an existing file has changed. A new file may have
/// been created (_LIMIT, _IO, _NO_MEMORY).
/// Threads: any. Cost: reads all keys, but no vectors (unless SYNA_MMAP_OPEN_VERIFY is set). After a crash,
/// and while another process writes, it also reads the vectors written since the last checkpoint.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_open(
    path: *const c_char,
    options: *const syna_mmap_options,
    out_store: *mut *mut syna_mmap,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_store = Out::new(out_store, "out_store")?;
            let path = arguments::path(path, "path")?;
            let store = match structs::read(options, "options")? {
                Some(options) => MmapVectorStore::new(path, options.to_config()?)?,
                None => open_without_options(&path)?,
            };
            out_store.set(keep_store(store)?);
            Ok(())
        })
    }
}

/// Opens an existing file with its own dimensions and metric, or creates one with the defaults.
fn open_without_options(path: &Path) -> Result<MmapVectorStore> {
    // SAFETY: these options have no pointers.
    let config_of = |options: syna_mmap_options| unsafe { options.to_config() };
    let existing = || MmapVectorStore::new(path, config_of(syna_mmap_options::of_existing_file())?);
    match existing() {
        Err(SynaError::NotFound { .. }) => {}
        opened => return opened,
    }
    match MmapVectorStore::new(path, config_of(syna_mmap_options::defaults())?) {
        // Another process has created it meanwhile.
        Err(
            SynaError::DimensionMismatch { .. }
            | SynaError::MetricMismatch { .. }
            | SynaError::ElementMismatch { .. }
            | SynaError::KeyKindMismatch { .. },
        ) => existing(),
        opened => opened,
    }
}

/// Makes a checkpoint, closes the store and frees it. The handle is invalid afterwards, whatever the result
/// (exception: callbacks, below).
///
/// It waits for the calls that other threads have in progress on the store; syna_mmap_interrupt ends long
/// ones. Later calls return SYNA_MMAP_ERR_INVALID_HANDLE.
/// In a forked child it only releases the handle and the child's share of the file: no checkpoint, no
/// unlock. The parent's store is unaffected.
/// A callback cannot close the store that it is called for: the call returns SYNA_MMAP_ERR_INVALID_ARGUMENT,
/// and the store stays open.
///
/// store  a handle. NULL: nothing is done, and the call succeeds.
/// error  BORROWED for the call. May be NULL. An invalid error struct does not keep the store from being
///        closed.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE (already closed), or the error of the checkpoint:
/// SYNA_MMAP_ERR_IO, _NO_SPACE, _NO_MEMORY, _LIMIT, _CORRUPT, _POISONED.
/// On failure of the checkpoint: the store is closed. Writes since the last checkpoint still survive a kill
/// of the process, but not a power failure.
/// Threads: any. Cost: that of syna_mmap_checkpoint. A syna_mmap_interrupt before the close skips the
/// indexing.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_close(
    store: *mut syna_mmap,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives an error struct as the header describes it; the handle is a number only.
    unsafe {
        boundary::call_anyway(error, |usable| {
            if !store.is_null() {
                check_not_inside(store.addr())?;
                match STORES.remove(store.addr())? {
                    Removed::Own(store) => store.close()?,
                    // Dropping the store would write to the file and release the parent's lock.
                    Removed::Inherited(store) => {
                        let never_dropped = ManuallyDrop::new(store);
                        if let Some(store) = &*never_dropped {
                            store.disown()?;
                        }
                    }
                }
            }
            usable
        })
    }
}

/// Ends the long calls that other threads have in progress on the store, so that a close need not wait for
/// them.
///
/// syna_mmap_build_index, _build_index_with, _compact, _snapshot_to, _verify and _check_recall return
/// SYNA_MMAP_ERR_CANCELLED, with the same effect as a callback that returns false.
/// A write or a checkpoint that is indexing rows stops indexing and succeeds. Searches compare the unindexed
/// rows one by one, and the next write indexes them.
/// Calls that begin later are not interrupted. But until the next write or index build, a checkpoint (also
/// that of a close) leaves unindexed rows unindexed.
/// Not interrupted: searches (they have deadline_us and max_visits), calls with a budget, disk syncs.
///
/// store  a handle.
/// error  BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, also if there is nothing to end, or SYNA_MMAP_ERR_INVALID_HANDLE (also after
/// syna_mmap_close has begun: interrupt first), _POISONED.
/// Threads: any, also in a progress callback. Cost: negligible. It does not wait for the calls. They end
/// after the current piece of work: up to 512 rows indexed, 1,024 rows copied, a batch of rows or all links
/// verified, or 256 samples of a recall.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_interrupt(
    store: *mut syna_mmap,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives an error struct as the header describes it; the handle is a number only.
    unsafe {
        boundary::call(error, || {
            with_store(store, |store| {
                store.interrupt();
                Ok(())
            })
        })
    }
}

/// Makes all writes so far survive a power failure, and saves the index.
///
/// With automatic indexing and without `index_worker`, it first indexes all unindexed rows. While the first
/// index is being built, these are all rows of the store.
///
/// store  a handle.
/// error  BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _IO, _NO_SPACE, _NO_MEMORY, _LIMIT,
/// _CORRUPT (another file has the name of the index), _POISONED. After an _IO of a sync, the store refuses
/// writes until it is opened again (_POISONED), because the system may have dropped what it could not write.
/// _IO is also returned if the file was removed, renamed or replaced while it was open: the writes cannot be
/// found by its path. syna_mmap_snapshot_to saves them.
/// On failure: the writes remain stored. They may survive a power failure or not.
/// Threads: any; searches run meanwhile, writes wait. Cost: two or more disk syncs, writing the changes of
/// the index, and the indexing.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_checkpoint(
    store: *mut syna_mmap,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives an error struct as the header describes it; the handle is a number only.
    unsafe { boundary::call(error, || with_store(store, |store| store.checkpoint())) }
}

/// Makes all writes so far survive a power failure, as syna_mmap_checkpoint does, but neither extends nor
/// saves the index.
///
/// store  a handle.
/// error  BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _IO, _NO_SPACE, _POISONED, as
/// syna_mmap_checkpoint.
/// Threads: any; searches run meanwhile, writes wait. Cost: disk syncs.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_flush(
    store: *mut syna_mmap,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives an error struct as the header describes it; the handle is a number only.
    unsafe { boundary::call(error, || with_store(store, |store| store.flush())) }
}

/// Whether anything was written since the last checkpoint. False for an invalid handle and for a store
/// opened read-only.
///
/// store  a handle.
///
/// Threads: any; waits for a write or a checkpoint in progress. Cost: otherwise negligible.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_is_dirty(store: *const syna_mmap) -> bool {
    boundary::value(false, || with_store(store, |store| Ok(store.is_dirty())))
}

/// The number of the last write that survives a power failure; 0 if there is none, or for an invalid handle.
/// Writes that change something are numbered from 1 over the store's life, across compactions. In a store
/// opened read-only: the last such write among those that the store has seen.
///
/// store  a handle.
///
/// Threads: any; waits for a write or a checkpoint in progress. Cost: otherwise negligible.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_last_durable_seq(store: *const syna_mmap) -> u64 {
    boundary::value(0, || with_store(store, |store| Ok(store.last_durable_seq())))
}

/// Allocates disk space for `count` vectors in total, so that inserting them cannot fail because there is no
/// space for vectors.
///
/// store  a handle.
/// count  vectors, including those already stored.
/// error  BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _NO_SPACE, _LIMIT, _IO, _POISONED.
/// On failure: the store is unchanged.
/// Threads: any. Cost: that of the file system's allocation. If the file system cannot allocate, the space
/// is written.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_reserve(
    store: *mut syna_mmap,
    count: u64,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives an error struct as the header describes it; the handle is a number only.
    unsafe { boundary::call(error, || with_store(store, |store| store.reserve(count))) }
}
