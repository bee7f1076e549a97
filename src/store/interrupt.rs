//! Ending the long calls of a store from another thread.

use super::store::MmapVectorStore;
use crate::{Result, SynaError};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The interrupts that a store has had.
#[derive(Debug, Default)]
pub(super) struct Interrupts {
    count: AtomicU64,
    /// Set by an interrupt, until rows are to be taken into the index again: a checkpoint leaves them out as long.
    leaves_tail: AtomicBool,
}

impl Interrupts {
    /// For a call that begins now.
    pub(super) fn watch(&self) -> Watch<'_> {
        Watch { interrupts: self, seen: self.count.load(Ordering::Acquire) }
    }

    /// As [`Interrupts::watch`], for a call that takes rows into the index.
    pub(super) fn watch_indexing(&self) -> Watch<'_> {
        self.leaves_tail.store(false, Ordering::Release);
        self.watch()
    }

    /// Whether a checkpoint, or the one of a close, leaves rows out of the index.
    pub(super) fn leaves_tail(&self) -> bool {
        self.leaves_tail.load(Ordering::Acquire)
    }
}

/// What a call looks at now and then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watch<'a> {
    interrupts: &'a Interrupts,
    seen: u64,
}

impl Watch<'_> {
    fn is_interrupted(self) -> bool {
        self.interrupts.count.load(Ordering::Acquire) != self.seen
    }

    /// # Errors
    /// [`SynaError::Cancelled`] where the store was interrupted since the call began.
    pub(super) fn check(self) -> Result<()> {
        if self.is_interrupted() { Err(SynaError::Cancelled) } else { Ok(()) }
    }

    /// What `progress` says, unless the store was interrupted since the call began.
    pub(super) fn and(self, progress: impl FnOnce() -> ControlFlow<()>) -> ControlFlow<()> {
        if self.is_interrupted() { ControlFlow::Break(()) } else { progress() }
    }
}

impl MmapVectorStore {
    /// Ends the long calls that other threads have on the store, soon: `build_index`, `compact`, `snapshot_to`, `verify` and
    /// `check_recall` return [`SynaError::Cancelled`]. A write or a checkpoint that is taking rows into the index is done
    /// without that; nothing is lost, and the next write or `build_index` goes on with it. Calls that begin later are not
    /// interrupted, but a checkpoint, or the one of a close, leaves the rows behind the index where they are.
    ///
    /// Searches have deadlines, and are not interrupted.
    pub fn interrupt(&self) {
        self.interrupts.leaves_tail.store(true, Ordering::Release);
        self.interrupts.count.fetch_add(1, Ordering::AcqRel);
    }
}
