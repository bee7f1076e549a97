//! Floor 3: the store. It joins the data file (floor 1) and the index (floor 2), and knows keys and options.
//!
//! ```text
//!   insert -> WriteBatch -> Plan -> Appender (file) -> RowTable, KeyDirectory -> Published     one writer
//!   search -> Published -> Graph (rows it covers) + scan (rows behind it) -> SearchResults        any number
//! ```
//!
//! | file | what it is for |
//! | --- | --- |
//! | `config.rs`, `batch.rs`, `results.rs` | what calls take and give |
//! | `store.rs` | the public face, `MmapVectorStore` |
//! | `core.rs` | what readers share |
//! | `rows.rs` | keys, deletions, tags and payloads by row; snapshots |
//! | `directory.rs` | key -> row |
//! | `open.rs` | opening: the log replayed into the tables |
//! | `checked_batch.rs` | a batch whose every value was checked |
//! | `write.rs` | a checked batch planned and committed |
//! | `writer.rs` | the one writer, and what falls due after a write |
//! | `search.rs` | graph and scan joined |
//! | `index_file.rs` | `NAME.hnsw` |
//! | `verify.rs` | proof that a store is whole, and salvage of one that is not |
//! | `crash_tests/` | power cuts, failing calls, planted faults |

mod batch;
mod checked_batch;
mod config;
mod core;
#[cfg(test)]
mod crash_tests;
mod directory;
mod index_file;
mod open;
mod results;
mod rows;
mod search;
#[expect(clippy::module_inception, reason = "the file that holds the store is named for it")]
mod store;
mod verify;
mod write;
mod writer;

pub use batch::{BatchKeys, BatchPayloads, BatchVectors, WriteBatch, WriteMode};
pub use checked_batch::{MAX_KEY_BYTES, MAX_PAYLOAD_BYTES};
pub use config::{Durability, HnswConfig, MmapVectorConfig, OpenMode};
pub use results::{Hit, SearchOptions, SearchResults};
pub use search::{MAX_EF, MAX_K};
pub use store::{MmapSearchResult, MmapVectorStore};
pub use verify::{Finding, Problem, SalvageReport, VerifyReport};
