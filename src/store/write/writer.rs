//! The writer: the appender, the maintenance of the index, and the work that is due after a write.

use crate::failpoint::{Failpoint, is_failpoint_set};
use crate::storage::{Appender, FileIdentity, Storage};
use crate::store::config::{Durability, MmapVectorConfig};
use crate::store::search::default_ef::DefaultEf;
use crate::store::state::interrupts::Interrupts;
use crate::store::state::settings::Settings;
use crate::store::state::shared_state::SharedState;
use crate::store::upkeep::graphs::{graph_params, tail_rows};
use crate::store::upkeep::index_file::SavedPlace;
use crate::store::upkeep::index_save::IndexSave;
use crate::store::upkeep::share::IndexShare;
use crate::store::upkeep::worker::WorkerHandle;
use crate::store::write::plan::BatchPlan;
use crate::{Result, SynaError};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long before an automatic checkpoint the system is asked to start writing to the disk, so that the sync takes
/// less time.
const HEAD_START: Duration = Duration::from_secs(1);
/// Records of the index that a write saves for each row written, while a save is in progress: more than the row changes.
const RECORDS_A_ROW: u32 = if cfg!(test) { 40 } else { 256 };

/// See the module.
#[derive(Debug)]
pub(crate) struct Writer {
    storage: Arc<dyn Storage>,
    pub(crate) appender: Appender,
    pub(crate) plan: BatchPlan,
    durability: Durability,
    settings: Arc<Settings>,
    /// When a checkpoint was begun last, whether it succeeded or not; at first the open.
    last_checkpoint: Instant,
    /// When the last checkpoint of this session succeeded.
    pub(crate) checkpointed_at: Option<Instant>,
    /// Whether the system was asked to write before the next checkpoint.
    has_begun_sync: bool,
    /// When an automatic checkpoint was made whose index is not saved yet, and the interval then.
    unsaved_since: Option<(Instant, Duration)>,
    /// The save of the index in progress.
    pub(crate) index_save: Option<IndexSave>,
    index_share: IndexShare,
    threads: usize,
    /// The handle of the background thread, if there is one.
    worker: Option<WorkerHandle>,
    /// Those of the store.
    pub(crate) interrupts: Arc<Interrupts>,
    /// Where the index was saved last; `None` if there is no valid saved index.
    pub(crate) saved_index: Option<SavedPlace>,
    /// The file that was the index at the open or at the last save. It may be replaced.
    index_file: Option<FileIdentity>,
}

impl Writer {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        appender: Appender,
        config: &MmapVectorConfig,
        settings: &Arc<Settings>,
        saved_index: Option<SavedPlace>,
        index_file: Option<FileIdentity>,
        worker: Option<WorkerHandle>,
    ) -> Self {
        let narrow = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let metric = appender.superblock().identity.metric;
        Self {
            storage,
            appender,
            plan: BatchPlan::default(),
            durability: config.durability,
            settings: Arc::clone(settings),
            last_checkpoint: Instant::now(),
            checkpointed_at: None,
            has_begun_sync: false,
            unsaved_since: None,
            index_save: None,
            index_share: IndexShare::new(
                narrow(config.index_threshold),
                narrow(config.most_unindexed_rows),
                graph_params(config, metric),
                config.threads,
            ),
            threads: config.threads,
            worker,
            interrupts: Arc::default(),
            saved_index,
            index_file,
        }
    }

    /// Does the work that is due after a write of `written_rows` rows or deletions: the sync of the batch, index work,
    /// a checkpoint.
    ///
    /// # Errors
    /// Any failure except those that [`Writer::log_deferrable`] logs. The write itself has succeeded in any case.
    pub(crate) fn after_write(&mut self, state: &SharedState, written_rows: usize) -> Result<()> {
        if self.durability == Durability::Batch && !is_failpoint_set(Failpoint::SkipBatchSync) {
            self.appender.sync()?;
        }
        // While the worker builds the first index, writes do no index work.
        if !self.worker.as_ref().is_some_and(WorkerHandle::is_making) {
            let has_worker = self.worker.is_some();
            // A save is finished when no batch is partly in the index. Until then, a write indexes all that it has
            // work for.
            let stops = self.index_save.as_ref().is_some_and(IndexSave::is_nearly_done);
            let shared = self.index_share.take_part(state, written_rows, &self.interrupts, has_worker, stops);
            self.log_deferrable(state, shared)?;
        }
        if let Some(graph) = state.index() {
            DefaultEf::of(&self.settings).report(state, &graph);
        }
        self.wake_worker(state);
        self.index_share.advise_compaction(state);
        self.checkpoint_if_due(state, written_rows)
    }

    /// Makes an automatic checkpoint if one is due. It indexes no rows. It saves the index in parts, in this write and
    /// in the next ones.
    fn checkpoint_if_due(&mut self, state: &SharedState, written_rows: usize) -> Result<()> {
        let elapsed = self.last_checkpoint.elapsed();
        match self.settings.checkpoint_interval() {
            Some(interval) if elapsed >= interval => {
                // After a failure it is due again after the interval, not at each write.
                self.last_checkpoint = Instant::now();
                let made = self.flush(state);
                self.log_deferrable(state, made)?;
                self.unsaved_since.get_or_insert_with(|| (Instant::now(), interval));
            }
            Some(interval) if !self.has_begun_sync && elapsed >= interval - HEAD_START.min(interval / 4) => {
                self.appender.begin_sync();
                self.has_begun_sync = true;
            }
            _ => {}
        }
        // A save that was begun is finished even if the interval was set to 0 meanwhile.
        let Some((begin, interval)) = self.unsaved_since else { return Ok(()) };
        let elapsed = begin.elapsed();
        let saved = match elapsed >= interval {
            true => self.save_index(state, true),
            false => self.advance_save(state, written_rows, elapsed, interval / 2),
        };
        // After a failure it is due again with the next checkpoint.
        if !matches!(saved, Ok(false)) {
            self.unsaved_since = None;
        }
        if let Some(worker) = &self.worker {
            let is_waiting = self.index_save.as_ref().is_some_and(IndexSave::is_nearly_done);
            worker.set_saving(self.unsaved_since.is_some(), is_waiting);
        }
        self.log_deferrable(state, saved.map(|_| ()))
    }

    /// Saves a part of the index: at least what a write of `written_rows` rows changes in it, and enough for the save
    /// to end after `within`. Returns whether the index is saved.
    fn advance_save(
        &mut self,
        state: &SharedState,
        written_rows: usize,
        elapsed: Duration,
        within: Duration,
    ) -> Result<bool> {
        let Some(graph) = state.index().filter(|_| self.storage.keeps_files()) else { return Ok(true) };
        let mut unfinished = self.index_save.take().filter(|save| save.is_of(&graph));
        let due = u128::from(graph.covered_rows()) * elapsed.as_millis() / within.as_millis().max(1);
        let saved = unfinished.as_ref().map_or(0, IndexSave::saved_records);
        let of_time = u32::try_from(due).unwrap_or(u32::MAX).saturating_sub(saved);
        let of_write = u32::try_from(written_rows).unwrap_or(u32::MAX).saturating_mul(RECORDS_A_ROW);
        let last = self.saved_index;
        let advanced = graph.if_idle(|| {
            if unfinished.is_none() {
                unfinished = IndexSave::begin(&self.storage, &state.data, &graph, last)?;
            }
            unfinished.as_mut().map(|save| save.advance(&graph, of_write.max(of_time))).transpose()
        });
        match advanced {
            Ok(Some(None)) => Ok(true),
            Ok(advanced) => {
                self.index_save = unfinished;
                if advanced == Some(Some(true)) { self.save_index(state, false) } else { Ok(false) }
            }
            Err(error) => {
                self.saved_index = None;
                if graph.is_damaged() { Ok(true) } else { Err(error) }
            }
        }
    }

    /// Handles a failure of the work after a write. The write itself is in the file, and its rows are found with or
    /// without an index. So the write does not fail because a checkpoint or the index could not be saved for lack of
    /// space, memory, descriptors or permissions, or because another file has the name of the index. Such a failure is
    /// logged, the work stays due, and an explicit checkpoint returns the error. A failed sync is returned at once.
    fn log_deferrable(&self, state: &SharedState, due: Result<()>) -> Result<()> {
        match due {
            // The caller of the interrupt knows.
            Err(SynaError::Cancelled) => Ok(()),
            Err(
                error @ (SynaError::NoSpace { .. }
                | SynaError::NoMemory { .. }
                | SynaError::Limit { .. }
                | SynaError::Io { .. }
                | SynaError::Corrupt { .. }),
            ) if self.appender.refuse_if_failed().is_ok() => {
                log::warn!(
                    "{}: a write succeeded, but the work due after it failed: {error}",
                    state.data.path.display()
                );
                Ok(())
            }
            due => due,
        }
    }

    /// Wakes the worker, if there is one and enough rows are unindexed.
    pub(crate) fn wake_worker(&self, state: &SharedState) {
        if let Some(worker) = &self.worker
            && tail_rows(state) > self.index_share.most_unindexed_rows() / 8
            && (state.index().is_some() || self.index_share.is_index_wanted(state))
        {
            worker.wake();
        }
    }

    /// Makes everything so far survive a power failure. Does not save the index.
    pub(crate) fn flush(&mut self, state: &SharedState) -> Result<()> {
        self.has_begun_sync = false;
        self.appender.checkpoint()?;
        state.data.check_place(&*self.storage)?;
        self.checkpointed_at = Some(Instant::now());
        Ok(())
    }

    /// Makes everything so far survive a power failure, then saves the index if it has changed. With automatic indexing
    /// and without a worker, it first indexes every row.
    ///
    /// The data are synced first: an index of rows that a power failure removed would be rebuilt.
    pub(crate) fn checkpoint(&mut self, state: &SharedState) -> Result<()> {
        // A failure of the indexing does not prevent the checkpoint of the data.
        let is_ours =
            self.index_share.is_automatic() && self.worker.is_none() && !self.interrupts.leaves_tail();
        let extended = match is_ours && state.index().is_some() {
            true => self.index_share.extend_index(state, &self.interrupts),
            false => Ok(()),
        };
        let start = Instant::now();
        self.appender.checkpoint()?;
        log::debug!("{}: checkpoint, {:.1?}", state.data.path.display(), start.elapsed());
        (self.last_checkpoint, self.has_begun_sync) = (Instant::now(), false);
        // The data are durable, but the file may no longer have its name.
        state.data.check_place(&*self.storage)?;
        self.checkpointed_at = Some(Instant::now());
        match extended {
            // Interrupted: the rows indexed so far are saved.
            Ok(()) | Err(SynaError::Cancelled) => {}
            Err(error) => return Err(error),
        }
        self.unsaved_since = None;
        self.save_index(state, true).map(|_| ())
    }

    /// Saves the index if it has changed. Only whole batches can be saved. If a batch is in progress, it is finished or
    /// waited for if `waits`; otherwise nothing is done, and the result is `false`.
    fn save_index(&mut self, state: &SharedState, waits: bool) -> Result<bool> {
        let Some(graph) = state.index().filter(|_| self.storage.keeps_files()) else { return Ok(true) };
        let mut unfinished = self.index_save.take().filter(|save| save.is_of(&graph));
        let last = self.saved_index.take();
        let write = || {
            let save = match unfinished.take().filter(|save| save.has_place(&*self.storage)) {
                Some(save) => Some(save),
                None => IndexSave::begin(&self.storage, &state.data, &graph, last)?,
            };
            let Some(save) = save else { return Ok(last) };
            let position = self.appender.position();
            save.finish(&self.storage, &state.data, &position, &graph, self.index_file).map(Some)
        };
        let saved = match waits {
            true => graph.between_batches(&state.rows_to_index(), self.threads, write).map(Some),
            false => graph.if_between_batches(write),
        };
        match saved {
            // A damaged index is not saved; the vectors are durable without it.
            Err(_) if graph.is_damaged() => {}
            saved => {
                let Some(saved) = saved? else {
                    (self.saved_index, self.index_save) = (last, unfinished);
                    return Ok(false);
                };
                if saved.is_some() {
                    state.set_ignored_index(None);
                }
                self.index_file = saved.map(|saved| saved.file).or(self.index_file);
                self.saved_index = saved;
            }
        }
        Ok(true)
    }

    #[cfg(test)]
    pub(crate) fn make_checkpoint_due(&mut self) {
        let due = self
            .settings
            .checkpoint_interval()
            .and_then(|interval| self.last_checkpoint.checked_sub(interval));
        self.last_checkpoint = due.unwrap_or(self.last_checkpoint);
    }
}
