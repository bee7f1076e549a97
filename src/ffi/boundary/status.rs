//! Header section: what calls answer.
#![expect(non_camel_case_types, reason = "names of the C API")]
#![expect(unsafe_code, reason = "the promise that a struct of the C API is one")]

use super::structs::{Versioned, member_ends};
use std::ffi::{CStr, c_char};

/// The answer of a call that can fail: SYNA_MMAP_OK or one of SYNA_MMAP_ERR_*.
/// The numbers are frozen. Later versions add new ones: treat a number that you do not know as an error.
pub type syna_mmap_status = i32;

/// Done.
pub const SYNA_MMAP_OK: i32 = 0;
/// An argument has a value that is never right: a pointer is NULL or not aligned, a flag is unknown, ...
pub const SYNA_MMAP_ERR_INVALID_ARGUMENT: i32 = 1;
/// Dimensions outside SYNA_MMAP_MIN_DIMENSIONS to SYNA_MMAP_MAX_DIMENSIONS.
pub const SYNA_MMAP_ERR_INVALID_DIMENSIONS: i32 = 2;
/// The file has other dimensions than were asked for.
pub const SYNA_MMAP_ERR_DIMENSION_MISMATCH: i32 = 3;
/// The file has another metric than was asked for.
pub const SYNA_MMAP_ERR_METRIC_MISMATCH: i32 = 4;
/// A vector has a component that is NaN or infinite.
pub const SYNA_MMAP_ERR_INVALID_VECTOR: i32 = 5;
/// A key is longer than SYNA_MMAP_MAX_KEY_BYTES, or is not UTF-8.
pub const SYNA_MMAP_ERR_INVALID_KEY: i32 = 6;
/// There is no such key, or no such file.
pub const SYNA_MMAP_ERR_NOT_FOUND: i32 = 7;
/// Another writer has the file open, in this process or in another one.
pub const SYNA_MMAP_ERR_LOCKED: i32 = 8;
/// A write to a store that was opened read-only.
pub const SYNA_MMAP_ERR_READ_ONLY: i32 = 9;
/// The file is damaged, or is not a store.
pub const SYNA_MMAP_ERR_CORRUPT: i32 = 10;
/// The file needs a newer version of the library.
pub const SYNA_MMAP_ERR_UNSUPPORTED_VERSION: i32 = 11;
/// The file has the older MVEC format, which must be imported into a new file.
pub const SYNA_MMAP_ERR_LEGACY_FORMAT: i32 = 12;
/// The system refused an operation; os_errno says how. A write that failed like this is indeterminate: open
/// again.
pub const SYNA_MMAP_ERR_IO: i32 = 13;
/// The disk is full, or a quota or the system's limit of a file is reached. The store is as it was and
/// stays usable.
pub const SYNA_MMAP_ERR_NO_SPACE: i32 = 14;
/// Memory could not be had. The store is as it was and stays usable.
pub const SYNA_MMAP_ERR_NO_MEMORY: i32 = 15;
/// A handle that is NULL, closed, was never given out, is of another type, or belongs to the parent
/// process.
pub const SYNA_MMAP_ERR_INVALID_HANDLE: i32 = 16;
/// An earlier failure shut the store: after a failed sync of the disk it refuses writes, after
/// SYNA_MMAP_ERR_INTERNAL all calls but syna_mmap_close. Close it and open it again.
pub const SYNA_MMAP_ERR_POISONED: i32 = 17;
/// A bug of the library was caught before it could do harm; please report the message. The object is
/// poisoned.
pub const SYNA_MMAP_ERR_INTERNAL: i32 = 18;
/// A callback of yours asked for the work to stop.
pub const SYNA_MMAP_ERR_CANCELLED: i32 = 19;
/// One of the limits that the opening comment states was passed.
pub const SYNA_MMAP_ERR_LIMIT: i32 = 20;

/// Why a call failed. It is yours: any memory will do, nothing in it needs freeing, and it may outlive
/// everything.
///
/// Set struct_size before the first call and hand the struct to as many calls as you like (0 counts as the size
/// that the struct had in version 0.1.0, so one that is all zeros will do); nobody else may
/// use it during a call, so give each thread its own. It is optional: every call takes NULL. Written only
/// when a call fails, so check the status, not the struct. A struct whose struct_size cannot be right makes
/// the call fail with SYNA_MMAP_ERR_INVALID_ARGUMENT, before anything is done and with nothing written to
/// it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_error {
    /// sizeof(syna_mmap_error), set by you.
    pub struct_size: usize,
    /// What the call answered.
    pub status: syna_mmap_status,
    /// The system's own number, as in errno (GetLastError on Windows); 0 where the system was not at fault.
    pub os_errno: i32,
    /// One sentence in UTF-8 that says what was wrong and what to do. Always ends with a NUL; cut at a
    /// whole character. A control character of a path or a key is shown as U+FFFD.
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

/// The name of a status, or of none.
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
        _ => c"(unknown status)",
    }
}
