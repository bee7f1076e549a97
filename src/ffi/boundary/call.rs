//! The entry points of the boundary: the body of every function in the header is one call of one of these functions.
//!
//! A panic is caught here ([`super::panics`]). An error becomes a status and fills the caller's error struct. On success
//! only the call itself writes to the caller's memory. The library computes in the default floating-point environment,
//! regardless of the caller's. `tests/boundary.rs` checks that every function uses the boundary.
#![expect(unsafe_code, reason = "writes to the caller's error struct")]

use super::callbacks::check_may_call;
use super::errors;
use super::panics::caught;
use super::status::{SYNA_MMAP_OK, syna_mmap_error, syna_mmap_status};
use crate::Result;
use crate::float_environment::in_default;

/// Runs a call that returns a status. `work` is not run if the error struct is invalid.
///
/// # Safety
/// `error` is NULL or points to an error struct as described in the header.
pub(in crate::ffi) unsafe fn call(
    error: *mut syna_mmap_error,
    work: impl FnOnce() -> Result<()>,
) -> syna_mmap_status {
    // SAFETY: as the caller guarantees.
    unsafe { call_anyway(error, |usable| usable.and_then(|()| work())) }
}

/// As [`call`], for a call that must do some work in any case: `work` receives whether the error struct is valid.
///
/// # Safety
/// As [`call`].
pub(in crate::ffi) unsafe fn call_anyway(
    error: *mut syna_mmap_error,
    work: impl FnOnce(Result<()>) -> Result<()>,
) -> syna_mmap_status {
    // SAFETY: as the caller guarantees.
    in_default(|| unsafe { answered(error, work) })
}

/// Runs `work` and returns its status.
///
/// # Safety
/// As [`call`].
unsafe fn answered(
    error: *mut syna_mmap_error,
    work: impl FnOnce(Result<()>) -> Result<()>,
) -> syna_mmap_status {
    // SAFETY: as the caller guarantees.
    let (target, usable) = match unsafe { errors::Target::new(error) } {
        Ok(target) => (target, Ok(())),
        Err(e) => (None, Err(e)),
    };
    match check_may_call().and_then(|()| caught(|| work(usable))) {
        Ok(()) => SYNA_MMAP_OK,
        Err(e) => {
            // Formatting the message runs library code again, which must not unwind into C either.
            let _ = caught(|| {
                if let Some(target) = target {
                    target.fill(&e);
                }
                Ok(())
            });
            errors::status_of(&e)
        }
    }
}

/// Runs a call without a status; returns `fallback` on every error.
pub(in crate::ffi) fn value<T>(fallback: T, work: impl FnOnce() -> Result<T>) -> T {
    value_anyway(fallback, |allowed| allowed.and_then(|()| work()))
}

/// As [`value`], for a call that must do some work even from a callback that may not call the library: `work` receives
/// whether the call is allowed.
pub(in crate::ffi) fn value_anyway<T>(fallback: T, work: impl FnOnce(Result<()>) -> Result<T>) -> T {
    in_default(|| caught(|| work(check_may_call())).unwrap_or(fallback))
}
