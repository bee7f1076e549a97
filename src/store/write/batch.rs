//! What a write carries: keys, vectors, tags, payloads, in the shapes that Rust and C callers have them.

/// The keys of a batch.
#[derive(Debug, Clone, Copy)]
pub enum BatchKeys<'a> {
    /// One string a key.
    Slices(&'a [&'a str]),
    /// The keys' bytes one after another; key `i` is `bytes[offsets[i]..offsets[i + 1]]`, so `count + 1` offsets.
    Packed {
        /// The bytes of all keys.
        bytes: &'a [u8],
        /// Where each key begins, and where the last one ends.
        offsets: &'a [u64],
    },
}

/// The vectors of a batch.
#[derive(Debug, Clone, Copy)]
pub enum BatchVectors<'a> {
    /// One slice of `dimensions` floats a vector.
    Slices(&'a [&'a [f32]]),
    /// `count x dimensions` floats, row-major.
    RowMajor(&'a [f32]),
}

/// The payloads of a batch: opaque bytes for each row, up to 1 MiB.
#[derive(Debug, Clone, Copy, Default)]
pub enum BatchPayloads<'a> {
    /// No row has a payload.
    #[default]
    None,
    /// One slice a row.
    Slices(&'a [&'a [u8]]),
    /// As [`BatchKeys::Packed`].
    Packed {
        /// The bytes of all payloads.
        bytes: &'a [u8],
        /// Where each payload begins, and where the last one ends.
        offsets: &'a [u64],
    },
}

/// What happens to a key that the store has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteMode {
    /// It is left as it is; of a key that occurs twice in the batch the first counts.
    #[default]
    Insert,
    /// It is replaced; of a key that occurs twice in the batch the last counts.
    Upsert,
}

/// A batch of rows that is written whole or not at all.
#[derive(Debug, Clone, Copy)]
pub struct WriteBatch<'a> {
    /// One key a row: UTF-8, 0 to 65,535 bytes, any content.
    pub keys: BatchKeys<'a>,
    /// One vector a row.
    pub vectors: BatchVectors<'a>,
    /// One number a row, or `None`: 0 for all.
    pub tags: Option<&'a [u64]>,
    /// One payload a row, or none.
    pub payloads: BatchPayloads<'a>,
    /// What happens to keys that exist.
    pub mode: WriteMode,
}
