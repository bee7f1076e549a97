//! A row with all that was written with it.

use crate::Result;
use crate::store::state::core::SharedState;

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

/// All of a published row.
pub(crate) fn entry_of(core: &SharedState, row: u32) -> Result<Entry<'_>> {
    Ok(Entry {
        row,
        key: core.key(row)?,
        tags: core.tags(row),
        payload: core.payload(row),
        vector: core.vector(row)?,
    })
}
