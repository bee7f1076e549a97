//! Floor 3: the store.

mod batch;
mod config;
mod results;
mod store;

pub use batch::{BatchKeys, BatchPayloads, BatchVectors, WriteBatch, WriteMode};
pub use config::{Durability, HnswConfig, MmapVectorConfig, OpenMode};
pub use results::{Hit, SearchOptions, SearchResults};
pub use store::{MmapSearchResult, MmapVectorStore};
