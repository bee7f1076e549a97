//! An embedded vector store in one memory-mapped file.
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

mod error;
mod ffi;
mod metric;
mod store;

pub use error::{Result, SynaError};
pub use metric::DistanceMetric;
pub use store::{
    BatchKeys, BatchPayloads, BatchVectors, Durability, Hit, HnswConfig, MmapSearchResult, MmapVectorConfig,
    MmapVectorStore, OpenMode, SearchOptions, SearchResults, WriteBatch, WriteMode,
};
