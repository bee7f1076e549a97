//! What there is under a key.

use crate::Result;
use crate::store::api::store::MmapVectorStore;
use crate::store::state::core::SharedState;
use crate::store::write::checked_batch::check_key;
use std::ops::Deref;
use std::sync::Arc;

impl MmapVectorStore {
    /// The live row of a key, and the core that it is a row of.
    pub(super) fn find(&self, key: &str) -> Option<(Arc<SharedState>, u32)> {
        self.find_in(key, || self.core())
    }

    /// As [`MmapVectorStore::find`], for what is borrowed from the store.
    fn find_lent(&self, key: &str) -> Option<(&SharedState, u32)> {
        self.find_in(key, || self.inner.cores.lend())
    }

    fn find_in<C: Deref<Target = SharedState>>(
        &self,
        key: &str,
        current: impl Fn() -> C,
    ) -> Option<(C, u32)> {
        loop {
            let core = current();
            // Row and snapshot under one lock: between two, an upsert could take the row that was just found.
            let directory = core.directory();
            let row = core.find_in(&directory, key.as_bytes(), core.hasher.hash(key.as_bytes()));
            let snapshot = core.published.load();
            let found = row.filter(|&row| core.is_visible(row, snapshot));
            // One that was replaced meanwhile may have no directory any more.
            drop(directory);
            if found.is_some() || self.inner.cores.is_current(&core) {
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
    /// [`crate::SynaError::InvalidKey`] for a key longer than a key may be.
    pub fn get(&self, key: &str) -> Result<Option<Vec<f32>>> {
        check_key(key)?;
        Ok(self.read_vector(key, <[f32]>::to_vec))
    }

    /// Calls `read` with a key's vector, without a copy; `None` where there is no such key.
    pub(crate) fn read_vector<R>(&self, key: &str, read: impl FnOnce(&[f32]) -> R) -> Option<R> {
        let (core, row) = self.find(key)?;
        core.vector(row).ok().map(read)
    }

    /// As [`MmapVectorStore::read_vector`], with its payload.
    pub(crate) fn read_payload<R>(&self, key: &str, read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let (core, row) = self.find(key)?;
        Some(read(core.payload(row)))
    }

    /// A key's vector as it lies in the mapping, 64-byte aligned; `None` only where there is no such key. It stays
    /// valid and unchanged as long as the store is open, also when the key is deleted or replaced; a file that a compaction
    /// replaces keeps its disk space and mappings so long.
    #[must_use]
    pub fn get_slice(&self, key: &str) -> Option<&[f32]> {
        let (core, row) = self.find_lent(key)?;
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
        self.find_lent(key).map(|(core, row)| core.payload(row))
    }
}
