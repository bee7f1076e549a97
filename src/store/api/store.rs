//! The store's public face.

use crate::planted::{Fault, is_planted};
use crate::storage::{Disk, Storage, StoreFolder};
use crate::store::config::MmapVectorConfig;
use crate::store::copy::compaction::Compaction;
use crate::store::inner::{Inner, Role, panicked};
use crate::store::open::open::{Opened, open};
use crate::store::state::core::{SharedState, live_rows};
use crate::store::state::cores::StateHistory;
use crate::store::state::interrupts::Interrupts;
use crate::store::upkeep::worker::IndexWorker;
use crate::store::write::apply::{delete_key, write_batch};
use crate::store::write::batch::{BatchKeys, BatchPayloads, BatchVectors, WriteBatch, WriteMode};
use crate::store::write::checked_batch::check_key;
use crate::store::write::writer::Writer;
use crate::sync::{Mutex, MutexGuard};
use crate::{DistanceMetric, Result, SynaError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A vector store in one memory-mapped file.
///
/// Any number of threads may share it; one of them writes at a time, and searches go on meanwhile. Dropping it
/// checkpoints like [`MmapVectorStore::close`], which alone can say whether that worked.
///
/// Calls compute in the floating-point environment of the calling thread, which must be the default one, as for all code
/// in Rust. (The C ABI sets it for each call; threads of the store's own set it for themselves.)
#[derive(Debug)]
pub struct MmapVectorStore {
    pub(super) inner: Inner,
    /// As it was given, absolute: the file may lie behind links.
    pub(super) path: PathBuf,
    worker: Option<IndexWorker>,
    pub(super) interrupts: Arc<Interrupts>,
    /// The one that is under way.
    pub(super) compaction: Mutex<Option<Compaction>>,
}

impl MmapVectorStore {
    /// Opens the store at `path`, or makes it.
    ///
    /// Costs the reading of the log, that is of all keys, not of the vectors. A store that is opened for writing is
    /// locked against other writers until it is closed.
    ///
    /// # Errors
    /// [`SynaError::InvalidDimensions`], [`SynaError::InvalidArgument`]; [`SynaError::DimensionMismatch`] and
    /// [`SynaError::MetricMismatch`] where the file differs; [`SynaError::Locked`], [`SynaError::NotFound`];
    /// [`SynaError::Corrupt`], [`SynaError::UnsupportedVersion`], [`SynaError::LegacyFormat`];
    /// [`SynaError::Io`], [`SynaError::NoSpace`], [`SynaError::NoMemory`]. The file is then as it was.
    pub fn new(path: impl AsRef<Path>, config: MmapVectorConfig) -> Result<Self> {
        // The index is written by its path much later, and the program may have changed its working folder.
        let path = path.as_ref();
        let path = std::path::absolute(path).map_err(|error| SynaError::io(path, "finding", error))?;
        let io = |error| SynaError::io(&path, "opening", error);
        let storage: Arc<dyn Storage> = match config.open.read_only || config.open.damaged {
            // A reader renames nothing, and goes where the path leads when it refreshes.
            true => Arc::new(Disk),
            false => StoreFolder::of(&Disk.resolve(&path).map_err(io)?).map_err(io)?,
        };
        Self::open_on(storage, &path, config)
    }

    /// As [`MmapVectorStore::new`], on a file system of the caller's.
    pub(crate) fn open_on(storage: Arc<dyn Storage>, path: &Path, config: MmapVectorConfig) -> Result<Self> {
        let Opened { core, appender, saved_index, taken } = open(&storage, path, &config)?;
        let cores = Arc::new(StateHistory::new(core)?);
        let has_worker = config.index_worker && config.index_threshold > 0 && appender.is_some();
        let worker = if has_worker { Some(IndexWorker::start(&cores, &config)?) } else { None };
        let interrupts = Arc::new(Interrupts::default());
        let role = match appender {
            Some(appender) => {
                let index_file = taken.index.map(|index| index.file);
                let handle = worker.as_ref().map(|worker| worker.handle().clone());
                let mut writer =
                    Writer::new(Arc::clone(&storage), appender, &config, saved_index, index_file, handle);
                writer.interrupts = Arc::clone(&interrupts);
                writer.wake_worker(&cores.hold());
                Role::Writer(Box::new(Mutex::new(writer)))
            }
            None => Role::Reader(Mutex::new(taken)),
        };
        Ok(Self {
            inner: Inner { storage, cores, config, role },
            path: path.to_owned(),
            worker,
            interrupts,
            compaction: Mutex::new(None),
        })
    }

    /// What readers share at this moment.
    pub(in crate::store) fn core(&self) -> Arc<SharedState> {
        self.inner.core()
    }

    pub(in crate::store) fn writer(&self) -> Result<MutexGuard<'_, Writer>> {
        self.inner.writer()
    }

    /// Makes a checkpoint, unlocks the file and closes the store.
    ///
    /// # Errors
    /// As [`MmapVectorStore::checkpoint`]; the store is closed all the same.
    pub fn close(mut self) -> Result<()> {
        self.finish()
    }

    /// The checkpoint at the end; what comes after it is nothing.
    fn finish(&mut self) -> Result<()> {
        let Role::Writer(writer) = std::mem::replace(&mut self.inner.role, Role::Closed) else {
            return Ok(());
        };
        self.worker = None;
        // What it has copied goes with it.
        self.compaction = Mutex::new(None);
        let core = &self.core();
        let result = match writer.into_inner() {
            Ok(mut writer) => match writer.checkpoint(core) {
                Err(_) if is_planted(Fault::CloseHidesError) => Ok(()),
                result => result,
            },
            Err(_) => Err(panicked()),
        };
        let unlocked = core.data.file.unlock().map_err(|error| core.data.io("unlocking", error));
        result.and(unlocked)
    }

    /// Stores a vector under a key; a key that exists is left as it is.
    ///
    /// # Errors
    /// As [`MmapVectorStore::write`].
    pub fn insert(&self, key: &str, vector: &[f32]) -> Result<()> {
        self.insert_batch(&[key], &[vector]).map(|_| ())
    }

    /// Stores `vectors[i]` under `keys[i]`, all of them or none, and returns how many were new. Keys that exist are
    /// left as they are; of a key that occurs twice the first counts.
    ///
    /// # Errors
    /// As [`MmapVectorStore::write`].
    pub fn insert_batch(&self, keys: &[&str], vectors: &[&[f32]]) -> Result<usize> {
        self.write(&batch_of(keys, vectors, WriteMode::Insert))
    }

    /// Stores a vector under a key, in the place of one that may be there.
    ///
    /// # Errors
    /// As [`MmapVectorStore::write`].
    pub fn upsert(&self, key: &str, vector: &[f32]) -> Result<()> {
        self.write(&batch_of(&[key], &[vector], WriteMode::Upsert)).map(|_| ())
    }

    /// Writes a batch, all of it or nothing, and returns how many rows it made: the new keys of an insert, the
    /// distinct keys of an upsert. When it returns, the rows are safe from a kill of the process (with
    /// [`crate::Durability::Batch`] also from a power cut), and the next search sees them.
    ///
    /// Where the index comes by itself, the work of two to four rows' entering is done for each row written; a checkpoint that
    /// has fallen due is made in this call. What of that could not be done or saved is logged, and is no failure of the write. A
    /// sync that fails is one.
    ///
    /// # Errors
    /// [`SynaError::DimensionMismatch`], [`SynaError::InvalidVector`], [`SynaError::InvalidKey`],
    /// [`SynaError::InvalidArgument`], [`SynaError::Limit`]: nothing was written. [`SynaError::ReadOnly`].
    /// [`SynaError::NoSpace`], [`SynaError::NoMemory`]: nothing was written, the store is usable.
    /// [`SynaError::Io`]: whether the batch is there shows when the store is opened again.
    /// [`SynaError::Poisoned`] after a failed sync.
    pub fn write(&self, batch: &WriteBatch<'_>) -> Result<usize> {
        let mut writer = self.writer()?;
        let Writer { appender, plan, .. } = &mut *writer;
        // After the lock: a compaction changes it under the same one.
        let core = &self.core();
        let written = write_batch(core, appender, plan, batch)?;
        if written > 0 {
            writer.after_write(core, written)?;
        }
        Ok(written)
    }

    /// Deletes a key and its vector; `false` where there is no such key. The row's space comes back only when the
    /// file is written anew.
    ///
    /// # Errors
    /// As [`MmapVectorStore::write`].
    pub fn delete(&self, key: &str) -> Result<bool> {
        check_key(key)?;
        let mut writer = self.writer()?;
        let Writer { appender, plan, .. } = &mut *writer;
        let core = &self.core();
        let deleted = delete_key(core, appender, plan, key)?;
        if deleted {
            writer.after_write(core, 1)?;
        }
        Ok(deleted)
    }

    /// Whether searches use an index. Rows that it does not cover yet are scanned, so they are found all the same.
    #[must_use]
    pub fn has_index(&self) -> bool {
        self.core().graph().is_some()
    }

    /// Whether something was written since the last checkpoint.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.writer().is_ok_and(|writer| writer.appender.is_dirty())
    }

    /// Makes everything written so far safe from a power cut, and saves the index. An index that comes by itself takes in all
    /// rows that wait before, and checks what is due, which takes as long as that takes. Costs the disk's sync, twice.
    ///
    /// # Errors
    /// [`SynaError::Io`], [`SynaError::NoSpace`]: what was safe before still is. After a failed sync the store
    /// refuses writes ([`SynaError::Poisoned`]) until it is opened again. [`SynaError::ReadOnly`]. [`SynaError::Io`] also
    /// where the file was removed, renamed or replaced while it was open: then nobody finds what is written by that path.
    pub fn checkpoint(&self) -> Result<()> {
        let mut writer = self.writer()?;
        writer.checkpoint(&self.core())
    }

    /// Makes everything written so far safe from a power cut; leaves the index as it is on the disk.
    ///
    /// # Errors
    /// As [`MmapVectorStore::checkpoint`].
    pub fn flush(&self) -> Result<()> {
        let mut writer = self.writer()?;
        writer.flush(&self.core())
    }

    /// Takes disk space for `count` vectors in all, now, with keys of usual length.
    ///
    /// # Errors
    /// [`SynaError::NoSpace`]: nothing was taken. [`SynaError::Limit`], [`SynaError::ReadOnly`].
    pub fn reserve(&self, count: u64) -> Result<()> {
        self.writer()?.appender.reserve(count)
    }

    /// The number of the last write that is safe from a power cut; writes are counted from 1 over the store's life, also
    /// across compactions. In a store that was opened for reading: of those that it has seen, at the last checkpoint.
    #[must_use]
    pub fn last_durable_seq(&self) -> u64 {
        self.progress().map_or(0, |progress| progress.durable_seq)
    }

    /// Live vectors.
    #[must_use]
    pub fn len(&self) -> usize {
        let snapshot = self.core().published.load();
        (snapshot.rows as usize).saturating_sub(snapshot.deletions as usize)
    }

    /// Whether there is no live vector.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Floats in a vector.
    #[must_use]
    pub fn dimensions(&self) -> u16 {
        u16::try_from(self.core().data.identity.dimensions).unwrap_or(u16::MAX)
    }

    /// How distances are measured.
    #[must_use]
    pub fn metric(&self) -> DistanceMetric {
        self.core().data.identity.metric
    }

    /// All keys, in the order of their insertion.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let core = &self.core();
        let snapshot = core.published.load();
        live_rows(core, snapshot).filter_map(|row| core.key(row).ok()).map(str::to_owned).collect()
    }
}

#[cfg(test)]
impl MmapVectorStore {
    /// Leaves the store as a killed process does: no checkpoint, the lock gone.
    pub(crate) fn abandon(mut self) {
        if let Some(save) = self.writer().ok().and_then(|mut writer| writer.index_save.take()) {
            save.abandon();
        }
        self.inner.role = Role::Closed;
        if let Some(begun) = self.compaction.lock().ok().and_then(|mut begun| begun.take()) {
            begun.abandon();
        }
        let _ = self.core().data.file.unlock();
    }

    /// Lets the checkpoint that writes make fall due.
    pub(crate) fn make_checkpoint_due(&self) {
        if let Ok(mut writer) = self.writer() {
            writer.make_checkpoint_due();
        }
    }

    /// How many batches the store has seen in the file's life.
    pub(crate) fn sequence(&self) -> u64 {
        self.progress().map_or(0, |progress| progress.last_seq)
    }
}

impl Drop for MmapVectorStore {
    fn drop(&mut self) {
        // A drop has nobody to tell; `close` has.
        let _ = self.finish();
    }
}

fn batch_of<'a>(keys: &'a [&'a str], vectors: &'a [&'a [f32]], mode: WriteMode) -> WriteBatch<'a> {
    WriteBatch {
        keys: BatchKeys::Slices(keys),
        vectors: BatchVectors::Slices(vectors),
        tags: None,
        payloads: BatchPayloads::None,
        mode,
    }
}
