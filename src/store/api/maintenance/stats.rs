//! The statistics of a store.

use crate::storage::{ExtentKind, LogPosition, Superblock};
use crate::store::api::store::MmapVectorStore;
use crate::store::inner::{self, Role};
use crate::store::search::default_ef::DefaultEf;
use crate::store::state::rows::Snapshot;
use crate::store::state::shared_state::SharedState;
use crate::store::upkeep::index_file;
use crate::{Result, SynaError};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Statistics of a store: see [`MmapVectorStore::stats`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct StoreStats {
    /// Rows in the file, live and deleted.
    pub rows: u64,
    /// Live rows, as [`MmapVectorStore::len`].
    pub live_rows: u64,
    /// Deleted rows; a compaction returns their space.
    pub deleted_rows: u64,
    /// The length of the data file: the sum of `vector_bytes`, `log_bytes` and `slack_bytes`.
    pub file_bytes: u64,
    /// Vectors and values of all rows, deleted rows included.
    pub vector_bytes: u64,
    /// Keys, tags, payloads, checksums.
    pub log_bytes: u64,
    /// Superblocks, headers, and space that is allocated ahead.
    pub slack_bytes: u64,
    /// The length of the index file; 0 if there is none.
    pub index_bytes: u64,
    /// Data files that were replaced by a compaction and keep their space because something still borrows from them.
    pub replaced_bytes: u64,
    /// Whether searches use an index.
    pub has_index: bool,
    /// Rows that the index covers; 0 if there is no index. Searches compare the rows after them one by one.
    pub indexed_rows: u64,
    /// The candidates of a search that sets no `ef`: `ef_search`, or more if the index needs more (see
    /// [`crate::MmapVectorConfig::fixed_ef`]).
    pub default_ef: u64,
    /// The recall, 0 to 1, of searches for 10 vectors with `default_ef` candidates. The index measures it on a sample
    /// of its rows each time it has doubled, or grown by a quarter if 100 candidates are not enough. `None` if it was
    /// not measured, as in an index of fewer than 2,000 rows. With `fixed_ef` or a larger `ef_search`, it is the recall
    /// with the number of candidates that the index would choose.
    pub index_recall: Option<f32>,
    /// The number of checkpoints in the file's life.
    pub generation: u64,
    /// The number of the last write. Writes that change something are numbered from 1 over the store's life.
    pub last_seq: u64,
    /// The number of the last write that survives a power failure.
    pub durable_seq: u64,
    /// The time since the last checkpoint that this open store has made, by [`MmapVectorStore::checkpoint`],
    /// [`MmapVectorStore::flush`], [`MmapVectorStore::compact`] or automatically; `None` if it has made none, as in a store
    /// opened read-only. The file does not contain the time of a checkpoint.
    pub since_checkpoint: Option<Duration>,
}

/// The state of a store and of its file at one moment.
#[derive(Debug, Clone)]
pub(in crate::store::api) struct Progress {
    pub(in crate::store::api) state: Arc<SharedState>,
    /// The published snapshot.
    pub(in crate::store::api) snapshot: Snapshot,
    pub(in crate::store::api) position: LogPosition,
    generation: u64,
    pub(in crate::store::api) last_seq: u64,
    pub(in crate::store::api) durable_seq: u64,
    checkpointed_at: Option<Instant>,
}

impl Progress {
    fn of_reader(state: Arc<SharedState>, superblock: &Superblock, position: LogPosition) -> Self {
        // The writer may have checkpointed more than this reader has replayed.
        let durable = superblock.position.sequence.min(position.sequence);
        let snapshot = state.published.load();
        Self {
            state,
            snapshot,
            position,
            generation: superblock.generation,
            last_seq: superblock.write_count(&position),
            durable_seq: superblock.sequence_base.wrapping_add(durable),
            checkpointed_at: None,
        }
    }
}

impl MmapVectorStore {
    /// Waits for a write or a checkpoint in progress.
    pub(in crate::store::api) fn progress(&self) -> Result<Progress> {
        match &self.inner.role {
            Role::Reader(replayed) => {
                let replayed = inner::lock(replayed)?;
                Ok(Progress::of_reader(self.state(), &replayed.superblock, replayed.position))
            }
            Role::Writer(_) | Role::Closed => {
                let writer = self.writer()?;
                let appender = &writer.appender;
                let state = self.state();
                let snapshot = state.published.load();
                Ok(Progress {
                    state,
                    snapshot,
                    position: appender.position(),
                    generation: appender.superblock().generation,
                    last_seq: appender.last_write(),
                    durable_seq: appender.last_durable_write(),
                    checkpointed_at: writer.checkpointed_at,
                })
            }
        }
    }

    /// Reports what the store holds, how much space it takes, and which writes are durable.
    ///
    /// Waits for a write or a checkpoint in progress. Cost: queries the system for the lengths of two files.
    ///
    /// # Errors
    /// [`SynaError::Io`], [`SynaError::Poisoned`].
    pub fn stats(&self) -> Result<StoreStats> {
        let progress = self.progress()?;
        let Progress { ref state, snapshot, position, generation, last_seq, durable_seq, .. } = progress;
        let data = &state.data;
        let rows = u64::from(position.rows);
        let deleted_rows = u64::from(snapshot.deletions).min(rows);
        let vector_bytes = rows * u64::from(data.identity.row_bytes());
        let logs = data.extents.iter().filter(|found| found.header.kind == ExtentKind::Log);
        let in_log = |log: &crate::storage::Extent| match log.header.ordinal.cmp(&position.extent) {
            _ if position.head == 0 => 0,
            std::cmp::Ordering::Less => log.header.capacity,
            std::cmp::Ordering::Equal => position.head.saturating_sub(log.data_bytes()),
            std::cmp::Ordering::Greater => 0,
        };
        let log_bytes = logs.map(in_log).sum();
        let file_bytes = data.file.length_bytes().map_err(|error| data.io("examining", error))?;
        let graph = state.index();
        Ok(StoreStats {
            rows,
            live_rows: rows - deleted_rows,
            deleted_rows,
            file_bytes,
            vector_bytes,
            log_bytes,
            slack_bytes: file_bytes.saturating_sub(vector_bytes).saturating_sub(log_bytes),
            index_bytes: self.index_bytes()?,
            replaced_bytes: self.inner.history.replaced_bytes(),
            has_index: graph.is_some(),
            indexed_rows: graph.as_ref().map_or(0, |graph| u64::from(graph.covered_rows())),
            default_ef: DefaultEf::of(&self.inner.settings).of_index(graph.as_deref()) as u64,
            index_recall: graph.and_then(|graph| graph.sampled_recall()).map(|sampled| sampled.recall),
            generation,
            last_seq,
            durable_seq,
            since_checkpoint: progress.checkpointed_at.map(|at| at.elapsed()),
        })
    }

    fn index_bytes(&self) -> Result<u64> {
        let path = index_file::locate(&*self.inner.storage, &self.state().data.path)?;
        let io = |error| SynaError::io(&path, "examining", error);
        Ok(self.inner.storage.length_of(&path).map_err(io)?.unwrap_or(0))
    }
}
