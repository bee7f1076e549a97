//! How the caller's code is called back: in its own floating-point environment, and what would wait for itself there is
//! refused instead.

use crate::float_environment::in_hosts;
use crate::{Result, SynaError};
use std::cell::{Cell, RefCell};

thread_local! {
    /// The handles whose calls are in the caller's code right now, outermost first.
    static HANDLES: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    /// The callback that runs and may not call the library.
    static FORBIDDEN: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Runs a callback of the caller's that may not call the library, since it comes while the library holds its locks, or
/// has the caller's objects for itself. `name`: for the error that such a call gets.
pub(super) fn forbidding<R>(name: &'static str, callback: impl FnOnce() -> R) -> R {
    let before = FORBIDDEN.try_with(|forbidden| forbidden.replace(Some(name)));
    let answer = in_hosts(callback);
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

/// Runs the caller's code on behalf of a call on `handle`.
pub(super) fn calling_back<R>(handle: usize, callback: impl FnOnce() -> R) -> R {
    struct Inside;
    impl Drop for Inside {
        fn drop(&mut self) {
            HANDLES.with_borrow_mut(Vec::pop);
        }
    }
    HANDLES.with_borrow_mut(|handles| handles.push(handle));
    let _inside = Inside;
    in_hosts(callback)
}

/// That this thread is in no callback of a call on `handle`, for which a close would wait.
///
/// # Errors
/// [`SynaError::InvalidArgument`].
pub(super) fn check_not_inside(handle: usize) -> Result<()> {
    // A thread that is ending has no such variable any more, and is in no callback.
    let is_inside = HANDLES.try_with(|handles| handles.borrow().contains(&handle)).unwrap_or(false);
    if is_inside {
        return Err(SynaError::argument(
            "a callback cannot close the store that it is called for; return false from it, then close",
        ));
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
