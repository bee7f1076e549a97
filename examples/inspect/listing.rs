//! Prints frames and their rows as lines.

use super::frame::{Frame, Rows};
use super::report::{Offset, Report};
use super::source::Window;
use std::io;

/// Prints the rows of a valid frame.
pub fn list_rows(frame: &Frame, window: &Window<'_>, report: &mut Report<'_>) -> io::Result<()> {
    report.line(format_args!("    {:>10} {:>18} {:>13} key", "row", "tags", "payload bytes"));
    let mut rows = Rows::new(*frame, window);
    while let Some(row) = rows.next()? {
        let tags = row.tags.map_or_else(|| "-".to_owned(), |tags| format!("{tags:#x}"));
        let (number, bytes, key) = (row.number, row.payload_bytes, &row.key);
        report.line(format_args!("    {number:>10} {tags:>18} {bytes:>13} {key:?}"));
    }
    Ok(())
}

pub fn print_heading(report: &mut Report<'_>) {
    report.heading("frames");
    report.line(format_args!(
        "{:>10} {:<24} {:>10} {:>10} {:>8} {:>9} {:>8} {:>10} {:>13} {:>4} {:<16} {:<8} {:<8} chain",
        "sequence",
        "offset",
        "length",
        "first row",
        "rows",
        "deletions",
        "updates",
        "key bytes",
        "payload bytes",
        "tags",
        "session",
        "checksum",
        "state",
    ));
}

/// Prints a frame.
pub fn print(frame: &Frame, state: &str, chain_state: &str, report: &mut Report<'_>) {
    report.line(format_args!(
        "{:>10} {:<24} {:>10} {:>10} {:>8} {:>9} {:>8} {:>10} {:>13} {:>4} {:016x} {:08x} {:<8} {}",
        frame.sequence,
        Offset(frame.at),
        frame.length,
        frame.first_row,
        frame.row_count,
        frame.deletion_count(),
        if frame.is_update() { frame.listed_count } else { 0 },
        frame.key_bytes,
        frame.payload_bytes,
        if frame.flags & 1 == 0 { "-" } else { "yes" },
        frame.session,
        frame.checksum,
        state,
        chain_state,
    ));
}
