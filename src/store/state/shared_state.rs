//! The state that readers of a store share: the file, the rows, the directory, the graph. Results keep it alive after a
//! close.

use crate::column::Value;
use crate::index::{Index, Rows};
use crate::kernel::Kernels;
use crate::kernel::rows::StoredRow;
use crate::storage::DataFile;
use crate::store::state::directory::{KeyDirectory, KeyHasher};
use crate::store::state::key::Key;
use crate::store::state::rows::{Published, RowTable, Snapshot};
use crate::store::state::vector_format::{FoundVector, VectorFormat};
use crate::sync::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::{Result, SynaError, memory};
use std::borrow::Cow;
use std::sync::{Arc, PoisonError};

/// See the module.
#[derive(Debug)]
pub(crate) struct SharedState {
    pub(crate) data: Arc<DataFile>,
    pub(crate) rows: RowTable,
    pub(crate) published: Published,
    pub(crate) hasher: KeyHasher,
    pub(crate) kernels: Kernels,
    pub(crate) vectors: VectorFormat,
    directory: RwLock<KeyDirectory>,
    index: RwLock<Option<Arc<Index>>>,
    /// A graph without deleted rows that is being built. It replaces `graph` when it is complete.
    rebuilt_index: Mutex<Option<Arc<Index>>>,
    /// Why the index file is not used; cleared when an index is saved.
    ignored_index: Mutex<Option<String>>,
}

impl SharedState {
    pub(crate) fn new(data: Arc<DataFile>) -> Self {
        let kernels = Kernels::detect();
        Self {
            vectors: VectorFormat::new(&data.identity, kernels),
            data,
            rows: RowTable::default(),
            published: Published::default(),
            hasher: KeyHasher::default(),
            kernels,
            directory: RwLock::default(),
            index: RwLock::default(),
            rebuilt_index: Mutex::default(),
            ignored_index: Mutex::default(),
        }
    }

    /// The directory, for lookups. While the guard is held, it matches the published snapshot.
    pub(crate) fn directory(&self) -> RwLockReadGuard<'_, KeyDirectory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn directory_mut(&self) -> RwLockWriteGuard<'_, KeyDirectory> {
        self.directory.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The graph that searches use.
    pub(crate) fn index(&self) -> Option<Arc<Index>> {
        let graph = self.index.read().unwrap_or_else(PoisonError::into_inner);
        graph.as_ref().filter(|graph| !graph.is_damaged()).map(Arc::clone)
    }

    /// The graph, even if it is damaged and no longer used by searches.
    pub(crate) fn index_even_damaged(&self) -> Option<Arc<Index>> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The graph. If there is none, or a damaged one, it is created by `make`.
    pub(crate) fn index_or_create(&self, make: impl FnOnce() -> Arc<Index>) -> Arc<Index> {
        let mut graph = self.index.write().unwrap_or_else(PoisonError::into_inner);
        match &*graph {
            Some(whole) if !whole.is_damaged() => Arc::clone(whole),
            _ => Arc::clone(graph.insert(make())),
        }
    }

    pub(crate) fn set_index(&self, graph: Option<Arc<Index>>) {
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = graph;
        *self.rebuilt_index.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The graph that will replace the current one; `make` creates it if it was not begun.
    pub(crate) fn rebuilt_index_or_create(&self, make: impl FnOnce() -> Arc<Index>) -> Arc<Index> {
        let mut rebuilt_index = self.rebuilt_index.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(rebuilt_index.get_or_insert_with(make))
    }

    /// Whether a graph that will replace the current one was begun.
    pub(crate) fn has_rebuilt_index(&self) -> bool {
        self.rebuilt_index.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Replaces `graph` by `rebuilt_index`, unless `graph` was already replaced.
    pub(crate) fn replace_index(&self, old: &Arc<Index>, rebuilt_index: Arc<Index>) {
        let mut current = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let mut begun = self.rebuilt_index.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|now| Arc::ptr_eq(now, old)) {
            *current = Some(rebuilt_index);
        }
        *begun = None;
    }

    /// Stores why the index file is not used. `None`: the index file is used, or there is none.
    pub(crate) fn set_ignored_index(&self, reason: Option<String>) {
        *self.ignored_index.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// Why the index file is not used.
    pub(crate) fn ignored_index(&self) -> Option<String> {
        self.ignored_index.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All rows, for the index.
    pub(crate) fn stored_rows(&self) -> StoredRows<'_> {
        StoredRows { data: &self.data, vectors: self.vectors }
    }

    /// The current rows, for indexing.
    pub(crate) fn rows_to_index(&self) -> RowsToIndex<'_> {
        RowsToIndex { state: self, snapshot: self.published.load() }
    }

    /// Drops what only new calls need, after another state has replaced this one. Searches in progress are not
    /// affected: they hold the graph, or scan.
    pub(crate) fn retire(&self) {
        self.set_index(None);
        *self.directory_mut() = KeyDirectory::default();
    }

    /// The row of a key in the directory.
    pub(crate) fn find_in(&self, directory: &KeyDirectory, key: &[u8], hash: u32) -> Option<u32> {
        directory.find(hash, |row| self.has_key(row, key))
    }

    pub(crate) fn has_key(&self, row: u32, key: &[u8]) -> bool {
        self.rows.key(&self.data, row).is_ok_and(|found| found == key)
    }

    /// The key of a published row. Text was validated as UTF-8 when the row was written or the file was opened. Its bytes
    /// are not read here, because they may not be in the cache.
    pub(crate) fn key(&self, row: u32) -> Result<Key<'_>> {
        self.rows.key(&self.data, row).map(Key::new)
    }

    /// The stored vector of a published row.
    pub(crate) fn vector(&self, row: u32) -> Result<StoredRow<'_>> {
        self.vectors.row(&self.data.extents, row).ok_or_else(|| no_vector(row))
    }

    /// It, with what its components are computed from.
    pub(crate) fn found_vector(&self, row: u32) -> Result<FoundVector<'_>> {
        Ok(FoundVector { format: &self.vectors, stored: self.vector(row)? })
    }

    /// Its bytes.
    pub(crate) fn stored(&self, row: u32) -> Result<&[u8]> {
        self.data.extents.row_bytes(row).ok_or_else(|| no_vector(row))
    }

    /// Whether the bytes of a published row are a vector of the store's element type, and its values are no NaN. A checksum that another program wrote
    /// may be valid over any bytes.
    pub(crate) fn is_valid(&self, row: u32) -> Result<bool> {
        let columns = self.data.schema.columns().len();
        let is_nan = |column| matches!(self.value(column, row), Some(Value::F64(value)) if value.is_nan());
        Ok(self.vectors.check_stored(self.stored(row)?).is_ok() && !(0..columns).any(is_nan))
    }

    /// The components of a published row, which are copied unless they are stored as f32.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn components(&self, row: u32) -> Result<Cow<'_, [f32]>> {
        let stored = self.vector(row)?;
        if let Some(floats) = stored.floats() {
            return Ok(Cow::Borrowed(floats));
        }
        let mut components = memory::filled(0.0, stored.len())?;
        self.vectors.decode(stored, &mut components);
        Ok(Cow::Owned(components))
    }

    /// The components of a published row, in `buffer` unless they are stored as f32.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn components_in<'s>(&'s self, row: u32, buffer: &'s mut Vec<f32>) -> Result<&'s [f32]> {
        let stored = self.vector(row)?;
        if let Some(floats) = stored.floats() {
            return Ok(floats);
        }
        memory::reserve_up_to(buffer, stored.len())?;
        buffer.resize(stored.len(), 0.0);
        self.vectors.decode(stored, buffer);
        Ok(buffer)
    }

    /// The tags of a published row.
    pub(crate) fn tags(&self, row: u32) -> u64 {
        self.rows.tags(row)
    }

    /// The value of a published row in a column; `None` if there is no such column.
    pub(crate) fn value(&self, column: usize, row: u32) -> Option<Value> {
        let kind = self.data.schema.columns().get(column)?.kind();
        Some(kind.value(self.rows.values.bits(&self.data, column, row)))
    }

    /// The payload of a published row.
    pub(crate) fn payload(&self, row: u32) -> &[u8] {
        self.rows.payload(&self.data, row)
    }

    /// Whether `row` existed and was live in `snapshot`.
    pub(crate) fn is_visible(&self, row: u32, snapshot: Snapshot) -> bool {
        row < snapshot.rows && self.rows.is_live(row, snapshot)
    }
}

fn no_vector(row: u32) -> SynaError {
    SynaError::Internal { what: format!("row {row} has no vector") }
}

/// The rows of a store for indexing, as of one snapshot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowsToIndex<'a> {
    state: &'a SharedState,
    snapshot: Snapshot,
}

impl Rows for RowsToIndex<'_> {
    #[inline]
    fn row(&self, row: u32) -> StoredRow<'_> {
        let state = self.state;
        state.vectors.row(&state.data.extents, row).unwrap_or_default()
    }

    // A search loads its snapshot after the graph's row count, so it knows of all rows that are deleted here.
    fn is_deleted(&self, row: u32) -> bool {
        row < self.snapshot.rows && !self.state.rows.is_live(row, self.snapshot)
    }
}

/// The rows of a file, for the index. Each row below the published count has a vector.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredRows<'a> {
    data: &'a DataFile,
    vectors: VectorFormat,
}

impl Rows for StoredRows<'_> {
    #[inline]
    fn row(&self, row: u32) -> StoredRow<'_> {
        self.vectors.row(&self.data.extents, row).unwrap_or_default()
    }

    fn rounded<'s>(&self, vector: &'s [f32], room: &'s mut Vec<f32>) -> &'s [f32] {
        self.vectors.rounded(vector, room)
    }
}

/// The live rows of a snapshot, in insertion order.
pub(crate) fn live_rows(state: &SharedState, snapshot: Snapshot) -> impl Iterator<Item = u32> {
    (0..snapshot.rows).filter(move |&row| state.rows.is_live(row, snapshot))
}
