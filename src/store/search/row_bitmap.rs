//! The rows that a scan compares: those that a bitmap includes, without those that are known to be deleted.

use crate::store::state::rows::{RowTable, Snapshot};
use std::ops::Range;

/// An iterator over the candidates of a range, 64 rows at a time: a word of bits tells which of them are candidates.
pub(crate) struct Candidates<'a> {
    /// The candidates that remain of the current word.
    bits: u64,
    /// The index of that word.
    place: u32,
    end: u32,
    /// A bit for each row; `None`: all rows are candidates.
    words: Option<&'a [u64]>,
    deleted: Option<(&'a RowTable, Snapshot)>,
}

impl<'a> Candidates<'a> {
    /// The rows of `range` whose bits are set in `words`, without rows that were deleted in the snapshot. Some deleted
    /// rows may remain: see [`RowTable::live_word`].
    pub(crate) fn new(
        range: Range<u32>,
        words: Option<&'a [u64]>,
        deleted: Option<(&'a RowTable, Snapshot)>,
    ) -> Self {
        let mut candidates = Self { bits: 0, place: range.start / u64::BITS, end: range.end, words, deleted };
        candidates.bits = candidates.word() & u64::MAX << (range.start % u64::BITS);
        candidates
    }

    #[inline]
    fn word(&self) -> u64 {
        let place = self.place as usize;
        let chosen = self.words.map_or(u64::MAX, |words| words.get(place).copied().unwrap_or(0));
        let live = self.deleted.map_or(u64::MAX, |(rows, snapshot)| rows.live_word(self.place, snapshot));
        chosen & live
    }
}

impl Iterator for Candidates<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        while self.bits == 0 {
            self.place += 1;
            if self.place >= self.end.div_ceil(u64::BITS) {
                return None;
            }
            self.bits = self.word();
        }
        let row = self.place * u64::BITS + self.bits.trailing_zeros();
        self.bits &= self.bits - 1;
        (row < self.end).then_some(row)
    }
}

/// Finds set bits by their number.
pub(crate) struct Bits<'a> {
    words: &'a [u64],
    /// Words that were counted, and their set bits.
    place: usize,
    before: u32,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(words: &'a [u64]) -> Self {
        Self { words, place: 0, before: 0 }
    }

    /// The row of set bit `number`, from 0. Call it with ascending numbers.
    pub(crate) fn row_of(&mut self, number: u32) -> Option<u32> {
        loop {
            let mut word = *self.words.get(self.place)?;
            let count = word.count_ones();
            if number < self.before + count {
                for _ in self.before..number {
                    word &= word - 1;
                }
                return u32::try_from(self.place)
                    .ok()?
                    .checked_mul(u64::BITS)?
                    .checked_add(word.trailing_zeros());
            }
            self.before += count;
            self.place += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_the_set_bits_of_a_range() {
        let words = [1 | 1 << 63, 0, 0, 1 << 5, u64::MAX];
        let bits: Vec<u32> =
            (0..320).filter(|row| words[*row as usize / 64] >> (row % 64) & 1 == 1).collect();
        for (start, end) in [(0, 320), (0, 63), (1, 64), (63, 198), (198, 1000), (400, 500), (5, 5)] {
            let found: Vec<u32> = Candidates::new(start..end, Some(&words), None).collect();
            let expected: Vec<u32> = bits.iter().copied().filter(|row| (start..end).contains(row)).collect();
            assert_eq!(found, expected, "{start}..{end}");
            assert!(Candidates::new(start..end, None, None).eq(start..end));
        }
        assert_eq!(Candidates::new(0..64, Some(&[]), None).next(), None);
        let mut counted = Bits::new(&words);
        for (number, &bit) in (0..).zip(&bits) {
            assert_eq!(counted.row_of(number), Some(bit));
        }
        assert_eq!(counted.row_of(u32::try_from(bits.len()).unwrap()), None);
    }
}
