//! Header section: opening and closing a store, and what makes it last.
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
use crate::{MmapVectorStore, Result};
use std::ffi::c_char;
use std::mem::ManuallyDrop;
use std::ptr;

/// The stores that this process has open.
static STORES: Table<MmapVectorStore> = Table::new(Kind::Store);

/// Calls `work` with the store behind a handle.
pub(super) fn with_store<R>(
    store: *const syna_mmap,
    work: impl FnOnce(&MmapVectorStore) -> Result<R>,
) -> Result<R> {
    STORES.read(store.addr(), work)
}

/// Gives a store a handle.
pub(super) fn keep_store(store: MmapVectorStore) -> Result<*mut syna_mmap> {
    Ok(ptr::without_provenance_mut(STORES.insert(store)?))
}

/// An open store. A handle to it is OWNED by you: close it with syna_mmap_close, from any thread.
///
/// Threads: every call on a store is safe from any thread at any time; searches run beside each other and
/// beside one write, writes wait for one another.
/// Outlives: nothing needs to be closed before it. syna_mmap_results that were searched in it may be used
/// after it is closed.
/// Fork: only the process that opened it can use it; a child that closes it forgets the handle, gives up its
/// share of the file, and changes no file. The parent's lock lasts as long as the parent has the store open or
/// a child has a share in it, so a child that goes on without its parent (a daemon) has to close what it
/// inherited before it can open the file itself. What else the store has in the child's memory stays there.
/// A handle is a number in a pointer's clothes: never dereference it. Using one that was closed is an
/// error, not a crash.
pub struct syna_mmap {
    _opaque: [u8; 0],
}

/// Opens the store in the file `path`, or makes it where there is no file.
///
/// path       COPIED. Bytes that end with a NUL, as the system has them; UTF-8 on Windows. The index lies
///            beside it: path.hnsw. The folder has to be there and is not made. A relative path is
///            taken from the working folder of this moment; changing that later does no harm. Symbolic links
///            at its end are followed once. An empty file (mkstemp) becomes a store when opened for writing.
///            A path that ends with a separator names a folder, and is refused.
/// options    COPIED. NULL: the defaults, that is a store of 768 dimensions and cosine distance.
/// out_store  BORROWED for the call. On success a handle that is OWNED by you: close it with
///            syna_mmap_close.
/// error      BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_DIMENSIONS, _DIMENSION_MISMATCH,
/// _METRIC_MISMATCH, _NOT_FOUND (there is no file, and the options need one: SYNA_MMAP_OPEN_MUST_EXIST,
/// SYNA_MMAP_OPEN_READ_ONLY, or what is to be taken from it), _LOCKED, _CORRUPT, _UNSUPPORTED_VERSION,
/// _LEGACY_FORMAT, _IO (also for a folder, and where a file is to be made in a folder that is not there),
/// _NO_SPACE, _NO_MEMORY, _LIMIT (handles).
/// On failure: *out_store is not written, and an existing file has not changed by a byte. A file that did not
/// exist may have been made (_LIMIT).
/// Threads: any. Cost: reads the keys, not the vectors (unless SYNA_MMAP_OPEN_VERIFY); after a crash, and
/// beside a writer, also the rows that came after the last checkpoint.
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
            let options = structs::read(options, "options")?.unwrap_or_else(syna_mmap_options::defaults);
            let store = MmapVectorStore::new(path, options.to_config()?)?;
            out_store.set(keep_store(store)?);
            Ok(())
        })
    }
}

/// Makes a checkpoint, closes the store and frees it. The handle is gone, whatever this returns (but see
/// callbacks, below).
///
/// Waits for the calls that other threads have on the store (syna_mmap_interrupt ends long ones); calls that
/// come later answer SYNA_MMAP_ERR_INVALID_HANDLE. In a forked child this forgets the handle and the child's share of the file
/// only: no checkpoint, no unlock, and the parent's store goes on. A callback of syna_mmap_verify cannot close the store that it is called for: that
/// is SYNA_MMAP_ERR_INVALID_ARGUMENT, and the store stays open.
///
/// store  a handle, or NULL: then nothing is done and that is OK.
/// error  BORROWED for the call. May be NULL; one that cannot be used does not keep the store from being
///        closed.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE (closed before), or SYNA_MMAP_ERR_IO, _NO_SPACE,
/// _POISONED: the store is closed, but what came after the last checkpoint is only as safe as it was: from
/// a kill, not from a power cut.
/// Threads: any. Cost: a checkpoint.
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
                    // Its drop would write to the file and unlock it under the parent.
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

/// Ends the long calls that other threads have on the store, soon: so that a close need not wait for them.
///
/// syna_mmap_build_index, _build_index_with, _compact, _snapshot_to, _verify and _check_recall answer
/// SYNA_MMAP_ERR_CANCELLED, and leave things as a callback that returns false does. A write or a checkpoint that
/// is taking rows into the index is done without that, and answers as ever: the rows are found one by one, and
/// the next write goes on. Calls that begin later are not interrupted, but a checkpoint, and the one of a
/// close, leaves rows that are not in the index where they are until the next write or index build.
/// Not interrupted: searches (they have deadline_us and max_visits), calls with a budget, syncs of the disk.
///
/// store  a handle.
/// error  BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, also where there is nothing to end, or SYNA_MMAP_ERR_INVALID_HANDLE (also once
/// syna_mmap_close has begun: interrupt first), _POISONED.
/// Threads: any, in a progress callback too. Cost: none to speak of; it does not wait for the calls. They end
/// after what they are at: up to 512 rows taken into the index, 1,024 rows copied, a batch of rows or all links
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

/// Makes what was written so far safe from a power cut.
///
/// store  a handle.
/// error  BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _IO, _NO_SPACE, _POISONED. After an _IO
/// of a sync nothing more can be written until the store is opened again (_POISONED): the system may have
/// dropped what it could not write. _IO also where the file was removed, renamed or replaced while it was
/// open: nobody finds what is written by its path; syna_mmap_snapshot_to keeps it.
/// Threads: any; searches go on meanwhile, writes wait. Cost: two or more syncs of the disk, and the
/// index's changes written.
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

/// Makes what was written so far safe from a power cut, as syna_mmap_checkpoint does, but leaves the
/// index's file alone.
///
/// store  a handle.
/// error  BORROWED for the call. May be NULL.
///
/// Returns, threads: as syna_mmap_checkpoint. Cost: syncs of the disk.
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

/// Whether anything was written since the last checkpoint; false for a bad handle.
///
/// store  a handle.
///
/// Threads: any; waits for a write, a checkpoint or an index build that is under way. Cost: none else.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_is_dirty(store: *const syna_mmap) -> bool {
    boundary::value(false, || with_store(store, |store| Ok(store.is_dirty())))
}

/// The number of the last write that is safe from a power cut; 0: none, or a bad handle. Writes that change
/// something are counted from 1 over the store's life, compactions included. In a store that was opened
/// read-only: of those that it has seen, at the last checkpoint.
///
/// store  a handle.
///
/// Threads: any; waits for a write, a checkpoint or an index build that is under way. Cost: none else.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_last_durable_seq(store: *const syna_mmap) -> u64 {
    boundary::value(0, || with_store(store, |store| Ok(store.last_durable_seq())))
}

/// Takes disk space for `count` vectors in all, now, so that inserting them cannot fail for want of space
/// for vectors.
///
/// store  a handle.
/// count  vectors, those that are stored counted too.
/// error  BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _NO_SPACE, _LIMIT, _IO, _POISONED.
/// On failure: the store is as it was.
/// Threads: any. Cost: the file system's for the space, writing it all where it cannot do better.
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
