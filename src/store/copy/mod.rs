//! Live rows copied into a new file, which takes the old one's place, or not.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `transfer.rs` | rows on their way into a new file, piece by piece |
//! | `compaction.rs` | a copy that takes the place of the file at hand |

pub(super) mod compaction;
pub(super) mod transfer;
