//! Records that are replaced while others read them, and growing arrays. Readers take no lock. This folder does not
//! know the content of a record.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `chunks.rs` | `Chunks`: arrays of words that grow without moving |
//! | `epoch.rs` | `Readers`: registered readers, for epoch-based reclamation |
//! | `mapped_records.rs` | `SavedRecords`: records in the index file, with their checksums |
//! | `record_store.rs` | `RecordStore`: for each item a record that is replaced, never changed |

pub(super) mod chunks;
pub(super) mod epoch;
pub(super) mod mapped_records;
#[expect(unsafe_code, reason = "readers access records while others are replaced")]
pub(super) mod record_store;
