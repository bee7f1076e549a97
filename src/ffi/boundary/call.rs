//! The edge of the library: every function of the header is one call of one of these and nothing else.
//!
//! A panic ends here ([`super::panics`]), an error becomes a status and fills the caller's struct, and nothing is written
//! on success but what the call itself writes. The library computes in the default floating-point environment, whatever the
//! caller's is. `tests/boundary.rs` proves that no function does without.
#![expect(unsafe_code, reason = "writes to the caller's error struct")]

use super::callbacks::check_may_call;
use super::errors;
use super::panics::caught;
use super::status::{SYNA_MMAP_OK, syna_mmap_error, syna_mmap_status};
use crate::Result;
use crate::float_environment::in_default;

/// A call with a status: `work` is not begun if the error struct cannot be used.
///
/// # Safety
/// `error` is NULL or points to an error struct as the header describes it.
pub(in crate::ffi) unsafe fn call(
    error: *mut syna_mmap_error,
    work: impl FnOnce() -> Result<()>,
) -> syna_mmap_status {
    // SAFETY: the caller's promise is the same.
    unsafe { call_anyway(error, |usable| usable.and_then(|()| work())) }
}

/// A call with a status that has something to do in any case: `work` is told whether the error struct can be used.
///
/// # Safety
/// As [`call`].
pub(in crate::ffi) unsafe fn call_anyway(
    error: *mut syna_mmap_error,
    work: impl FnOnce(Result<()>) -> Result<()>,
) -> syna_mmap_status {
    // SAFETY: the caller's promise is the same.
    in_default(|| unsafe { answered(error, work) })
}

/// What a call with a status answers.
///
/// # Safety
/// As [`call`].
unsafe fn answered(
    error: *mut syna_mmap_error,
    work: impl FnOnce(Result<()>) -> Result<()>,
) -> syna_mmap_status {
    // SAFETY: the caller's promise is the same.
    let (target, usable) = match unsafe { errors::Target::new(error) } {
        Ok(target) => (target, Ok(())),
        Err(e) => (None, Err(e)),
    };
    match check_may_call().and_then(|()| caught(|| work(usable))) {
        Ok(()) => SYNA_MMAP_OK,
        Err(e) => {
            // Writing the message runs code of the library again, which must not unwind into C either.
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

/// A call without a status: `fallback` for every error.
pub(in crate::ffi) fn value<T>(fallback: T, work: impl FnOnce() -> Result<T>) -> T {
    value_anyway(fallback, |allowed| allowed.and_then(|()| work()))
}

/// As [`value`], for a call that has something to do where it may not be made too: `work` is told whether it may.
pub(in crate::ffi) fn value_anyway<T>(fallback: T, work: impl FnOnce(Result<()>) -> Result<T>) -> T {
    in_default(|| caught(|| work(check_may_call())).unwrap_or(fallback))
}
