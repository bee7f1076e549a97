//! How the caller's code is called back: in its own floating-point environment, and what would wait for itself there is
//! refused instead.
#![expect(unsafe_code, reason = "a list on the stack, which allocates nothing")]

use crate::float_environment::in_callers;
use crate::{Result, SynaError};
use std::cell::Cell;
use std::ptr;

thread_local! {
    /// The callback that runs, in a list with those around it; NULL: none. It has no destructor, so it is there for calls
    /// from destructors of a thread that is ending too.
    static INNERMOST: Cell<*const Running> = const { Cell::new(ptr::null()) };
    /// The callback that runs and may not call the library.
    static FORBIDDEN: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Runs a callback of the caller's that may not call the library, since it comes while the library holds its locks, or
/// has the caller's objects for itself. `name`: for the error that such a call gets.
pub(in crate::ffi) fn forbidding<R>(name: &'static str, callback: impl FnOnce() -> R) -> R {
    let before = FORBIDDEN.try_with(|forbidden| forbidden.replace(Some(name)));
    let answer = in_callers(callback);
    let _ = FORBIDDEN.try_with(|forbidden| forbidden.set(before.unwrap_or(None)));
    answer
}

/// That this thread is in no callback that may not call the library.
///
/// # Errors
/// [`SynaError::InvalidArgument`].
pub(super) fn check_may_call() -> Result<()> {
    match FORBIDDEN.try_with(Cell::get) {
        Ok(Some(name)) => {
            Err(SynaError::argument(format!("{name} cannot call the library; do it after it has returned")))
        }
        _ => Ok(()),
    }
}

/// A callback that is running, on the stack of its thread.
struct Running {
    handle: usize,
    outer: *const Running,
}

impl Drop for Running {
    fn drop(&mut self) {
        INNERMOST.set(self.outer);
    }
}

/// Runs the caller's code on behalf of a call on `handle`.
pub(in crate::ffi) fn calling_back<R>(handle: usize, callback: impl FnOnce() -> R) -> R {
    let running = Running { handle, outer: INNERMOST.get() };
    INNERMOST.set(&raw const running);
    in_callers(callback)
}

/// That this thread is in no callback of a call on `handle`, for which a close would wait.
///
/// # Errors
/// [`SynaError::InvalidArgument`].
pub(in crate::ffi) fn check_not_inside(handle: usize) -> Result<()> {
    let mut at = INNERMOST.get();
    // SAFETY: where it is not null, it points to a `Running` on this thread's stack, whose drop takes it out of the list, and
    // which nobody changes.
    while let Some(running) = unsafe { at.as_ref() } {
        if running.handle == handle {
            return Err(SynaError::argument(
                "a callback cannot close the store that it is called for; return false from it, then close",
            ));
        }
        at = running.outer;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_handles_whose_callback_this_thread_is_in_are_refused() {
        calling_back(1, || {
            calling_back(3, || {
                assert!(check_not_inside(1).is_err() && check_not_inside(3).is_err());
                assert!(std::thread::spawn(|| check_not_inside(1).is_ok()).join().unwrap());
            });
            assert!(check_not_inside(1).is_err() && check_not_inside(3).is_ok());
        });
        let planted = std::panic::catch_unwind(|| calling_back(1, || panic!("planted")));
        assert!(planted.is_err());
        assert!(check_not_inside(1).is_ok());
    }
}
