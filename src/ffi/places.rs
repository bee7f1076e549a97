//! Header section: stores in memory, in the caller's memory, and inside larger files.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::boundary;
use super::boundary::arguments::{self, Out};
use super::boundary::status::{syna_mmap_error, syna_mmap_status};
use super::boundary::structs::{self, Versioned};
use super::options::syna_mmap_options;
use super::store::{keep_store, syna_mmap};
use crate::{MmapVectorConfig, MmapVectorStore, Result, SynaError};

/// Creates a store without a file, for tests and caches. It is lost when it is closed; syna_mmap_snapshot_to
/// writes it to a file. Otherwise it behaves as a store in a file.
///
/// options    COPIED. NULL: the defaults. checkpoint_interval_secs is ignored.
/// out_store  BORROWED for the call. On success a handle that is OWNED by you: close it with
///            syna_mmap_close.
/// error      BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_DIMENSIONS, _NOT_FOUND (the options
/// need a file), _NO_SPACE, _NO_MEMORY, _IO, _LIMIT (handles, columns).
/// On failure: *out_store is not written.
/// Threads: any. Cost: small. The vectors use memory instead of disk space.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_open_in_memory(
    options: *const syna_mmap_options,
    out_store: *mut *mut syna_mmap,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_store = Out::new(out_store, "out_store")?;
            let options = structs::read(options, "options")?.unwrap_or_else(syna_mmap_options::defaults);
            out_store.set(keep_store(MmapVectorStore::in_memory(options.to_config()?)?)?);
            Ok(())
        })
    }
}

/// Opens, for reading, a store that lies inside a larger file, such as a game archive. The larger file must
/// not change while the store is open.
///
/// fd            an open file descriptor that can be read from. It is duplicated, so you may close yours
///               after the call. Its position is neither used nor changed.
/// offset        where the store's file begins in the larger file: a multiple of 4, as zipalign 4 gives;
///               better a multiple of 64 (see below).
/// length        bytes of the store's file.
/// index_offset  where the index file (NAME.hnsw) begins in the larger file: as offset.
/// index_length  bytes of the index file. 0: there is none, and every search compares all vectors.
/// options       COPIED. NULL: the dimensions, the metric, the element type, the kind of keys
///               and the columns of the file, and the defaults.
///               SYNA_MMAP_OPEN_READ_ONLY is implied; MUST_CREATE is refused.
/// out_store     BORROWED for the call. On success a handle that is OWNED by you: close it with
///               syna_mmap_close.
/// error         BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT (also if the range exceeds the file, an offset
/// is not a multiple of 4, or the system has no file descriptors), or as syna_mmap_open.
/// On failure: *out_store is not written.
/// Threads: any. Cost: as syna_mmap_open. If `offset` is a multiple of 64, vectors are aligned as
/// syna_mmap_view says.
/// Otherwise they are aligned to 4 bytes: exact searches take up to 15 % longer, searches in the index a few
/// percent. If index_offset is not a multiple of 64, the index is copied into memory when the store is opened.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_open_at(
    fd: i32,
    offset: u64,
    length: u64,
    index_offset: u64,
    index_length: u64,
    options: *const syna_mmap_options,
    out_store: *mut *mut syna_mmap,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_store = Out::new(out_store, "out_store")?;
            let config = config_of(options)?;
            let end = |start: u64, length: u64| {
                start.checked_add(length).ok_or_else(|| {
                    SynaError::argument("an offset and a length lead past the end of all files")
                })
            };
            let (store, index) =
                (offset..end(offset, length)?, index_offset..end(index_offset, index_length)?);
            let file = arguments::file(fd, "fd")?;
            out_store.set(keep_store(MmapVectorStore::open_at(file, store, index, config)?)?);
            Ok(())
        })
    }
}

/// Bytes of the caller, which stay valid and unchanged as the header says.
struct CallersBytes {
    first: *const u8,
    len: usize,
}

// SAFETY: the bytes are only read, and the header says that nobody changes them.
unsafe impl Send for CallersBytes {}
// SAFETY: as above.
unsafe impl Sync for CallersBytes {}

impl AsRef<[u8]> for CallersBytes {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `bytes_at` has checked pointer and length; the caller guarantees the bytes as long as the library uses
        // them.
        unsafe { std::slice::from_raw_parts(self.first, self.len) }
    }
}

/// The caller's options, or those of the existing file.
///
/// # Safety
/// As [`structs::read`] and [`syna_mmap_options::to_config`].
unsafe fn config_of(options: *const syna_mmap_options) -> Result<MmapVectorConfig> {
    // SAFETY: as the caller guarantees.
    unsafe {
        let given = structs::read(options, "options")?;
        given.unwrap_or_else(syna_mmap_options::of_existing_file).to_config()
    }
}

/// # Errors
/// As [`arguments::slice`].
///
/// # Safety
/// As [`arguments::slice`], as long as the result exists.
unsafe fn bytes_at(pointer: *const u8, len: usize, name: &'static str) -> Result<CallersBytes> {
    // SAFETY: as the caller guarantees.
    let bytes: &[u8] = unsafe { arguments::slice(pointer, len, name)? };
    Ok(CallersBytes { first: bytes.as_ptr(), len: bytes.len() })
}

/// Opens, for reading, a store whose file lies in memory, such as a resource of a program. The bytes are not
/// copied, and nothing in them is trusted.
///
/// bytes         BORROWED: `length` bytes of the store's file. They must stay valid and unchanged until the
///               store is closed and all results and cursors of the store are freed (results: or searched
///               into again). The address is a multiple of 4; a multiple of 64 is better, as in
///               syna_mmap_open_at.
/// length        bytes of the store's file.
/// index_bytes   BORROWED as `bytes`: those of the index file (NAME.hnsw). May be NULL if index_length is 0.
/// index_length  bytes of the index file. 0: there is none, and every search compares all vectors.
/// options       COPIED. NULL: the dimensions, the metric, the element type, the kind of keys
///               and the columns of the file, and the defaults.
///               SYNA_MMAP_OPEN_READ_ONLY is implied; MUST_CREATE is refused.
/// out_store     BORROWED for the call. On success a handle that is OWNED by you: close it with
///               syna_mmap_close.
/// error         BORROWED for the call. May be NULL.
///
/// Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT (also if an address is not a multiple of 4), or
/// as syna_mmap_open.
/// On failure: *out_store is not written, and the bytes are no longer used.
/// Threads: any. Cost: as syna_mmap_open_at.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_open_memory(
    bytes: *const u8,
    length: usize,
    index_bytes: *const u8,
    index_length: usize,
    options: *const syna_mmap_options,
    out_store: *mut *mut syna_mmap,
    error: *mut syna_mmap_error,
) -> syna_mmap_status {
    // SAFETY: the caller gives pointers as the header describes them; NULL and misaligned ones are refused.
    unsafe {
        boundary::call(error, || {
            let out_store = Out::new(out_store, "out_store")?;
            let config = config_of(options)?;
            let store = bytes_at(bytes, length, "bytes")?;
            let index = bytes_at(index_bytes, index_length, "index_bytes")?;
            out_store.set(keep_store(MmapVectorStore::open_memory(store, index, config)?)?);
            Ok(())
        })
    }
}
