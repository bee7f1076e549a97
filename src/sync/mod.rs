//! The atomics and locks that carry rows from the writer to readers, and their stand-ins for the tools that check them.
//!
//! | built with | what stands here |
//! | --- | --- |
//! | nothing | std's own |
//! | `--cfg syna_tsan` | cells and locks that ThreadSanitizer can follow: std's finish in code that is not instrumented |
//! | `--cfg loom`, in tests | loom's, which try every order that the memory model allows |

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
