#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![warn(missing_docs)]
#![deny(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::undocumented_unsafe_blocks
)]

#[cfg(target_endian = "big")]
compile_error!("files are little-endian and are mapped: syna-mmap needs a little-endian machine");

// Layer 0
mod append_table;
mod checksum;
mod chunk_layout;
mod column;
mod distance;
mod element;
mod error;
mod failpoint;
mod fixed_text;
mod float_environment;
mod kernel;
mod key_kind;
mod memory;
mod metric;
mod short_path;
mod sync;
mod user_block;
// Layer 1
mod storage;
// Layer 2
mod index;
// Layer 3
mod store;
// Layer 4
mod ffi;

pub use column::{Column, ColumnKind, ColumnValues, MAX_COLUMN_NAME_BYTES, MAX_COLUMNS, Value, Values};
pub use element::ElementType;
pub use error::{Result, SynaError};
pub use index::IndexProfile;
pub use key_kind::KeyKind;
pub use metric::DistanceMetric;
pub use store::{
    BatchKeys, BatchPayloads, BatchVectors, ColumnTest, Condition, Cursor, Durability, Entries, Entry,
    Filter, Finding, Hit, HnswConfig, Key, MAX_BATCH_BYTES, MAX_EF, MAX_K, MAX_KEY_BYTES, MAX_PAYLOAD_BYTES,
    MmapSearchResult, MmapVectorConfig, MmapVectorStore, OpenMode, PreparedFilter, Problem, RowData, RowTest,
    RowValues, SalvageReport, SearchOptions, SearchResults, StoreStats, UpdateBatch, VerifyReport,
    WriteBatch, WriteMode, Written,
};
pub use user_block::{Label, MAX_LABEL_BYTES, UserBlock};

/// Internals for the benchmarks of this crate. Not part of the API; they may change at any time.
#[cfg(feature = "bench-internals")]
#[doc(hidden)]
pub mod bench_support {
    pub use crate::checksum::{crc32c, crc32c_append};
    pub use crate::distance::PreparedQuery;
    pub use crate::index::{Rotation, write_slot};
    pub use crate::kernel::codes::{BlockFacts, CodeFacts, CodeKernels, Line, QueryFacts, Residual};
    pub use crate::kernel::{Isa, Kernels};
}
