//! Header section: the library's version.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::boundary;
use super::boundary::status::{name_of, syna_mmap_status};
use std::ffi::c_char;

/// The version, NUL-terminated.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

/// The version of the loaded library, such as "0.1.0". SYNA_MMAP_VERSION_* are those of this header.
///
/// Returns: never NULL; BORROWED until the library is unloaded.
/// Threads: any. Cost: negligible.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_version() -> *const c_char {
    boundary::value(VERSION.as_ptr().cast(), || Ok(VERSION.as_ptr().cast()))
}

/// The interface version of the loaded library. A program should stop if it differs from the
/// SYNA_MMAP_ABI_VERSION that the program was compiled with.
///
/// Threads: any. Cost: negligible.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_abi_version() -> u32 {
    boundary::value(SYNA_MMAP_ABI_VERSION, || Ok(SYNA_MMAP_ABI_VERSION))
}

/// The name of a status, such as "SYNA_MMAP_ERR_LOCKED"; for a number that is none: "(unknown status)".
///
/// Returns: never NULL; BORROWED until the library is unloaded.
/// Threads: any. Cost: negligible.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_status_name(status: syna_mmap_status) -> *const c_char {
    boundary::value_anyway(c"(unknown status)".as_ptr(), |_allowed| Ok(name_of(status).as_ptr()))
}

/// The version of the library that this header belongs to: SYNA_MMAP_VERSION_MAJOR.MINOR.PATCH.
pub const SYNA_MMAP_VERSION_MAJOR: i32 = 0;
/// See SYNA_MMAP_VERSION_MAJOR.
pub const SYNA_MMAP_VERSION_MINOR: i32 = 1;
/// See SYNA_MMAP_VERSION_MAJOR.
pub const SYNA_MMAP_VERSION_PATCH: i32 = 0;

const _: () = assert!(
    matches!(i32::from_str_radix(env!("CARGO_PKG_VERSION_MAJOR"), 10), Ok(SYNA_MMAP_VERSION_MAJOR))
        && matches!(i32::from_str_radix(env!("CARGO_PKG_VERSION_MINOR"), 10), Ok(SYNA_MMAP_VERSION_MINOR))
        && matches!(i32::from_str_radix(env!("CARGO_PKG_VERSION_PATCH"), 10), Ok(SYNA_MMAP_VERSION_PATCH)),
    "SYNA_MMAP_VERSION_* differ from the version in Cargo.toml"
);

/// The version of the interface that this header describes. It changes only if programs that were compiled
/// with an older header would break.
pub const SYNA_MMAP_ABI_VERSION: u32 = 1;
