//! Distances of a query to rows: final, never NaN, correct for all finite components.
//!
//! The kernels sum in f32, which overflows for components above about 1e18 and loses the smallest ones (their squares
//! are 0). So each sum is checked before it is used:
//!
//! ```text
//!   sum in f32 --> finite, and so large that underflow is not visible in it? ---yes--> distance
//!                                     | no
//!                                     +--> sums in f64 (cold), which neither overflow nor underflow --> distance
//! ```
//!
//! The decision depends only on the query and the one row, not on other rows of the same call.

use crate::DistanceMetric;
use crate::kernel::rows::{FourRows, StoredRow};
use crate::kernel::{Kernels, scalar};

/// A sum of squares or products below this may have lost a visible part to underflow.
///
/// One term loses at most 2^-150, which is half the smallest f32; 8192 terms lose less than 6e-42. That is below half a
/// unit in the last place of any sum from 1e-34 on. The rest is a margin.
const TRUSTED_SUM: f32 = 1e-30;

/// A query prepared for one metric. Distances are final (euclidean: the root; cosine: 1 - cos). Smaller is nearer. They
/// are never NaN; components that are not finite give any distance.
///
/// A distance is infinite only if its exact value exceeds `f32::MAX`, and never -0.0. The error is that of the kernels
/// (`kernel/mod.rs`): relative for euclidean, relative to the product of the lengths for dot product and cosine.
#[derive(Clone, Copy)]
pub struct PreparedQuery<'q> {
    kernels: Kernels,
    metric: DistanceMetric,
    query: &'q [f32],
    /// The query's squared length for cosine, 0 for a zero vector; unused for the other metrics.
    square: f64,
}

impl<'q> PreparedQuery<'q> {
    /// Prepares `query`, whose components must be finite. For cosine it takes one pass over the query.
    #[must_use]
    pub fn new(kernels: Kernels, metric: DistanceMetric, query: &'q [f32]) -> Self {
        let square = match metric {
            // By the same kernel as for rows, so that rounding cancels for equal vectors, and their distance is 0.
            DistanceMetric::Cosine => f64::from(kernels.dot_and_square(query, query).1),
            DistanceMetric::Euclidean | DistanceMetric::DotProduct => 0.0,
        };
        Self { kernels, metric, query, square }
    }

    /// The distance to `row`, which must have as many components as the query, all finite.
    #[inline]
    #[must_use]
    pub fn distance<'r>(&self, row: impl Into<StoredRow<'r>>) -> f32 {
        let row = row.into();
        match self.metric {
            DistanceMetric::Cosine => self.cosine(row, self.kernels.dot_and_square_to(self.query, row)),
            DistanceMetric::Euclidean => {
                self.euclidean(row, self.kernels.squared_euclidean_to(self.query, row))
            }
            DistanceMetric::DotProduct => self.dot_product(row, self.kernels.dot_to(self.query, row)),
        }
    }

    /// The distances to four rows of one type, bit for bit those of [`PreparedQuery::distance`], in less time.
    #[inline]
    #[must_use]
    pub fn distances_4(&self, rows: [StoredRow<'_>; 4]) -> [f32; 4] {
        let Some(four) = FourRows::of(rows) else { return rows.map(|row| self.distance(row)) };
        let mut distances = [0.0; 4];
        match self.metric {
            DistanceMetric::Cosine => {
                let sums = self.kernels.dot_and_square_to_4(self.query, &four);
                for ((distance, row), sums) in distances.iter_mut().zip(rows).zip(sums) {
                    *distance = self.cosine(row, sums);
                }
            }
            DistanceMetric::Euclidean => {
                let squares = self.kernels.squared_euclidean_to_4(self.query, &four);
                for ((distance, row), square) in distances.iter_mut().zip(rows).zip(squares) {
                    *distance = self.euclidean(row, square);
                }
            }
            DistanceMetric::DotProduct => {
                let dots = self.kernels.dot_to_4(self.query, &four);
                for ((distance, row), dot) in distances.iter_mut().zip(rows).zip(dots) {
                    *distance = self.dot_product(row, dot);
                }
            }
        }
        distances
    }

    /// [`PreparedQuery::distances_4`] for rows at distant addresses that are not in the cache. Not for cosine, which
    /// has two sums for each row and too few registers for four rows.
    #[inline]
    #[must_use]
    pub fn distances_of_streams(&self, rows: [StoredRow<'_>; 4]) -> [f32; 4] {
        let Some(FourRows::Floats(floats)) = FourRows::of(rows) else { return self.distances_4(rows) };
        let mut sums = match self.metric {
            DistanceMetric::Cosine => return self.distances_4(rows),
            DistanceMetric::Euclidean => self.kernels.squared_euclidean_streams(self.query, floats),
            DistanceMetric::DotProduct => self.kernels.dot_streams(self.query, floats),
        };
        for (sum, row) in sums.iter_mut().zip(rows) {
            *sum = match self.metric {
                DistanceMetric::DotProduct => self.dot_product(row, *sum),
                _ => self.euclidean(row, *sum),
            };
        }
        sums
    }

    /// The distances of four queries to four rows, `[query][row]`, bit for bit those of [`PreparedQuery::distance`], in
    /// less time. The queries must be prepared for the same metric with the same kernels.
    #[inline]
    #[must_use]
    pub fn distances_4x4(queries: &[Self; 4], rows: &TileRows<'_>) -> [[f32; 4]; 4] {
        let Some(floats) = rows.floats else { return queries.map(|query| query.distances_4(rows.rows)) };
        let [Self { kernels, metric, .. }, ..] = queries;
        let vectors = queries.map(|query| query.query);
        let mut sums = match metric {
            DistanceMetric::Euclidean => kernels.squared_euclidean_tile(vectors, floats),
            DistanceMetric::DotProduct | DistanceMetric::Cosine => kernels.dot_tile(vectors, floats),
        };
        for (sums, query) in sums.iter_mut().zip(queries) {
            for ((sum, row), square) in sums.iter_mut().zip(rows.rows).zip(rows.squares) {
                *sum = match metric {
                    DistanceMetric::Cosine => query.cosine(row, (*sum, square)),
                    DistanceMetric::Euclidean => query.euclidean(row, *sum),
                    DistanceMetric::DotProduct => query.dot_product(row, *sum),
                };
            }
        }
        sums
    }

    /// The query's components.
    #[must_use]
    pub fn query(&self) -> &'q [f32] {
        self.query
    }

    #[inline]
    fn euclidean(&self, row: StoredRow<'_>, square: f32) -> f32 {
        if is_trusted(square) { square.sqrt() } else { euclidean_in_f64(self.query, row) }
    }

    #[inline]
    fn dot_product(&self, row: StoredRow<'_>, dot: f32) -> f32 {
        if is_trusted(dot.abs()) { -dot } else { dot_product_in_f64(self.query, row) }
    }

    /// The same bits if query and row are exchanged: neither the decision nor the product depends on which is the query.
    #[inline]
    fn cosine(&self, row: StoredRow<'_>, (dot, square): (f32, f32)) -> f32 {
        let trusted = f64::from(TRUSTED_SUM)..=f64::from(f32::MAX);
        let square = f64::from(square);
        // The dot product may be small; only its possible loss relative to the product of the lengths matters. One root
        // of the product of squares: for equal squares it is exact, while the product of two roots is not.
        let lengths = (self.square * square).sqrt();
        if trusted.contains(&self.square)
            && trusted.contains(&square)
            && dot.is_finite()
            && lengths >= f64::from(TRUSTED_SUM)
        {
            cosine_of(f64::from(dot), lengths)
        } else {
            cosine_in_f64(self.query, row)
        }
    }
}

/// Four rows that are compared with several queries, and what is the same for all of these.
#[derive(Debug, Clone, Copy)]
pub struct TileRows<'r> {
    rows: [StoredRow<'r>; 4],
    /// The rows, if they are stored as f32: only these are compared in tiles.
    floats: Option<[&'r [f32]; 4]>,
    /// The rows' squared lengths for cosine, with the bits of `dot_and_square`; unused for the other metrics.
    squares: [f32; 4],
}

impl<'r> TileRows<'r> {
    /// For queries of the same metric as `query`. For cosine it takes one pass over the rows.
    #[inline]
    #[must_use]
    pub fn new(query: &PreparedQuery<'_>, rows: [StoredRow<'r>; 4]) -> Self {
        let floats = match FourRows::of(rows) {
            Some(FourRows::Floats(floats)) => Some(floats),
            _ => None,
        };
        let squares = match (query.metric, floats) {
            (DistanceMetric::Cosine, Some(floats)) => floats.map(|row| query.kernels.dot(row, row)),
            _ => [0.0; 4],
        };
        Self { rows, floats, squares }
    }
}

/// Whether a sum in f32 has neither overflowed nor visibly underflowed; false for NaN.
#[inline]
fn is_trusted(sum: f32) -> bool {
    (TRUSTED_SUM..=f32::MAX).contains(&sum)
}

/// `1 - dot / lengths`, clamped to 0..=2 because of rounding. `lengths` must be above 0.
#[inline]
fn cosine_of(dot: f64, lengths: f64) -> f32 {
    scalar::narrow((1.0 - dot / lengths).clamp(0.0, 2.0))
}

#[cold]
fn euclidean_in_f64(query: &[f32], row: StoredRow<'_>) -> f32 {
    or_farthest(scalar::narrow(scalar::squared_euclidean_to(query, row).sqrt()))
}

#[cold]
fn dot_product_in_f64(query: &[f32], row: StoredRow<'_>) -> f32 {
    // Subtracted, not negated, and narrowed before: -0.0 would sort before 0.0 where bits are compared.
    or_farthest(0.0 - scalar::narrow(scalar::dot_to(query, row)))
}

#[cold]
fn cosine_in_f64(query: &[f32], row: StoredRow<'_>) -> f32 {
    // The product of two squares is 0 in f64 only if one of them is: the smallest is 2e-90.
    let lengths = (scalar::dot(query, query) * scalar::square_of(row)).sqrt();
    if lengths > 0.0 { or_farthest(cosine_of(scalar::dot_to(query, row), lengths)) } else { 1.0 }
}

/// A stored row may have components that are not finite, if another program has written it. A distance of NaN would sort
/// before all others if its sign bit is set.
pub(crate) fn or_farthest(distance: f32) -> f32 {
    if distance.is_nan() { f32::INFINITY } else { distance }
}

#[cfg(test)]
mod tests;
