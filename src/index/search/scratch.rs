//! What a search needs besides the graph, kept from search to search so that the steady state allocates nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::candidates::CandidateList;
use super::early_stop::EarlyStop;
use super::reliability::Reliability;
use crate::index::codes::encoder::CodedQuery;
use crate::index::graph::record_layout::Bits;
use crate::index::neighbour::{Neighbour, monotone};
use crate::kernel::codes::prefetch_line;
use crate::{Result, memory};

/// Which rows a search has met, and how near they looked then: an epoch a row, so that a new search clears nothing.
///
/// A row is estimated from each neighbour that links to it, well from near ones and badly from far ones. So it may be
/// offered again when it looks nearer, until it was visited.
#[derive(Debug, Default)]
pub(crate) struct Visited {
    /// The epoch in the upper half; in the lower the upper half of the distance, made monotone.
    marks: Vec<u32>,
    epoch: u16,
}

/// How a row looks that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meeting {
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
    /// How many rows' marks there are for rows under `end`.
    fn room_for(end: usize) -> usize {
        end + end / 4 + 64
    }

    /// Forgets everything; rows under `end` can be met from here on.
    pub(crate) fn reset(&mut self, end: u32) {
        let end = end as usize;
        if self.marks.len() < end {
            // Grown ahead, or a store that grows row by row would allocate at every search.
            self.marks.resize(Self::room_for(end), 0);
        }
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.marks.fill(0);
            self.epoch = 1;
        }
    }

    /// What a row is that looks as near as this; one that [`Self::reset`] was not told of is never met.
    #[inline]
    pub(crate) fn meet(&mut self, found: Neighbour) -> Meeting {
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
    pub(crate) fn was_met(&self, row: u32) -> bool {
        self.marks.get(row as usize).is_some_and(|&mark| mark >> 16 == u32::from(self.epoch))
    }

    /// Brings a row's mark near.
    #[inline]
    pub(crate) fn prefetch(&self, row: u32) {
        if let Some(mark) = self.marks.get(row as usize) {
            prefetch_line(mark);
        }
    }

    /// Whether the row is visited for the first time; false for a row that [`Self::reset`] was not told of.
    #[inline]
    pub(crate) fn visit(&mut self, row: u32) -> bool {
        let visited = u32::from(self.epoch) << 16 | VISITED;
        self.marks.get_mut(row as usize).is_some_and(|mark| std::mem::replace(mark, visited) != visited)
    }

    /// Takes a visit back.
    pub(crate) fn forget(&mut self, row: u32) {
        if let Some(mark) = self.marks.get_mut(row as usize) {
            *mark = 0;
        }
    }
}

/// The reusable memory of one searching thread.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) query: CodedQuery,
    pub(crate) walk: Walk,
    /// For whoever writes records.
    pub(crate) bits: Bits,
}

impl Scratch {
    /// Makes room for a walk among rows under `end` with `ef` candidates.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn make_room(&mut self, end: u32, ef: usize) -> Result<()> {
        let marks = &mut self.walk.visited.marks;
        let wanted = Visited::room_for(end as usize);
        if marks.len() < end as usize {
            memory::reserve(marks, wanted.saturating_sub(marks.len()))?;
        }
        self.walk.candidates.make_room(ef)?;
        self.walk.found.clear();
        memory::reserve(&mut self.walk.found, ef)
    }
}

/// Where a walk has been and where it goes.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Rows that look near, to be visited.
    pub(crate) candidates: CandidateList,
    /// Rows that may be walked through but not returned, nearest on top.
    pub(crate) hidden: BinaryHeap<Reverse<Neighbour>>,
    pub(crate) visited: Visited,
    pub(crate) early_stop: EarlyStop,
    /// Rows that were visited and may be returned, in no order.
    pub(crate) found: Vec<Neighbour>,
    /// Whether there was no memory for all of these.
    pub(crate) lacks_memory: bool,
    /// Of rows that were found as the twins of others, and so have no code of their own: how far their distances by codes may
    /// be off, at most; a standard deviation.
    pub(crate) doubt_of_twins: f32,
    pub(crate) reliability: Reliability,
}

impl Walk {
    /// Ready for a walk among rows under `end` that keeps `ef` candidates and is to find `k` rows; 0: all that there are.
    pub(crate) fn begin(&mut self, end: u32, ef: usize, k: usize) {
        self.candidates.reset(ef);
        self.hidden.clear();
        self.visited.reset(end);
        self.early_stop.reset(k, ef);
        self.found.clear();
        self.lacks_memory = false;
        self.doubt_of_twins = 0.0;
        self.reliability = Reliability::default();
    }

    /// Adds a row that was visited and may be returned.
    #[inline]
    pub(crate) fn keep(&mut self, found: Neighbour) {
        match self.found.try_reserve(1) {
            Ok(()) => self.found.push(found),
            Err(_) => self.lacks_memory = true,
        }
    }

    /// Adds a row that may be walked through but not returned.
    #[inline]
    pub(crate) fn hide(&mut self, found: Neighbour) {
        match self.hidden.try_reserve(1) {
            Ok(()) => self.hidden.push(Reverse(found)),
            Err(_) => self.lacks_memory = true,
        }
    }

    /// No row that looks farther away than this need be offered.
    #[inline]
    pub(crate) fn bound(&self) -> f32 {
        self.candidates.bound().min(self.early_stop.bound())
    }

    /// No row whose estimate is farther away than this need be measured.
    #[inline]
    pub(crate) fn gate(&self) -> f32 {
        self.bound() + self.reliability.slack()
    }

    /// The nearest row left to visit, unless nothing behind it could be a result; it counts as visited then.
    #[inline]
    pub(crate) fn next_candidate(&mut self) -> Option<Neighbour> {
        loop {
            let next = self.next_offered()?;
            if next.distance > self.early_stop.bound() {
                return None;
            }
            if self.visited.visit(next.row) {
                return Some(next);
            }
        }
    }

    /// What [`Self::next_candidate`] gave before more rows were found. One that is too far away now was not visited after all.
    #[inline]
    pub(crate) fn if_still_near(&mut self, next: Option<Neighbour>) -> Option<Neighbour> {
        next.filter(|&next| {
            let is_near = next.distance <= self.early_stop.bound();
            if !is_near {
                self.visited.forget(next.row);
            }
            is_near
        })
    }

    #[inline]
    fn next_offered(&mut self) -> Option<Neighbour> {
        let Some(Reverse(hidden)) = self.hidden.peek().copied() else {
            let next = self.candidates.peek()?;
            self.candidates.mark();
            return Some(next);
        };
        match self.candidates.peek() {
            Some(next) if next < hidden => {
                self.candidates.mark();
                Some(next)
            }
            _ if self.candidates.last_of_enough().is_some_and(|bound| bound < hidden) => None,
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
    fn a_full_list_keeps_the_nearest_and_visits_each_once() {
        let mut walk = Walk::default();
        walk.begin(100, 4, 0);
        for row in [9, 3, 7, 1, 5, 8, 2, 6, 1] {
            walk.candidates.offer(Neighbour { distance: row as f32, row });
        }
        assert_eq!(walk.candidates.iter().map(|n| n.row).collect::<Vec<_>>(), [1, 1, 2, 3]);
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
