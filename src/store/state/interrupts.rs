//! Interrupting the long calls of a store from another thread. Those calls poll an [`Interrupts`].

use crate::{Result, SynaError};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The interrupts of a store.
#[derive(Debug, Default)]
pub(crate) struct Interrupts {
    count: AtomicU64,
    /// Set by an interrupt and cleared by the next call that indexes rows. Until then a checkpoint does not index.
    leaves_tail: AtomicBool,
}

impl Interrupts {
    /// Interrupts the calls that watch. Calls that begin later are not interrupted.
    pub(crate) fn interrupt(&self) {
        self.leaves_tail.store(true, Ordering::Release);
        self.count.fetch_add(1, Ordering::AcqRel);
    }

    /// A watch for a call that begins now.
    pub(crate) fn watch(&self) -> Watch<'_> {
        Watch { interrupts: self, seen: self.count.load(Ordering::Acquire) }
    }

    /// As [`Interrupts::watch`], for a call that indexes rows.
    pub(crate) fn watch_indexing(&self) -> Watch<'_> {
        self.leaves_tail.store(false, Ordering::Release);
        self.watch()
    }

    /// Whether a checkpoint, or that of a close, leaves rows unindexed.
    pub(crate) fn leaves_tail(&self) -> bool {
        self.leaves_tail.load(Ordering::Acquire)
    }
}

/// Tells a call whether it was interrupted. A call polls it from time to time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watch<'a> {
    interrupts: &'a Interrupts,
    seen: u64,
}

impl Watch<'_> {
    fn is_interrupted(self) -> bool {
        self.interrupts.count.load(Ordering::Acquire) != self.seen
    }

    /// # Errors
    /// [`SynaError::Cancelled`] if the store was interrupted since the call began.
    pub(crate) fn check(self) -> Result<()> {
        if self.is_interrupted() { Err(SynaError::Cancelled) } else { Ok(()) }
    }

    /// The result of `progress`, or `Break` if the store was interrupted since the call began.
    pub(crate) fn and(self, progress: impl FnOnce() -> ControlFlow<()>) -> ControlFlow<()> {
        if self.is_interrupted() { ControlFlow::Break(()) } else { progress() }
    }
}
