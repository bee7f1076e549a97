//! Floor 3: the store. It joins the data file (floor 1) and the index (floor 2), and knows keys and options.
//!
//! ```text
//!   insert -> WriteBatch -> Plan -> Appender (file) -> RowTable, KeyDirectory -> Published     one writer
//!   search -> Published -> Graph (rows it covers) + scan (rows behind it) -> SearchResults        any number
//! ```
//!
//! | file | what it is for |
//! | --- | --- |
//! | `config.rs` | what a store is opened with |
//! | `store.rs`, `lookup.rs` | the public face, `MmapVectorStore`; what there is under a key |
//! | `state/` | what readers and the writer share: rows, directory, graph, one file after another |
//! | `cursor.rs` | iteration in the order of insertion |
//! | `interrupt.rs` | ending long calls from another thread |
//! | `inherited.rs` | what a forked child can do with its parent's store: give it up |
//! | `open/` | opening: the log replayed into the tables |
//! | `write/` | a batch checked, planned, appended and shown; what falls due after a write |
//! | `places.rs` | stores in memory and inside larger files |
//! | `refresh.rs` | a reader moved on to what was written since |
//! | `compact.rs`, `snapshot.rs`, `transfer.rs` | live rows copied into a new file, which takes the old one's place, or not |
//! | `search/` | how a search is done: filter, planner, graph and scan joined, results |
//! | `single_search.rs`, `batch_search.rs`, `range.rs` | the nearest of one query, of many at once; all rows within a distance |
//! | `recall.rs` | how much of what is nearest the graph finds |
//! | `upkeep/` | rows enter the index, a stale one is rebuilt; `NAME.hnsw` is read and saved |
//! | `indexing.rs` | the calls that take rows into the index |
//! | `stats.rs` | a store in numbers |
//! | `verify.rs` | proof that a store is whole, and salvage of one that is not |
//! | `crash_tests/` | power cuts, failing calls, planted faults |

mod batch_search;
mod compact;
mod config;
#[cfg(test)]
mod crash_tests;
mod cursor;
mod indexing;
mod inherited;
mod interrupt;
mod lookup;
mod open;
mod places;
mod range;
mod recall;
mod refresh;
mod search;
mod single_search;
mod snapshot;
mod state;
mod stats;
#[expect(clippy::module_inception, reason = "the file that holds the store is named for it")]
mod store;
mod transfer;
mod upkeep;
mod verify;
mod write;

pub use config::{Durability, HnswConfig, MmapVectorConfig, OpenMode};
pub use cursor::{Cursor, Entries};
pub use search::filter::{Filter, RowTest};
pub use search::results::{Hit, SearchOptions, SearchResults};
pub use search::search::{MAX_EF, MAX_K};
pub use single_search::MmapSearchResult;
pub use state::entry::Entry;
pub use stats::StoreStats;
pub use store::MmapVectorStore;
pub use verify::{Finding, Problem, SalvageReport, VerifyReport};
pub use write::batch::{BatchKeys, BatchPayloads, BatchVectors, WriteBatch, WriteMode};
pub use write::checked_batch::{MAX_BATCH_BYTES, MAX_KEY_BYTES, MAX_PAYLOAD_BYTES};
