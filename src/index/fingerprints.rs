//! Rows by the bits of their vectors: whoever asks for a stored vector finds it, whatever became of the ways that lead there.
//!
//! A hash table with linear probing, of 64-bit entries, half of them free at least. One thread enters rows; readers take no
//! lock. A table that is too small is copied into one of twice the size, and stays for those who still look into it.

use std::sync::atomic::Ordering::{Acquire, Release};

use crate::checksum::crc32c;
use crate::sync::{AtomicU32, OnceLock};
use crate::{Result, SynaError};
use std::sync::atomic::AtomicU64;

/// Entries of the first table, as bits.
const FIRST_BITS: u32 = 10;
/// Tables that there can be: the last has room for 2^31 rows.
const TABLES: usize = 23;
/// Rows with one fingerprint: what equals an earlier row hangs from it and is not entered, so these are chance, or copies
/// that became no twins.
const MOST_ALIKE: u32 = 8;

/// What stands for a vector's bits.
pub(super) fn fingerprint(vector: &[f32]) -> u32 {
    crc32c(bytemuck::cast_slice(vector))
}

/// An entry: the fingerprint in the upper half, the row plus one in the lower; 0 is free.
fn entry(print: u32, row: u32) -> u64 {
    u64::from(print) << 32 | u64::from(row + 1)
}

/// The fingerprint and the row of an entry.
#[expect(clippy::cast_possible_truncation, reason = "the two halves of the entry")]
fn parts(entry: u64) -> Option<(u32, u32)> {
    Some(((entry >> 32) as u32, (entry as u32).checked_sub(1)?))
}

type Table = [AtomicU64];

/// The table.
pub(super) struct Fingerprints {
    tables: Box<[OnceLock<Box<Table>>]>,
    /// How many tables there are; the last counts.
    count: AtomicU32,
}

/// Half of a table is free, so chance makes no run as long; but whoever chooses the vectors, or writes the file, can.
const MOST_PROBES: usize = 1 << 13;

/// The places that a fingerprint is looked for at, in order. A row that finds none of them free is not entered.
fn places(table: &Table, print: u32) -> impl Iterator<Item = &AtomicU64> {
    let mask = table.len().saturating_sub(1);
    (0..table.len().min(MOST_PROBES))
        .filter_map(move |step| table.get((print as usize).wrapping_add(step) & mask))
}

fn enter(table: &Table, print: u32, row: u32) {
    let mut alike = 0;
    for place in places(table, print) {
        match parts(place.load(Acquire)) {
            None => {
                place.store(entry(print, row), Release);
                return;
            }
            Some((other, of_row)) if other == print => {
                alike += 1;
                // A batch that is tried again enters its rows again.
                if of_row == row || alike == MOST_ALIKE {
                    return;
                }
            }
            Some(_) => {}
        }
    }
}

impl Fingerprints {
    pub(super) fn new() -> Self {
        Self { tables: (0..TABLES).map(|_| OnceLock::default()).collect(), count: AtomicU32::new(0) }
    }

    fn last(&self) -> Option<&Table> {
        let last = (self.count.load(Acquire) as usize).checked_sub(1)?;
        self.tables.get(last)?.get().map(|table| &**table)
    }

    /// Makes room for rows `0..end`. One caller at a time.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(super) fn reserve(&self, end: u32) -> Result<()> {
        let length = (end as usize).saturating_mul(2).next_power_of_two().max(1 << FIRST_BITS);
        let old = self.last();
        if old.is_some_and(|old| old.len() >= length) {
            return Ok(());
        }
        let mut table = Vec::new();
        table
            .try_reserve_exact(length)
            .map_err(|_| SynaError::NoMemory { needed_bytes: 8 * length as u64 })?;
        table.resize_with(length, AtomicU64::default);
        for (print, row) in self.entries() {
            enter(&table, print, row);
        }
        let place = (length.trailing_zeros() - FIRST_BITS) as usize;
        if let Some(cell) = self.tables.get(place) {
            cell.get_or_init(|| table.into_boxed_slice());
            self.count.store(super::params::row_number(place + 1), Release);
        }
        Ok(())
    }

    /// Enters a row that there is room for. One caller at a time.
    pub(super) fn insert(&self, print: u32, row: u32) {
        if let Some(table) = self.last() {
            enter(table, print, row);
        }
    }

    /// The rows with a fingerprint: those that [`Self::insert`] was called for before whatever the caller has seen.
    #[inline]
    pub(super) fn rows(&self, print: u32) -> impl Iterator<Item = u32> + '_ {
        let table = self.last().unwrap_or_default();
        let entries = places(table, print).map_while(|place| parts(place.load(Acquire)));
        entries.filter(move |&(other, _)| other == print).map(|(_, row)| row)
    }

    /// Brings the first place of a fingerprint near.
    #[inline]
    pub(super) fn prefetch(&self, print: u32) {
        if let Some(place) = self.last().and_then(|table| places(table, print).next()) {
            crate::kernel::codes::prefetch_line(place);
        }
    }

    /// All fingerprints with their rows, in no order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.last().unwrap_or_default().iter().filter_map(|place| parts(place.load(Acquire)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_fingerprints_while_the_table_grows() {
        let prints = Fingerprints::new();
        assert_eq!(prints.rows(7).count(), 0);
        // Many share a place, some a fingerprint.
        let print = |row: u32| ((row % 1000) << 20) | (row % 3);
        for row in 0..6_000 {
            prints.reserve(row + 1).unwrap();
            prints.insert(print(row), row);
            prints.insert(print(row), row);
        }
        for row in 0..6_000 {
            assert!(prints.rows(print(row)).any(|found| found == row), "row {row}");
        }
        assert_eq!(prints.entries().count(), 6_000);
        assert_eq!(prints.rows(0x7000_0000).count(), 0);
    }

    #[test]
    fn prints_that_were_chosen_to_collide_cost_no_more_than_a_run() {
        let prints = Fingerprints::new();
        let end = 40_000;
        prints.reserve(end).unwrap();
        let begin = std::time::Instant::now();
        // All begin at the same place.
        (0..end).for_each(|row| prints.insert(row << 17 | 5, row));
        assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
        let found = |row: u32| prints.rows(row << 17 | 5).any(|other| other == row);
        assert!(found(0) && found(8_000) && !found(30_000));
    }

    #[test]
    fn copies_without_end_take_a_few_places() {
        let prints = Fingerprints::new();
        prints.reserve(100_000).unwrap();
        (0..100_000).for_each(|row| prints.insert(5, row));
        assert_eq!(prints.rows(5).collect::<Vec<_>>(), (0..MOST_ALIKE).collect::<Vec<_>>());
    }
}
