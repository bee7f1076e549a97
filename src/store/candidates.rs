//! Rows that a bitmap lets through.

/// The rows under `end` from `next` on whose bits are set.
pub(super) struct Candidates<'a> {
    pub(super) next: u32,
    pub(super) end: u32,
    /// A bit for each row; without them all rows are candidates.
    pub(super) words: Option<&'a [u64]>,
}

impl Iterator for Candidates<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if let Some(words) = self.words {
            self.next = next_bit(words, self.next)?;
        }
        let row = self.next;
        self.next = row.checked_add(1)?;
        (row < self.end).then_some(row)
    }
}

/// Set bits by their number.
pub(super) struct Bits<'a> {
    words: &'a [u64],
    /// Words that are done, and the bits that are set in them.
    place: usize,
    before: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(words: &'a [u64]) -> Self {
        Self { words, place: 0, before: 0 }
    }

    /// The row of set bit `number`, counted from 0; numbers come in ascending order.
    pub(super) fn row_of(&mut self, number: u32) -> Option<u32> {
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

/// The first set bit at or behind `from`.
#[inline]
fn next_bit(words: &[u64], from: u32) -> Option<u32> {
    let mut place = (from / u64::BITS) as usize;
    let mut word = words.get(place)? & u64::MAX << (from % u64::BITS);
    while word == 0 {
        place += 1;
        word = *words.get(place)?;
    }
    u32::try_from(place).ok()?.checked_mul(u64::BITS)?.checked_add(word.trailing_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_the_set_bits_of_the_range() {
        let words = [1 | 1 << 63, 0, 0, 1 << 5, u64::MAX];
        let bits: Vec<u32> =
            (0..320).filter(|row| words[*row as usize / 64] >> (row % 64) & 1 == 1).collect();
        for (start, end) in [(0, 320), (0, 63), (1, 64), (63, 198), (198, 1000), (400, 500), (5, 5)] {
            let found: Vec<u32> = Candidates { next: start, end, words: Some(&words) }.collect();
            let expected: Vec<u32> = bits.iter().copied().filter(|row| (start..end).contains(row)).collect();
            assert_eq!(found, expected, "{start}..{end}");
            assert!(Candidates { next: start, end, words: None }.eq(start..end));
        }
        assert_eq!(next_bit(&[], 0), None);
        let mut counted = Bits::new(&words);
        for (number, &bit) in (0..).zip(&bits) {
            assert_eq!(counted.row_of(number), Some(bit));
        }
        assert_eq!(counted.row_of(u32::try_from(bits.len()).unwrap()), None);
    }
}
