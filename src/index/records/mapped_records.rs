//! Records in the index file. A record is loaded into memory and checked when it is first needed.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::checksum::{crc32c, crc32c_append};
use crate::kernel::codes::Line;

/// The lines of a mapped file. Lines that a table refers to must not change while this exists.
pub(crate) trait SavedLines: Send + Sync {
    /// Returns `count` lines from line `first`; `None` if the file ends before.
    fn lines(&self, first: u64, count: usize) -> Option<&[Line]>;
}

/// Offset of the checksum in a record's first line.
const CHECKSUM_AT: usize = 60;

/// Computes the checksum of a row's record.
fn checksum_of(row: u32, lines: &[Line]) -> u32 {
    let bytes: &[u8] = bytemuck::cast_slice(lines);
    let (head, rest) = bytes.split_at(CHECKSUM_AT.min(bytes.len()));
    let checksum = crc32c_append(crc32c(&row.to_le_bytes()), head);
    crc32c_append(checksum, rest.get(4..).unwrap_or_default())
}

/// Writes the checksum into a row's record.
pub(crate) fn add_checksum(row: u32, lines: &mut [Line]) {
    let checksum = checksum_of(row, lines);
    if let Some(checksum_bytes) = lines.first_mut().and_then(|head| head.0.get_mut(CHECKSUM_AT..)) {
        checksum_bytes.copy_from_slice(&checksum.to_le_bytes());
    }
}

/// Whether a row's record has the right checksum.
fn has_checksum(row: u32, lines: &[Line]) -> bool {
    let stored = lines.first().and_then(|head| head.0.get(CHECKSUM_AT..));
    stored == Some(&checksum_of(row, lines).to_le_bytes())
}

/// Records of one width, stored in consecutive cells.
pub(crate) struct SavedRecords {
    lines: Box<dyn SavedLines>,
    width: usize,
    is_damaged: AtomicBool,
}

impl SavedRecords {
    pub(crate) fn new(lines: Box<dyn SavedLines>, width: usize) -> Self {
        Self { lines, width, is_damaged: AtomicBool::new(false) }
    }

    /// Returns the record in a cell, unchecked; `None` past the last cell.
    pub(crate) fn record(&self, cell: u32) -> Option<&[Line]> {
        self.lines.lines(u64::from(cell) * self.width as u64, self.width)
    }

    /// Whether `lines` is a valid record of `row`. `is_valid` is called only if the checksum matches.
    pub(crate) fn is_intact(&self, row: u32, lines: &[Line], is_valid: impl FnOnce(&[Line]) -> bool) -> bool {
        let is_intact = has_checksum(row, lines) && is_valid(lines);
        if !is_intact && !self.is_damaged.swap(true, Relaxed) {
            log::warn!("the record of row {row} in the index file is damaged; the index is no longer used");
        }
        is_intact
    }

    /// Whether a damaged record was found.
    pub(crate) fn is_damaged(&self) -> bool {
        self.is_damaged.load(Relaxed)
    }
}
