//! `CandidateList`: the candidates of a walk, nearest first.

use crate::index::neighbour::{Neighbour, SIGN, monotone};
use crate::{Result, memory};

/// A neighbour as one integer with the same order: the order-preserving bits of the distance, the row, and in bit 0
/// whether it was expanded.
#[derive(Debug, Clone, Copy)]
struct Entry(u64);

impl Entry {
    #[inline]
    fn new(neighbour: Neighbour) -> Self {
        Self(u64::from(monotone(neighbour.distance)) << 32 | u64::from(neighbour.row) << 1)
    }

    #[inline]
    fn neighbour(self) -> Neighbour {
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of the entry")]
        let (monotone, row) = ((self.0 >> 32) as u32, (self.0 as u32) >> 1);
        let bits = if monotone & SIGN != 0 { monotone & !SIGN } else { !monotone };
        Neighbour { distance: f32::from_bits(bits), row }
    }
}

/// The best rows so far in ascending order, each with a mark that says whether it was expanded.
#[derive(Debug, Default)]
pub(crate) struct CandidateList {
    entries: Vec<Entry>,
    capacity: usize,
    /// Only the first so many entries are expanded.
    expand_limit: usize,
    /// All entries before this index are expanded.
    cursor: usize,
}

impl CandidateList {
    pub(crate) fn reset(&mut self, capacity: usize) {
        self.entries.clear();
        self.entries.reserve(capacity + 1);
        self.capacity = capacity;
        self.expand_limit = capacity;
        self.cursor = 0;
    }

    /// Allocates memory for `capacity` rows.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn make_room(&mut self, capacity: usize) -> Result<()> {
        let more = (capacity + 1).saturating_sub(self.entries.len());
        memory::reserve(&mut self.entries, more)
    }

    /// Limits expansion to the nearest `limit` entries. The others stay in the list in case the limit rises.
    pub(crate) fn set_expand_limit(&mut self, limit: usize) {
        self.expand_limit = limit.clamp(1, self.capacity.max(1));
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= self.capacity
    }

    /// The last entry of a full list: a row must be nearer to be inserted.
    #[inline]
    fn last(&self) -> Option<Entry> {
        self.entries.get(self.capacity.wrapping_sub(1)).copied()
    }

    /// The distance of the last entry of a full list; infinite before.
    #[inline]
    pub(crate) fn bound(&self) -> f32 {
        self.last().map_or(f32::INFINITY, |last| last.neighbour().distance)
    }

    /// Whether a row would be inserted.
    #[inline]
    pub(crate) fn is_wanted(&self, neighbour: Neighbour) -> bool {
        self.last().is_none_or(|last| Entry::new(neighbour).0 < last.0)
    }

    /// Inserts a row in order, if it is near enough. A full list drops its last entry.
    #[inline]
    pub(crate) fn offer(&mut self, neighbour: Neighbour) {
        let entry = Entry::new(neighbour);
        if self.is_full() {
            if self.entries.last().is_none_or(|last| entry.0 >= last.0) {
                return;
            }
            self.entries.pop();
        }
        let index = self.entries.partition_point(|other| other.0 < entry.0);
        self.entries.insert(index, entry);
        self.cursor = self.cursor.min(index);
    }

    /// Removes the unexpanded entry of the same row that is farther away than `from`, from an earlier offer.
    pub(crate) fn remove_farther(&mut self, from: Neighbour) {
        let first = self.entries.partition_point(|other| other.0 <= Entry::new(from).0);
        let waiting = u64::from(from.row) << 1;
        let later = self.entries.get(first..).unwrap_or_default();
        if let Some(index) = later.iter().position(|entry| entry.0 & 0xffff_ffff == waiting) {
            self.entries.remove(first + index);
        }
    }

    /// The last entry that may be expanded, once there is one.
    #[inline]
    pub(crate) fn last_to_expand(&self) -> Option<Neighbour> {
        self.entries.get(self.expand_limit.wrapping_sub(1)).map(|entry| entry.neighbour())
    }

    /// The nearest entry that is not expanded.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<Neighbour> {
        while self.cursor < self.expand_limit
            && let Some(entry) = self.entries.get(self.cursor)
        {
            if entry.0 & 1 == 0 {
                return Some(entry.neighbour());
            }
            self.cursor += 1;
        }
        None
    }

    /// Marks the entry returned by [`Self::peek`] as expanded.
    #[inline]
    pub(crate) fn mark(&mut self) {
        let entry = self.entries.get_mut(self.cursor);
        debug_assert!(
            entry.as_ref().is_some_and(|entry| entry.0 & 1 == 0),
            "no entry was returned by `peek`"
        );
        if let Some(entry) = entry {
            entry.0 |= 1;
            self.cursor += 1;
        }
    }

    /// The rows in ascending order.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = Neighbour> + '_ {
        self.entries.iter().map(|entry| entry.neighbour())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_sorts_and_returns_its_neighbours() {
        let distances =
            [0.0, -0.0, 1.5, -3.25, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE];
        let mut expected = Vec::new();
        let mut candidates = CandidateList::default();
        candidates.reset(100);
        for (i, &distance) in distances.iter().enumerate() {
            for row in [(1 << 31) - 1 - u32::try_from(i).unwrap(), 3] {
                expected.push(Neighbour { distance, row });
                candidates.offer(Neighbour { distance, row });
            }
        }
        expected.sort();
        assert!(candidates.iter().eq(expected.iter().copied()));
    }
}
