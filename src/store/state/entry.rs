//! A row with all that was written with it.

use crate::Result;
use crate::column::Value;
use crate::store::state::key::Key;
use crate::store::state::shared_state::SharedState;
use std::fmt;

/// A live row with all that was written with it, borrowed from the mapping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<'a> {
    /// The row number. Rows are numbered from 0 in insertion order. Numbers are not reused; a compaction renumbers the
    /// rows.
    pub row: u32,
    /// The key.
    pub key: Key<'a>,
    /// The tags; 0 if there are none.
    pub tags: u64,
    /// The payload; empty if there is none.
    pub payload: &'a [u8],
    /// The vector, aligned as [`get_slice`](crate::MmapVectorStore::get_slice) says; `None` in a store that keeps its vectors
    /// in another type than f32.
    pub vector: Option<&'a [f32]>,
    /// The bytes of the vector as the store keeps it: see [`BatchVectors::Stored`](crate::BatchVectors).
    pub stored: &'a [u8],
    /// The values of the store's columns.
    pub values: RowValues<'a>,
}

/// The entry of a published row.
pub(crate) fn entry_of(state: &SharedState, row: u32) -> Result<Entry<'_>> {
    Ok(Entry {
        row,
        key: state.key(row)?,
        tags: state.tags(row),
        payload: state.payload(row),
        vector: state.vector(row)?.floats(),
        stored: state.stored(row)?,
        values: RowValues::new(state, row),
    })
}

/// The values of a row, read on demand.
#[derive(Clone, Copy)]
pub struct RowValues<'a> {
    state: &'a SharedState,
    row: u32,
}

impl<'a> RowValues<'a> {
    pub(crate) fn new(state: &'a SharedState, row: u32) -> Self {
        Self { state, row }
    }

    /// The value in the column with this position in the list of the store's columns; `None` if there is no such column.
    /// Cost: one read in the mapping; a lock and a lookup if the row was updated.
    #[must_use]
    pub fn get(&self, column: usize) -> Option<Value> {
        self.state.value(column, self.row)
    }

    /// The values in all columns, in order.
    pub fn iter(&self) -> impl Iterator<Item = Value> + use<'a> {
        let values = *self;
        (0..self.state.data.schema.columns().len()).filter_map(move |column| values.get(column))
    }
}

impl PartialEq for RowValues<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for RowValues<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
