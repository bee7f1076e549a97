//! The exact scan: rows that are given, four at once, for one query or several, into what each query keeps of them.

use std::collections::BinaryHeap;
use std::time::Instant;

use super::scratch::Neighbour;
use super::search::SearchEnd;
use super::space::Rows;
use crate::distance::PreparedQuery;
use crate::{Result, SynaError};

/// How many rows are looked at between two looks at the clock.
const ROWS_A_CLOCK: u32 = 64;

/// What a query keeps of the rows that are compared with it.
pub(crate) trait Keeper {
    /// Hears of a row and its distance.
    fn push(&mut self, neighbour: Neighbour);
}

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

    /// The rows in ascending order; nothing more can be pushed before the next reset.
    pub(crate) fn sorted(&mut self) -> &[Neighbour] {
        self.sorted.extend(self.heap.drain());
        self.sorted.sort_unstable();
        &self.sorted
    }
}

impl Keeper for BestK {
    /// Takes a row in, if it is among the k nearest so far.
    #[inline]
    fn push(&mut self, neighbour: Neighbour) {
        if self.heap.len() < self.k {
            self.heap.push(neighbour);
        } else if let Some(mut last) = self.heap.peek_mut()
            && neighbour < *last
        {
            *last = neighbour;
        }
    }
}

/// All rows within a distance; memory stays from one use to the next.
#[derive(Debug, Default)]
pub(crate) struct AllWithin {
    most: f32,
    found: Vec<Neighbour>,
    /// The bytes that could not be had.
    lacking: Option<u64>,
}

impl AllWithin {
    /// Empties it and sets how far away a row may be.
    pub(crate) fn reset(&mut self, most: f32) {
        self.most = most;
        self.found.clear();
        self.lacking = None;
    }

    /// The rows in ascending order.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`]: not all of them fitted.
    pub(crate) fn sorted(&mut self) -> Result<&[Neighbour]> {
        if let Some(needed_bytes) = self.lacking {
            return Err(SynaError::NoMemory { needed_bytes });
        }
        self.found.sort_unstable();
        Ok(&self.found)
    }
}

impl Keeper for AllWithin {
    /// Takes a row in, if it is near enough.
    #[inline]
    fn push(&mut self, neighbour: Neighbour) {
        if neighbour.distance <= self.most {
            // A radius may take in every row, and running out of memory must not end the process.
            if self.found.try_reserve(1).is_ok() {
                self.found.push(neighbour);
            } else {
                self.lacking =
                    Some((self.found.len() as u64 * 2).saturating_mul(size_of::<Neighbour>() as u64));
            }
        }
    }
}

/// What a scan is asked for besides the queries.
#[derive(Clone, Copy)]
pub(crate) struct ScanRequest<'a> {
    /// Whether a row may be a result; other rows are not compared.
    pub(crate) visible: &'a dyn Fn(u32) -> bool,
    /// When to stop with what there is.
    pub(crate) deadline: Option<Instant>,
    /// After how many compared rows to stop with what there is.
    pub(crate) budget: Option<u32>,
}

/// Compares every visible one of `candidates` with all `queries`, in one pass over the vectors, and tells the keeper of each
/// query; partial where the deadline or the budget came first. The distances are those of one query alone, bit for bit.
pub(crate) fn scan(
    queries: &[PreparedQuery<'_>],
    rows: &impl Rows,
    candidates: impl Iterator<Item = u32>,
    request: &ScanRequest<'_>,
    keepers: &mut [impl Keeper],
) -> SearchEnd {
    let mut end = SearchEnd { is_partial: false, distances: 0 };
    let mut at_once = [0u32; 4];
    let mut waiting = 0;
    for (looks, row) in (0u32..).zip(candidates) {
        let is_late = looks.is_multiple_of(ROWS_A_CLOCK)
            && request.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if !is_late && !(request.visible)(row) {
            continue;
        }
        if is_late || request.budget.is_some_and(|budget| end.distances >= budget) {
            end.is_partial = true;
            break;
        }
        if let Some(place) = at_once.get_mut(waiting) {
            *place = row;
        }
        waiting += 1;
        end.distances += 1;
        if waiting == 4 {
            waiting = 0;
            let vectors = at_once.map(|row| rows.row(row));
            for (query, keeper) in queries.iter().zip(keepers.iter_mut()) {
                for (row, distance) in at_once.into_iter().zip(query.distances_4(vectors)) {
                    keeper.push(Neighbour { distance, row });
                }
            }
        }
    }
    for &row in at_once.iter().take(waiting) {
        for (query, keeper) in queries.iter().zip(keepers.iter_mut()) {
            keeper.push(Neighbour { distance: query.distance(rows.row(row)), row });
        }
    }
    end
}
