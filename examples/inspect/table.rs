//! The table of an index: its header, its lists, and the state of each row.

use super::fields::word;
use super::index::Slot;
use super::report::{Offset, Report};
use super::source::{Source, Window};
use std::io;
use std::ops::Range;

const VERSION: u32 = 7;
const HEADER_WORDS: usize = 27;
const HEADER_BYTES: usize = 4 * HEADER_WORDS;
/// The value for "no row".
const NO_ROW: u32 = u32::MAX;
/// The bit of a row's word that marks a duplicate of the row in the other bits.
pub const IS_DUPLICATE: u32 = 1 << 31;

/// How a word of the header is printed.
#[derive(Clone, Copy)]
enum Shown {
    Number,
    Hex,
    Float,
}

use Shown::{Float, Hex, Number};

/// The words of the header, in order.
const NAMES: [(&str, Shown); HEADER_WORDS] = [
    ("version", Number),
    ("metric", Number),
    ("M", Number),
    ("maximum links", Number),
    ("profile", Number),
    ("seed, lower half", Hex),
    ("seed, upper half", Hex),
    ("rows covered", Number),
    ("first row without direction", Hex),
    ("rows when the entry points were chosen", Number),
    ("rows at the last full sweep", Number),
    ("next row to sweep", Number),
    ("largest squared length", Float),
    ("sum of squared lengths, lower half", Hex),
    ("sum of squared lengths, upper half", Hex),
    ("squared lengths in the sum", Number),
    ("candidates placed by estimates", Number),
    ("of these misplaced", Number),
    ("rows at the recall's measurement", Number),
    ("candidates at the measurement", Number),
    ("recall", Float),
    ("scale of the transform", Float),
    ("squared length of outliers", Float),
    ("components of the centre", Number),
    ("entry points", Number),
    ("orphans", Number),
    ("pinned links", Number),
];

/// The offsets of a table's parts. Its checksum and its length are valid.
pub struct Table {
    at: u64,
    header: [u8; HEADER_BYTES],
    pub covered_rows: u32,
    entry_points_at: u64,
    orphans_at: u64,
    pinned_links_at: u64,
    rows_at: u64,
    in_links_at: u64,
}

/// Counts of rows by state.
#[derive(Default)]
pub struct Counts {
    pub nodes: u64,
    pub duplicates: u64,
    /// Neither: without direction, or deleted before they were indexed.
    pub others: u64,
    pub in_links: u64,
    /// Nodes without in-links.
    pub unlinked: u64,
}

/// Why there is no table.
pub struct Fault {
    pub at: u64,
    pub what: String,
    /// Whether it is intact, but of another version: then the index is rebuilt.
    pub is_other_version: bool,
}

/// The table of a slot.
pub fn find(source: &Source, slot: &Slot) -> io::Result<Result<Table, Fault>> {
    let (at, end) = (slot.cell_at(slot.table_cell), slot.cell_at(slot.cells));
    let fault = |what: String| Ok(Err(Fault { at, what, is_other_version: false }));
    if slot.table_cell >= slot.cells {
        return fault(format!("it begins at cell {} of {}", slot.table_cell, slot.cells));
    }
    if end > source.length() {
        return fault(format!("the cells end at {}, the file at {}", Offset(end), source.length()));
    }
    let Some(table_end) = at.checked_add(slot.table_bytes).filter(|&table_end| table_end <= end) else {
        return fault(format!("it has {} bytes, the cells end at {}", slot.table_bytes, Offset(end)));
    };
    match source.checksum(0, at..table_end)? {
        None => return fault("the file ends in it".to_owned()),
        Some(computed) if computed != slot.table_checksum => {
            return fault(format!(
                "the checksum is {:08x}, of the bytes {computed:08x}",
                slot.table_checksum
            ));
        }
        Some(_) => {}
    }
    let Some(header) = source.array::<HEADER_BYTES>(at)?.filter(|_| slot.table_bytes >= HEADER_BYTES as u64)
    else {
        return fault(format!("it has {} bytes, too few for its header", slot.table_bytes));
    };
    let version = word(&header, 0);
    if version != VERSION {
        let what = format!("the version is {version}, known is {VERSION}");
        return Ok(Err(Fault { at, what, is_other_version: true }));
    }
    let behind =
        |at: u64, words: usize| at.saturating_add(u64::from(word(&header, 4 * words)).saturating_mul(4));
    let entry_points_at = behind(at.saturating_add(HEADER_BYTES as u64), 23);
    let orphans_at = behind(entry_points_at, 24);
    let pinned_links_at = behind(orphans_at, 25);
    let rows_at = behind(behind(pinned_links_at, 26), 26);
    let prints_at = behind(rows_at, 7);
    let in_links_at = behind(prints_at, 7);
    let covered_rows = word(&header, 28);
    if behind(in_links_at, 7) != table_end {
        return fault(format!("its counts do not add up to its {} bytes", slot.table_bytes));
    }
    Ok(Ok(Table {
        at,
        header,
        covered_rows,
        entry_points_at,
        orphans_at,
        pinned_links_at,
        rows_at,
        in_links_at,
    }))
}

impl Table {
    /// Prints the header.
    pub fn print(&self, report: &mut Report<'_>) -> io::Result<()> {
        report.heading("table of the newest intact generation");
        report.line(format_args!("at {}", Offset(self.at)));
        for (index, (name, shown)) in NAMES.iter().enumerate() {
            let value = word(&self.header, 4 * index);
            let value = match shown {
                Hex => format!("{value:#010x}"),
                Float => format!("{}", f32::from_bits(value)),
                Number => value.to_string(),
            };
            report.line(format_args!("{index:>3} {name:<36} {value:>16}"));
        }
        let sum = u64::from(word(&self.header, 52)) | u64::from(word(&self.header, 56)) << 32;
        report.line(format_args!("{:>3} {:<36} {:>16}", "", "sum of squared lengths", f64::from_bits(sum)));
        Ok(())
    }

    /// A row's word in the table.
    fn row_word(&self, source: &Source, row: u32) -> io::Result<Option<u32>> {
        if row >= self.covered_rows {
            return Ok(None);
        }
        let at = self.rows_at.saturating_add(4 * u64::from(row));
        Ok(source.array(at)?.map(u32::from_le_bytes))
    }

    fn is_node(&self, source: &Source, row: u32) -> io::Result<bool> {
        Ok(self.row_word(source, row)?.is_some_and(|word| word != 0 && word & IS_DUPLICATE == 0))
    }

    /// Each row and the offset of its word.
    pub fn rows(&self) -> impl Iterator<Item = (u32, u64)> + use<> {
        let at = self.rows_at;
        (0..self.covered_rows).map(move |row| (row, at.saturating_add(4 * u64::from(row))))
    }

    /// Checks the header against the slot, and the lists and rows.
    pub fn check(&self, source: &Source, slot: &Slot, report: &mut Report<'_>) -> io::Result<Counts> {
        let seed = slot.seed.to_le_bytes();
        let of_slot = [
            (1, slot.identity.metric),
            (2, slot.m),
            (3, slot.max_links),
            (4, slot.profile),
            (5, word(&seed, 0)),
            (6, word(&seed, 4)),
            (7, slot.covered_rows),
        ];
        for (index, expected) in of_slot {
            let found = word(&self.header, 4 * index);
            if found != expected {
                let name = NAMES.get(index).map_or("", |(name, _)| name);
                let at = self.at.saturating_add(4 * index as u64);
                report.damage(at, format_args!("table: {name} is {found}; the slot has {expected}"));
            }
        }
        let centre = word(&self.header, 92);
        if centre != 0 && centre != slot.identity.dimensions {
            report.damage(
                self.at.saturating_add(92),
                format_args!("table: the centre has {centre} components"),
            );
        }
        self.check_nodes(source, self.entry_points_at..self.orphans_at, "among the entry points", report)?;
        self.check_nodes(source, self.orphans_at..self.pinned_links_at, "among the orphans", report)?;
        self.check_nodes(source, self.pinned_links_at..self.rows_at, "of a pinned link", report)?;
        self.check_rows(source, slot, report)
    }

    fn check_nodes(
        &self,
        source: &Source,
        list: Range<u64>,
        name: &str,
        report: &mut Report<'_>,
    ) -> io::Result<()> {
        let mut window = Window::new(source);
        let mut at = list.start;
        while at < list.end {
            let Some(row) = window.word(at)? else { break };
            if !self.is_node(source, row)? {
                report.damage(at, format_args!("table: row {row} {name} is not a node"));
            }
            at = at.saturating_add(4);
        }
        Ok(())
    }

    fn check_rows(&self, source: &Source, slot: &Slot, report: &mut Report<'_>) -> io::Result<Counts> {
        let mut counts = Counts::default();
        let directionless = word(&self.header, 32);
        if directionless != NO_ROW && self.row_word(source, directionless)? != Some(0) {
            let at = self.at.saturating_add(32);
            report.damage(at, format_args!("table: the first row without direction is {directionless}"));
        }
        let [mut words, mut in_links] = std::array::from_fn(|_| Window::new(source));
        for (row, at) in self.rows() {
            let of_row = 4 * u64::from(row);
            let Some(word) = words.word(at)? else { break };
            let links = in_links.word(self.in_links_at.saturating_add(of_row))?.unwrap_or(0);
            counts.in_links = counts.in_links.saturating_add(links.into());
            let first = word & !IS_DUPLICATE;
            if word & IS_DUPLICATE != 0 {
                counts.duplicates += 1;
                let of_first = if first < row { self.row_word(source, first)? } else { None };
                if of_first.is_none_or(|word| word & IS_DUPLICATE != 0) {
                    report.damage(
                        at,
                        format_args!(
                            "table: row {row} is a duplicate of row {first}, which is not a first row"
                        ),
                    );
                }
            } else if word == 0 {
                counts.others += 1;
            } else {
                counts.nodes += 1;
                counts.unlinked += u64::from(links == 0);
                if word > slot.cells {
                    let (cell, cells) = (word - 1, slot.cells);
                    report.damage(at, format_args!("table: row {row} is in cell {cell} of {cells}"));
                }
            }
        }
        Ok(counts)
    }
}
