//! The atomics and locks that publish rows from the writer to readers, and their replacements for the tools that check
//! them.
//!
//! | build | types |
//! | --- | --- |
//! | default | those of std |
//! | `--cfg syna_tsan` | cells and locks that ThreadSanitizer can follow: those of std end in code that is not instrumented |
//! | `--cfg loom`, in tests | those of loom, which explore every interleaving that the memory model allows |

#[cfg(not(all(loom, test)))]
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

#[cfg(all(loom, test))]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};

#[cfg(not(any(syna_tsan, all(loom, test))))]
pub(crate) use std::sync::OnceLock;
#[cfg(not(syna_tsan))]
pub(crate) use std::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

#[cfg(syna_tsan)]
pub(crate) use locks::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
#[cfg(any(syna_tsan, all(loom, test)))]
pub(crate) use once::OnceLock;

#[cfg(syna_tsan)]
mod locks;
#[cfg(any(syna_tsan, all(loom, test)))]
mod once;
