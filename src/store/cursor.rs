//! Iteration in the order of insertion: over the rows of one moment, whatever is written meanwhile.

use super::core::Core;
use super::rows::Snapshot;
use super::store::MmapVectorStore;
use crate::Result;
use std::sync::Arc;

/// A live row with all that was written with it, as it lies in the mapping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<'a> {
    /// The row's number, in order of insertion; never given to another row, and given anew by a compaction only.
    pub row: u32,
    /// The key.
    pub key: &'a str,
    /// The tags; 0 where none were written.
    pub tags: u64,
    /// The payload; empty where none was written.
    pub payload: &'a [u8],
    /// The vector, 64-byte aligned.
    pub vector: &'a [f32],
}

/// A walk over the rows that were live when it was made.
///
/// It keeps the store's mappings alive, so entries can be read from it after the store was closed.
#[derive(Debug, Clone)]
pub struct Cursor {
    core: Arc<Core>,
    snapshot: Snapshot,
    next: u32,
}

impl Cursor {
    /// The next live row; `None` past the last.
    pub fn advance(&mut self) -> Option<u32> {
        let found = next_live(&self.core, self.snapshot, self.next)?;
        self.next = found + 1;
        Some(found)
    }

    /// What was written with a row that [`Cursor::advance`] gave, as long as the cursor lives.
    ///
    /// # Errors
    /// [`crate::SynaError::Internal`] for a row that it did not give.
    pub fn entry(&self, row: u32) -> Result<Entry<'_>> {
        entry_of(&self.core, row)
    }
}

fn next_live(core: &Core, snapshot: Snapshot, from: u32) -> Option<u32> {
    (from..snapshot.rows).find(|&row| core.rows.is_live(row, snapshot))
}

/// All of a published row.
pub(super) fn entry_of(core: &Core, row: u32) -> Result<Entry<'_>> {
    Ok(Entry {
        row,
        key: core.key(row)?,
        tags: core.tags(row),
        payload: core.payload(row),
        vector: core.vector(row)?,
    })
}

/// The entries of [`MmapVectorStore::iterate`].
#[derive(Debug)]
pub struct Entries<'s> {
    core: &'s Core,
    snapshot: Snapshot,
    next: u32,
}

impl<'s> Iterator for Entries<'s> {
    type Item = Result<Entry<'s>>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = next_live(self.core, self.snapshot, self.next)?;
        self.next = row + 1;
        Some(entry_of(self.core, row))
    }
}

impl MmapVectorStore {
    /// The live rows of this moment from row `first_row` on, in the order of their insertion, zero-copy. What is
    /// written or deleted meanwhile does not show; what was borrowed stays valid as long as the store is open.
    ///
    /// An entry is an error only where the library has a bug; none is left out.
    #[must_use]
    pub fn iterate(&self, first_row: u32) -> Entries<'_> {
        let core = self.cores.lend();
        Entries { core, snapshot: core.published.load(), next: first_row }
    }

    /// As [`MmapVectorStore::iterate`], as an object of its own that may outlive the store.
    #[must_use]
    pub fn cursor(&self, first_row: u32) -> Cursor {
        let core = self.core();
        let snapshot = core.published.load();
        Cursor { core, snapshot, next: first_row }
    }
}
