//! Header section: which library this is.
#![expect(unsafe_code, reason = "functions of the C API")]

use super::boundary;
use super::boundary::status::{name_of, syna_mmap_status};
use std::ffi::c_char;

/// The version, as bytes that end with a NUL.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

/// The library's version, such as "0.1.0".
///
/// Returns: never NULL; BORROWED until the library is unloaded.
/// Threads: any. Cost: none to speak of.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_version() -> *const c_char {
    boundary::value(VERSION.as_ptr().cast(), || Ok(VERSION.as_ptr().cast()))
}

/// The number of the interface that the loaded library has; SYNA_MMAP_ABI_VERSION is the one that this
/// header describes. A program that finds another number than it was compiled with should not go on.
///
/// Threads: any. Cost: none to speak of.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_abi_version() -> u32 {
    boundary::value(SYNA_MMAP_ABI_VERSION, || Ok(SYNA_MMAP_ABI_VERSION))
}

/// The name of a status, such as "SYNA_MMAP_ERR_LOCKED"; for a number that is none: "(unknown status)".
///
/// Returns: never NULL; BORROWED until the library is unloaded.
/// Threads: any. Cost: none to speak of.
#[unsafe(no_mangle)]
pub extern "C" fn syna_mmap_status_name(status: syna_mmap_status) -> *const c_char {
    boundary::value_anyway(c"(unknown status)".as_ptr(), |_allowed| Ok(name_of(status).as_ptr()))
}

/// The interface that this header describes. Grows only when programs compiled against an older one would
/// break.
pub const SYNA_MMAP_ABI_VERSION: u32 = 1;
