//! Starting threads. All threads of the library are started here.
//!
//! A thread of the library blocks all signals, computes in the default floating-point environment, and has a name by
//! which the panic hook knows not to print its panics. Signals are blocked in the parent around the start, so the new
//! thread never receives one. If the system cannot start a thread, the caller does the work.

use super::SignalsBlocked;
use crate::float_environment;
use crate::memory;
use std::io;
use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

/// What a new thread allocates before it can handle a failure. The process is aborted if that fails.
const BIRTH_BYTES: usize = 64 * 1024;

/// The beginning of the name of each thread of the library.
pub(crate) const THREAD_NAME_PREFIX: &str = "syna-mmap";

/// Starts a thread. `what`: its purpose, at most 5 bytes, because systems truncate a name to 15.
///
/// # Errors
/// The system cannot start a thread.
pub(crate) fn spawn<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    check_memory()?;
    let _blocked = SignalsBlocked::new();
    builder(what).spawn(move || begun(work))
}

/// As [`spawn`], for a thread that ends before its scope.
///
/// # Errors
/// The system cannot start a thread.
pub(crate) fn spawn_scoped<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    what: &str,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    check_memory()?;
    let _blocked = SignalsBlocked::new();
    builder(what).spawn_scoped(scope, move || begun(work))
}

/// Starts no thread if memory is short, because the system and the standard library cannot handle a failure at its start.
fn check_memory() -> io::Result<()> {
    memory::with_room::<u8>(BIRTH_BYTES).map(drop).map_err(|_| io::ErrorKind::OutOfMemory.into())
}

fn builder(what: &str) -> Builder {
    Builder::new().name(format!("{THREAD_NAME_PREFIX} {what}"))
}

/// The first steps of each thread. It inherits the floating-point environment of its parent.
fn begun<T>(work: impl FnOnce() -> T) -> T {
    float_environment::set_default();
    work()
}
