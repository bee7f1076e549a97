//! How the library starts a thread: each one by the functions of this file.
//!
//! A thread of the library takes none of the host's signals, computes in the default floating-point environment, and has a
//! name that keeps a panic on it from being printed. Signals are blocked in the parent around the start, so there is no
//! moment in which the new thread takes one. Where the system has no thread to give, the caller does the work.

use super::SignalsBlocked;
use crate::float_environment;
use crate::memory;
use std::io;
use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

/// What a new thread allocates before it can refuse anything; the system ends the process where it cannot have some of it.
const BIRTH_BYTES: usize = 64 * 1024;

/// Begins the name of each thread of the library.
pub(crate) const THREAD_NAME_PREFIX: &str = "syna-mmap";

/// Starts a thread. `what`: what it is for, at most 5 bytes, since systems cut a name at 15.
///
/// # Errors
/// The system has no thread to give.
pub(crate) fn spawn<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    check_memory()?;
    let _blocked = SignalsBlocked::new();
    builder(what).spawn(move || begun(work))
}

/// As [`spawn`], a thread that ends before its scope does.
///
/// # Errors
/// The system has no thread to give.
pub(crate) fn spawn_scoped<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    what: &str,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    check_memory()?;
    let _blocked = SignalsBlocked::new();
    builder(what).spawn_scoped(scope, move || begun(work))
}

/// A thread is not begun where memory is short: its first steps are the system's and the standard library's.
fn check_memory() -> io::Result<()> {
    memory::with_room::<u8>(BIRTH_BYTES).map(drop).map_err(|_| io::ErrorKind::OutOfMemory.into())
}

fn builder(what: &str) -> Builder {
    Builder::new().name(format!("{THREAD_NAME_PREFIX} {what}"))
}

/// What each thread does first; it is born with the environment of its parent.
fn begun<T>(work: impl FnOnce() -> T) -> T {
    float_environment::set_default();
    work()
}
