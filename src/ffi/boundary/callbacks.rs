//! Runs the caller's callbacks, in the caller's floating-point environment. Calls that would deadlock from inside a
//! callback are refused.
#![expect(unsafe_code, reason = "a linked list on the stack, which allocates nothing")]

use crate::float_environment::in_callers;
use crate::{Result, SynaError};
use std::cell::Cell;
use std::ptr;

thread_local! {
    /// The innermost running callback, head of a list of all running ones; NULL if there is none. It has no destructor,
    /// so it is still accessible to calls from destructors of a thread that is ending.
    static INNERMOST: Cell<*const Running> = const { Cell::new(ptr::null()) };
    /// The name of the running callback that must not call the library.
    static FORBIDDEN: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Runs a callback that must not call the library, because the library holds locks or has exclusive use of the caller's
/// objects. `name` appears in the error that such a call returns.
pub(in crate::ffi) fn forbidding<R>(name: &'static str, callback: impl FnOnce() -> R) -> R {
    let before = FORBIDDEN.try_with(|forbidden| forbidden.replace(Some(name)));
    let answer = in_callers(callback);
    let _ = FORBIDDEN.try_with(|forbidden| forbidden.set(before.unwrap_or(None)));
    answer
}

/// Checks that this thread is not inside a callback that must not call the library.
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

/// A running callback, on the stack of its thread.
struct Running {
    handle: usize,
    outer: *const Running,
}

impl Drop for Running {
    fn drop(&mut self) {
        INNERMOST.set(self.outer);
    }
}

/// Runs a callback on behalf of a call on `handle`.
pub(in crate::ffi) fn calling_back<R>(handle: usize, callback: impl FnOnce() -> R) -> R {
    let running = Running { handle, outer: INNERMOST.get() };
    INNERMOST.set(&raw const running);
    in_callers(callback)
}

/// Checks that this thread is not inside a callback of a call on `handle`. Closing the handle there would deadlock.
///
/// # Errors
/// [`SynaError::InvalidArgument`].
pub(in crate::ffi) fn check_not_inside(handle: usize) -> Result<()> {
    let mut at = INNERMOST.get();
    // SAFETY: if not null, it points to a `Running` on this thread's stack. Its drop removes it from the list, and nothing
    // modifies it.
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
        let injected = std::panic::catch_unwind(|| calling_back(1, || panic!("injected")));
        assert!(injected.is_err());
        assert!(check_not_inside(1).is_ok());
    }
}
