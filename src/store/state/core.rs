//! What readers of a store share: the file, the rows, the directory, the graph. Results keep it alive past close.

use crate::index::{Graph, Rows};
use crate::kernel::Kernels;
use crate::storage::DataFile;
use crate::store::state::directory::{KeyDirectory, KeyHasher};
use crate::store::state::rows::{Published, RowTable, Snapshot};
use crate::sync::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::{Result, SynaError};
use std::sync::{Arc, PoisonError};

/// See the module.
#[derive(Debug)]
pub(crate) struct SharedState {
    pub(crate) data: Arc<DataFile>,
    pub(crate) rows: RowTable,
    pub(crate) published: Published,
    pub(crate) hasher: KeyHasher,
    pub(crate) kernels: Kernels,
    directory: RwLock<KeyDirectory>,
    graph: RwLock<Option<Arc<Graph>>>,
    /// A graph without the rows that were deleted, which is to take the other's place once it is whole.
    successor: Mutex<Option<Arc<Graph>>>,
    /// Why the index file is not used, until an index is saved in its place.
    ignored_index: Mutex<Option<String>>,
}

impl SharedState {
    pub(crate) fn new(data: Arc<DataFile>) -> Self {
        Self {
            data,
            rows: RowTable::default(),
            published: Published::default(),
            hasher: KeyHasher::default(),
            kernels: Kernels::detect(),
            directory: RwLock::default(),
            graph: RwLock::default(),
            successor: Mutex::default(),
            ignored_index: Mutex::default(),
        }
    }

    /// The directory, for looking keys up. What it says belongs to the snapshot that is published meanwhile.
    pub(crate) fn directory(&self) -> RwLockReadGuard<'_, KeyDirectory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn directory_mut(&self) -> RwLockWriteGuard<'_, KeyDirectory> {
        self.directory.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The graph that searches use.
    pub(crate) fn graph(&self) -> Option<Arc<Graph>> {
        let graph = self.graph.read().unwrap_or_else(PoisonError::into_inner);
        graph.as_ref().filter(|graph| !graph.is_damaged()).map(Arc::clone)
    }

    /// The graph, also one that searches do not use any more.
    pub(crate) fn graph_even_damaged(&self) -> Option<Arc<Graph>> {
        self.graph.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The graph, or the one that `make` makes where there is none.
    pub(crate) fn graph_or_make(&self, make: impl FnOnce() -> Arc<Graph>) -> Arc<Graph> {
        let mut graph = self.graph.write().unwrap_or_else(PoisonError::into_inner);
        match &*graph {
            Some(whole) if !whole.is_damaged() => Arc::clone(whole),
            _ => Arc::clone(graph.insert(make())),
        }
    }

    pub(crate) fn set_graph(&self, graph: Option<Arc<Graph>>) {
        *self.graph.write().unwrap_or_else(PoisonError::into_inner) = graph;
        *self.successor.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The graph that is to take the place of the one at hand; `make` makes it where it is not begun.
    pub(crate) fn successor_or_make(&self, make: impl FnOnce() -> Arc<Graph>) -> Arc<Graph> {
        let mut successor = self.successor.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(successor.get_or_insert_with(make))
    }

    /// Whether a graph that is to take the place of the one at hand was begun.
    pub(crate) fn has_successor(&self) -> bool {
        self.successor.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Gives `successor` the place of `graph`, unless another has it already.
    pub(crate) fn succeed(&self, graph: &Arc<Graph>, successor: Arc<Graph>) {
        let mut place = self.graph.write().unwrap_or_else(PoisonError::into_inner);
        let mut begun = self.successor.lock().unwrap_or_else(PoisonError::into_inner);
        if place.as_ref().is_some_and(|now| Arc::ptr_eq(now, graph)) {
            *place = Some(successor);
        }
        *begun = None;
    }

    /// Notes why the index file is not used. `None`: the index file is used, or there is none.
    pub(crate) fn set_ignored_index(&self, reason: Option<String>) {
        *self.ignored_index.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// Why the index file is not used.
    pub(crate) fn ignored_index(&self) -> Option<String> {
        self.ignored_index.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The rows as they are now, for an index that grows.
    pub(crate) fn rows_to_index(&self) -> RowsToIndex<'_> {
        RowsToIndex { core: self, snapshot: self.published.load() }
    }

    /// Gives up what only new calls need, since another core has taken this one's place. Searches that are under way
    /// find all the same: they have the graph, or scan.
    pub(crate) fn retire(&self) {
        self.set_graph(None);
        *self.directory_mut() = KeyDirectory::default();
    }

    /// The live row of a key.
    pub(crate) fn find(&self, key: &str) -> Option<u32> {
        self.find_in(&self.directory(), key.as_bytes(), self.hasher.hash(key.as_bytes()))
    }

    pub(crate) fn find_in(&self, directory: &KeyDirectory, key: &[u8], hash: u32) -> Option<u32> {
        directory.find(hash, |row| self.has_key(row, key))
    }

    pub(crate) fn has_key(&self, row: u32, key: &[u8]) -> bool {
        self.rows.key(&self.data, row).is_ok_and(|found| found == key)
    }

    /// The bytes of a published row's key, which were text when the row was written or the file opened. They are not
    /// touched here: they may be far.
    pub(crate) fn key_bytes(&self, row: u32) -> Result<&[u8]> {
        self.rows.key(&self.data, row)
    }

    /// The key of a published row.
    pub(crate) fn key(&self, row: u32) -> Result<&str> {
        std::str::from_utf8(self.key_bytes(row)?)
            .map_err(|_| SynaError::Internal { what: format!("the key of row {row} is no UTF-8") })
    }

    /// The vector of a published row.
    pub(crate) fn vector(&self, row: u32) -> Result<&[f32]> {
        self.data
            .extents
            .row(row)
            .ok_or_else(|| SynaError::Internal { what: format!("row {row} has no vector") })
    }

    /// The tags of a published row.
    pub(crate) fn tags(&self, row: u32) -> u64 {
        self.rows.tags(row)
    }

    /// The payload of a published row.
    pub(crate) fn payload(&self, row: u32) -> &[u8] {
        self.rows.payload(&self.data, row)
    }

    /// Whether `row` was there, and live, at the moment of `snapshot`.
    pub(crate) fn is_visible(&self, row: u32, snapshot: Snapshot) -> bool {
        row < snapshot.rows && self.rows.is_live(row, snapshot)
    }
}

/// The rows of a store while its index grows, as they were when this was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowsToIndex<'a> {
    core: &'a SharedState,
    snapshot: Snapshot,
}

impl Rows for RowsToIndex<'_> {
    #[inline]
    fn row(&self, row: u32) -> &[f32] {
        self.core.data.extents.row(row).unwrap_or_default()
    }

    /// A search takes its snapshot after it has seen how far the graph goes: so of rows that are gone here it knows.
    fn is_gone(&self, row: u32) -> bool {
        row < self.snapshot.rows && !self.core.rows.is_live(row, self.snapshot)
    }
}

/// The rows of a file, as the index sees them: below the published count each has a vector.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredRows<'a>(pub(crate) &'a DataFile);

impl Rows for StoredRows<'_> {
    #[inline]
    fn row(&self, row: u32) -> &[f32] {
        self.0.extents.row(row).unwrap_or_default()
    }
}

/// Live rows of a snapshot, in the order of their insertion.
pub(crate) fn live_rows(core: &SharedState, snapshot: Snapshot) -> impl Iterator<Item = u32> {
    (0..snapshot.rows).filter(move |&row| core.rows.is_live(row, snapshot))
}

/// Refuses a vector with a component that is no finite number; `position`: its place in the batch.
pub(crate) fn check_finite(core: &SharedState, position: usize, vector: &[f32]) -> Result<()> {
    match core.kernels.first_non_finite(vector) {
        None => Ok(()),
        Some(component) => {
            let value = vector.get(component).copied().unwrap_or(f32::NAN);
            Err(SynaError::InvalidVector { position, component, value })
        }
    }
}
