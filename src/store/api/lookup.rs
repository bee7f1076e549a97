//! Looking up keys.

use crate::Result;
use crate::store::api::store::MmapVectorStore;
use crate::store::state::shared_state::SharedState;
use crate::store::write::checked_batch::check_key;
use std::ops::Deref;
use std::sync::Arc;

impl MmapVectorStore {
    /// The live row of a key, and the state that it belongs to.
    pub(super) fn find(&self, key: &str) -> Option<(Arc<SharedState>, u32)> {
        self.find_in(key, || self.state())
    }

    /// As [`MmapVectorStore::find`], for slices that are borrowed from the store.
    fn find_pinned(&self, key: &str) -> Option<(&SharedState, u32)> {
        self.find_in(key, || self.inner.history.pin())
    }

    fn find_in<C: Deref<Target = SharedState>>(
        &self,
        key: &str,
        current: impl Fn() -> C,
    ) -> Option<(C, u32)> {
        loop {
            let state = current();
            // Row and snapshot are read under one lock. Otherwise an upsert in between could hide the row that was found.
            let directory = state.directory();
            let row = state.find_in(&directory, key.as_bytes(), state.hasher.hash(key.as_bytes()));
            let snapshot = state.published.load();
            let found = row.filter(|&row| state.is_visible(row, snapshot));
            // A replaced state may have lost its directory: then search the current one.
            drop(directory);
            if found.is_some() || self.inner.history.is_current(&state) {
                return found.map(|row| (state, row));
            }
        }
    }

    /// Whether a key is stored. Cost: one lookup.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// A copy of the vector of a key; `None` if the key does not exist. Cost: one lookup and a copy.
    ///
    /// # Errors
    /// [`crate::SynaError::InvalidKey`] if the key is longer than [`crate::MAX_KEY_BYTES`].
    pub fn get(&self, key: &str) -> Result<Option<Vec<f32>>> {
        check_key(key)?;
        Ok(self.read_vector(key, <[f32]>::to_vec))
    }

    /// Calls `read` with the vector of a key, without a copy; `None` if the key does not exist.
    pub(crate) fn read_vector<R>(&self, key: &str, read: impl FnOnce(&[f32]) -> R) -> Option<R> {
        let (state, row) = self.find(key)?;
        state.vector(row).ok().map(read)
    }

    /// As [`MmapVectorStore::read_vector`], with the payload.
    pub(crate) fn read_payload<R>(&self, key: &str, read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let (state, row) = self.find(key)?;
        Some(read(state.payload(row)))
    }

    /// The vector of a key in the mapping, aligned to 64 bytes; `None` only if the key does not exist. It stays valid
    /// and unchanged as long as the store is open, even if the key is deleted or replaced. If a compaction replaces the
    /// file, the old file keeps its disk space and its mappings that long.
    #[must_use]
    pub fn get_slice(&self, key: &str) -> Option<&[f32]> {
        let (state, row) = self.find_pinned(key)?;
        state.vector(row).ok()
    }

    /// The tags of a key; `None` if the key does not exist.
    #[must_use]
    pub fn tags(&self, key: &str) -> Option<u64> {
        self.find(key).map(|(state, row)| state.tags(row))
    }

    /// The payload of a key in the mapping, empty if it has none; `None` if the key does not exist. Valid as
    /// [`MmapVectorStore::get_slice`].
    #[must_use]
    pub fn payload(&self, key: &str) -> Option<&[u8]> {
        self.find_pinned(key).map(|(state, row)| state.payload(row))
    }
}
