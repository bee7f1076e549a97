//! The one writer: the appender, the index behind it, and what falls due after a write.

use super::config::{Durability, MmapVectorConfig};
use super::core::{Core, StoredRows};
use super::index_file;
use super::write::Plan;
use crate::Result;
use crate::index::{Graph, GraphParams};
use crate::planted::{Fault, is_planted};
use crate::storage::{Appender, Storage};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rows behind the index that are scanned rather than indexed at once. More makes searches slower, fewer makes
/// inserts uneven.
const MOST_UNINDEXED_ROWS: u32 = 256;

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
    hnsw: HnswNumbers,
    threads: usize,
    /// Rows that the index beside the file covers; `None` where there is none that fits.
    pub(super) saved_index_rows: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
struct HnswNumbers {
    m: u32,
    m_max: u32,
    ef_construction: u32,
    seed: u64,
}

impl Writer {
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        appender: Appender,
        config: &MmapVectorConfig,
        saved_index_rows: Option<u32>,
    ) -> Self {
        let narrow = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let hnsw = &config.hnsw_config;
        let m_max = if hnsw.m_max == 0 { hnsw.m.saturating_mul(2) } else { hnsw.m_max };
        Self {
            storage,
            appender,
            plan: Plan::default(),
            durability: config.durability,
            checkpoint_interval: Some(Duration::from_secs(config.checkpoint_interval_secs))
                .filter(|d| !d.is_zero()),
            last_checkpoint: Instant::now(),
            index_threshold: Some(narrow(config.index_threshold)).filter(|&threshold| threshold > 0),
            hnsw: HnswNumbers {
                m: narrow(hnsw.m),
                m_max: narrow(m_max),
                ef_construction: narrow(hnsw.ef_construction),
                seed: config.seed,
            },
            threads: config.threads,
            saved_index_rows,
        }
    }

    /// What a write may have made due: the batch's own sync, the index, a checkpoint.
    pub(super) fn after_write(&mut self, core: &Core) -> Result<()> {
        if self.durability == Durability::Batch && !is_planted(Fault::SkipBatchSync) {
            self.appender.sync()?;
        }
        if self.is_index_due(core) {
            self.extend_index(core)?;
        }
        if self.checkpoint_interval.is_some_and(|interval| self.last_checkpoint.elapsed() >= interval) {
            self.checkpoint(core)?;
        }
        Ok(())
    }

    fn is_index_due(&self, core: &Core) -> bool {
        let Some(threshold) = self.index_threshold else { return false };
        let rows = core.published.load();
        match core.graph() {
            None => rows.rows.saturating_sub(rows.deletions) >= threshold,
            Some(graph) => rows.rows.saturating_sub(graph.covered_rows()) >= MOST_UNINDEXED_ROWS,
        }
    }

    /// Takes every row into the index; makes it where there is none.
    pub(super) fn extend_index(&mut self, core: &Core) -> Result<()> {
        let rows_end = core.published.load().rows;
        let stored = StoredRows(&core.data);
        let mut go_on = |_: u32, _: u32| ControlFlow::Continue(());
        let (start, path) = (Instant::now(), core.data.path.display());
        match core.graph() {
            Some(graph) => {
                let before = graph.covered_rows();
                graph.extend(&stored, rows_end, self.threads, &mut go_on)?;
                log::debug!(
                    "{path}: took rows {before} to {rows_end} into the index, {:.0?}",
                    start.elapsed()
                );
                Ok(())
            }
            None => {
                let HnswNumbers { m, m_max, ef_construction, seed } = self.hnsw;
                let params =
                    GraphParams { metric: core.data.identity.metric, m, m_max, ef_construction, seed };
                let graph =
                    Arc::new(Graph::new(params, core.data.identity.dimensions as usize, core.kernels));
                graph.extend(&stored, rows_end, self.threads, &mut go_on)?;
                core.set_graph(Some(graph));
                log::info!("{path}: made an index of {rows_end} rows, {:.1?}", start.elapsed());
                Ok(())
            }
        }
    }

    /// Takes every row into the index and checks each of them, those that were in it before too.
    pub(super) fn build_index(&mut self, core: &Core) -> Result<()> {
        self.extend_index(core)?;
        if let Some(graph) = core.graph() {
            graph.mend(&StoredRows(&core.data), self.threads, &mut |_, _| ControlFlow::Continue(()))?;
            // Links may have changed although no row came.
            self.saved_index_rows = None;
        }
        self.checkpoint(core)
    }

    /// Makes everything so far safe from a power cut; then saves the index if it has changed.
    ///
    /// The data come first: an index that names rows which a power cut took away would only be made again.
    pub(super) fn checkpoint(&mut self, core: &Core) -> Result<()> {
        if self.index_threshold.is_some() && core.graph().is_some() {
            self.extend_index(core)?;
        }
        let (start, path) = (Instant::now(), core.data.path.display());
        self.appender.checkpoint()?;
        log::debug!("{path}: checkpoint, {:.1?}", start.elapsed());
        self.last_checkpoint = Instant::now();
        let Some(graph) = core.graph().filter(|_| self.storage.keeps_files()) else { return Ok(()) };
        let covered = graph.covered_rows();
        if self.saved_index_rows != Some(covered) {
            let data = &core.data;
            index_file::write(&*self.storage, &data.path, &data.identity, &self.appender.position(), &graph)?;
            self.saved_index_rows = Some(covered);
            log::debug!("{path}: saved the index, {:.1?}", self.last_checkpoint.elapsed());
        }
        Ok(())
    }
}
