//! Compaction: the live rows are copied into a new file, which then replaces the old one, while searches run.
//!
//! ```text
//!   copy parts, writes run -> rebuild the index -> sync -> [writer locked: copy the rest, apply the deletions and updates
//!   made meanwhile, write both slots, sync, rename, sync the folder, replace the current state] -> save the index
//! ```
//! A failure before the rename leaves the store unchanged. The old file stays open, without a name, as long as
//! something is borrowed from it.

use super::transfer::Copier;
use crate::failpoint::{Failpoint, is_failpoint_set};
use crate::storage::{Access, DataFile, Temporary, is_leftover_of, remove_leftovers};
use crate::store::inner::Inner;
use crate::store::upkeep::graphs::{graph_params, index_of};
use crate::{Result, SynaError};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

/// When at most this many rows remain, they are copied as the last part. Later rows are copied at the end, while writes
/// wait.
const FEW_ROWS: u32 = if cfg!(test) { 40 } else { 1024 };

/// Receives how many rows of how many are done; `Break` cancels the call.
pub(crate) type Progress<'p> = &'p mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// A compaction in progress.
#[derive(Debug)]
pub(crate) struct Compaction {
    temporary: Temporary,
    copier: Option<Copier>,
    is_synced: bool,
}

impl Compaction {
    /// The new file.
    pub(crate) fn data(&self) -> Option<&DataFile> {
        self.copier.as_ref().map(|copier| &*copier.state.data)
    }
}

#[cfg(test)]
impl Compaction {
    /// Leaves the unfinished file as a killed process does.
    pub(crate) fn abandon(self) {
        self.temporary.abandon();
    }
}

/// The limits of one call.
pub(crate) struct Limits<'p> {
    pub(crate) deadline: Option<Instant>,
    pub(crate) progress: Progress<'p>,
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
    pub(crate) fn begin(inner: &Inner) -> Result<Self> {
        let (state, snapshot, sequence) = {
            let writer = inner.writer()?;
            writer.appender.refuse_if_failed()?;
            let state = inner.state();
            let snapshot = state.published.load();
            (state, snapshot, writer.appender.position().sequence)
        };
        state.data.check_place(&*inner.storage)?;
        let (state, storage) = (&state, &inner.storage);
        let (path, identity) = (&state.data.path, &state.data.identity);
        remove_leftovers(&**storage, path, |file| is_leftover_of(file, identity));
        // From here on the file is removed if the compaction fails.
        let temporary = Temporary::create(storage, path, Access::CreatePrivate)?;
        let file = Arc::clone(temporary.file());
        let keep = state.data.file.permissions().and_then(|permissions| file.set_permissions(&permissions));
        keep.map_err(|error| state.data.io("keeping the permissions of", error))?;
        let copier = Copier::begin(storage, file, path, state, snapshot, sequence)?;
        Ok(Self { temporary, copier: Some(copier), is_synced: false })
    }

    /// Continues until the compaction is complete or the time is over. Returns whether it is complete.
    pub(crate) fn advance(&mut self, inner: &Inner, limits: &mut Limits<'_>) -> Result<bool> {
        let lost = || SynaError::Internal { what: "a compaction has no file".to_owned() };
        let old = &inner.state();
        let copier = self.copier.as_mut().ok_or_else(lost)?;
        loop {
            let snapshot = old.published.load();
            let left = copier.left(snapshot);
            limits.tell(u64::from(snapshot.rows - left), u64::from(snapshot.rows))?;
            if left == 0 {
                break;
            }
            copier.copy_piece(old, snapshot)?;
            if left <= FEW_ROWS {
                // A writer that never pauses could not be caught up with.
                let left = copier.left(snapshot);
                limits.tell(u64::from(snapshot.rows - left), u64::from(snapshot.rows))?;
                break;
            }
            if limits.is_over() {
                return Ok(false);
            }
        }
        let sequence = inner.writer()?.appender.position().sequence;
        copier.collect_updates(old, sequence)?;
        if !build_graph(inner, copier, Some(limits))? {
            return Ok(false);
        }
        if !self.is_synced {
            copier.appender.sync_ahead()?;
            self.is_synced = true;
            if limits.is_over() {
                return Ok(false);
            }
        }
        self.finish(inner).map(|()| true)
    }

    /// Copies the remaining rows and exchanges the files, while writes wait.
    fn finish(&mut self, inner: &Inner) -> Result<()> {
        let mut writer = inner.writer()?;
        writer.appender.refuse_if_failed()?;
        let old = &inner.state();
        let snapshot = old.published.load();
        let Some(mut copier) = self.copier.take() else { return Ok(()) };
        copier.collect_updates(old, writer.appender.position().sequence)?;
        while copier.left(snapshot) > 0 && !is_failpoint_set(Failpoint::LoseLateRows) {
            copier.copy_piece(old, snapshot)?;
        }
        if !is_failpoint_set(Failpoint::KeepDeadRows) {
            copier.drop_dead(old, snapshot)?;
        }
        if !is_failpoint_set(Failpoint::LoseLateUpdates) {
            copier.update_late(old, snapshot)?;
        }
        build_graph(inner, &copier, None)?;
        inner.history.reserve()?;
        copier.state.data.set_user_block(old.data.user_block());
        copier.appender.seal(writer.appender.last_write())?;
        let path = &old.data.path;
        old.data.check_place(&*inner.storage)?;
        self.temporary
            .replace()
            .map_err(|error| SynaError::io(path, "putting the compacted file in the place of", error))?;
        // The new file has the name now, so everything after this goes to it, even after an error.
        let (state, mut appender) = copier.into_parts();
        let named = appender.sync_name();
        inner.history.replace(state);
        if !is_failpoint_set(Failpoint::WriteToOldFile) {
            writer.appender = appender;
        }
        writer.saved_index = None;
        // No process can open the old file any more, so its lock is useless.
        let _ = old.data.file.unlock();
        old.retire();
        named?;
        let (from, to) = (snapshot.rows, inner.state().published.load().rows);
        log::info!("{}: compacted {from} rows into {to}", inner.state().data.path.display());
        writer.checkpoint(&inner.state())
    }
}

/// Indexes the rows that were copied, if the store has an index. Returns whether all of them are indexed. Without
/// limits, it indexes all.
fn build_graph(inner: &Inner, copier: &Copier, limits: Option<&mut Limits<'_>>) -> Result<bool> {
    if inner.state().index().is_none() {
        return Ok(true);
    }
    let new = &copier.state;
    // The parameters come from the current configuration, not from the old graph.
    let graph = index_of(new, |metric| graph_params(&inner.config, metric));
    let rows_end = new.published.load().rows;
    let mut is_cancelled = false;
    let result = match limits {
        None => graph.extend(&new.stored_rows(), rows_end, inner.config.threads, &mut |_, _| {
            ControlFlow::Continue(())
        }),
        Some(limits) => {
            graph.extend(&new.stored_rows(), rows_end, inner.config.threads, &mut |done, end| {
                is_cancelled = limits.tell(u64::from(done), u64::from(end)).is_err();
                // The check of all rows at the end is done in one call.
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
