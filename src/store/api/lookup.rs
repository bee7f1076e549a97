//! Looking up keys.

use crate::store::api::store::MmapVectorStore;
use crate::store::state::shared_state::SharedState;
use crate::store::state::vector_format::FoundVector;
use crate::store::write::checked_batch::check_key;
use crate::{Result, Value};
use std::ops::Deref;
use std::sync::Arc;

impl MmapVectorStore {
    /// The live row of a key, and the state that it belongs to.
    pub(super) fn find(&self, key: impl AsRef<[u8]>) -> Option<(Arc<SharedState>, u32)> {
        self.find_in(key.as_ref(), || self.state())
    }

    /// As [`MmapVectorStore::find`], for slices that are borrowed from the store.
    pub(super) fn find_pinned(&self, key: impl AsRef<[u8]>) -> Option<(&SharedState, u32)> {
        self.find_in(key.as_ref(), || self.inner.history.pin())
    }

    fn find_in<C: Deref<Target = SharedState>>(
        &self,
        key: &[u8],
        current: impl Fn() -> C,
    ) -> Option<(C, u32)> {
        loop {
            let state = current();
            // Row and snapshot are read under one lock. Otherwise an upsert in between could hide the row that was found.
            let directory = state.directory();
            let row = state.find_in(&directory, key, state.hasher.hash(key));
            let snapshot = state.published.load();
            let found = row.filter(|&row| state.is_visible(row, snapshot));
            // A replaced state may have lost its directory: then search the current one.
            drop(directory);
            if found.is_some() || self.inner.history.is_current(&state) {
                return found.map(|row| (state, row));
            }
        }
    }

    /// Checks a key that is looked up.
    ///
    /// # Errors
    /// [`crate::SynaError::InvalidKey`].
    pub(crate) fn check_key(&self, key: &[u8]) -> Result<()> {
        check_key(key, 0, self.key_kind())
    }

    /// Whether a key is stored. Cost: one lookup.
    #[must_use]
    pub fn contains(&self, key: impl AsRef<[u8]>) -> bool {
        self.find(key).is_some()
    }

    /// A copy of the vector of a key; `None` if the key does not exist. Cost: one lookup and a copy.
    ///
    /// # Errors
    /// [`crate::SynaError::InvalidKey`] if the key is longer than [`crate::MAX_KEY_BYTES`], or not UTF-8 in a store of text keys.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<Vec<f32>>> {
        self.check_key(key.as_ref())?;
        let Some((state, row)) = self.find(key) else { return Ok(None) };
        Ok(Some(state.components(row)?.into_owned()))
    }

    /// Calls `read` with the vector of a key; `None` if the key does not exist.
    ///
    /// # Errors
    /// As [`MmapVectorStore::get`].
    pub(crate) fn read_vector<R>(
        &self,
        key: impl AsRef<[u8]>,
        read: impl FnOnce(FoundVector<'_>) -> R,
    ) -> Result<Option<R>> {
        self.check_key(key.as_ref())?;
        let Some((state, row)) = self.find(key) else { return Ok(None) };
        Ok(Some(read(state.found_vector(row)?)))
    }

    /// As [`MmapVectorStore::read_vector`], with the payload.
    pub(crate) fn read_payload<R>(&self, key: impl AsRef<[u8]>, read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let (state, row) = self.find(key)?;
        Some(read(state.payload(row)))
    }

    /// The vector of a key in the mapping; `None` if the key does not exist, and in a store that keeps its vectors in
    /// another type than f32 ([`MmapVectorStore::element`]): there [`MmapVectorStore::get`] returns the components and
    /// [`MmapVectorStore::get_view`] the stored bytes. It is aligned to 64 bytes (of at most 8 dimensions: to its bytes
    /// rounded up to a power of two), except in a store that [`MmapVectorStore::open_at`] or
    /// [`MmapVectorStore::open_memory`] has opened at another alignment. It stays valid and unchanged as long as the
    /// store is open, even if the key is deleted or replaced. If a compaction replaces the file, the old file keeps its
    /// disk space and its mappings that long.
    #[must_use]
    pub fn get_slice(&self, key: impl AsRef<[u8]>) -> Option<&[f32]> {
        let (state, row) = self.find_pinned(key)?;
        state.vector(row).ok()?.floats()
    }

    /// The tags of a key; `None` if the key does not exist.
    #[must_use]
    pub fn tags(&self, key: impl AsRef<[u8]>) -> Option<u64> {
        self.find(key).map(|(state, row)| state.tags(row))
    }

    /// The payload of a key in the mapping, empty if it has none; `None` if the key does not exist. Valid as
    /// [`MmapVectorStore::get_slice`].
    #[must_use]
    pub fn payload(&self, key: impl AsRef<[u8]>) -> Option<&[u8]> {
        self.find_pinned(key).map(|(state, row)| state.payload(row))
    }

    /// The value of a key in the column with this position in the list of the store's columns; `None` if the key does not
    /// exist. Cost: one lookup, and another one if the row was updated.
    ///
    /// # Errors
    /// [`crate::SynaError::InvalidArgument`] if there is no such column; [`crate::SynaError::InvalidKey`] as [`MmapVectorStore::get`].
    pub fn value(&self, key: impl AsRef<[u8]>, column: usize) -> Result<Option<Value>> {
        self.check_key(key.as_ref())?;
        self.state().data.schema.column(column)?;
        Ok(self.find(key).and_then(|(state, row)| state.value(column, row)))
    }
}
