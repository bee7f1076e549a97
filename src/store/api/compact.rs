//! Compaction, in one call or in steps.

use crate::store::api::store::MmapVectorStore;
use crate::store::copy::compaction::{Compaction, Limits};
use crate::sync::MutexGuard;
use crate::{Result, SynaError};
use std::ops::ControlFlow;
use std::sync::TryLockError;
use std::time::{Duration, Instant};

impl MmapVectorStore {
    /// Writes the live rows into a new file that takes the old one's place: gives back the space of what was deleted or
    /// replaced. Rows are numbered anew, in the old order; the index is made anew if there is one.
    ///
    /// Searches and writes go on meanwhile; writes wait for the last moments of it. What was borrowed, and results of
    /// before, stay valid. The old file is closed, and gives its disk space back, once no results and no cursors borrow from
    /// it; slices and entries that were borrowed from the store itself keep it until the store is closed. Other processes that
    /// read the old file go on with it until they refresh. Afterwards everything is safe from a power cut.
    ///
    /// `progress` is told how many rows of how many were copied, then how many are in the index; `Break` ends the call.
    ///
    /// # Errors
    /// [`SynaError::Cancelled`], [`SynaError::Corrupt`] for a row that differs from its checksum,
    /// [`SynaError::NoSpace`], [`SynaError::NoMemory`], [`SynaError::Io`], [`SynaError::ReadOnly`]: the store goes on
    /// with the old file. [`SynaError::InvalidArgument`] while another compaction is in a call. An error of the index's
    /// file, or of the folder's sync, comes after the exchange; after the latter the store refuses writes.
    pub fn compact(&self, progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<()> {
        let watch = self.interrupts.watch();
        let progress = &mut |done, total| watch.and(|| progress(done, total));
        self.go_on_compacting(&mut Limits { deadline: None, progress }).map(|_| ())
    }

    /// Does a part of what [`MmapVectorStore::compact`] does, for about as long as `budget`, and says whether it is done
    /// now. Call it until it is; between two calls anything may be done with the store.
    ///
    /// A call takes at least one step: 1,024 rows copied, or 512 taken into the index; the first one looks at all keys,
    /// and where there is an index, one checks all its rows. The last one syncs the new file.
    ///
    /// # Errors
    /// As [`MmapVectorStore::compact`]; the next call then begins anew.
    pub fn compact_step(&self, budget: Duration) -> Result<bool> {
        let deadline = Instant::now().checked_add(budget);
        self.go_on_compacting(&mut Limits { deadline, progress: &mut |_, _| ControlFlow::Continue(()) })
    }

    /// Gives up a compaction that was begun by [`MmapVectorStore::compact_step`]; so does closing the store.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`] while a compaction is in a call.
    pub fn compact_cancel(&self) -> Result<()> {
        *self.compaction()? = None;
        Ok(())
    }

    fn go_on_compacting(&self, limits: &mut Limits<'_>) -> Result<bool> {
        let mut slot = self.compaction()?;
        let mut compaction = match slot.take() {
            Some(begun) => begun,
            None => Compaction::begin(&self.inner)?,
        };
        let is_done = compaction.go_on(&self.inner, limits)?;
        if !is_done {
            *slot = Some(compaction);
        }
        Ok(is_done)
    }

    /// The compaction that was begun, if there is one; nobody else works on it meanwhile.
    fn compaction(&self) -> Result<MutexGuard<'_, Option<Compaction>>> {
        match self.compaction.try_lock() {
            Ok(guard) => Ok(guard),
            // Nothing of it was left half-way in the store: the exchange is made at one stroke.
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                Err(SynaError::argument("a compaction of this store is under way in another call"))
            }
        }
    }
}
