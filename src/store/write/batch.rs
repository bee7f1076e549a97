//! The input of a write: keys, vectors, tags and payloads, in the layouts of Rust and C callers.

/// The keys of a batch: UTF-8, 0 to 65,535 bytes each.
#[derive(Debug, Clone, Copy)]
pub enum BatchKeys<'a> {
    /// One string for each key.
    Slices(&'a [&'a str]),
    /// The bytes of all keys, one after the other, without separators. Key `i` is `bytes[offsets[i]..offsets[i + 1]]`.
    /// There are `count + 1` offsets; the first is 0, and they never decrease.
    Packed {
        /// The bytes of all keys.
        bytes: &'a [u8],
        /// Where each key begins, and the end of the last one.
        offsets: &'a [u64],
    },
}

/// The vectors of a batch.
#[derive(Debug, Clone, Copy)]
pub enum BatchVectors<'a> {
    /// One slice of `dimensions` floats for each vector.
    Slices(&'a [&'a [f32]]),
    /// `count x dimensions` floats, one vector after the other.
    RowMajor(&'a [f32]),
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

/// A batch of rows, which is written as a whole or not at all.
#[derive(Debug, Clone, Copy)]
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
    /// What to do with keys that exist.
    pub mode: WriteMode,
}
