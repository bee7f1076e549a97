//! Floor 3: the store. It joins the data file (floor 1) and the index (floor 2), and knows keys and options.
//!
//! ```text
//!   write:   api -> inner -> write: checked_batch -> plan -> apply --> Appender (file) --> state: rows, directory -> Published
//!                                      one writer     writer --> upkeep: a share of the index, NAME.hnsw; the checkpoint
//!
//!   read:    api -> inner -> state: core -> Published (one moment)
//!                            search: planner -> graph (rows it covers) + scan (rows behind it) -> results     any number
//! ```
//!
//! A part uses those above it in this table, and none below.
//!
//! | part | what it is for |
//! | --- | --- |
//! | `config.rs` | what a store is opened with |
//! | `state/` | what readers and the writer share: rows, directory, graph, one file after another |
//! | `search/` | how a search is done: filter, planner, graph and scan joined, results |
//! | `upkeep/` | rows enter the index, a stale one is rebuilt; `NAME.hnsw` is read and saved |
//! | `write/` | a batch checked, planned, appended and shown; what falls due after a write |
//! | `open/` | opening: the log replayed into the tables |
//! | `inner.rs` | what all calls of a store work on |
//! | `copy/` | live rows copied into a new file, which takes the old one's place, or not |
//! | `api/` | the public face, `MmapVectorStore` |
//! | `crash_tests/` | power cuts, failing calls, planted faults |

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
pub use api::search::single::MmapSearchResult;
pub use api::stats::StoreStats;
pub use api::store::MmapVectorStore;
pub use api::verify::{Finding, Problem, SalvageReport, VerifyReport};
pub use config::{Durability, HnswConfig, MmapVectorConfig, OpenMode};
pub use search::filter::{Filter, RowTest};
pub use search::results::{Hit, SearchOptions, SearchResults};
pub use search::search::{MAX_EF, MAX_K};
pub use state::entry::Entry;
pub use write::batch::{BatchKeys, BatchPayloads, BatchVectors, WriteBatch, WriteMode};
pub use write::checked_batch::{MAX_BATCH_BYTES, MAX_KEY_BYTES, MAX_PAYLOAD_BYTES};
