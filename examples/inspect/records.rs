//! The records of an index: their checksums and links.

use super::fields::word;
use super::index::Slot;
use super::report::Report;
use super::source::{Source, Window};
use super::table::{Counts, IS_DUPLICATE, Table};
use crc32c::{crc32c, crc32c_append};
use std::io;

/// The offset of a record's checksum.
const CHECKSUM_AT: usize = 60;
/// The bit of a link's word that marks a spare link.
const IS_SPARE: u32 = 1 << 31;
/// The word of a slot without a link.
const NO_LINK: u32 = u32::MAX;

#[derive(Default)]
struct Links {
    firm: u64,
    spare: u64,
}

/// Checks all records of a table, and prints counts.
pub fn inspect(
    source: &Source,
    slot: &Slot,
    table: &Table,
    counts: &Counts,
    report: &mut Report<'_>,
) -> io::Result<()> {
    let mut words = Window::new(source);
    let mut wrong = 0_u64;
    let mut links = Links::default();
    let mut record = vec![0; usize::try_from(slot.cell_bytes()).unwrap_or(0)];
    for (row, at) in table.rows() {
        let Some(word) = words.word(at)? else { break };
        let Some(cell) = word.checked_sub(1).filter(|_| word & IS_DUPLICATE == 0 && word <= slot.cells)
        else {
            continue;
        };
        let at = slot.cell_at(cell);
        if source.read(at, &mut record)? != record.len() {
            wrong += 1;
            report.damage(at, format_args!("record of row {row}: the file ends in it"));
        } else if !is_sealed(row, &record) {
            wrong += 1;
            report.damage(at, format_args!("record of row {row}: the checksum is wrong"));
        } else if let Some(to) = count_links(&record, slot, table.covered_rows, &mut links) {
            report.damage(at, format_args!("record of row {row}: it links to row {to}"));
        }
    }
    report.heading("index summary");
    let lines = [
        ("rows covered", table.covered_rows.into()),
        ("nodes", counts.nodes),
        ("duplicates", counts.duplicates),
        ("not in the graph", counts.others),
        ("links", links.firm),
        ("spare links", links.spare),
        ("links by table", counts.in_links),
        ("nodes without in-links", counts.unlinked),
        ("wrong records", wrong),
        ("record bytes", counts.nodes.saturating_mul(slot.cell_bytes())),
        ("file bytes", source.length()),
    ];
    for (name, number) in lines {
        report.line(format_args!("{name:<24} {number:>16}"));
    }
    Ok(())
}

/// Whether a record has the checksum of the row's record.
fn is_sealed(row: u32, record: &[u8]) -> bool {
    let Some((head, rest)) = record.split_at_checked(CHECKSUM_AT) else { return false };
    let computed = crc32c_append(crc32c(&row.to_le_bytes()), head);
    let computed = crc32c_append(computed, rest.get(4..).unwrap_or_default());
    word(record, CHECKSUM_AT) == computed
}

/// Counts a record's links; returns an invalid row number that a link leads to.
fn count_links(record: &[u8], slot: &Slot, covered_rows: u32, links: &mut Links) -> Option<u32> {
    let mut nowhere = None;
    let words = usize::try_from(slot.slot_count().saturating_mul(4)).unwrap_or(0);
    let (words, _) = record.get(64..).and_then(|rest| rest.get(..words)).unwrap_or_default().as_chunks::<4>();
    for word in words.iter().map(|&word| u32::from_le_bytes(word)).filter(|&word| word != NO_LINK) {
        if word & !IS_SPARE >= covered_rows {
            nowhere = nowhere.or(Some(word & !IS_SPARE));
        } else if word & IS_SPARE == 0 {
            links.firm += 1;
        } else {
            links.spare += 1;
        }
    }
    nowhere
}
