//! Header section: limits.

/// The fewest dimensions of a store without SYNA_MMAP_OPEN_SMALL_DIMENSIONS.
pub const SYNA_MMAP_MIN_DIMENSIONS: u32 = 64;
/// The most dimensions of a store.
pub const SYNA_MMAP_MAX_DIMENSIONS: u32 = 8192;

/// The most hits of one search; SYNA_MMAP_ERR_LIMIT for more.
pub const SYNA_MMAP_MAX_K: u32 = 16_777_216;
/// The most candidates of one search; SYNA_MMAP_ERR_LIMIT for more.
pub const SYNA_MMAP_MAX_EF: u32 = 16_777_216;
/// The most bytes of one payload; SYNA_MMAP_ERR_LIMIT for more.
pub const SYNA_MMAP_MAX_PAYLOAD_BYTES: u32 = 1_048_576;
/// The most bytes of one batch; SYNA_MMAP_ERR_LIMIT for more. Counted are keys, payloads, and 8 to 24 bytes
/// more for each row.
pub const SYNA_MMAP_MAX_BATCH_BYTES: u32 = 1_073_741_824;
/// The most rows that can ever be written to one file, deleted rows included; SYNA_MMAP_ERR_LIMIT for more.
/// A compaction starts a new file.
pub const SYNA_MMAP_MAX_ROWS: u32 = 4_294_967_294;
/// The most bytes of a label, without the terminating NUL.
pub const SYNA_MMAP_MAX_LABEL_BYTES: u32 = 64;
/// The most columns of a store; SYNA_MMAP_ERR_LIMIT for more.
pub const SYNA_MMAP_MAX_COLUMNS: u32 = 16;
/// The most bytes of the name of a column, without the terminating NUL.
pub const SYNA_MMAP_MAX_COLUMN_NAME_BYTES: u32 = 32;

const _: () = assert!(
    SYNA_MMAP_MAX_K as usize == crate::MAX_K
        && SYNA_MMAP_MAX_EF as usize == crate::MAX_EF
        && SYNA_MMAP_MAX_PAYLOAD_BYTES as usize == crate::MAX_PAYLOAD_BYTES
        && SYNA_MMAP_MAX_BATCH_BYTES as usize == crate::MAX_BATCH_BYTES
        && SYNA_MMAP_MAX_ROWS as u64 == crate::storage::MAX_ROWS
        && SYNA_MMAP_MAX_LABEL_BYTES as usize == crate::MAX_LABEL_BYTES
        && SYNA_MMAP_MAX_COLUMNS as usize == crate::MAX_COLUMNS
        && SYNA_MMAP_MAX_COLUMN_NAME_BYTES as usize == crate::MAX_COLUMN_NAME_BYTES
);
