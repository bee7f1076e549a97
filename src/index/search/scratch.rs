//! `Scratch`: the memory of a search besides the graph, reused so that repeated searches do not allocate.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::candidates::CandidateList;
use super::early_stop::EarlyStop;
use super::reliability::Reliability;
use crate::index::codes::encoder::CodedQuery;
use crate::index::codes::layout::CodeLayout;
use crate::index::graph::record_layout::Bits;
use crate::index::neighbour::{Neighbour, monotone};
use crate::kernel::codes::prefetch_line;
use crate::kernel::elements::ElementKernels;
use crate::kernel::rows::StoredRow;
use crate::{Result, memory};

/// The rows that a search has encountered, with their smallest estimates. Each mark contains an epoch, so that a new
/// search clears nothing.
///
/// A row is estimated from each neighbour that links to it: accurately from near ones, inaccurately from far ones. So a
/// row may be offered again with a smaller estimate until it is visited.
#[derive(Debug, Default)]
pub(crate) struct Visited {
    /// The epoch in the upper half; the upper half of the order-preserving distance in the lower one.
    marks: Vec<u32>,
    epoch: u16,
}

/// The outcome of [`Visited::encounter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encounter {
    /// The row was not encountered before.
    New,
    /// It is nearer than before, and not visited.
    Nearer,
    /// It is not nearer, or it was visited.
    NotNearer,
}

/// A row is offered again if its estimate is smaller by more than so many steps of 1/256 to 1/128 of the distance.
/// Smaller values cost 5 % of a search for offers without effect. Without repeated offers recall falls if few
/// candidates are kept.
const NOTABLY: u32 = 6;

/// The distance of a visited row: no estimate is smaller.
const VISITED: u32 = 0;

impl Visited {
    /// Number of marks to allocate for rows below `end`.
    fn room_for(end: usize) -> usize {
        end + end / 4 + 64
    }

    /// Clears all marks. Rows below `end` can be encountered from now on.
    pub(crate) fn reset(&mut self, end: u32) {
        let end = end as usize;
        if self.marks.len() < end {
            // Grown with reserve: otherwise a store that grows row by row allocates at every search.
            self.marks.resize(Self::room_for(end), 0);
        }
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.marks.fill(0);
            self.epoch = 1;
        }
    }

    /// Records a row with its estimate. Rows above the `end` of [`Self::reset`] are ignored.
    #[inline]
    pub(crate) fn encounter(&mut self, found: Neighbour) -> Encounter {
        let epoch = u32::from(self.epoch) << 16;
        let distance = (monotone(found.distance) >> 16).max(VISITED + 1);
        let Some(mark) = self.marks.get_mut(found.row as usize) else { return Encounter::NotNearer };
        let encounter = match *mark & 0xffff_0000 {
            before if before != epoch => Encounter::New,
            _ if *mark & 0xffff > distance + NOTABLY => Encounter::Nearer,
            _ => return Encounter::NotNearer,
        };
        *mark = epoch | distance;
        encounter
    }

    /// Whether a row was encountered.
    #[inline]
    pub(crate) fn was_encountered(&self, row: u32) -> bool {
        self.marks.get(row as usize).is_some_and(|&mark| mark >> 16 == u32::from(self.epoch))
    }

    /// Prefetches a row's mark.
    #[inline]
    pub(crate) fn prefetch(&self, row: u32) {
        if let Some(mark) = self.marks.get(row as usize) {
            prefetch_line(mark);
        }
    }

    /// Marks a row as visited; returns whether it was not visited before. `false` for rows above the `end` of
    /// [`Self::reset`].
    #[inline]
    pub(crate) fn visit(&mut self, row: u32) -> bool {
        let visited = u32::from(self.epoch) << 16 | VISITED;
        self.marks.get_mut(row as usize).is_some_and(|mark| std::mem::replace(mark, visited) != visited)
    }

    /// Clears the mark of a visited row.
    pub(crate) fn forget(&mut self, row: u32) {
        let mark = self.marks.get_mut(row as usize);
        debug_assert!(mark.is_some(), "row {row} was not visited");
        if let Some(mark) = mark {
            *mark = 0;
        }
    }
}

/// The reusable memory of one searching thread.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) query: CodedQuery,
    pub(crate) walk: Walk,
    /// For writing records.
    pub(crate) bits: Bits,
    /// The components of a row that is not stored as f32.
    pub(crate) floats: Vec<f32>,
}

/// The components of a row, in `buffer` if it is not stored as f32.
///
/// # Errors
/// `NoMemory`.
pub(crate) fn components_of<'s, 'r: 's>(
    row: StoredRow<'r>,
    kernels: ElementKernels,
    buffer: &'s mut Vec<f32>,
) -> Result<&'s [f32]> {
    if row.floats().is_none() && buffer.len() != row.len() {
        buffer.clear();
        memory::reserve(buffer, row.len())?;
        buffer.resize(row.len(), 0.0);
    }
    Ok(kernels.components(row, buffer))
}

impl Scratch {
    /// Allocates memory for a walk among rows below `end` with `ef` candidates, and for a query with codes of this layout.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn make_room(&mut self, end: u32, ef: usize, layout: CodeLayout) -> Result<()> {
        self.query.make_room(layout)?;
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

/// The state of a walk.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Rows to visit.
    pub(crate) candidates: CandidateList,
    /// Invisible rows to walk through, nearest on top.
    pub(crate) hidden: BinaryHeap<Reverse<Neighbour>>,
    pub(crate) visited: Visited,
    pub(crate) early_stop: EarlyStop,
    /// Visited rows that may be returned, in no order.
    pub(crate) found: Vec<Neighbour>,
    /// Whether an allocation failed.
    pub(crate) lacks_memory: bool,
    /// Duplicates have no code. The largest standard deviation of the codes of their nodes, over all duplicates found.
    pub(crate) duplicates_deviation: f32,
    pub(crate) reliability: Reliability,
}

impl Walk {
    /// Prepares for a walk among rows below `end` with `ef` candidates and `k` results (0: all rows), and the margin of
    /// [`EarlyStop::reset`].
    pub(crate) fn begin(&mut self, end: u32, ef: usize, k: usize, margin: f32) {
        self.candidates.reset(ef);
        self.hidden.clear();
        self.visited.reset(end);
        self.early_stop.reset(k, ef, margin);
        self.found.clear();
        self.lacks_memory = false;
        self.duplicates_deviation = 0.0;
        self.reliability = Reliability::default();
    }

    /// Adds a visited row that may be returned.
    #[inline]
    pub(crate) fn keep(&mut self, found: Neighbour) {
        match self.found.try_reserve(1) {
            Ok(()) => self.found.push(found),
            Err(_) => self.lacks_memory = true,
        }
    }

    /// Adds an invisible row to walk through.
    #[inline]
    pub(crate) fn hide(&mut self, found: Neighbour) {
        match self.hidden.try_reserve(1) {
            Ok(()) => self.hidden.push(Reverse(found)),
            Err(_) => self.lacks_memory = true,
        }
    }

    /// Rows with larger estimates need not be offered.
    #[inline]
    pub(crate) fn bound(&self) -> f32 {
        self.candidates.bound().min(self.early_stop.bound())
    }

    /// Rows with larger estimates need not be measured.
    #[inline]
    pub(crate) fn measure_bound(&self) -> f32 {
        self.bound() + self.reliability.slack()
    }

    /// Returns the nearest unvisited row and marks it as visited; `None` if no remaining row can be a result.
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

    /// Checks the row returned by [`Self::next_candidate`] again after more rows were found. If it is too far away now,
    /// clears its mark and returns `None`.
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
            _ if self.candidates.last_to_expand().is_some_and(|bound| bound < hidden) => None,
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
        walk.begin(100, 4, 0, 0.0);
        for row in [9, 3, 7, 1, 5, 8, 2, 6, 1] {
            walk.candidates.offer(Neighbour { distance: row as f32, row });
        }
        assert_eq!(walk.candidates.iter().map(|n| n.row).collect::<Vec<_>>(), [1, 1, 2, 3]);
        let order: Vec<u32> = std::iter::from_fn(|| walk.next_candidate().map(|next| next.row)).collect();
        assert_eq!(order, [1, 2, 3]);
    }

    #[test]
    fn rows_are_offered_again_if_nearer_until_they_are_visited() {
        let mut visited = Visited::default();
        let at = |distance| Neighbour { distance, row: 2 };
        for _ in 0..70_000 {
            visited.reset(3);
            assert_eq!(visited.encounter(at(5.0)), Encounter::New);
            assert_eq!([5.0, 6.0].map(|d| visited.encounter(at(d))), [Encounter::NotNearer; 2]);
            assert_eq!(visited.encounter(at(-1.0)), Encounter::Nearer);
            assert!(visited.visit(2) && !visited.visit(2));
            assert_eq!(visited.encounter(at(f32::NEG_INFINITY)), Encounter::NotNearer);
        }
        assert!(!visited.visit(1_000), "rows beyond the end are never met");
    }
}
