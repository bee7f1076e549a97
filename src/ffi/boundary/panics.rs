//! Panics at the edge of the library: caught, kept quiet, and told to the caller instead.
//!
//! The standard library runs the process's panic hook before anything is unwound, and the default hook prints to
//! stderr, where a library has no business. So the first call into the C ABI puts a hook before the one that is there:
//! it notes where the panic was for the caller's error, prints nothing for panics inside a call of the C ABI or on this
//! library's worker threads, and hands every other panic on. A shared or static library carries its own copy of the
//! standard library, so the hook of a host that is itself written in Rust is another one and stays untouched; only a
//! Rust program that links the crate and calls its C functions sees the two chained.

use crate::storage::THREAD_NAME_PREFIX;
use crate::{Result, SynaError};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::atomic::{AtomicBool, Ordering};

static IS_HOOK_SET: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// How many calls of the C ABI this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Where the thread's last panic inside a call was.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `work`; a panic in it becomes [`SynaError::Internal`] and nothing is printed.
pub(in crate::ffi) fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // The state that `work` leaves behind is not used again: `handles` shuts the objects that it had in hand.
    match catch_unwind(AssertUnwindSafe(|| {
        let _inside = Inside::enter();
        work()
    })) {
        Ok(answer) => answer,
        Err(payload) => {
            let what = described(payload.as_ref());
            // A payload's own drop may panic as well; a few bytes lost to a bug are the lesser evil.
            std::mem::forget(payload);
            Err(SynaError::Internal { what })
        }
    }
}

/// Counts a call for as long as it lives.
struct Inside;

impl Inside {
    fn enter() -> Self {
        // Neither is allowed on a thread that is unwinding, as a destructor of a Rust host may be.
        if !IS_HOOK_SET.load(Ordering::Relaxed)
            && !std::thread::panicking()
            && !IS_HOOK_SET.swap(true, Ordering::Relaxed)
        {
            let previous = take_hook();
            set_hook(Box::new(move |info| {
                if !note(info) {
                    previous(info);
                }
            }));
        }
        DEPTH.with(|depth| depth.set(depth.get().saturating_add(1)));
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get().saturating_sub(1)));
    }
}

/// Notes where the panic is; `false`: it is none of ours.
fn note(info: &PanicHookInfo<'_>) -> bool {
    if DEPTH.try_with(Cell::get).unwrap_or(0) == 0 {
        return std::thread::current().name().is_some_and(|name| name.starts_with(THREAD_NAME_PREFIX));
    }
    let place = info.location().map_or_else(String::new, |l| format!("{}:{}", l.file(), l.line()));
    // A thread that is ending has no such variable any more; then the message goes without the place.
    let _ = PLACE.try_with(|kept| kept.try_borrow_mut().map(|mut kept| *kept = place));
    true
}

fn described(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message");
    match PLACE.try_with(|kept| kept.try_borrow_mut().map(|mut kept| std::mem::take(&mut *kept))) {
        Ok(Ok(place)) if !place.is_empty() => format!("{text} ({place})"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_says_where() {
        let error = caught::<()>(|| panic!("planted {}", 7)).unwrap_err();
        let SynaError::Internal { what } = error else { panic!("{error}") };
        assert!(what.starts_with("planted 7 (") && what.contains("panics.rs:"), "{what}");
        assert_eq!(DEPTH.with(Cell::get), 0);
    }

    #[test]
    fn other_payloads_and_errors_pass() {
        let error = caught::<()>(|| std::panic::panic_any(5_u8)).unwrap_err();
        assert!(error.to_string().contains("a panic without a message"), "{error}");
        assert!(matches!(caught::<()>(|| Err(SynaError::Cancelled)), Err(SynaError::Cancelled)));
        assert!(matches!(caught(|| Ok(3)), Ok(3)));
    }

    #[test]
    fn calls_nest() {
        let outer = caught(|| {
            assert!(caught::<()>(|| panic!("inner")).is_err());
            assert_eq!(DEPTH.with(Cell::get), 1);
            Ok(1)
        });
        assert_eq!(outer.unwrap(), 1);
    }
}
