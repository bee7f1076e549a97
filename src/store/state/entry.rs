//! A row with all that was written with it.

use crate::Result;
use crate::store::state::key::Key;
use crate::store::state::shared_state::SharedState;

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
    })
}
