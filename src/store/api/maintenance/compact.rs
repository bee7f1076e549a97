//! Compaction, in one call or in steps.

use crate::store::api::store::MmapVectorStore;
use crate::store::copy::compaction::{Compaction, Limits};
use crate::sync::MutexGuard;
use crate::{Result, SynaError};
use std::ops::ControlFlow;
use std::sync::TryLockError;
use std::time::{Duration, Instant};

impl MmapVectorStore {
    /// Copies the live rows into a new file that replaces the old one. This returns the disk space of deleted and
    /// replaced rows. Rows are renumbered in the old order. If the store has an index, it is rebuilt.
    ///
    /// Searches and writes run meanwhile; writes wait only for the last part. Results, cursors and what was borrowed
    /// from them stay unchanged. The old file is closed, and its disk space returned, when the last results and cursors
    /// that borrow from it are dropped or searched into again. Slices and entries that were borrowed from the store
    /// itself keep the old file until the store is closed. Other processes that read the old file continue with it
    /// until they refresh. The new file needs disk space, under a temporary name in the store's folder. After `Ok`, all
    /// writes so far survive a power failure.
    ///
    /// `progress` receives how many rows of how many are copied, then how many are indexed. `Break` cancels the call.
    ///
    /// # Errors
    /// The store continues with the old file after [`SynaError::Cancelled`], [`SynaError::Corrupt`] (a vector differs
    /// from its checksum), [`SynaError::NoSpace`], [`SynaError::NoMemory`], [`SynaError::Io`], [`SynaError::ReadOnly`],
    /// and [`SynaError::InvalidArgument`] (a call is already compacting the store). There are two exceptions. If the
    /// system cannot make the new file's name durable, the store continues with the new file and refuses writes. If the
    /// index cannot be saved, the store continues with the new file.
    pub fn compact(&self, progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<()> {
        let watch = self.interrupts.watch();
        let progress = &mut |done, total| watch.and(|| progress(done, total));
        self.advance_compaction(&mut Limits { deadline: None, progress }).map(|_| ())
    }

    /// Does a part of what [`MmapVectorStore::compact`] does, for about `budget`. Call it until it returns `true`: the
    /// compaction is complete. Between two calls the store can be used without restriction.
    ///
    /// A call does at least one step: 1,024 rows copied, or 512 rows indexed. Some steps take longer: the first reads all
    /// keys; if the store has an index, one checks all its rows; one syncs the new file, and the last one syncs the rest.
    ///
    /// # Errors
    /// As [`MmapVectorStore::compact`]; the next call starts again from the beginning.
    pub fn compact_step(&self, budget: Duration) -> Result<bool> {
        let deadline = Instant::now().checked_add(budget);
        self.advance_compaction(&mut Limits { deadline, progress: &mut |_, _| ControlFlow::Continue(()) })
    }

    /// Abandons a compaction that [`MmapVectorStore::compact_step`] has begun, and removes its copy. Closing the store
    /// does the same.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`] while a call is compacting the store.
    pub fn compact_cancel(&self) -> Result<()> {
        *self.compaction()? = None;
        Ok(())
    }

    fn advance_compaction(&self, limits: &mut Limits<'_>) -> Result<bool> {
        let mut slot = self.compaction()?;
        let mut compaction = match slot.take() {
            Some(begun) => begun,
            None => Compaction::begin(&self.inner)?,
        };
        let is_done = compaction.advance(&self.inner, limits)?;
        if !is_done {
            *slot = Some(compaction);
        }
        Ok(is_done)
    }

    /// The compaction that was begun, if any. The guard keeps other threads from working on it.
    fn compaction(&self) -> Result<MutexGuard<'_, Option<Compaction>>> {
        match self.compaction.try_lock() {
            Ok(guard) => Ok(guard),
            // A panic has left nothing inconsistent in the store: the files are exchanged in one step.
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                Err(SynaError::argument("another call is compacting this store"))
            }
        }
    }
}
