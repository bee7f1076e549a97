//! The exact scan: compares given rows, in blocks, with one or more queries, and passes the distances to each query's
//! collector.
//!
//! ```text
//!   block   | row 0 .. | row n .. | row 2n .. | row 3n .. |     four streams, each read sequentially
//!              |          |          |           |
//!              +----------+----------+-----------+---> tile: four rows x four queries, then the next four queries ...
//! ```

use std::collections::BinaryHeap;
use std::time::Instant;

use super::bounds::Bounds;
use super::request::SearchEnd;
use super::widened::Widened;
use crate::distance::{PreparedQuery, TileRows};
use crate::index::neighbour::Neighbour;
use crate::index::rows::Rows;
use crate::kernel::codes::prefetch;
use crate::kernel::rows::StoredRow;
use crate::memory;
use crate::{Result, SynaError};

/// Number of rows between two checks of the deadline.
const ROWS_A_CLOCK: u32 = 64;

/// Maximum bytes of vectors, and maximum rows, in a quarter of a block. Bytes are bounded because the deadline is not
/// checked within a block. The number of rows is odd, so that four rows do not all map to the same sets of the
/// first-level cache.
const QUARTER_BYTES: usize = 1 << 18;
const MOST_QUARTER_ROWS: usize = 61;
const LEAST_QUARTER_ROWS: usize = 7;

/// Minimum number of tiles for each four rows for software prefetching to pay off.
const LEAST_TILES_AHEAD: usize = 4;

/// Receives the rows that are compared with a query.
pub(crate) trait Collector {
    /// Adds a row and its distance.
    fn push(&mut self, neighbour: Neighbour);
}

/// The k nearest rows within bounds. The memory is reused.
#[derive(Debug, Default)]
pub(crate) struct BestK {
    k: usize,
    bounds: Bounds,
    heap: BinaryHeap<Neighbour>,
    sorted: Vec<Neighbour>,
}

impl BestK {
    /// Returns a collector of `k` rows within `bounds`.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`].
    pub(crate) fn with_k(k: usize, bounds: Bounds) -> Result<Self> {
        let mut best = Self::default();
        best.reset(k, bounds)?;
        Ok(best)
    }

    /// Empties it and sets the number of rows and their bounds.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`].
    pub(crate) fn reset(&mut self, k: usize, bounds: Bounds) -> Result<()> {
        self.k = k;
        self.bounds = bounds;
        self.heap.clear();
        self.sorted.clear();
        if self.heap.capacity() < k {
            memory::check()?;
            self.heap.try_reserve_exact(k).map_err(|_| memory::refused::<Neighbour>(k))?;
        }
        memory::reserve(&mut self.sorted, k)
    }

    /// Starts with rows within the bounds in ascending order, at most `k`. Nothing may have been pushed before.
    pub(crate) fn begin_with(&mut self, rows: &[Neighbour]) {
        debug_assert!(rows.len() <= self.k && self.heap.is_empty() && rows.is_sorted());
        self.sorted.clear();
        self.sorted.extend_from_slice(rows);
    }

    /// The rows in ascending order. Call `reset` before the next push.
    pub(crate) fn sorted(&mut self) -> &[Neighbour] {
        if !self.heap.is_empty() {
            self.sorted.extend(self.heap.drain());
            self.sorted.sort_unstable();
        }
        &self.sorted
    }
}

impl Collector for BestK {
    /// Keeps a row if it is among the k nearest so far. The bounds are checked last: few rows come that far.
    #[inline]
    fn push(&mut self, neighbour: Neighbour) {
        if !self.sorted.is_empty() {
            self.heap.extend(self.sorted.drain(..));
        }
        if self.heap.len() < self.k {
            if self.bounds.contains(neighbour) {
                self.heap.push(neighbour);
            }
        } else if let Some(mut last) = self.heap.peek_mut()
            && neighbour < *last
            && self.bounds.contains(neighbour)
        {
            *last = neighbour;
        }
    }
}

/// All rows within bounds. The memory is reused.
#[derive(Debug, Default)]
pub(crate) struct AllWithin {
    bounds: Bounds,
    found: Vec<Neighbour>,
    /// The bytes of an allocation that failed.
    refused_bytes: Option<u64>,
}

impl AllWithin {
    /// Empties it and sets the bounds.
    pub(crate) fn reset(&mut self, bounds: Bounds) {
        self.bounds = bounds;
        self.found.clear();
        self.refused_bytes = None;
    }

    /// The rows in ascending order.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`]: some rows were dropped.
    pub(crate) fn sorted(&mut self) -> Result<&[Neighbour]> {
        if let Some(needed_bytes) = self.refused_bytes {
            return Err(SynaError::NoMemory { needed_bytes });
        }
        self.found.sort_unstable();
        Ok(&self.found)
    }
}

impl Collector for AllWithin {
    /// Keeps a row within the bounds.
    #[inline]
    fn push(&mut self, neighbour: Neighbour) {
        if self.bounds.contains(neighbour) {
            // A radius may include every row, and a failed allocation must not abort the process.
            if self.found.try_reserve(1).is_ok() {
                self.found.push(neighbour);
            } else {
                self.refused_bytes =
                    Some((self.found.len() as u64 * 2).saturating_mul(size_of::<Neighbour>() as u64));
            }
        }
    }
}

/// The parameters of a scan besides the queries.
#[derive(Clone, Copy)]
pub(crate) struct ScanRequest<'a> {
    /// Whether a row may be a result. Other rows are not compared.
    pub(crate) visible: &'a dyn Fn(u32) -> bool,
    /// The scan ends at this time with the results so far.
    pub(crate) deadline: Option<Instant>,
    /// The scan ends after so many compared rows with the results so far.
    pub(crate) budget: Option<u32>,
}

/// Compares every visible row of `candidates` with all `queries`, in one pass over the vectors, and passes it to each
/// query's collector. Partial if the deadline or the budget ends it. The distances have the same bits as with one query
/// alone.
pub(crate) fn scan(
    queries: &[PreparedQuery<'_>],
    rows: &impl Rows,
    candidates: impl Iterator<Item = u32>,
    request: &ScanRequest<'_>,
    collectors: &mut [impl Collector],
) -> SearchEnd {
    let mut end = SearchEnd { is_partial: false, distances: 0 };
    let mut rows_of_block = [0; 4 * MOST_QUARTER_ROWS];
    let row_bytes = queries.first().map_or(0, |query| size_of_val(query.query()));
    let quarter = (QUARTER_BYTES / row_bytes.max(1)).clamp(LEAST_QUARTER_ROWS, MOST_QUARTER_ROWS) | 1;
    let (block, _) = rows_of_block.split_at_mut(4 * quarter);
    let mut waiting = 0;
    let mut widened = Widened::default();
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
        if let Some(target) = block.get_mut(waiting) {
            *target = row;
        }
        waiting += 1;
        end.distances += 1;
        if waiting == block.len() {
            compare(queries, rows, block, &mut widened, collectors);
            waiting = 0;
        }
    }
    let (last, _) = block.split_at(waiting);
    compare(queries, rows, last, &mut widened, collectors);
    end
}

/// Compares the rows of a block with all queries.
///
/// Four rows at a time are taken from the four quarters of the block, so that memory is read as four sequential
/// streams. The hardware prefetcher recognizes these; it does not recognize four adjacent rows as a stream. Adjacent
/// rows read 9 GB/s, four streams 15 GB/s (784 and 384 dimensions).
fn compare(
    queries: &[PreparedQuery<'_>],
    rows: &impl Rows,
    block: &[u32],
    widened: &mut Widened,
    collectors: &mut [impl Collector],
) {
    let quarter = block.len() / 4;
    let (spread, rest) = block.split_at(4 * quarter);
    let four = |at: usize| [0, 1, 2, 3].map(|stream| spread[at + stream * quarter]);
    let vectors_of = |[a, b, c, d]: [u32; 4]| [rows.row(a), rows.row(b), rows.row(c), rows.row(d)];
    let (tiles, singles) = queries.as_chunks::<4>();
    let (tile_collectors, single_collectors) = collectors.as_chunks_mut::<4>();
    let none = [StoredRow::Floats(&[]); 4];
    let mut next = if quarter > 0 { vectors_of(four(0)) } else { none };
    if !tiles.is_empty() {
        widened.prepare(next[0]);
    }
    for at in 0..quarter {
        let (numbers, vectors) = (four(at), next);
        next = if at + 1 < quarter { vectors_of(four(at + 1)) } else { none };
        if let Some([first, ..]) = tiles.first() {
            let mut tile_prefetch = TilePrefetch::new(next, tiles.len());
            let together = TileRows::new(first, widened.widen(vectors));
            for (queries, collectors) in tiles.iter().zip(&mut *tile_collectors) {
                tile_prefetch.step();
                for (distances, collector) in
                    PreparedQuery::distances_4x4(queries, &together).into_iter().zip(collectors)
                {
                    push_4(collector, numbers, distances);
                }
            }
        }
        for (query, collector) in singles.iter().zip(&mut *single_collectors) {
            push_4(collector, numbers, query.distances_of_streams(vectors));
        }
    }
    for &row in rest {
        for (query, collector) in queries.iter().zip(collectors.iter_mut()) {
            collector.push(Neighbour { distance: query.distance(rows.row(row)), row });
        }
    }
}

#[inline]
fn push_4(collector: &mut impl Collector, rows: [u32; 4], distances: [f32; 4]) {
    for (row, distance) in rows.into_iter().zip(distances) {
        collector.push(Neighbour { distance, row });
    }
}

/// Prefetches the rows of the next tiles in small portions between the tiles of the current ones. With many queries,
/// the rows of a stream follow each other too slowly for the hardware prefetcher.
struct TilePrefetch<'r> {
    rows: [&'r [u8]; 4],
    /// Bytes of each row to prefetch at a time; after the last tile all lines of a row have been prefetched.
    step: usize,
}

impl<'r> TilePrefetch<'r> {
    fn new(rows: [StoredRow<'r>; 4], tiles: usize) -> Self {
        let rows = rows.map(StoredRow::bytes);
        let [first, ..] = rows;
        // With few tiles the hardware prefetcher is faster.
        let step =
            if tiles < LEAST_TILES_AHEAD { 0 } else { first.len().div_ceil(tiles).next_multiple_of(64) };
        Self { rows, step }
    }

    #[inline]
    fn step(&mut self) {
        for row in &mut self.rows {
            let (now, later) = row.split_at(self.step.min(row.len()));
            prefetch(now);
            *row = later;
        }
    }
}
