//! Prints what a store file holds, damaged or not: superblocks, extents, frames, and the tables of its index.
//!
//! ```text
//! cargo run --example inspect -- FILE [--frames N] [--rows SEQUENCE] [--vectors]
//! ```
//!
//! It needs no more than `docs/file-format.md` says and shares no code with the library. It only reads. Nothing in the file
//! is believed: lengths are checked before they are used, memory and reading are limited.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `source.rs` | reading by position, with a limit |
//! | `fields.rs` | little-endian fields, the place of a frame or an extent |
//! | `report.rs` | printing, counting of damage |
//! | `superblock.rs` | the two slots of a data file |
//! | `extents.rs` | the extents' headers |
//! | `frames.rs` | the walk over the log |
//! | `frame.rs` | one frame: its header and its sections |
//! | `rows.rs` | the vectors of frames, deletions |
//! | `listing.rs` | frames and rows as lines |
//! | `store.rs` | a data file as a whole, the summary |
//! | `index.rs` | the slots of an index |
//! | `table.rs` | the index's table |
//! | `records.rs` | the index's records |

#![forbid(unsafe_code)]

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

/// Prints what a store file holds. Exit code 0: all is sound; 1: damage was found; 2: no store file, or it could not be
/// read.
#[derive(Debug, Parser)]
#[command(name = "inspect")]
pub struct Arguments {
    /// A store, whose index FILE.hnsw is looked at too, or an index
    pub file: PathBuf,
    /// Print at most so many frames; damaged ones are always printed
    #[arg(long, default_value_t = 50)]
    pub frames: u64,
    /// List the rows of the frame with this sequence
    #[arg(long, value_name = "SEQUENCE")]
    pub rows: Option<u64>,
    /// Compare all vectors with their checksums; otherwise only those behind the checkpoint
    #[arg(long)]
    pub vectors: bool,
    /// Read at most so many MiB of each file
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

/// `FILE.hnsw`
fn index_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".hnsw");
    name.into()
}
