//! Opening: finds or makes the file, replays its log into the tables that readers share.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `loader.rs` | frames of the log on their way into the tables |
//! | `appender.rs` | the appender of a file that is written to |
//! | `open.rs` | a file found or made, its log and its index read |

pub(super) mod appender;
pub(super) mod loader;
#[expect(clippy::module_inception, reason = "the file that opens is named for it")]
pub(super) mod open;
#[cfg(test)]
mod tests;
