//! Prints the structure of a store file, damaged or not: superblocks, extents, frames, and the table of its index.
//!
//! ```text
//! cargo run --example inspect -- FILE [--frames N] [--rows SEQUENCE] [--vectors]
//! ```
//!
//! It is written from `docs/file-format.md` and shares no code with the library. It only reads. Nothing in the file is
//! trusted: lengths are checked before they are used, and memory and reads are limited.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `source.rs` | reading by position, with a limit |
//! | `fields.rs` | little-endian fields, location words of frames and extents |
//! | `report.rs` | prints, and counts damage |
//! | `superblock.rs` | the two slots of a data file |
//! | `extents.rs` | the headers of the extents |
//! | `frames.rs` | the log, frame by frame |
//! | `frame.rs` | one frame: its header and its sections |
//! | `rows.rs` | the vectors of frames, deletions |
//! | `listing.rs` | frames and rows as lines |
//! | `store.rs` | a whole data file, the summary |
//! | `index.rs` | the slots of an index |
//! | `table.rs` | the index's table |
//! | `records.rs` | the index's records |

#![forbid(unsafe_code)]

mod columns;
mod extents;
pub mod fields;
mod frame;
mod frames;
mod index;
mod listing;
mod records;
mod report;
mod rows;
mod source;
mod store;
mod superblock;
mod table;

use clap::Parser;
use report::Report;
use source::Source;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Prints the structure of a store file. Exit code 0: no damage; 1: damage was found; 2: not a store file, or it could not
/// be read.
#[derive(Debug, Parser)]
#[command(name = "inspect")]
pub struct Arguments {
    /// A store, together with its index FILE.hnsw, or an index alone
    pub file: PathBuf,
    /// Print at most this many frames; damaged frames are always printed
    #[arg(long, default_value_t = 50)]
    pub frames: u64,
    /// List the rows of the frame with this sequence
    #[arg(long, value_name = "SEQUENCE")]
    pub rows: Option<u64>,
    /// Compare all vectors with their checksums; by default only those after the checkpoint
    #[arg(long)]
    pub vectors: bool,
    /// Read at most this many MiB of each file
    #[arg(long, default_value_t = 65_536)]
    pub read_limit: u64,
}

pub fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let code = run(&Arguments::parse(), &mut out);
    match out.flush() {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(report::UNREADABLE),
    }
}

/// Prints to `out`, and returns the exit code.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> u8 {
    let mut report = Report::new(out);
    inspect(arguments, &mut report);
    report.finish()
}

fn inspect(arguments: &Arguments, report: &mut Report<'_>) {
    let Some(file) = open(&arguments.file, arguments, report) else { return };
    let is_index = match index::is_index(&file) {
        Ok(is_index) => is_index,
        Err(error) => return report.unread(&error),
    };
    if is_index {
        return index::inspect(&file, None, report);
    }
    let path = index_path(&arguments.file);
    let index = if path.exists() { open(&path, arguments, report) } else { None };
    let wanted = index.as_ref().map_or([None; 2], index::log_positions);
    let Some(store) = store::inspect(&file, arguments, wanted, report) else { return };
    report.line(format_args!(""));
    match index {
        Some(index) => index::inspect(&index, Some(&store), report),
        None => report.line(format_args!("no index: there is no {}", path.display())),
    }
}

fn open(path: &Path, arguments: &Arguments, report: &mut Report<'_>) -> Option<Source> {
    let opened = Source::open(path, arguments.read_limit.saturating_mul(1 << 20));
    opened.map_err(|error| report.unread(&format!("{}: {error}", path.display()))).ok()
}

/// The path of the index: `FILE.hnsw`.
fn index_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".hnsw");
    name.into()
}
