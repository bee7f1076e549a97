//! Ending the long calls of a store from another thread: what they look at now and then.

use crate::{Result, SynaError};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The interrupts that a store has had.
#[derive(Debug, Default)]
pub(crate) struct Interrupts {
    count: AtomicU64,
    /// Set by an interrupt, until rows are to be taken into the index again: a checkpoint leaves them out as long.
    leaves_tail: AtomicBool,
}

impl Interrupts {
    /// Ends the calls that watch; those that begin later are not ended.
    pub(crate) fn interrupt(&self) {
        self.leaves_tail.store(true, Ordering::Release);
        self.count.fetch_add(1, Ordering::AcqRel);
    }

    /// For a call that begins now.
    pub(crate) fn watch(&self) -> Watch<'_> {
        Watch { interrupts: self, seen: self.count.load(Ordering::Acquire) }
    }

    /// As [`Interrupts::watch`], for a call that takes rows into the index.
    pub(crate) fn watch_indexing(&self) -> Watch<'_> {
        self.leaves_tail.store(false, Ordering::Release);
        self.watch()
    }

    /// Whether a checkpoint, or the one of a close, leaves rows out of the index.
    pub(crate) fn leaves_tail(&self) -> bool {
        self.leaves_tail.load(Ordering::Acquire)
    }
}

/// What a call looks at now and then.
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
    /// [`SynaError::Cancelled`] where the store was interrupted since the call began.
    pub(crate) fn check(self) -> Result<()> {
        if self.is_interrupted() { Err(SynaError::Cancelled) } else { Ok(()) }
    }

    /// What `progress` says, unless the store was interrupted since the call began.
    pub(crate) fn and(self, progress: impl FnOnce() -> ControlFlow<()>) -> ControlFlow<()> {
        if self.is_interrupted() { ControlFlow::Break(()) } else { progress() }
    }
}
