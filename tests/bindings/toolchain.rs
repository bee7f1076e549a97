//! Finding and running the tools of other languages.

use crate::Failure;
use crate::support::c_program;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A path of this repository.
pub fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Whether the system has a tool of that name.
pub fn has(tool: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(tool).is_file())
}

/// Runs a command to its end, without standard input.
///
/// # Errors
/// It cannot be started, or does not succeed: then with all that it printed.
pub fn run(command: &mut Command) -> Result<Output, Failure> {
    command.stdin(Stdio::null());
    let output = command.output().map_err(|e| format!("starting {command:?}: {e}"))?;
    if output.status.success() {
        Ok(output)
    } else {
        Err(format!("{command:?}: {}", c_program::transcript(&output)))
    }
}

/// An error with those words, unless the condition holds.
///
/// # Errors
/// The words.
pub fn checked(holds: bool, words: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(words()) }
}
