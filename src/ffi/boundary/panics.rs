//! Catches panics at the ABI, without printing, and reports them to the caller.
//!
//! The standard library runs the process's panic hook before it unwinds, and the default hook prints to stderr. The first
//! call into the C ABI therefore installs a hook in front of the existing one. It records the location of the panic for
//! the caller's error, prints nothing for panics inside a call of the C ABI or on this library's worker threads, and
//! passes every other panic on. A shared or static library contains its own copy of the standard library, so the hook of a
//! host that is written in Rust is a different one and stays unchanged. Only a Rust program that links the crate and calls
//! its C functions has both hooks in one chain.

use crate::storage::THREAD_NAME_PREFIX;
use crate::{Result, SynaError};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::atomic::{AtomicBool, Ordering};

static IS_HOOK_SET: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// How many nested calls of the C ABI this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// The location of the thread's last panic inside a call.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `work`. A panic in it becomes [`SynaError::Internal`], and nothing is printed.
pub(in crate::ffi) fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // The state that `work` leaves behind is not used again: `handles` poisons the objects that it was using.
    match catch_unwind(AssertUnwindSafe(|| {
        let _inside = Inside::enter();
        work()
    })) {
        Ok(answer) => answer,
        Err(payload) => {
            let what = described(payload.as_ref());
            // Dropping the payload may panic again; leaking a few bytes after a bug is preferable.
            std::mem::forget(payload);
            Err(SynaError::Internal { what })
        }
    }
}

/// Counts a call as long as it exists.
struct Inside;

impl Inside {
    fn enter() -> Self {
        // Neither is allowed while the thread is unwinding, as in a destructor of a Rust host.
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

/// Records the location of the panic; `false` if the panic is not inside the library.
fn note(info: &PanicHookInfo<'_>) -> bool {
    if DEPTH.try_with(Cell::get).unwrap_or(0) == 0 {
        return std::thread::current().name().is_some_and(|name| name.starts_with(THREAD_NAME_PREFIX));
    }
    let place = info.location().map_or_else(String::new, |l| format!("{}:{}", l.file(), l.line()));
    // A thread that is ending no longer has this variable; the message then has no location.
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
    fn a_panic_becomes_an_error_with_its_location() {
        let error = caught::<()>(|| panic!("injected {}", 7)).unwrap_err();
        let SynaError::Internal { what } = error else { panic!("{error}") };
        assert!(what.starts_with("injected 7 (") && what.contains("panics.rs:"), "{what}");
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
