//! Header section: statuses, and the error struct.
#![expect(non_camel_case_types, reason = "names of the C API")]
#![expect(unsafe_code, reason = "implements Versioned for a struct of the C API")]

use super::structs::{Versioned, member_ends};
use std::ffi::{CStr, c_char};

/// The result of a call that can fail: SYNA_MMAP_OK or one of SYNA_MMAP_ERR_*.
/// The numbers are frozen. Later versions add new ones: treat an unknown number as an error.
pub type syna_mmap_status = i32;

/// Success.
pub const SYNA_MMAP_OK: i32 = 0;
/// An argument is never valid: a pointer is NULL or misaligned, a flag is unknown, ...
pub const SYNA_MMAP_ERR_INVALID_ARGUMENT: i32 = 1;
/// The dimensions are above SYNA_MMAP_MAX_DIMENSIONS, or 1 to 63 without SYNA_MMAP_OPEN_SMALL_DIMENSIONS.
pub const SYNA_MMAP_ERR_INVALID_DIMENSIONS: i32 = 2;
/// The file has other dimensions than the options.
pub const SYNA_MMAP_ERR_DIMENSION_MISMATCH: i32 = 3;
/// The file has another metric than the options.
pub const SYNA_MMAP_ERR_METRIC_MISMATCH: i32 = 4;
/// A vector has a component that is NaN or infinite, or, in a write, one that the element type of the store
/// cannot hold; or stored bytes of a write are no vector.
pub const SYNA_MMAP_ERR_INVALID_VECTOR: i32 = 5;
/// A key is longer than SYNA_MMAP_MAX_KEY_BYTES, or is not valid UTF-8 in a store of text keys.
pub const SYNA_MMAP_ERR_INVALID_KEY: i32 = 6;
/// The key or the file does not exist.
pub const SYNA_MMAP_ERR_NOT_FOUND: i32 = 7;
/// Another writer, in this process or another one, has the file open.
pub const SYNA_MMAP_ERR_LOCKED: i32 = 8;
/// The call writes, and the store is open read-only.
pub const SYNA_MMAP_ERR_READ_ONLY: i32 = 9;
/// The file is damaged, or is not a store.
pub const SYNA_MMAP_ERR_CORRUPT: i32 = 10;
/// The file needs a newer version of the library.
pub const SYNA_MMAP_ERR_UNSUPPORTED_VERSION: i32 = 11;
/// The file has the older MVEC format and must be imported into a new file.
pub const SYNA_MMAP_ERR_LEGACY_FORMAT: i32 = 12;
/// The system refused an operation; os_errno says why. After a write that failed with this status it is
/// unknown whether the write was stored: open the store again to find out.
pub const SYNA_MMAP_ERR_IO: i32 = 13;
/// The disk is full, or a quota or the system's file size limit is reached. The store is unchanged and
/// remains usable.
pub const SYNA_MMAP_ERR_NO_SPACE: i32 = 14;
/// Out of memory. The store is unchanged and remains usable.
pub const SYNA_MMAP_ERR_NO_MEMORY: i32 = 15;
/// A handle is NULL, closed, made up, of another type, or belongs to the parent process.
pub const SYNA_MMAP_ERR_INVALID_HANDLE: i32 = 16;
/// An earlier failure disabled the store. After a failed disk sync it refuses writes; after
/// SYNA_MMAP_ERR_INTERNAL it refuses all calls except syna_mmap_close. Close it and open it again.
pub const SYNA_MMAP_ERR_POISONED: i32 = 17;
/// The library caught a bug of its own before it could do harm. Please report the message. The object is
/// poisoned.
pub const SYNA_MMAP_ERR_INTERNAL: i32 = 18;
/// A callback asked to stop the call, or syna_mmap_interrupt ended it.
pub const SYNA_MMAP_ERR_CANCELLED: i32 = 19;
/// A limit was exceeded; see LIMITS in the opening comment.
pub const SYNA_MMAP_ERR_LIMIT: i32 = 20;

/// The file has another kind of keys than the options.
pub const SYNA_MMAP_ERR_KEY_KIND_MISMATCH: i32 = 21;
/// The file has another label than the options expect: its vectors may come from another model.
pub const SYNA_MMAP_ERR_LABEL_MISMATCH: i32 = 22;
/// The file or the store has another element type (SYNA_MMAP_ELEMENT_*) than the options or the batch say.
pub const SYNA_MMAP_ERR_ELEMENT_MISMATCH: i32 = 23;
/// The file has other columns than the options.
pub const SYNA_MMAP_ERR_COLUMNS_MISMATCH: i32 = 24;

/// Why a call failed. You own it: it may lie in any memory, nothing in it must be freed, and it may outlive
/// every other object.
///
/// Set struct_size once, for example with SYNA_MMAP_ERROR_INIT, and pass the struct to any number of calls.
/// A struct_size of 0 means the size in version 0.1.0, so a struct that is all zeros is valid.
/// The error struct is optional: every call accepts NULL. It is written only when a call fails, so check the
/// returned status, not the struct. If struct_size is invalid, the call does nothing, writes nothing to the
/// struct, and returns SYNA_MMAP_ERR_INVALID_ARGUMENT.
/// Threads: one at a time; give each thread its own.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_error {
    /// sizeof(syna_mmap_error), set by you.
    pub struct_size: usize,
    /// The status that the call returned.
    pub status: syna_mmap_status,
    /// The system's error number: errno, or GetLastError on Windows. 0 if the system did not cause
    /// the error.
    pub os_errno: i32,
    /// One UTF-8 sentence that says what went wrong and what to do. It always ends with a NUL and is cut only
    /// between characters. A control character of a path or a key is shown as U+FFFD.
    pub message: [c_char; 256],
}

// SAFETY: `repr(C)`, begins with `struct_size`, numbers only.
unsafe impl Versioned for syna_mmap_error {
    const NAME: &'static str = "syna_mmap_error";
    const MEMBER_ENDS: &'static [usize] =
        member_ends!(syna_mmap_error: struct_size, status, os_errno, message);
    fn defaults() -> Self {
        Self { struct_size: size_of::<Self>(), status: SYNA_MMAP_OK, os_errno: 0, message: [0; 256] }
    }
}

/// The name of a status; "(unknown status)" for any other number.
pub(in crate::ffi) fn name_of(status: syna_mmap_status) -> &'static CStr {
    match status {
        SYNA_MMAP_OK => c"SYNA_MMAP_OK",
        SYNA_MMAP_ERR_INVALID_ARGUMENT => c"SYNA_MMAP_ERR_INVALID_ARGUMENT",
        SYNA_MMAP_ERR_INVALID_DIMENSIONS => c"SYNA_MMAP_ERR_INVALID_DIMENSIONS",
        SYNA_MMAP_ERR_DIMENSION_MISMATCH => c"SYNA_MMAP_ERR_DIMENSION_MISMATCH",
        SYNA_MMAP_ERR_METRIC_MISMATCH => c"SYNA_MMAP_ERR_METRIC_MISMATCH",
        SYNA_MMAP_ERR_INVALID_VECTOR => c"SYNA_MMAP_ERR_INVALID_VECTOR",
        SYNA_MMAP_ERR_INVALID_KEY => c"SYNA_MMAP_ERR_INVALID_KEY",
        SYNA_MMAP_ERR_NOT_FOUND => c"SYNA_MMAP_ERR_NOT_FOUND",
        SYNA_MMAP_ERR_LOCKED => c"SYNA_MMAP_ERR_LOCKED",
        SYNA_MMAP_ERR_READ_ONLY => c"SYNA_MMAP_ERR_READ_ONLY",
        SYNA_MMAP_ERR_CORRUPT => c"SYNA_MMAP_ERR_CORRUPT",
        SYNA_MMAP_ERR_UNSUPPORTED_VERSION => c"SYNA_MMAP_ERR_UNSUPPORTED_VERSION",
        SYNA_MMAP_ERR_LEGACY_FORMAT => c"SYNA_MMAP_ERR_LEGACY_FORMAT",
        SYNA_MMAP_ERR_IO => c"SYNA_MMAP_ERR_IO",
        SYNA_MMAP_ERR_NO_SPACE => c"SYNA_MMAP_ERR_NO_SPACE",
        SYNA_MMAP_ERR_NO_MEMORY => c"SYNA_MMAP_ERR_NO_MEMORY",
        SYNA_MMAP_ERR_INVALID_HANDLE => c"SYNA_MMAP_ERR_INVALID_HANDLE",
        SYNA_MMAP_ERR_POISONED => c"SYNA_MMAP_ERR_POISONED",
        SYNA_MMAP_ERR_INTERNAL => c"SYNA_MMAP_ERR_INTERNAL",
        SYNA_MMAP_ERR_CANCELLED => c"SYNA_MMAP_ERR_CANCELLED",
        SYNA_MMAP_ERR_LIMIT => c"SYNA_MMAP_ERR_LIMIT",
        SYNA_MMAP_ERR_KEY_KIND_MISMATCH => c"SYNA_MMAP_ERR_KEY_KIND_MISMATCH",
        SYNA_MMAP_ERR_LABEL_MISMATCH => c"SYNA_MMAP_ERR_LABEL_MISMATCH",
        SYNA_MMAP_ERR_ELEMENT_MISMATCH => c"SYNA_MMAP_ERR_ELEMENT_MISMATCH",
        SYNA_MMAP_ERR_COLUMNS_MISMATCH => c"SYNA_MMAP_ERR_COLUMNS_MISMATCH",
        _ => c"(unknown status)",
    }
}
