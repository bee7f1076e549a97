//! The store's public face.

use super::batch::{BatchKeys, BatchPayloads, BatchVectors, WriteBatch, WriteMode};
use super::checked_batch::MAX_KEY_BYTES;
use super::compact::Compaction;
use super::config::MmapVectorConfig;
use super::core::Core;
use super::cores::Cores;
use super::index_worker::IndexWorker;
use super::open::{Opened, Taken, open};
use super::results::{SearchOptions, SearchResults};
use super::search::{Search, live_rows};
use super::write::{delete_key, write_batch};
use super::writer::Writer;
use crate::planted::{Fault, is_planted};
use crate::storage::{Disk, Storage};
use crate::sync::{Mutex, MutexGuard};
use crate::{DistanceMetric, Result, SynaError};
use std::path::Path;
use std::sync::Arc;

/// One answer of [`MmapVectorStore::search`].
#[derive(Debug, Clone, PartialEq)]
pub struct MmapSearchResult {
    /// The key.
    pub key: String,
    /// The distance; smaller is nearer.
    pub score: f32,
    /// A copy of the vector.
    pub vector: Vec<f32>,
}

/// A vector store in one memory-mapped file.
///
/// Any number of threads may share it; one of them writes at a time, and searches go on meanwhile. Dropping it
/// checkpoints like [`MmapVectorStore::close`], which alone can say whether that worked.
#[derive(Debug)]
pub struct MmapVectorStore {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) cores: Arc<Cores>,
    pub(super) config: MmapVectorConfig,
    pub(super) side: Side,
    worker: Option<IndexWorker>,
    /// The one that is under way.
    pub(super) compaction: Mutex<Option<Compaction>>,
}

/// What a store can do.
#[derive(Debug)]
pub(super) enum Side {
    Writer(Box<Mutex<Writer>>),
    Reader(Mutex<Taken>),
    Closed,
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
        Self::open_on(Arc::new(Disk), &path, config)
    }

    /// As [`MmapVectorStore::new`], on a file system of the caller's.
    pub(crate) fn open_on(storage: Arc<dyn Storage>, path: &Path, config: MmapVectorConfig) -> Result<Self> {
        let Opened { core, appender, saved_index, taken } = open(&storage, path, &config)?;
        let cores = Arc::new(Cores::new(core));
        let has_worker = config.index_worker && config.index_threshold > 0 && appender.is_some();
        let worker = if has_worker { Some(IndexWorker::start(&cores, &config)?) } else { None };
        let side = match appender {
            Some(appender) => {
                let bell = worker.as_ref().map(|worker| worker.bell().clone());
                let writer = Writer::new(Arc::clone(&storage), appender, &config, saved_index, bell);
                writer.wake_worker(cores.current());
                Side::Writer(Box::new(Mutex::new(writer)))
            }
            None => Side::Reader(Mutex::new(taken)),
        };
        Ok(Self { storage, cores, config, side, worker, compaction: Mutex::new(None) })
    }

    /// What readers share at this moment.
    pub(super) fn core(&self) -> &Arc<Core> {
        self.cores.current()
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
        let Side::Writer(writer) = std::mem::replace(&mut self.side, Side::Closed) else { return Ok(()) };
        self.worker = None;
        // What it has copied goes with it.
        self.compaction = Mutex::new(None);
        let core = self.core();
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

    pub(super) fn writer(&self) -> Result<MutexGuard<'_, Writer>> {
        match &self.side {
            Side::Writer(writer) => writer.lock().map_err(|_| panicked()),
            Side::Reader(_) | Side::Closed => {
                Err(SynaError::ReadOnly { path: self.core().data.path.clone() })
            }
        }
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
    /// A checkpoint or an index build that has fallen due is made in this call.
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
        let core = self.core();
        let written = write_batch(core, appender, plan, batch)?;
        if written > 0 {
            writer.after_write(core)?;
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
        let core = self.core();
        let deleted = delete_key(core, appender, plan, key)?;
        if deleted {
            writer.after_write(core)?;
        }
        Ok(deleted)
    }

    /// The live row of a key, and the core that it is a row of.
    fn find(&self, key: &str) -> Option<(&Arc<Core>, u32)> {
        loop {
            let core = self.core();
            // Row and snapshot under one lock: between two, an upsert could take the row that was just found.
            let directory = core.directory();
            let row = core.find_in(&directory, key.as_bytes(), core.hasher.hash(key.as_bytes()));
            let snapshot = core.published.load();
            let found = row.filter(|&row| core.is_visible(row, snapshot));
            // One that was replaced meanwhile may have no directory any more.
            if found.is_some() || Arc::ptr_eq(core, self.core()) {
                return found.map(|row| (core, row));
            }
        }
    }

    /// Whether there is such a key.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// A copy of a key's vector; `None` where there is no such key.
    ///
    /// # Errors
    /// [`SynaError::InvalidKey`] for a key longer than a key may be.
    pub fn get(&self, key: &str) -> Result<Option<Vec<f32>>> {
        check_key(key)?;
        Ok(self.get_slice(key).map(<[f32]>::to_vec))
    }

    /// A key's vector as it lies in the mapping, 64-byte aligned; `None` only where there is no such key. It stays
    /// valid and unchanged as long as the store is open, also when the key is deleted or replaced.
    #[must_use]
    pub fn get_slice(&self, key: &str) -> Option<&[f32]> {
        let (core, row) = self.find(key)?;
        core.vector(row).ok()
    }

    /// A key's tags; `None` where there is no such key.
    #[must_use]
    pub fn tags(&self, key: &str) -> Option<u64> {
        self.find(key).map(|(core, row)| core.tags(row))
    }

    /// A key's payload as it lies in the mapping, empty where it has none; `None` where there is no such key.
    #[must_use]
    pub fn payload(&self, key: &str) -> Option<&[u8]> {
        self.find(key).map(|(core, row)| core.payload(row))
    }

    /// The `k` nearest vectors by ascending distance, ties by insertion order; fewer where the store has fewer.
    ///
    /// # Errors
    /// [`SynaError::DimensionMismatch`], [`SynaError::InvalidVector`], [`SynaError::Limit`].
    pub fn search(&self, query: &[f32], k: usize) -> Result<Vec<MmapSearchResult>> {
        let mut results = SearchResults::default();
        self.search_with(query, k, &SearchOptions::default(), &mut results)?;
        let lost = || SynaError::Internal { what: "a hit has no key or no vector".to_owned() };
        let copied = results.hits().iter().enumerate().map(|(position, hit)| {
            Ok(MmapSearchResult {
                key: results.key(position).ok_or_else(lost)?.to_owned(),
                score: hit.distance,
                vector: results.vector(position).ok_or_else(lost)?.to_vec(),
            })
        });
        copied.collect()
    }

    /// As [`MmapVectorStore::search`], as `options` say, into results that are used again and again: allocates
    /// nothing once they have grown. On an error they are empty.
    ///
    /// # Errors
    /// As [`MmapVectorStore::search`].
    pub fn search_with(
        &self,
        query: &[f32],
        k: usize,
        options: &SearchOptions<'_>,
        results: &mut SearchResults,
    ) -> Result<()> {
        let found = self.search_of(self.core(), k, options).and_then(|search| search.answer(query, results));
        found.inspect_err(|_| results.clear())
    }

    /// As [`MmapVectorStore::search_with`] with the vector of a stored key as the query, which is itself left out of the
    /// hits: what else is like it.
    ///
    /// # Errors
    /// [`SynaError::NotFound`], [`SynaError::InvalidKey`], and those of [`MmapVectorStore::search`].
    pub fn search_key(
        &self,
        key: &str,
        k: usize,
        options: &SearchOptions<'_>,
        results: &mut SearchResults,
    ) -> Result<()> {
        let mut search = || {
            check_key(key)?;
            let (core, row) = self.find(key).ok_or_else(|| SynaError::no_such_key(key))?;
            self.search_of(core, k, options)?.without(row).answer(core.vector(row)?, results)
        };
        let found = search();
        found.inspect_err(|_| results.clear())
    }

    pub(super) fn search_of<'a>(
        &self,
        core: &'a Arc<Core>,
        k: usize,
        options: &SearchOptions<'a>,
    ) -> Result<Search<'a>> {
        Search::new(core, k, options, self.config.hnsw_config.ef_search)
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

    /// Makes everything written so far safe from a power cut, and saves the index. Costs the disk's sync, twice.
    ///
    /// # Errors
    /// [`SynaError::Io`], [`SynaError::NoSpace`]: what was safe before still is. After a failed sync the store
    /// refuses writes ([`SynaError::Poisoned`]) until it is opened again. [`SynaError::ReadOnly`].
    pub fn checkpoint(&self) -> Result<()> {
        let mut writer = self.writer()?;
        writer.checkpoint(self.core())
    }

    /// Makes everything written so far safe from a power cut; leaves the index as it is on the disk.
    ///
    /// # Errors
    /// As [`MmapVectorStore::checkpoint`].
    pub fn flush(&self) -> Result<()> {
        self.writer()?.appender.checkpoint()
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
        let core = self.core();
        let snapshot = core.published.load();
        live_rows(core, snapshot).filter_map(|row| core.key(row).ok()).map(str::to_owned).collect()
    }
}

#[cfg(test)]
impl MmapVectorStore {
    /// Leaves the store as a killed process does: no checkpoint, the lock gone.
    pub(crate) fn abandon(mut self) {
        self.side = Side::Closed;
        if let Some(begun) = self.compaction.lock().ok().and_then(|mut begun| begun.take()) {
            begun.abandon();
        }
        let _ = self.core().data.file.unlock();
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

/// What a writer that panicked half-way left in memory is not written; what is in the file is whole.
fn panicked() -> SynaError {
    SynaError::Poisoned { cause: "a write panicked".to_owned() }
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

/// A key that is looked up has to be one that could be there.
fn check_key(key: &str) -> Result<()> {
    if key.len() > MAX_KEY_BYTES {
        let what = format!("it has {} bytes, the most is {MAX_KEY_BYTES}", key.len());
        return Err(SynaError::InvalidKey { position: 0, what });
    }
    Ok(())
}
