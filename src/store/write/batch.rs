//! The input of a write: keys, vectors, tags, payloads and deletions, in the layouts of Rust and C callers.

use crate::column::ColumnValues;

/// The keys of a batch: 0 to 65,535 bytes each. In a store of text keys they are UTF-8. The default has no keys.
#[derive(Debug, Clone, Copy)]
pub enum BatchKeys<'a> {
    /// One string for each key.
    Slices(&'a [&'a str]),
    /// One slice of bytes for each key.
    Bytes(&'a [&'a [u8]]),
    /// The bytes of all keys, one after the other, without separators. Key `i` is `bytes[offsets[i]..offsets[i + 1]]`.
    /// There are `count + 1` offsets; the first is 0, and they never decrease.
    Packed {
        /// The bytes of all keys.
        bytes: &'a [u8],
        /// Where each key begins, and the end of the last one.
        offsets: &'a [u64],
    },
}

impl Default for BatchKeys<'_> {
    fn default() -> Self {
        Self::Slices(&[])
    }
}

/// The vectors of a batch. The default has none.
#[derive(Debug, Clone, Copy)]
pub enum BatchVectors<'a> {
    /// One slice of `dimensions` floats for each vector.
    Slices(&'a [&'a [f32]]),
    /// `count x dimensions` floats, one vector after the other.
    RowMajor(&'a [f32]),
    /// Vectors as the store keeps them, for example those of another store of the same [`ElementType`](crate::ElementType).
    /// They are not converted.
    ///
    /// A vector of f32 or f16 is its components, in little-endian order. A vector of [`ElementType::I8`](crate::ElementType)
    /// is its integers, zeros up to a multiple of 4 bytes, and the scale as f32.
    Stored(&'a [&'a [u8]]),
    /// As [`BatchVectors::Stored`], one vector after the other.
    StoredRowMajor(&'a [u8]),
}

impl Default for BatchVectors<'_> {
    fn default() -> Self {
        Self::Slices(&[])
    }
}

/// The payloads of a batch: opaque bytes that are stored with the rows, up to 1 MiB each.
#[derive(Debug, Clone, Copy, Default)]
pub enum BatchPayloads<'a> {
    /// No row has a payload.
    #[default]
    None,
    /// One slice for each row.
    Slices(&'a [&'a [u8]]),
    /// As [`BatchKeys::Packed`].
    Packed {
        /// The bytes of all payloads.
        bytes: &'a [u8],
        /// Where each payload begins, and the end of the last one.
        offsets: &'a [u64],
    },
}

/// What a write does with a key that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteMode {
    /// Leave an existing key unchanged. If a key occurs twice in a batch, the first occurrence counts.
    #[default]
    Insert,
    /// Replace an existing key. If a key occurs twice in a batch, the last occurrence counts.
    Upsert,
}

/// A batch of rows and deletions, which is written as a whole or not at all: as one frame of the log, so that neither a
/// crash nor a search can see a part of it. Set single fields and take the others from `..Default::default()`.
#[derive(Debug, Clone, Copy, Default)]
pub struct WriteBatch<'a> {
    /// One key for each row.
    pub keys: BatchKeys<'a>,
    /// One vector for each row.
    pub vectors: BatchVectors<'a>,
    /// One number for each row, which is stored with it; `None`: 0 for every row. Searches can filter by them. A row
    /// that replaces another one does not inherit its tags.
    pub tags: Option<&'a [u64]>,
    /// One payload for each row, or none.
    pub payloads: BatchPayloads<'a>,
    /// The values of columns: at most one entry for each column, with one value for each row. 0 in a column that is not
    /// listed. A row that replaces another one does not inherit its values. NaN is an error.
    pub columns: &'a [ColumnValues<'a>],
    /// What to do with keys that exist.
    pub mode: WriteMode,
    /// The keys to delete, before the rows are written: a key that is deleted and also occurs in `keys` has the new row
    /// afterwards, whatever `mode` is. Keys that do not exist are ignored.
    pub deletions: BatchKeys<'a>,
}

/// New tags, payloads and values of columns for existing rows, which are written as a whole or not at all. The vectors stay as they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct UpdateBatch<'a> {
    /// The keys of the rows. Keys that do not exist are ignored. If a key occurs twice, the last occurrence counts.
    pub keys: BatchKeys<'a>,
    /// The new tags, one number for each key; `None`: tags stay as they are.
    pub tags: Option<&'a [u64]>,
    /// The new payloads, one for each key; [`BatchPayloads::None`]: payloads stay as they are. An empty payload removes
    /// the old one.
    pub payloads: BatchPayloads<'a>,
    /// The new values of columns: one value for each key. Columns that are not listed stay as they are.
    pub columns: &'a [ColumnValues<'a>],
}

/// What is stored with a row besides its key and its vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowData<'a> {
    /// The tags: see [`WriteBatch::tags`]. Default 0.
    pub tags: u64,
    /// The payload, up to 1 MiB. Default: empty, which is no payload.
    pub payload: &'a [u8],
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// The rows that were written. Of an insert: the keys that were new. Of an upsert: the different keys of the batch.
    pub rows: usize,
    /// The keys of [`WriteBatch::deletions`] that existed.
    pub deleted: usize,
}
