//! The one writer: the appender, the index behind it, and what falls due after a write.

use super::config::{Durability, MmapVectorConfig};
use super::core::Core;
use super::default_ef::DefaultEf;
use super::index_file::SavedPlace;
use super::index_save;
use super::index_worker::Bell;
use super::indexing::{graph_of, graph_params, tail_rows};
use super::interrupt::Interrupts;
use super::write::Plan;
use crate::index::GraphParams;
use crate::planted::{Fault, is_planted};
use crate::storage::{Appender, FileIdentity, Storage};
use crate::{Result, SynaError};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// See the module.
#[derive(Debug)]
pub(super) struct Writer {
    storage: Arc<dyn Storage>,
    pub(super) appender: Appender,
    pub(super) plan: Plan,
    durability: Durability,
    checkpoint_interval: Option<Duration>,
    last_checkpoint: Instant,
    /// Live rows at which the index comes by itself; `None`: only when asked.
    index_threshold: Option<u32>,
    /// Rows behind the index that a write may leave there.
    most_unindexed_rows: u32,
    graph_params: GraphParams,
    default_ef: DefaultEf,
    threads: usize,
    /// Of the thread that takes rows into the index, where there is one.
    worker: Option<Bell>,
    /// The store's.
    pub(super) interrupts: Arc<Interrupts>,
    /// Where the index was saved last; `None` where there is none that fits.
    pub(super) saved_index: Option<SavedPlace>,
    /// The file that was the index at the open, or at the last save: that one may be replaced.
    index_file: Option<FileIdentity>,
}

impl Writer {
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        appender: Appender,
        config: &MmapVectorConfig,
        saved_index: Option<SavedPlace>,
        index_file: Option<FileIdentity>,
        worker: Option<Bell>,
    ) -> Self {
        let narrow = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let metric = appender.superblock().identity.metric;
        Self {
            storage,
            appender,
            plan: Plan::default(),
            durability: config.durability,
            checkpoint_interval: Some(Duration::from_secs(config.checkpoint_interval_secs))
                .filter(|d| !d.is_zero()),
            last_checkpoint: Instant::now(),
            index_threshold: Some(narrow(config.index_threshold)).filter(|&threshold| threshold > 0),
            most_unindexed_rows: narrow(config.most_unindexed_rows),
            graph_params: graph_params(config, metric),
            default_ef: DefaultEf::of(config),
            threads: config.threads,
            worker,
            interrupts: Arc::default(),
            saved_index,
            index_file,
        }
    }

    /// What a write may have made due: the batch's own sync, the index, a checkpoint.
    ///
    /// # Errors
    /// Whatever else than a lack of room went wrong; the write is done all the same.
    pub(super) fn after_write(&mut self, core: &Core) -> Result<()> {
        if self.durability == Durability::Batch && !is_planted(Fault::SkipBatchSync) {
            self.appender.sync()?;
        }
        if self.is_index_due(core) {
            let extended = self.extend_index(core);
            self.forgive(core, extended)?;
        }
        self.wake_worker(core);
        if self.checkpoint_interval.is_some_and(|interval| self.last_checkpoint.elapsed() >= interval) {
            // One that fails is due again after as long, and not at each write.
            self.last_checkpoint = Instant::now();
            let made = self.checkpoint(core);
            self.forgive(core, made)?;
        }
        Ok(())
    }

    /// The write that made this due is in the file, and its rows are found with or without an index: that the index or a
    /// checkpoint could not be saved, for want of room, memory, a descriptor or a right, or since something else has the
    /// name, makes no failure of it. What is not done stays due, and whoever asks for a checkpoint is told. A sync that
    /// failed is told at once.
    fn forgive(&self, core: &Core, due: Result<()>) -> Result<()> {
        match due {
            // What the host has interrupted, it knows of.
            Err(SynaError::Cancelled) => Ok(()),
            Err(
                error @ (SynaError::NoSpace { .. }
                | SynaError::NoMemory { .. }
                | SynaError::Limit { .. }
                | SynaError::Io { .. }
                | SynaError::Corrupt { .. }),
            ) if self.appender.refuse_if_failed().is_ok() => {
                log::warn!(
                    "{}: a write is done, what fell due after it is not: {error}",
                    core.data.path.display()
                );
                Ok(())
            }
            due => due,
        }
    }

    fn is_index_due(&self, core: &Core) -> bool {
        match core.graph() {
            None => self.worker.is_none() && self.is_index_wanted(core),
            Some(_) if self.worker.as_ref().is_some_and(|worker| worker.is_making()) => false,
            Some(_) => self.index_threshold.is_some() && tail_rows(core) > self.most_unindexed_rows,
        }
    }

    /// Whether there are rows enough for an index.
    fn is_index_wanted(&self, core: &Core) -> bool {
        let rows = core.published.load();
        self.index_threshold.is_some_and(|threshold| rows.rows.saturating_sub(rows.deletions) >= threshold)
    }

    /// Has the worker, where there is one, take in what there is to do, once it is worth its while.
    pub(super) fn wake_worker(&self, core: &Core) {
        if let Some(worker) = &self.worker
            && tail_rows(core) > self.most_unindexed_rows / 8
            && (core.graph().is_some() || self.is_index_wanted(core))
        {
            worker.ring();
        }
    }

    /// Takes every row into the index; makes it where there is none.
    fn extend_index(&mut self, core: &Core) -> Result<()> {
        let graph = graph_of(core, |_| self.graph_params);
        let (before, rows_end) = (graph.covered_rows(), core.published.load().rows);
        let (start, path) = (Instant::now(), core.data.path.display());
        let watch = self.interrupts.watch_indexing();
        let mut goes_on = |_, _| watch.and(|| ControlFlow::Continue(()));
        graph.extend(&core.rows_to_index(), rows_end, self.threads, &mut goes_on)?;
        self.default_ef.report(core, &graph);
        match before {
            0 => log::info!("{path}: made an index of {rows_end} rows, {:.1?}", start.elapsed()),
            _ => log::debug!("{path}: rows {before} to {rows_end} are in the index, {:.1?}", start.elapsed()),
        }
        Ok(())
    }

    /// Makes everything so far safe from a power cut; leaves the index as it is on the disk.
    pub(super) fn flush(&mut self, core: &Core) -> Result<()> {
        self.appender.checkpoint()?;
        core.data.check_place(&*self.storage)
    }

    /// Makes everything so far safe from a power cut; then saves the index if it has changed.
    ///
    /// The data come first: an index that names rows which a power cut took away would only be made again.
    pub(super) fn checkpoint(&mut self, core: &Core) -> Result<()> {
        // An index that cannot take them in keeps no row from being made safe.
        let is_ours =
            self.index_threshold.is_some() && self.worker.is_none() && !self.interrupts.leaves_tail();
        let extended = if is_ours && core.graph().is_some() { self.extend_index(core) } else { Ok(()) };
        let start = Instant::now();
        self.appender.checkpoint()?;
        log::debug!("{}: checkpoint, {:.1?}", core.data.path.display(), start.elapsed());
        self.last_checkpoint = Instant::now();
        // What is in the file is safe, but nobody finds the file by its name.
        core.data.check_place(&*self.storage)?;
        match extended {
            // Interrupted: what is in the index by then is saved.
            Ok(()) | Err(SynaError::Cancelled) => {}
            Err(error) => return Err(error),
        }
        let Some(graph) = core.graph().filter(|_| self.storage.keeps_files()) else { return Ok(()) };
        let last = self.saved_index.take();
        let saved = graph.at_rest(&core.rows_to_index(), self.threads, || {
            let position = self.appender.position();
            index_save::write(&self.storage, &core.data, &position, &graph, last, self.index_file)
        });
        match saved {
            // There is no index any more that could be saved; the vectors are safe without it.
            Err(_) if graph.is_damaged() => {}
            saved => {
                let saved = saved?;
                self.index_file = Some(saved.file);
                self.saved_index = Some(saved);
            }
        }
        Ok(())
    }
}
