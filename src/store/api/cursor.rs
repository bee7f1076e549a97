//! Iteration in insertion order, over the rows of one snapshot.

use crate::Result;
use crate::store::api::store::MmapVectorStore;
use crate::store::state::entry::{Entry, entry_of};
use crate::store::state::rows::Snapshot;
use crate::store::state::shared_state::SharedState;
use std::sync::Arc;

/// An iterator over the rows that were live when it was created, in insertion order.
///
/// It keeps the store's mappings alive, so entries can be read from it after the store is closed.
#[derive(Debug, Clone)]
pub struct Cursor {
    state: Arc<SharedState>,
    snapshot: Snapshot,
    next: u32,
}

impl Cursor {
    /// The next live row; `None` after the last one. Cost: small; deleted rows are skipped.
    pub fn advance(&mut self) -> Option<u32> {
        let found = next_live(&self.state, self.snapshot, self.next)?;
        self.next = found + 1;
        Some(found)
    }

    /// The most rows that [`Cursor::advance`] can still return.
    pub(crate) fn most_left(&self) -> usize {
        usize::try_from(self.snapshot.rows.saturating_sub(self.next)).unwrap_or(usize::MAX)
    }

    /// The number of columns of the store.
    pub(crate) fn column_count(&self) -> usize {
        self.state.data.schema.columns().len()
    }

    /// The entry of a row that [`Cursor::advance`] returned, borrowed until the cursor is dropped.
    ///
    /// # Errors
    /// [`crate::SynaError::Internal`] for a row that it did not return.
    pub fn entry(&self, row: u32) -> Result<Entry<'_>> {
        entry_of(&self.state, row)
    }
}

fn next_live(state: &SharedState, snapshot: Snapshot, from: u32) -> Option<u32> {
    (from..snapshot.rows).find(|&row| state.rows.is_live(row, snapshot))
}

/// The entries of [`MmapVectorStore::iterate`].
#[derive(Debug)]
pub struct Entries<'s> {
    state: &'s SharedState,
    snapshot: Snapshot,
    next: u32,
}

impl<'s> Iterator for Entries<'s> {
    type Item = Result<Entry<'s>>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = next_live(self.state, self.snapshot, self.next)?;
        self.next = row + 1;
        Some(entry_of(self.state, row))
    }
}

impl MmapVectorStore {
    /// The rows that are live at this moment from row `first_row` on, in insertion order, without copies. Later writes
    /// and deletions have no effect on it. What was borrowed stays valid as long as the store is open.
    ///
    /// An entry is an error only if the library has a bug; no row is skipped.
    #[must_use]
    pub fn iterate(&self, first_row: u32) -> Entries<'_> {
        let state = self.inner.history.pin();
        Entries { state, snapshot: state.published.load(), next: first_row }
    }

    /// As [`MmapVectorStore::iterate`], as an object that can outlive the store.
    #[must_use]
    pub fn cursor(&self, first_row: u32) -> Cursor {
        let state = self.state();
        let snapshot = state.published.load();
        Cursor { state, snapshot, next: first_row }
    }
}
