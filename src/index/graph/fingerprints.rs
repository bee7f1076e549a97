//! A hash table from the bits of a vector to its row. A search for a stored vector finds its row here, even if no link
//! leads to it.
//!
//! Linear probing over 64-bit entries; at least half of them are free. One thread inserts; readers take no lock. A full
//! table is copied into one of twice the size, a part with each batch. The old table is kept for readers that still use
//! it. Until the copy is complete, readers search both tables.

use std::sync::atomic::Ordering::{Acquire, Release};

use crate::checksum::crc32c;
use crate::index::params::row_number;
use crate::sync::{AtomicU32, OnceLock};
use crate::{Result, SynaError};
use std::sync::atomic::AtomicU64;

/// Log2 of the entries of the first table.
const FIRST_BITS: u32 = 10;
/// The maximum number of tables. The last one has room for 2^31 rows.
const TABLES: usize = 23;
/// The maximum number of rows with one fingerprint. Duplicates with the bits of their node are not inserted, so equal
/// fingerprints are hash collisions, equal rows that were not recognized as duplicates, or equal copies that differ in
/// bits from their node. Behind each of the latter a search follows the chain of duplicates.
const MOST_ALIKE: u32 = 8;

/// The fingerprint of a vector: the CRC-32C of its bytes.
pub(crate) fn fingerprint(vector: &[f32]) -> u32 {
    crc32c(bytemuck::cast_slice(vector))
}

/// An entry: the fingerprint in the upper half, the row plus one in the lower half; 0: free.
fn entry(print: u32, row: u32) -> u64 {
    u64::from(print) << 32 | u64::from(row + 1)
}

/// The fingerprint and the row of an entry; `None` if it is free.
#[expect(clippy::cast_possible_truncation, reason = "the two halves of the entry")]
fn parts(entry: u64) -> Option<(u32, u32)> {
    Some(((entry >> 32) as u32, (entry as u32).checked_sub(1)?))
}

type Table = [AtomicU64];

fn entry_at(bucket: &AtomicU64) -> Option<(u32, u32)> {
    parts(bucket.load(Acquire))
}

/// The hash table.
pub(crate) struct Fingerprints {
    tables: Box<[OnceLock<Box<Table>>]>,
    /// Index of the current table plus one; 0: none.
    count: AtomicU32,
    /// Index of the table that is being copied, plus one; 0: none.
    old: AtomicU32,
    /// How many entries of the old table have been copied.
    copied: AtomicU64,
}

/// Entries copied with each batch. Two for each row are enough to finish before the next table is needed.
const COPIED_A_BATCH: usize = 4096;

/// Bound on a probe sequence. A table is at most half full, so no sequence is as long by chance; vectors or files made
/// to collide could cause it.
const MOST_PROBES: usize = 1 << 13;

/// The buckets to probe for a fingerprint, in order. A row that finds none of them free is not inserted.
fn buckets(table: &Table, print: u32) -> impl Iterator<Item = &AtomicU64> {
    let mask = table.len().saturating_sub(1);
    (0..table.len().min(MOST_PROBES))
        .filter_map(move |step| table.get((print as usize).wrapping_add(step) & mask))
}

fn enter(table: &Table, print: u32, row: u32) {
    let mut alike = 0;
    for bucket in buckets(table, print) {
        match parts(bucket.load(Acquire)) {
            None => {
                bucket.store(entry(print, row), Release);
                return;
            }
            Some((other, of_row)) if other == print => {
                alike += 1;
                // A batch that is repeated after an error inserts its rows again.
                if of_row == row || alike == MOST_ALIKE {
                    return;
                }
            }
            Some(_) => {}
        }
    }
}

impl Fingerprints {
    pub(crate) fn new() -> Self {
        let tables = (0..TABLES).map(|_| OnceLock::default()).collect();
        Self { tables, count: AtomicU32::new(0), old: AtomicU32::new(0), copied: AtomicU64::new(0) }
    }

    fn table(&self, number: &AtomicU32) -> Option<&Table> {
        let table = (number.load(Acquire) as usize).checked_sub(1)?;
        self.tables.get(table)?.get().map(|table| &**table)
    }

    fn last(&self) -> Option<&Table> {
        self.table(&self.count)
    }

    /// Copies up to `most` entries of the old table.
    fn copy(&self, most: usize) {
        let (Some(old), Some(last)) = (self.table(&self.old), self.last()) else { return };
        let begin = usize::try_from(self.copied.load(Acquire)).unwrap_or(usize::MAX);
        let end = begin.saturating_add(most).min(old.len());
        for (print, row) in old.get(begin..end).unwrap_or_default().iter().filter_map(entry_at) {
            enter(last, print, row);
        }
        self.copied.store(end as u64, Release);
        if end == old.len() {
            self.old.store(0, Release);
        }
    }

    /// Allocates room for rows `0..end`, and copies a part of the old table. One caller at a time.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn reserve(&self, end: u32) -> Result<()> {
        let length = (end as usize).saturating_mul(2).next_power_of_two().max(1 << FIRST_BITS);
        let old = self.last();
        if old.is_some_and(|old| old.len() >= length) {
            self.copy(COPIED_A_BATCH);
            return Ok(());
        }
        self.copy(usize::MAX);
        let mut table = Vec::new();
        table
            .try_reserve_exact(length)
            .map_err(|_| SynaError::NoMemory { needed_bytes: 8 * length as u64 })?;
        table.resize_with(length, AtomicU64::default);
        let number = (length.trailing_zeros() - FIRST_BITS) as usize;
        if let Some(lock) = self.tables.get(number) {
            lock.get_or_init(|| table.into_boxed_slice());
            self.copied.store(0, Release);
            self.old.store(self.count.load(Acquire), Release);
            self.count.store(row_number(number + 1), Release);
        }
        Ok(())
    }

    /// Inserts a row below the reserved end. One caller at a time.
    pub(crate) fn insert(&self, print: u32, row: u32) {
        if let Some(table) = self.last() {
            enter(table, print, row);
        }
    }

    /// Returns the rows with a fingerprint. All insertions that happened before the caller's last acquire are included.
    #[inline]
    pub(crate) fn rows(&self, print: u32) -> impl Iterator<Item = u32> + '_ {
        // The order matters: a reader that sees a new table then sees which one it is copied from, until the copy is
        // complete.
        let table = self.last().unwrap_or_default();
        let old = self.table(&self.old).unwrap_or_default();
        let of = move |table| buckets(table, print).map_while(entry_at);
        let entries = of(table).chain(of(old));
        entries.filter(move |&(other, _)| other == print).map(|(_, row)| row)
    }

    /// Prefetches the first bucket of a fingerprint.
    #[inline]
    pub(crate) fn prefetch(&self, print: u32) {
        if let Some(bucket) = self.last().and_then(|table| buckets(table, print).next()) {
            crate::kernel::codes::prefetch_line(bucket);
        }
    }

    /// Returns all fingerprints with their rows, in no order, some of them twice.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let old = self.table(&self.old).unwrap_or_default();
        old.iter().chain(self.last().unwrap_or_default()).filter_map(entry_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_fingerprints_while_the_table_grows() {
        let prints = Fingerprints::new();
        assert_eq!(prints.rows(7).count(), 0);
        // Many rows share a bucket, some a fingerprint.
        let print = |row: u32| ((row % 1000) << 20) | (row % 3);
        for row in 0..6_000 {
            prints.reserve(row + 1).unwrap();
            prints.insert(print(row), row);
            prints.insert(print(row), row);
        }
        for row in 0..6_000 {
            assert!(prints.rows(print(row)).any(|found| found == row), "row {row}");
        }
        let all: std::collections::BTreeSet<u32> = prints.entries().map(|(_, row)| row).collect();
        assert_eq!(all.len(), 6_000);
        assert_eq!(prints.rows(0x7000_0000).count(), 0);
    }

    #[test]
    fn a_table_is_copied_in_parts_and_completely_before_the_next_one() {
        let prints = Fingerprints::new();
        let print = |row: u32| row.wrapping_mul(0x9e37_79b9);
        let (mut most_copied, mut with_two_tables) = (0, 0);
        for batch in 0..400 {
            let (first, end) = (batch * 512, batch * 512 + 512);
            let before = prints.last().map_or(0, <[_]>::len);
            prints.reserve(end).unwrap();
            let is_new = prints.last().map_or(0, <[_]>::len) > before;
            let copied =
                prints.last().unwrap_or_default().iter().filter(|bucket| entry_at(bucket).is_some()).count();
            if is_new && before > 1 << 14 {
                assert_eq!(copied, 0, "the whole table is copied at once");
            }
            with_two_tables += usize::from(prints.old.load(Acquire) > 0);
            most_copied = most_copied.max(copied);
            (first..end).for_each(|row| prints.insert(print(row), row));
            for row in (0..end).step_by(97) {
                assert!(prints.rows(print(row)).any(|found| found == row), "row {row} of {end}");
            }
        }
        assert!(with_two_tables > 10 && with_two_tables < 300, "{with_two_tables}");
    }

    #[test]
    fn colliding_fingerprints_cost_a_bounded_probe_sequence() {
        let prints = Fingerprints::new();
        let end = 40_000;
        prints.reserve(end).unwrap();
        let begin = std::time::Instant::now();
        // All probe sequences begin at the same bucket.
        (0..end).for_each(|row| prints.insert(row << 17 | 5, row));
        assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
        let found = |row: u32| prints.rows(row << 17 | 5).any(|other| other == row);
        assert!(found(0) && found(8_000) && !found(30_000));
    }

    #[test]
    fn equal_fingerprints_are_bounded() {
        let prints = Fingerprints::new();
        prints.reserve(100_000).unwrap();
        (0..100_000).for_each(|row| prints.insert(5, row));
        assert_eq!(prints.rows(5).collect::<Vec<_>>(), (0..MOST_ALIKE).collect::<Vec<_>>());
    }
}
