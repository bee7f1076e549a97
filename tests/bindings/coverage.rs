//! Functions of the C library that a binding does not call. They are listed in the binding's line.

use crate::Failure;
use crate::toolchain::in_repository;
use std::path::Path;

const SYMBOLS: &str = include_str!("../../include/symbols.txt");

/// Shorthands for `syna_mmap_write`, which bindings call instead.
const SHORT_FORMS: [&str; 2] = ["syna_mmap_insert_batch", "syna_mmap_upsert_batch"];

/// `; lacks a, b` for the functions that a binding's sources do not name; empty if there are none.
///
/// # Errors
/// A file that cannot be read.
pub fn lacks(sources: &str) -> Result<String, Failure> {
    let mut text = String::new();
    append(&in_repository(sources), &mut text)?;
    let names = missing(&text);
    Ok(if names.is_empty() { String::new() } else { format!("; lacks {}", names.join(", ")) })
}

/// The functions that a text does not name; Python omits their prefix.
fn missing(text: &str) -> Vec<&'static str> {
    let symbols = SYMBOLS.lines().filter(|line| line.starts_with("syna_") && !SHORT_FORMS.contains(line));
    let is_named = |symbol: &str| {
        let short = format!("\"{}\": (", symbol.trim_start_matches("syna_mmap_"));
        text.contains(&short) || text.match_indices(symbol).any(|(at, _)| ends(&text[at + symbol.len()..]))
    };
    symbols.filter(|symbol| !is_named(symbol)).collect()
}

/// Whether an identifier ends here.
fn ends(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

fn append(folder: &Path, text: &mut String) -> Result<(), Failure> {
    let failed = |e: std::io::Error| format!("reading {}: {e}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            append(&path, text)?;
        } else if let Ok(more) = std::fs::read_to_string(&path) {
            text.push_str(&more);
        }
    }
    Ok(())
}
