//! Finds and runs the tools of other languages.

use crate::Failure;
use crate::support::c_program;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A path in this repository.
pub fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Whether a tool of that name is installed.
pub fn has(tool: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(tool).is_file())
}

/// Runs a command without standard input, and waits for it.
///
/// # Errors
/// The command cannot be started, or fails; the error contains its output.
pub fn run(command: &mut Command) -> Result<Output, Failure> {
    command.stdin(Stdio::null());
    let output = command.output().map_err(|e| format!("starting {command:?}: {e}"))?;
    if output.status.success() {
        Ok(output)
    } else {
        Err(format!("{command:?}: {}", c_program::transcript(&output)))
    }
}

/// Returns an error with `words` unless the condition holds.
///
/// # Errors
/// The error message.
pub fn checked(holds: bool, words: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(words()) }
}

/// Copies a folder of the repository, without build files.
///
/// # Errors
/// A file that cannot be copied.
pub fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |e: std::io::Error| format!("copying {} to {}: {e}", from.display(), to.display());
    std::fs::create_dir_all(to).map_err(failed)?;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        if !entry.file_type().map_err(failed)?.is_dir() {
            std::fs::copy(entry.path(), target).map_err(failed)?;
        } else if !["build", "__pycache__", "bin", "obj"].iter().any(|left| entry.file_name() == *left) {
            copy_folder(&entry.path(), &target)?;
        }
    }
    Ok(())
}
