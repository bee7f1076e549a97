//! The store: opening, closing, checkpoints.

use crate::failpoint::{Failpoint, is_failpoint_set};
use crate::storage::{Disk, Storage, StoreFolder};
use crate::store::config::MmapVectorConfig;
use crate::store::copy::compaction::Compaction;
use crate::store::inner::{Inner, Role, panicked};
use crate::store::open::open::{Opened, open};
use crate::store::state::interrupts::Interrupts;
use crate::store::state::settings::Settings;
use crate::store::state::shared_state::{SharedState, live_rows};
use crate::store::state::state_history::StateHistory;
use crate::store::upkeep::worker::IndexWorker;
use crate::store::write::writer::Writer;
use crate::sync::{Mutex, MutexGuard};
use crate::{Column, DistanceMetric, ElementType, KeyKind, Result, SynaError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A vector store in one memory-mapped file.
///
/// All threads may use a store at the same time. Searches run in parallel with each other and with one write; writes
/// wait for each other. Dropping a store makes a checkpoint as [`MmapVectorStore::close`] does, but only `close` can
/// report its error.
///
/// Calls compute in the floating-point environment of the calling thread, which must be the default one, as for all
/// Rust code. (The C ABI sets it for each call; the threads of the library set it for themselves.)
#[derive(Debug)]
pub struct MmapVectorStore {
    pub(super) inner: Inner,
    /// As it was passed, made absolute. It may be a symbolic link to the file.
    pub(super) path: PathBuf,
    worker: Option<IndexWorker>,
    pub(super) interrupts: Arc<Interrupts>,
    /// The compaction in progress.
    pub(super) compaction: Mutex<Option<Compaction>>,
}

impl MmapVectorStore {
    /// Opens the store in the file `path`, or creates it.
    ///
    /// The index is stored beside it, as `path.hnsw`. The folder must exist. A relative path is resolved once. Symbolic
    /// links at its end are followed once. A store opened for writing is locked against other writers until it is
    /// closed.
    ///
    /// Cost: reads all keys, but no vectors (unless `open.verify` is set). After a crash, and while another process
    /// writes, it also reads the vectors written since the last checkpoint.
    ///
    /// # Errors
    /// [`SynaError::InvalidDimensions`], [`SynaError::InvalidArgument`]; [`SynaError::DimensionMismatch`] and
    /// [`SynaError::MetricMismatch`] if the file differs; [`SynaError::Locked`], [`SynaError::NotFound`],
    /// [`SynaError::Corrupt`], [`SynaError::UnsupportedVersion`], [`SynaError::LegacyFormat`], [`SynaError::Io`],
    /// [`SynaError::NoSpace`], [`SynaError::NoMemory`]. No byte of an existing file has changed then.
    pub fn new(path: impl AsRef<Path>, config: MmapVectorConfig) -> Result<Self> {
        // The index is saved by this path much later, and the program may have changed its working folder by then.
        let path = path.as_ref();
        let path = std::path::absolute(path).map_err(|error| SynaError::io(path, "finding", error))?;
        let io = |error| SynaError::io(&path, "opening", error);
        let storage: Arc<dyn Storage> = match config.open.read_only || config.open.damaged {
            // A reader renames nothing, and resolves the path again when it refreshes.
            true => Arc::new(Disk),
            false => StoreFolder::of(&Disk.resolve(&path).map_err(io)?).map_err(io)?,
        };
        Self::open_on(storage, &path, config)
    }

    /// As [`MmapVectorStore::new`], on a file system that the caller passes.
    pub(crate) fn open_on(storage: Arc<dyn Storage>, path: &Path, config: MmapVectorConfig) -> Result<Self> {
        let Opened { state, appender, saved_index, index_file, replayed } = open(&storage, path, &config)?;
        let history = Arc::new(StateHistory::new(state)?);
        let settings = Arc::new(Settings::of(&config));
        let has_worker = config.index_worker && config.index_threshold > 0 && appender.is_some();
        let worker = if has_worker { Some(IndexWorker::start(&history, &config, &settings)?) } else { None };
        let interrupts = Arc::new(Interrupts::default());
        let role = match appender {
            Some(appender) => {
                let handle = worker.as_ref().map(|worker| worker.handle().clone());
                let storage = Arc::clone(&storage);
                let mut writer =
                    Writer::new(storage, appender, &config, &settings, saved_index, index_file, handle);
                writer.interrupts = Arc::clone(&interrupts);
                writer.wake_worker(&history.hold());
                Role::Writer(Box::new(Mutex::new(writer)))
            }
            None => Role::Reader(Box::new(Mutex::new(replayed))),
        };
        Ok(Self {
            inner: Inner { storage, history, config, settings, role },
            path: path.to_owned(),
            worker,
            interrupts,
            compaction: Mutex::new(None),
        })
    }

    /// The current state that readers share.
    pub(in crate::store) fn state(&self) -> Arc<SharedState> {
        self.inner.state()
    }

    pub(in crate::store) fn writer(&self) -> Result<MutexGuard<'_, Writer>> {
        self.inner.writer()
    }

    /// Makes a checkpoint, unlocks the file and closes the store. Cost: that of [`MmapVectorStore::checkpoint`].
    ///
    /// # Errors
    /// As [`MmapVectorStore::checkpoint`]; the store is closed in any case. Writes since the last checkpoint then
    /// survive a kill of the process, but not a power failure.
    pub fn close(mut self) -> Result<()> {
        self.finish()
    }

    /// The last checkpoint and the unlock. Calling it again does nothing.
    fn finish(&mut self) -> Result<()> {
        let Role::Writer(writer) = std::mem::replace(&mut self.inner.role, Role::Closed) else {
            return Ok(());
        };
        self.worker = None;
        // Drops the copy of an unfinished compaction.
        self.compaction = Mutex::new(None);
        let state = &self.state();
        let result = match writer.into_inner() {
            Ok(mut writer) => match writer.checkpoint(state) {
                Err(_) if is_failpoint_set(Failpoint::CloseHidesError) => Ok(()),
                result => result,
            },
            Err(_) => Err(panicked()),
        };
        let unlocked = state.data.file.unlock().map_err(|error| state.data.io("unlocking", error));
        result.and(unlocked)
    }

    /// Whether searches have an index to use. Rows that it does not cover yet are compared one by one, so they are
    /// found too.
    #[must_use]
    pub fn has_index(&self) -> bool {
        self.state().index().is_some()
    }

    /// Whether anything was written since the last checkpoint. Waits for a write or a checkpoint in progress. `false`
    /// for a store opened read-only.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.writer().is_ok_and(|writer| writer.appender.is_dirty())
    }

    /// Makes all writes so far survive a power failure, and saves the index.
    ///
    /// With automatic indexing and without `index_worker`, it first indexes all unindexed rows. While the first index
    /// is being built, these are all rows of the store. Searches run meanwhile, writes wait. Cost: two or more disk
    /// syncs, writing the changes of the index, and the indexing.
    ///
    /// # Errors
    /// [`SynaError::Io`], [`SynaError::NoSpace`], [`SynaError::NoMemory`], [`SynaError::Limit`]: the writes remain
    /// stored; they may survive a power failure or not. After a failed sync the store refuses writes
    /// ([`SynaError::Poisoned`]) until it is opened again. [`SynaError::Io`] is also returned if the file was removed,
    /// renamed or replaced while it was open: the writes cannot be found by its path. [`SynaError::Corrupt`]: another
    /// file has the name of the index. [`SynaError::ReadOnly`].
    pub fn checkpoint(&self) -> Result<()> {
        let mut writer = self.writer()?;
        writer.checkpoint(&self.state())
    }

    /// Makes all writes so far survive a power failure, as [`MmapVectorStore::checkpoint`] does, but neither extends
    /// nor saves the index. Cost: disk syncs.
    ///
    /// # Errors
    /// As [`MmapVectorStore::checkpoint`].
    pub fn flush(&self) -> Result<()> {
        let mut writer = self.writer()?;
        writer.flush(&self.state())
    }

    /// Allocates disk space for `count` vectors in total, including those already stored, so that inserting them cannot
    /// fail because there is no space for vectors. Also allocates space for keys of usual length.
    ///
    /// # Errors
    /// [`SynaError::NoSpace`]: the store is unchanged. [`SynaError::Limit`], [`SynaError::ReadOnly`].
    pub fn reserve(&self, count: u64) -> Result<()> {
        self.writer()?.appender.reserve(count)
    }

    /// The number of the last write that survives a power failure; 0 if there is none. Writes that change something are
    /// numbered from 1 over the store's life, across compactions. In a store opened read-only: the last such write
    /// among those that the store has seen. Waits for a write or a checkpoint in progress.
    #[must_use]
    pub fn last_durable_seq(&self) -> u64 {
        self.progress().map_or(0, |progress| progress.durable_seq)
    }

    /// The number of stored vectors.
    #[must_use]
    pub fn len(&self) -> usize {
        let snapshot = self.state().published.load();
        (snapshot.rows as usize).saturating_sub(snapshot.deletions as usize)
    }

    /// Whether no vector is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of floats in a vector of the store.
    #[must_use]
    pub fn dimensions(&self) -> u16 {
        u16::try_from(self.state().data.identity.dimensions).unwrap_or(u16::MAX)
    }

    /// The store's metric.
    #[must_use]
    pub fn metric(&self) -> DistanceMetric {
        self.state().data.identity.metric
    }

    /// Bytes of a stored vector: see [`BatchVectors::Stored`](crate::BatchVectors).
    #[must_use]
    pub fn vector_bytes(&self) -> usize {
        self.state().vectors.vector_bytes
    }

    /// How the components of the vectors are stored.
    #[must_use]
    pub fn element(&self) -> ElementType {
        self.state().data.identity.element
    }

    /// The columns of the store, in order.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        self.state().data.schema.columns().to_vec()
    }

    /// What the keys of the store are.
    #[must_use]
    pub fn key_kind(&self) -> KeyKind {
        self.state().data.identity.keys
    }

    /// All keys, in insertion order.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`] for a store of [`KeyKind::Bytes`]: use [`MmapVectorStore::keys_bytes`].
    pub fn keys(&self) -> Result<Vec<String>> {
        if self.key_kind() == KeyKind::Bytes {
            return Err(SynaError::argument("the keys of this store are bytes; use keys_bytes()"));
        }
        let text = |key: Vec<u8>| {
            String::from_utf8(key)
                .map_err(|_| SynaError::Internal { what: "a key is not valid UTF-8".to_owned() })
        };
        self.keys_bytes().into_iter().map(text).collect()
    }

    /// The bytes of all keys, in insertion order.
    #[must_use]
    pub fn keys_bytes(&self) -> Vec<Vec<u8>> {
        let state = &self.state();
        let snapshot = state.published.load();
        let keys = live_rows(state, snapshot).filter_map(|row| state.key(row).ok());
        keys.map(|key| key.as_bytes().to_vec()).collect()
    }
}

#[cfg(test)]
impl MmapVectorStore {
    /// Leaves the store as a killed process does: without a checkpoint, and unlocked.
    pub(crate) fn abandon(mut self) {
        if let Some(save) = self.writer().ok().and_then(|mut writer| writer.index_save.take()) {
            save.abandon();
        }
        self.inner.role = Role::Closed;
        if let Some(begun) = self.compaction.lock().ok().and_then(|mut begun| begun.take()) {
            begun.abandon();
        }
        let _ = self.state().data.file.unlock();
    }

    /// Makes the automatic checkpoint due.
    pub(crate) fn make_checkpoint_due(&self) {
        if let Ok(mut writer) = self.writer() {
            writer.make_checkpoint_due();
        }
    }

    /// The number of the last write.
    pub(crate) fn sequence(&self) -> u64 {
        self.progress().map_or(0, |progress| progress.last_seq)
    }
}

impl Drop for MmapVectorStore {
    fn drop(&mut self) {
        // A drop cannot report an error; `close` can.
        let _ = self.finish();
    }
}
