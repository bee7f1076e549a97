//! Layer 3: the store. It joins the data file (layer 1) and the index (layer 2), and knows keys and options.
//!
//! ```text
//!   write:   api -> inner -> write: checked_batch -> plan -> apply --> Appender (file) --> state: rows, directory -> Published
//!                                      one writer     writer --> upkeep: index work, NAME.hnsw; the checkpoint
//!
//!   read:    api -> inner -> state: shared_state -> Published (snapshot)
//!                            search: planner -> graph (indexed rows) + scan (unindexed rows) -> results     any number
//! ```
//!
//! Each part uses only those above it in this table.
//!
//! | part | content |
//! | --- | --- |
//! | `config.rs` | the configuration |
//! | `state/` | what readers and the writer share: rows, directory, graph; the state before and after a file is replaced |
//! | `search/` | how a search works: filter, planner, graph and scan joined, results |
//! | `upkeep/` | indexing rows, rebuilding a stale index, reading and saving `NAME.hnsw` |
//! | `write/` | checking, planning, appending and publishing a batch; the work that is due after a write |
//! | `open/` | opening: replaying the log into the tables |
//! | `inner.rs` | what all calls on a store work on |
//! | `copy/` | copying live rows into a new file, for a compaction or a snapshot |
//! | `api/` | the public type `MmapVectorStore` |
//! | `crash_tests/` | simulated power failures, failing calls, failpoints |

mod api;
mod config;
mod copy;
#[cfg(test)]
mod crash_tests;
mod inner;
mod open;
mod search;
mod state;
mod upkeep;
mod write;

pub use api::cursor::{Cursor, Entries};
pub use api::maintenance::salvage::SalvageReport;
pub use api::maintenance::stats::StoreStats;
pub use api::maintenance::verify::{Finding, Problem, VerifyReport};
pub use api::search::single::MmapSearchResult;
pub use api::store::MmapVectorStore;
pub use config::{Durability, HnswConfig, MmapVectorConfig, OpenMode};
pub use search::conditions::condition::{ColumnTest, Condition};
pub use search::conditions::prepared::PreparedFilter;
pub use search::filter::{Filter, RowTest};
pub use search::results::{Hit, SearchOptions, SearchResults};
pub use search::search::{MAX_EF, MAX_K};
pub use state::entry::{Entry, RowValues};
pub use state::key::Key;
pub(crate) use state::vector_format::{FoundVector, decode_vector};
pub use write::batch::{
    BatchKeys, BatchPayloads, BatchVectors, RowData, UpdateBatch, WriteBatch, WriteMode, Written,
};
pub use write::checked_batch::{MAX_BATCH_BYTES, MAX_KEY_BYTES, MAX_PAYLOAD_BYTES};
