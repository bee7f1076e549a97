//! Which callbacks a thread is in: what would wait for itself there is refused instead.

use crate::{Result, SynaError};
use std::cell::{Cell, RefCell};

thread_local! {
    /// The handles whose calls are in the caller's code right now, outermost first.
    static HANDLES: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    /// Whether the caller's log callback runs.
    static IS_LOGGING: Cell<bool> = const { Cell::new(false) };
}

/// Runs the caller's log callback, which may come while the library holds its locks.
pub(super) fn logging(callback: impl FnOnce()) {
    let before = IS_LOGGING.try_with(|is_logging| is_logging.replace(true));
    callback();
    let _ = IS_LOGGING.try_with(|is_logging| is_logging.set(before == Ok(true)));
}

/// That this thread is in no log callback.
///
/// # Errors
/// [`SynaError::InvalidArgument`].
pub(super) fn check_not_logging() -> Result<()> {
    match IS_LOGGING.try_with(Cell::get) {
        Ok(true) => {
            Err(SynaError::argument("a log callback cannot call the library; do it after it has returned"))
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
    callback()
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
