//! What a search needs besides the graph, kept from search to search so that the steady state allocates nothing.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::encoder::CodedQuery;
use super::horizon::Horizon;
use super::nodes::Bits;
use crate::kernel::codes::prefetch_line;

/// A row and its distance, nearer first, then the lower row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Neighbour {
    /// The distance to the query; never NaN.
    pub(crate) distance: f32,
    /// The row.
    pub(crate) row: u32,
}

impl Neighbour {
    /// An integer that sorts as the neighbour does.
    #[inline]
    fn key(self) -> u64 {
        u64::from(monotone(self.distance)) << 32 | u64::from(self.row)
    }
}

impl Ord for Neighbour {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Neighbour {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Neighbour {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Neighbour {}

/// A neighbour in one integer that sorts like it: the distance's bits made monotone, the row, and a mark in bit 0.
#[derive(Debug, Clone, Copy)]
struct Entry(u64);

/// Flips a float's bits so that they sort as integers the way `total_cmp` sorts floats; its own inverse apart from the sign.
const SIGN: u32 = 1 << 31;

#[inline]
fn monotone(distance: f32) -> u32 {
    let bits = distance.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

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
pub(super) struct Pool {
    entries: Vec<Entry>,
    capacity: usize,
    /// Rows behind the first so many are not expanded.
    enough: usize,
    /// No entry before this place is left to expand.
    cursor: usize,
}

impl Pool {
    pub(super) fn reset(&mut self, capacity: usize) {
        self.entries.clear();
        self.entries.reserve(capacity + 1);
        self.capacity = capacity;
        self.enough = capacity;
        self.cursor = 0;
    }

    /// The walk is to end with the `enough` nearest, as things look now; more of them wait in case it has to go on.
    pub(super) fn end_with(&mut self, enough: usize) {
        self.enough = enough.clamp(1, self.capacity.max(1));
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= self.capacity
    }

    /// The last of the pool once it is full: what is not before it need not be offered.
    #[inline]
    fn last(&self) -> Option<Entry> {
        self.entries.get(self.capacity.wrapping_sub(1)).copied()
    }

    /// No row that is farther away than this is wanted.
    #[inline]
    pub(super) fn bound(&self) -> f32 {
        self.last().map_or(f32::INFINITY, |last| last.neighbour().distance)
    }

    /// Whether there is a place for a row.
    #[inline]
    pub(super) fn is_wanted(&self, neighbour: Neighbour) -> bool {
        self.last().is_none_or(|last| Entry::new(neighbour).0 < last.0)
    }

    /// Takes a row in where it belongs, if it belongs; a full pool loses its last.
    #[inline]
    pub(super) fn offer(&mut self, neighbour: Neighbour) {
        let entry = Entry::new(neighbour);
        if self.is_full() {
            if self.entries.last().is_none_or(|last| entry.0 >= last.0) {
                return;
            }
            self.entries.pop();
        }
        let place = self.entries.partition_point(|other| other.0 < entry.0);
        self.entries.insert(place, entry);
        self.cursor = self.cursor.min(place);
    }

    /// Takes out a row that waits farther away than `from`, where it was offered before.
    pub(super) fn withdraw(&mut self, from: Neighbour) {
        let first = self.entries.partition_point(|other| other.0 <= Entry::new(from).0);
        let waiting = u64::from(from.row) << 1;
        let later = self.entries.get(first..).unwrap_or_default();
        if let Some(place) = later.iter().position(|entry| entry.0 & 0xffff_ffff == waiting) {
            self.entries.remove(first + place);
        }
    }

    /// The last of those that are enough, once they are there: behind it nothing need be expanded.
    #[inline]
    fn last_of_enough(&self) -> Option<Neighbour> {
        self.entries.get(self.enough.wrapping_sub(1)).map(|entry| entry.neighbour())
    }

    /// The nearest entry that was not expanded yet.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<Neighbour> {
        while self.cursor < self.enough
            && let Some(entry) = self.entries.get(self.cursor)
        {
            if entry.0 & 1 == 0 {
                return Some(entry.neighbour());
            }
            self.cursor += 1;
        }
        None
    }

    /// Marks what [`Self::peek`] gave as expanded.
    #[inline]
    fn mark(&mut self) {
        if let Some(entry) = self.entries.get_mut(self.cursor) {
            entry.0 |= 1;
            self.cursor += 1;
        }
    }

    /// The rows in ascending order.
    #[cfg(test)]
    fn iter(&self) -> impl Iterator<Item = Neighbour> + '_ {
        self.entries.iter().map(|entry| entry.neighbour())
    }
}

/// Which rows a search has met, and how near they looked then: an epoch a row, so that a new search clears nothing.
///
/// A row is estimated from each neighbour that links to it, well from near ones and badly from far ones. So it may be
/// offered again when it looks nearer, until it was visited.
#[derive(Debug, Default)]
pub(super) struct Visited {
    /// The epoch in the upper half; in the lower the upper half of the distance, made monotone.
    marks: Vec<u32>,
    epoch: u16,
}

/// How a row looks that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meeting {
    /// It was not met before.
    First,
    /// Nearer than when it was met before, and not visited.
    Nearer,
    /// No nearer, or it was visited.
    Farther,
}

/// A row is offered again when it looks nearer by more than so many steps, each of 1/256 to 1/128 of the distance. Fewer
/// cost 5 % of a search for offers that change nothing; with none at all recall falls where few candidates are kept.
const NOTABLY: u32 = 6;

/// The distance of a visited row: nothing looks nearer.
const VISITED: u32 = 0;

impl Visited {
    /// Forgets everything; rows under `end` can be met from here on.
    pub(super) fn reset(&mut self, end: u32) {
        let end = end as usize;
        if self.marks.len() < end {
            // Grown ahead, or a store that grows row by row would allocate at every search.
            self.marks.resize(end + end / 4 + 64, 0);
        }
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.marks.fill(0);
            self.epoch = 1;
        }
    }

    /// What a row is that looks as near as this; one that [`Self::reset`] was not told of is never met.
    #[inline]
    pub(super) fn meet(&mut self, found: Neighbour) -> Meeting {
        let epoch = u32::from(self.epoch) << 16;
        let distance = (monotone(found.distance) >> 16).max(VISITED + 1);
        let Some(mark) = self.marks.get_mut(found.row as usize) else { return Meeting::Farther };
        let meeting = match *mark & 0xffff_0000 {
            before if before != epoch => Meeting::First,
            _ if *mark & 0xffff > distance + NOTABLY => Meeting::Nearer,
            _ => return Meeting::Farther,
        };
        *mark = epoch | distance;
        meeting
    }

    /// Whether a row was met.
    #[inline]
    pub(super) fn was_met(&self, row: u32) -> bool {
        self.marks.get(row as usize).is_some_and(|&mark| mark >> 16 == u32::from(self.epoch))
    }

    /// Brings a row's mark near.
    #[inline]
    pub(super) fn prefetch(&self, row: u32) {
        if let Some(mark) = self.marks.get(row as usize) {
            prefetch_line(mark);
        }
    }

    /// Whether the row is visited for the first time; false for a row that [`Self::reset`] was not told of.
    #[inline]
    pub(super) fn visit(&mut self, row: u32) -> bool {
        let visited = u32::from(self.epoch) << 16 | VISITED;
        self.marks.get_mut(row as usize).is_some_and(|mark| std::mem::replace(mark, visited) != visited)
    }

    /// Takes a visit back.
    pub(super) fn forget(&mut self, row: u32) {
        if let Some(mark) = self.marks.get_mut(row as usize) {
            *mark = 0;
        }
    }
}

/// The reusable memory of one searching thread.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(super) query: CodedQuery,
    pub(super) walk: Walk,
    /// For whoever writes records.
    pub(super) bits: Bits,
}

/// Where a walk has been and where it goes.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Rows that look near, to be visited.
    pub(super) pool: Pool,
    /// Rows that may be walked through but not returned, nearest on top.
    pub(super) hidden: BinaryHeap<Reverse<Neighbour>>,
    pub(super) visited: Visited,
    pub(super) horizon: Horizon,
    /// Rows that were visited and may be returned, in no order.
    pub(super) found: Vec<Neighbour>,
    /// Of rows that were found as the twins of others, and so have no code of their own: how far their distances by codes may
    /// be off, at most; a standard deviation.
    pub(super) doubt_of_twins: f32,
}

impl Walk {
    /// Ready for a walk among rows under `end` that keeps `ef` candidates and is to find `k` rows; 0: all that there are.
    pub(super) fn begin(&mut self, end: u32, ef: usize, k: usize) {
        self.pool.reset(ef);
        self.hidden.clear();
        self.visited.reset(end);
        self.horizon.reset(k, ef);
        self.found.clear();
        self.doubt_of_twins = 0.0;
    }

    /// No row that looks farther away than this need be offered.
    #[inline]
    pub(super) fn bound(&self) -> f32 {
        self.pool.bound().min(self.horizon.bound())
    }

    /// The nearest row left to visit, unless nothing behind it could be a result; it counts as visited then.
    #[inline]
    pub(super) fn next_candidate(&mut self) -> Option<Neighbour> {
        loop {
            let next = self.next_offered()?;
            if next.distance > self.horizon.bound() {
                return None;
            }
            if self.visited.visit(next.row) {
                return Some(next);
            }
        }
    }

    /// What [`Self::next_candidate`] gave before more rows were found. One that is too far away now was not visited after all.
    #[inline]
    pub(super) fn if_still_near(&mut self, next: Option<Neighbour>) -> Option<Neighbour> {
        next.filter(|&next| {
            let is_near = next.distance <= self.horizon.bound();
            if !is_near {
                self.visited.forget(next.row);
            }
            is_near
        })
    }

    #[inline]
    fn next_offered(&mut self) -> Option<Neighbour> {
        let Some(Reverse(hidden)) = self.hidden.peek().copied() else {
            let next = self.pool.peek()?;
            self.pool.mark();
            return Some(next);
        };
        match self.pool.peek() {
            Some(next) if next < hidden => {
                self.pool.mark();
                Some(next)
            }
            _ if self.pool.last_of_enough().is_some_and(|bound| bound < hidden) => None,
            _ => {
                self.hidden.pop();
                Some(hidden)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_sorts_like_the_neighbours_and_gives_them_back() {
        let distances =
            [0.0, -0.0, 1.5, -3.25, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE];
        let mut expected = Vec::new();
        let mut pool = Pool::default();
        pool.reset(100);
        for (i, &distance) in distances.iter().enumerate() {
            for row in [(1 << 31) - 1 - u32::try_from(i).unwrap(), 3] {
                expected.push(Neighbour { distance, row });
                pool.offer(Neighbour { distance, row });
            }
        }
        expected.sort();
        assert!(pool.iter().eq(expected.iter().copied()));
    }

    #[test]
    fn a_full_pool_keeps_the_nearest_and_visits_each_once() {
        let mut walk = Walk::default();
        walk.begin(100, 4, 0);
        for row in [9, 3, 7, 1, 5, 8, 2, 6, 1] {
            walk.pool.offer(Neighbour { distance: row as f32, row });
        }
        assert_eq!(walk.pool.iter().map(|n| n.row).collect::<Vec<_>>(), [1, 1, 2, 3]);
        let order: Vec<u32> = std::iter::from_fn(|| walk.next_candidate().map(|next| next.row)).collect();
        assert_eq!(order, [1, 2, 3]);
    }

    #[test]
    fn rows_are_offered_when_they_look_nearer_until_they_are_visited() {
        let mut visited = Visited::default();
        let at = |distance| Neighbour { distance, row: 2 };
        for _ in 0..70_000 {
            visited.reset(3);
            assert_eq!(visited.meet(at(5.0)), Meeting::First);
            assert_eq!([5.0, 6.0].map(|d| visited.meet(at(d))), [Meeting::Farther; 2]);
            assert_eq!(visited.meet(at(-1.0)), Meeting::Nearer);
            assert!(visited.visit(2) && !visited.visit(2));
            assert_eq!(visited.meet(at(f32::NEG_INFINITY)), Meeting::Farther);
        }
        assert!(!visited.visit(1_000), "rows beyond the end are never met");
    }
}
