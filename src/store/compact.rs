//! Compaction: the live rows go into a new file, which then takes the old one's place, while searches go on.
//!
//! ```text
//!   copy pieces, writes go on -> make the index anew -> sync -> [writer locked: the rest, what was deleted meanwhile,
//!   both slots, sync, rename, sync the folder, the new core in the place of the old one] -> save the index
//! ```
//! Whatever fails before the rename leaves the store as it was. The old file lives on, without a name, for those who
//! borrowed from it.

use super::store::MmapVectorStore;
use super::transfer::Transfer;
use crate::store::state::core::StoredRows;
use crate::store::upkeep::graphs::graph_of;

use crate::planted::{Fault, is_planted};
use crate::storage::{Access, DataFile, Temporary, is_leftover_of, remove_leftovers};
use crate::sync::MutexGuard;
use crate::{Result, SynaError};
use std::ops::ControlFlow;
use std::sync::{Arc, TryLockError};
use std::time::{Duration, Instant};

/// Rows behind the copy that are one piece; what comes after that piece is left to the end, when writes wait.
const FEW_ROWS: u32 = if cfg!(test) { 40 } else { 1024 };

/// Told how many rows of how many are done; `Break` ends the call.
pub(super) type Progress<'p> = &'p mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// A compaction that is under way.
#[derive(Debug)]
pub(super) struct Compaction {
    temporary: Temporary,
    transfer: Option<Transfer>,
    is_synced: bool,
}

impl Compaction {
    /// The new file.
    pub(super) fn data(&self) -> Option<&DataFile> {
        self.transfer.as_ref().map(|transfer| &*transfer.core.data)
    }
}

#[cfg(test)]
impl Compaction {
    /// Leaves the unfinished file as a killed process does.
    pub(super) fn abandon(self) {
        self.temporary.abandon();
    }
}

/// What one call may take.
struct Limits<'p> {
    deadline: Option<Instant>,
    progress: Progress<'p>,
}

impl Limits<'_> {
    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn tell(&mut self, done: u64, total: u64) -> Result<()> {
        match (self.progress)(done, total) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(SynaError::Cancelled),
        }
    }
}

impl Compaction {
    fn begin(store: &MmapVectorStore) -> Result<Self> {
        store.writer()?.appender.refuse_if_failed()?;
        store.core().data.check_place(&*store.storage)?;
        let (core, storage) = (&store.core(), &store.storage);
        let (path, identity) = (&core.data.path, &core.data.identity);
        remove_leftovers(&**storage, path, |file| is_leftover_of(file, identity));
        // From here on it is removed, whatever happens.
        let temporary = Temporary::create(storage, path, Access::CreatePrivate)?;
        let file = Arc::clone(temporary.file());
        let keep = core.data.file.permissions().and_then(|permissions| file.set_permissions(&permissions));
        keep.map_err(|error| core.data.io("keeping the permissions of", error))?;
        let transfer = Transfer::begin(storage, file, path, core, core.published.load())?;
        Ok(Self { temporary, transfer: Some(transfer), is_synced: false })
    }

    /// Goes on until it is done or the time is over; says which.
    fn go_on(&mut self, store: &MmapVectorStore, limits: &mut Limits<'_>) -> Result<bool> {
        let lost = || SynaError::Internal { what: "a compaction has no file".to_owned() };
        let old = &store.core();
        let transfer = self.transfer.as_mut().ok_or_else(lost)?;
        loop {
            let snapshot = old.published.load();
            let left = transfer.left(snapshot);
            limits.tell(u64::from(snapshot.rows - left), u64::from(snapshot.rows))?;
            if left == 0 {
                break;
            }
            transfer.copy_piece(old, snapshot)?;
            if left <= FEW_ROWS {
                // A writer that never rests would never be caught up with.
                let left = transfer.left(snapshot);
                limits.tell(u64::from(snapshot.rows - left), u64::from(snapshot.rows))?;
                break;
            }
            if limits.is_over() {
                return Ok(false);
            }
        }
        if !build_graph(store, transfer, Some(limits))? {
            return Ok(false);
        }
        if !self.is_synced {
            transfer.appender.sync_ahead()?;
            self.is_synced = true;
            if limits.is_over() {
                return Ok(false);
            }
        }
        self.finish(store).map(|()| true)
    }

    /// What is left, and the exchange of the files, while writes wait.
    fn finish(&mut self, store: &MmapVectorStore) -> Result<()> {
        let mut writer = store.writer()?;
        writer.appender.refuse_if_failed()?;
        let old = &store.core();
        let snapshot = old.published.load();
        let Some(mut transfer) = self.transfer.take() else { return Ok(()) };
        while transfer.left(snapshot) > 0 && !is_planted(Fault::LoseLateRows) {
            transfer.copy_piece(old, snapshot)?;
        }
        if !is_planted(Fault::KeepDeadRows) {
            transfer.drop_dead(old, snapshot)?;
        }
        build_graph(store, &transfer, None)?;
        store.cores.reserve()?;
        transfer.appender.seal(writer.appender.last_write())?;
        let path = &old.data.path;
        old.data.check_place(&*store.storage)?;
        self.temporary
            .replace()
            .map_err(|error| SynaError::io(path, "putting the compacted file in the place of", error))?;
        // The new file has the name now, so everything else goes to it, whatever fails.
        let (core, mut appender) = transfer.into_parts();
        let named = appender.sync_name();
        store.cores.replace(core);
        if !is_planted(Fault::WriteToOldFile) {
            writer.appender = appender;
        }
        writer.saved_index = None;
        // Nobody can open it any more; a lock on it keeps nobody out.
        let _ = old.data.file.unlock();
        old.retire();
        named?;
        let (from, to) = (snapshot.rows, store.core().published.load().rows);
        log::info!("{}: compacted {from} rows into {to}", store.core().data.path.display());
        writer.checkpoint(&store.core())
    }
}

/// Takes the rows that were copied into an index, if the store has one; says whether all of them are in it. With no limits
/// it does not end before.
fn build_graph(
    store: &MmapVectorStore,
    transfer: &Transfer,
    limits: Option<&mut Limits<'_>>,
) -> Result<bool> {
    if store.core().graph().is_none() {
        return Ok(true);
    }
    let new = &transfer.core;
    // With the parameters that the store was opened with, whatever the old one was made with.
    let graph = graph_of(new, |metric| store.graph_params(metric));
    let rows_end = new.published.load().rows;
    let mut is_cancelled = false;
    let result = match limits {
        None => graph.extend(&StoredRows(&new.data), rows_end, store.config.threads, &mut |_, _| {
            ControlFlow::Continue(())
        }),
        Some(limits) => {
            graph.extend(&StoredRows(&new.data), rows_end, store.config.threads, &mut |done, end| {
                is_cancelled = limits.tell(u64::from(done), u64::from(end)).is_err();
                // The check of all rows at the end is made in one go.
                if is_cancelled || (done < end && limits.is_over()) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
        }
    };
    match result {
        Err(SynaError::Cancelled) if !is_cancelled => Ok(false),
        result => result.map(|()| true),
    }
}

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
            None => Compaction::begin(self)?,
        };
        let is_done = compaction.go_on(self, limits)?;
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
