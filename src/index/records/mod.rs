//! Records that are replaced while others read them, and the arrays that grow under them; no lock for readers. Nothing here
//! knows what a record means.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `chunks.rs` | `Chunks`: arrays of words that grow and never move |
//! | `epoch.rs` | `Readers`: who is reading, so that a slot is used again once nobody looks at it |
//! | `mapped_records.rs` | `SavedRecords`: records that lie in a file, with their checksums |
//! | `record_store.rs` | `RecordStore`: for each item a record that is replaced, never changed |

pub(super) mod chunks;
pub(super) mod epoch;
pub(super) mod mapped_records;
#[expect(unsafe_code, reason = "records that readers look at while others are replaced")]
pub(super) mod record_store;
