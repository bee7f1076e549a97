//! What is stored in memory for each row: the position of its key in the file, its tags, and its deletion.
//!
//! The writer fills rows at and above the published count. Readers access rows below it, without a lock.

use crate::append_table::AppendTable;
use crate::kernel::codes::prefetch_line;
use crate::storage::{DataFile, Frame};
use crate::store::state::payloads::PayloadTable;
use crate::store::state::values::ValueTable;
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::{Result, SynaError};

/// The state of a store at one moment. It contains each batch as a whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Rows that exist, live or deleted.
    pub(crate) rows: u32,
    /// Deletions so far.
    pub(crate) deletions: u32,
}

/// The snapshot that a new reader gets. Both numbers change atomically.
#[derive(Debug, Default)]
pub(crate) struct Published {
    packed: AtomicU64,
}

impl Published {
    pub(crate) fn load(&self) -> Snapshot {
        let packed = self.packed.load(Ordering::Acquire);
        let [r0, r1, r2, r3, d0, d1, d2, d3] = packed.to_le_bytes();
        Snapshot {
            rows: u32::from_le_bytes([r0, r1, r2, r3]),
            deletions: u32::from_le_bytes([d0, d1, d2, d3]),
        }
    }

    /// Publishes a snapshot. Everything that its rows need must have been stored before; the release store makes it
    /// visible.
    pub(crate) fn store(&self, snapshot: Snapshot) {
        let packed = u64::from(snapshot.rows) | u64::from(snapshot.deletions) << 32;
        self.packed.store(packed, Ordering::Release);
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct RowTable {
    /// Position and length of the key in the file: offset * 2^16 + length.
    keys: AppendTable<AtomicU64, 8>,
    /// The number of the deletion that removed the row, counted from 1; 0 or absent: live.
    deleted_by: AppendTable<AtomicU32, 8>,
    /// Bit `r % 64` of word `r / 64`: whether row `r` has a deletion number. A search tests many rows, and these words
    /// stay in the cache.
    deleted: AppendTable<AtomicU64, 2>,
    /// For each 64 rows the highest deletion number. A snapshot with that number sees all deletions of the word.
    last_deletions: AppendTable<AtomicU32, 2>,
    /// Absent for rows without tags. Copied from the file, because a filter reads the tags of all rows, and
    /// would otherwise have to search for the frame of each.
    tags: AppendTable<AtomicU64, 8>,
    payloads: PayloadTable,
    pub(crate) values: ValueTable,
    /// Updates of tags and values so far.
    updates: AtomicU64,
}

impl RowTable {
    /// Allocates what [`RowTable::add`] will need, so that it cannot fail in the middle.
    pub(crate) fn reserve(
        &self,
        first_row: u32,
        row_count: u32,
        has_tags: bool,
        deletions: &[u32],
    ) -> Result<()> {
        if let Some(last) = row_count.checked_sub(1) {
            // Chunks double in size, so a batch may span several.
            let (first, last) = (first_row as usize, first_row as usize + last as usize);
            let mut row = first;
            loop {
                self.keys.get_or_grow(row)?;
                if has_tags {
                    self.tags.get_or_grow(row)?;
                }
                if row == last {
                    break;
                }
                row = last.min(row + 256);
            }
        }
        for &row in deletions {
            self.deleted_by.get_or_grow(row as usize)?;
            self.deleted.get_or_grow((row / u64::BITS) as usize)?;
            self.last_deletions.get_or_grow((row / u64::BITS) as usize)?;
        }
        self.payloads.reserve(0)
    }

    /// The same for a frame that updates rows.
    pub(crate) fn reserve_updates(
        &self,
        rows: &[u32],
        has_tags: bool,
        has_payloads: bool,
        columns: u32,
    ) -> Result<()> {
        if has_tags {
            rows.iter().try_for_each(|&row| self.tags.get_or_grow(row as usize).map(|_| ()))?;
        }
        self.values.reserve(rows.iter().copied(), columns)?;
        self.payloads.reserve(if has_payloads { rows.len() } else { 0 })
    }

    /// Adds a frame that begins at `offset_bytes` in the file. `deletions_before`: deletions before the frame.
    pub(crate) fn add(&self, frame: &Frame<'_>, offset_bytes: u64, deletions_before: u32) -> Result<()> {
        let first = frame.first_row() as usize;
        self.keys.store_from(first, frame.key_places(), |cell, (at, length)| {
            cell.store((offset_bytes + at as u64) << 16 | u64::from(length & 0xFFFF), Ordering::Relaxed);
        })?;
        if frame.has_tags() {
            let tags = (0..frame.row_count()).map(|position| frame.tags(position));
            self.tags.store_from(first, tags, |cell, tags| cell.store(tags, Ordering::Relaxed))?;
            for (position, row) in (0..).zip(frame.updates()) {
                self.tags.get_or_grow(row as usize)?.store(frame.tags(position), Ordering::Relaxed);
            }
        }
        for (ordinal, row) in (deletions_before + 1..).zip(frame.deletions()) {
            self.number_deletion(row, ordinal)?;
        }
        if frame.updated_columns() != 0 {
            self.values.add(frame)?;
        }
        if frame.has_payloads() {
            self.payloads.add(frame, offset_bytes)?;
        }
        if frame.is_update() {
            // Release: who sees the number also sees the new values.
            self.updates.fetch_add(1, Ordering::Release);
        }
        Ok(())
    }

    fn number_deletion(&self, row: u32, ordinal: u32) -> Result<()> {
        self.deleted_by.get_or_grow(row as usize)?.store(ordinal, Ordering::Relaxed);
        let place = (row / u64::BITS) as usize;
        self.last_deletions.get_or_grow(place)?.fetch_max(ordinal, Ordering::Relaxed);
        // Release: a reader that sees the bit also sees the number. Otherwise it could hide the row from a snapshot
        // before the deletion.
        let word = self.deleted.get_or_grow(place)?;
        word.fetch_or(1 << (row % u64::BITS), Ordering::Release);
        Ok(())
    }

    /// The rows of word `place` that may be live in a snapshot, as bits. They are exactly the live rows, unless rows of
    /// the word were deleted after the snapshot; then all bits are set.
    #[inline]
    pub(crate) fn live_word(&self, place: u32, snapshot: Snapshot) -> u64 {
        let place = place as usize;
        let Some(word) = self.deleted.get(place) else { return u64::MAX };
        let deleted = word.load(Ordering::Acquire);
        let last = self.last_deletions.get(place).map_or(u32::MAX, |last| last.load(Ordering::Relaxed));
        if deleted == 0 || last > snapshot.deletions { u64::MAX } else { !deleted }
    }

    /// How many updates were made so far.
    pub(crate) fn update_count(&self) -> u64 {
        self.updates.load(Ordering::Acquire)
    }

    /// Hides a row that is not intact. The snapshot counts it as a deletion.
    pub(crate) fn hide(&self, row: u32) -> Result<()> {
        self.number_deletion(row, 1)
    }

    /// The deletion number of a row, if it may have one. A deletion that is not visible here is later than the caller's
    /// snapshot.
    #[inline]
    fn deletion(&self, row: u32) -> Option<&AtomicU32> {
        let word = self.deleted.get((row / u64::BITS) as usize)?.load(Ordering::Relaxed);
        if word >> (row % u64::BITS) & 1 == 0 { None } else { self.deleted_by.get(row as usize) }
    }

    /// Whether a row below `snapshot.rows` was live in the snapshot.
    #[inline]
    pub(crate) fn is_live(&self, row: u32, snapshot: Snapshot) -> bool {
        match self.deletion(row) {
            None => true,
            Some(cell) => {
                let deletion = cell.load(Ordering::Relaxed);
                deletion == 0 || deletion > snapshot.deletions
            }
        }
    }

    /// How many rows below `end` were ever deleted.
    pub(crate) fn deleted_below(&self, end: u32) -> u32 {
        let words = (0..end.div_ceil(u64::BITS)).map(|at| {
            let word = self.deleted.get(at as usize).map_or(0, |word| word.load(Ordering::Relaxed));
            let rows = end - at * u64::BITS;
            if rows < u64::BITS { word & ((1 << rows) - 1) } else { word }
        });
        words.map(u64::count_ones).sum()
    }

    /// Prefetches what [`RowTable::is_live`] will read. Returns whether the row may have been deleted.
    #[inline]
    pub(crate) fn prefetch_deletion(&self, row: u32) -> bool {
        let deletion = self.deletion(row);
        deletion.inspect(|cell| prefetch_line(*cell)).is_some()
    }

    /// Prefetches the entry with the position of a row's key.
    #[inline]
    pub(crate) fn prefetch_key(&self, row: u32) {
        self.keys.get(row as usize).inspect(|cell| prefetch_line(*cell));
    }

    /// The key of a published row. Its bytes are not read.
    pub(crate) fn key<'d>(&self, data: &'d DataFile, row: u32) -> Result<&'d [u8]> {
        let lost = || SynaError::Internal { what: format!("row {row} has no key") };
        let packed = self.keys.get(row as usize).ok_or_else(lost)?.load(Ordering::Relaxed);
        let length = usize::try_from(packed & 0xFFFF).map_err(|_| lost())?;
        data.extents.bytes(packed >> 16, length).ok_or_else(lost)
    }

    /// The tags of a published row; 0 if there are none.
    #[inline]
    pub(crate) fn tags(&self, row: u32) -> u64 {
        self.tags.get(row as usize).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    /// The payload of a published row; empty if there is none.
    pub(crate) fn payload<'d>(&self, data: &'d DataFile, row: u32) -> &'d [u8] {
        self.payloads.payload(data, row)
    }
}

#[cfg(all(loom, test))]
mod loom_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_word_hides_no_row_from_a_snapshot_before_its_deletion() {
        let table = RowTable::default();
        let at = |deletions| Snapshot { rows: 200, deletions };
        assert_eq!(table.live_word(1, at(0)), u64::MAX);
        table.number_deletion(64, 1).unwrap();
        table.number_deletion(70, 2).unwrap();
        table.number_deletion(130, 3).unwrap();
        assert_eq!(table.live_word(1, at(2)), !(1 | 1 << 6));
        assert_eq!(table.live_word(1, at(9)), !(1 | 1 << 6));
        assert_eq!(table.live_word(1, at(1)), u64::MAX, "row 70 was live then");
        assert_eq!((table.live_word(0, at(9)), table.live_word(2, at(3))), (u64::MAX, !(1 << 2)));
        assert_eq!(table.live_word(9, at(9)), u64::MAX);
    }

    #[test]
    fn a_published_snapshot_is_loaded_unchanged() {
        let published = Published::default();
        for snapshot in [
            Snapshot { rows: 0, deletions: 0 },
            Snapshot { rows: u32::MAX, deletions: 1 },
            Snapshot { rows: 7, deletions: u32::MAX },
        ] {
            published.store(snapshot);
            assert_eq!(published.load(), snapshot);
        }
    }

    #[test]
    fn reserve_allocates_for_a_whole_batch() {
        let table = RowTable::default();
        table.reserve(200, 5000, true, &[3]).unwrap();
        for row in 200..5200 {
            assert!(table.keys.get(row).is_some() && table.tags.get(row).is_some(), "row {row}");
        }
    }
}
