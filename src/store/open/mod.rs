//! Opening: finds or creates the file and replays its log into the tables that readers share.
//!
//! | file | content |
//! | --- | --- |
//! | `identity.rs` | comparing what identifies a file with the configuration |
//! | `loader.rs` | adding frames of the log to the tables |
//! | `appender.rs` | the appender of a file opened for writing |
//! | `open.rs` | finding or creating a file, reading its log and its index |

pub(super) mod appender;
mod identity;
pub(super) mod loader;
#[expect(clippy::module_inception, reason = "the file that opens is named for it")]
pub(super) mod open;
#[cfg(test)]
mod tests;
