//! The exact scan: rows that are given, by blocks, for one query or several, into what each query keeps of them.
//!
//! ```text
//!   block   | row 0 .. | row n .. | row 2n .. | row 3n .. |     four streams, each read straight on
//!              |          |          |           |
//!              +----------+----------+-----------+---> four rows x four queries: a tile, and the next four queries ...
//! ```

use std::collections::BinaryHeap;
use std::time::Instant;

use super::request::SearchEnd;
use crate::distance::{FourRows, PreparedQuery};
use crate::index::neighbour::Neighbour;
use crate::index::rows::Rows;
use crate::kernel::codes::prefetch;
use crate::memory;
use crate::{Result, SynaError};

/// How many rows are looked at between two looks at the clock.
const ROWS_A_CLOCK: u32 = 64;

/// A quarter of a block holds at most so many bytes of vectors, since nothing looks at the clock within a block, and so
/// many rows. Odd, so that four rows at once do not all fall into the same sets of the nearest cache.
const QUARTER_BYTES: usize = 1 << 18;
const MOST_QUARTER_ROWS: usize = 61;
const LEAST_QUARTER_ROWS: usize = 7;

/// With fewer tiles for each four rows, the next four are not asked for ahead of time.
const LEAST_TILES_AHEAD: usize = 4;

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
    /// One that keeps `k` rows.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`].
    pub(crate) fn keeping(k: usize) -> Result<Self> {
        let mut best = Self::default();
        best.reset(k)?;
        Ok(best)
    }

    /// Empties it and sets how many rows it keeps.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`].
    pub(crate) fn reset(&mut self, k: usize) -> Result<()> {
        self.k = k;
        self.heap.clear();
        self.sorted.clear();
        if self.heap.capacity() < k {
            memory::check()?;
            self.heap.try_reserve_exact(k).map_err(|_| memory::refused::<Neighbour>(k))?;
        }
        memory::reserve(&mut self.sorted, k)
    }

    /// Begins with rows in ascending order, at most `k`; nothing was pushed yet.
    pub(crate) fn begin_with(&mut self, rows: &[Neighbour]) {
        debug_assert!(rows.len() <= self.k && self.heap.is_empty() && rows.is_sorted());
        self.sorted.clear();
        self.sorted.extend_from_slice(rows);
    }

    /// The rows in ascending order; nothing more can be pushed before the next reset.
    pub(crate) fn sorted(&mut self) -> &[Neighbour] {
        if !self.heap.is_empty() {
            self.sorted.extend(self.heap.drain());
            self.sorted.sort_unstable();
        }
        &self.sorted
    }
}

impl Keeper for BestK {
    /// Takes a row in, if it is among the k nearest so far.
    #[inline]
    fn push(&mut self, neighbour: Neighbour) {
        if !self.sorted.is_empty() {
            self.heap.extend(self.sorted.drain(..));
        }
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
    let mut places = [0; 4 * MOST_QUARTER_ROWS];
    let row_bytes = queries.first().map_or(0, |query| size_of_val(query.query()));
    let quarter = (QUARTER_BYTES / row_bytes.max(1)).clamp(LEAST_QUARTER_ROWS, MOST_QUARTER_ROWS) | 1;
    let (block, _) = places.split_at_mut(4 * quarter);
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
        if let Some(place) = block.get_mut(waiting) {
            *place = row;
        }
        waiting += 1;
        end.distances += 1;
        if waiting == block.len() {
            compare(queries, rows, block, keepers);
            waiting = 0;
        }
    }
    let (last, _) = block.split_at(waiting);
    compare(queries, rows, last, keepers);
    end
}

/// Compares the rows of a block with all queries.
///
/// Four rows at once come from the four quarters of the block, so that the memory is read as four streams that each go
/// straight on. The processor fetches ahead of such a stream, and more for four than for one; of four rows that lie side
/// by side it sees no stream, and read 9 GB/s where four streams read 15 (784 and 384 dimensions).
fn compare(queries: &[PreparedQuery<'_>], rows: &impl Rows, block: &[u32], keepers: &mut [impl Keeper]) {
    let quarter = block.len() / 4;
    let (spread, rest) = block.split_at(4 * quarter);
    let four = |at: usize| [0, 1, 2, 3].map(|stream| spread[at + stream * quarter]);
    let vectors_of = |[a, b, c, d]: [u32; 4]| [rows.row(a), rows.row(b), rows.row(c), rows.row(d)];
    let (tiles, singles) = queries.as_chunks::<4>();
    let (tile_keepers, single_keepers) = keepers.as_chunks_mut::<4>();
    let mut next = if quarter > 0 { vectors_of(four(0)) } else { [&[][..]; 4] };
    for at in 0..quarter {
        let (numbers, vectors) = (four(at), next);
        next = if at + 1 < quarter { vectors_of(four(at + 1)) } else { [&[][..]; 4] };
        if let Some([first, ..]) = tiles.first() {
            let mut ahead = Ahead::new(next, tiles.len());
            let together = FourRows::new(first, vectors);
            for (queries, keepers) in tiles.iter().zip(&mut *tile_keepers) {
                ahead.bring();
                for (distances, keeper) in
                    PreparedQuery::distances_4x4(queries, &together).into_iter().zip(keepers)
                {
                    push_4(keeper, numbers, distances);
                }
            }
        }
        for (query, keeper) in singles.iter().zip(&mut *single_keepers) {
            push_4(keeper, numbers, query.distances_of_streams(vectors));
        }
    }
    for &row in rest {
        for (query, keeper) in queries.iter().zip(keepers.iter_mut()) {
            keeper.push(Neighbour { distance: query.distance(rows.row(row)), row });
        }
    }
}

#[inline]
fn push_4(keeper: &mut impl Keeper, rows: [u32; 4], distances: [f32; 4]) {
    for (row, distance) in rows.into_iter().zip(distances) {
        keeper.push(Neighbour { distance, row });
    }
}

/// The rows that are compared next, asked for a little at a time between the tiles of those before: with many queries the
/// rows of a stream follow each other too slowly for the processor to see that they do.
struct Ahead<'r> {
    rows: [&'r [f32]; 4],
    /// Components asked for at a time, of each row; all lines of a row have been asked for after the last tile.
    step: usize,
}

impl<'r> Ahead<'r> {
    fn new(rows: [&'r [f32]; 4], tiles: usize) -> Self {
        let [first, ..] = rows;
        // With few tiles the processor's own prefetching is the faster one.
        let step =
            if tiles < LEAST_TILES_AHEAD { 0 } else { first.len().div_ceil(tiles).next_multiple_of(16) };
        Self { rows, step }
    }

    #[inline]
    fn bring(&mut self) {
        for row in &mut self.rows {
            let (now, later) = row.split_at(self.step.min(row.len()));
            prefetch(now);
            *row = later;
        }
    }
}
