//! Compiles `examples/quickstart.c` against the shared library of this build and runs it.
//!
//! ```text
//! cargo run --release --example demo [-- STORE]
//! ```
//!
//! `STORE` is the file to create; by default it is in the folder for temporary files. The exit code is that of the C
//! program.
//!
//! Before an example, Cargo builds the library in all its crate types, and rustc puts the shared library into
//! `target/<profile>/deps`. A stale one in `target/<profile>` is not used.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::SystemTime;

#[path = "../tests/support/c_program.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod c_program;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(message) => {
            eprintln!("demo: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = root.join("examples").join("quickstart.c");
    let data = root.join("examples").join("data");
    for needed in [&source, &data, &root.join("include").join("syna_mmap.h")] {
        if !needed.exists() {
            return Err(format!(
                "{} is missing; run the demo in the folder where it was built",
                needed.display()
            ));
        }
    }

    let library_dir = fresh_library_dir(root)?;
    eprintln!("demo: compiling {} against {}", source.display(), library_dir.display());
    let flags = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic"];
    let program = c_program::try_compile(&source, &flags, &library_dir)?;

    let mut command = c_program::command(&program);
    command.arg(data).args(env::args_os().skip(1));
    let status = command.status().map_err(|e| format!("starting {}: {e}", program.display()))?;
    match status.code() {
        Some(code) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(1))),
        None => Err(format!("{} ended by {status}", program.display())),
    }
}

/// The folder of the shared library, which is rebuilt if it is missing or older than the sources.
fn fresh_library_dir(root: &Path) -> Result<PathBuf, String> {
    let folder = c_program::library_dir_unchecked();
    let library = folder.join(c_program::library_name());
    if env::var_os("SYNA_MMAP_LIB_DIR").is_none() && !is_fresh(&library, &root.join("src")) {
        build_library(root, &folder)?;
    }
    if library.is_file() {
        Ok(folder)
    } else {
        Err(format!("{} is missing; build it with `cargo build --release`", library.display()))
    }
}

/// Whether `library` exists and no file under `source_dir` is newer. Cargo decides by the same times.
fn is_fresh(library: &Path, source_dir: &Path) -> bool {
    match (fs::metadata(library).and_then(|m| m.modified()), newest(source_dir)) {
        (Ok(built), Some(changed)) => built >= changed,
        (Ok(_), None) => true,
        (Err(_), _) => false,
    }
}

/// The last modification time in a folder; `None` if nothing in it can be read.
fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?;
    let times = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        if entry.file_type().ok()?.is_dir() {
            newest(&entry.path())
        } else {
            entry.metadata().ok()?.modified().ok()
        }
    });
    times.max()
}

/// Lets cargo build the library for the profile of this program. Does nothing if it is up to date.
fn build_library(root: &Path, deps_dir: &Path) -> Result<(), String> {
    let profile = match deps_dir.parent().and_then(Path::file_name).and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--lib", "--profile", profile]).current_dir(root);
    let status = command.status().map_err(|e| format!("starting {command:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed with {status}")) }
}
