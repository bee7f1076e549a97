//! The exact scan: every row of a range, four at once, into a bounded best-k.

use std::collections::BinaryHeap;
use std::ops::Range;
use std::time::Instant;

use super::scratch::Neighbour;
use super::search::SearchEnd;
use super::space::Rows;
use crate::distance::PreparedQuery;

/// How many rows are looked at between two looks at the clock.
const ROWS_A_CLOCK: u32 = 256;

/// The k nearest rows so far; memory stays from one use to the next.
#[derive(Debug, Default)]
pub(crate) struct BestK {
    k: usize,
    heap: BinaryHeap<Neighbour>,
    sorted: Vec<Neighbour>,
}

impl BestK {
    /// Empties it and sets how many rows it keeps.
    pub(crate) fn reset(&mut self, k: usize) {
        self.k = k;
        self.heap.clear();
        self.sorted.clear();
    }

    /// Takes a row in, if it is among the k nearest so far.
    #[inline]
    pub(crate) fn push(&mut self, neighbour: Neighbour) {
        if self.heap.len() < self.k {
            self.heap.push(neighbour);
        } else if let Some(mut last) = self.heap.peek_mut()
            && neighbour < *last
        {
            *last = neighbour;
        }
    }

    /// The rows in ascending order; nothing more can be pushed before the next reset.
    pub(crate) fn sorted(&mut self) -> &[Neighbour] {
        self.sorted.extend(self.heap.drain());
        self.sorted.sort_unstable();
        &self.sorted
    }
}

/// What a scan is asked for besides the query.
#[derive(Clone, Copy)]
pub(crate) struct ScanRequest<'a> {
    /// Whether a row may be a result.
    pub(crate) visible: &'a dyn Fn(u32) -> bool,
    /// When to stop with what there is.
    pub(crate) deadline: Option<Instant>,
}

/// Offers every visible row of the range to `best`; partial where the deadline came first.
pub(crate) fn scan(
    query: &PreparedQuery<'_>,
    rows: &impl Rows,
    range: Range<u32>,
    request: &ScanRequest<'_>,
    best: &mut BestK,
) -> SearchEnd {
    let mut distances = 0;
    let mut at_once = [0u32; 4];
    let mut waiting = 0;
    let mut next = range.start;
    while next < range.end {
        if request.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return SearchEnd { is_partial: true, distances };
        }
        let end = next.saturating_add(ROWS_A_CLOCK).min(range.end);
        for row in next..end {
            if !(request.visible)(row) {
                continue;
            }
            if let Some(place) = at_once.get_mut(waiting) {
                *place = row;
            }
            waiting += 1;
            distances += 1;
            if waiting == 4 {
                waiting = 0;
                let distances = query.distances_4(at_once.map(|row| rows.row(row)));
                for (row, distance) in at_once.into_iter().zip(distances) {
                    best.push(Neighbour { distance, row });
                }
            }
        }
        next = end;
    }
    for &row in at_once.iter().take(waiting) {
        best.push(Neighbour { distance: query.distance(rows.row(row)), row });
    }
    SearchEnd { is_partial: false, distances }
}
