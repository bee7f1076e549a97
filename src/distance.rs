//! Distances of one query to rows: final, never NaN, right for any finite components.
//!
//! The kernels sum in f32, which overflows from components of about 1e18 on and loses the smallest ones (their squares
//! are 0). So each sum is looked at before it is used:
//!
//! ```text
//!   sum in f32 --> finite, and large enough that nothing lost can be seen in it? --yes--> distance
//!                                     | no
//!                                     +--> sums in f64 (cold), which neither overflow nor vanish --> distance
//! ```
//!
//! The choice looks at the query and the one row only, never at the rows that are asked for together with it.

use crate::DistanceMetric;
use crate::kernel::{Kernels, scalar};

/// A sum of squares or products below this may have lost a visible part of itself to underflow.
///
/// One term loses at most 2^-150, which is half the smallest f32; 8192 terms lose less than 6e-42, and that is below
/// half a unit in the last place of any sum from 1e-34 on. The rest is distance to spare.
const TRUSTED_SUM: f32 = 1e-30;

/// A query prepared for one metric; distances are final (root taken, cosine = 1 - cos), smaller is nearer, never NaN for
/// finite components.
///
/// A distance is infinite only where its true value is beyond `f32::MAX`, and never -0.0. The error is that of the
/// kernels (`kernel/mod.rs`): relative for euclidean, relative to the product of the lengths for dot product and cosine.
#[derive(Clone, Copy)]
pub struct PreparedQuery<'q> {
    kernels: Kernels,
    metric: DistanceMetric,
    query: &'q [f32],
    /// The query's squared length for cosine, 0 where it has none; not used by the other metrics.
    square: f64,
}

impl<'q> PreparedQuery<'q> {
    /// Prepares `query`, whose components are finite; cosine takes one pass over it.
    #[must_use]
    pub fn new(kernels: Kernels, metric: DistanceMetric, query: &'q [f32]) -> Self {
        let square = match metric {
            // By the same kernel as the rows': the rounding of equal vectors cancels, and their distance is 0.
            DistanceMetric::Cosine => f64::from(kernels.dot_and_square(query, query).1),
            DistanceMetric::Euclidean | DistanceMetric::DotProduct => 0.0,
        };
        Self { kernels, metric, query, square }
    }

    /// The distance to `row`, which has as many components as the query, all finite.
    #[inline]
    #[must_use]
    pub fn distance(&self, row: &[f32]) -> f32 {
        match self.metric {
            DistanceMetric::Cosine => self.cosine(row, self.kernels.dot_and_square(self.query, row)),
            DistanceMetric::Euclidean => self.euclidean(row, self.kernels.squared_euclidean(self.query, row)),
            DistanceMetric::DotProduct => self.dot_product(row, self.kernels.dot(self.query, row)),
        }
    }

    /// The distances to four rows: those of [`PreparedQuery::distance`] bit for bit, in less time.
    #[inline]
    #[must_use]
    pub fn distances_4(&self, rows: [&[f32]; 4]) -> [f32; 4] {
        let mut distances = [0.0; 4];
        match self.metric {
            DistanceMetric::Cosine => {
                let sums = self.kernels.dot_and_square_4(self.query, rows);
                for ((distance, row), sums) in distances.iter_mut().zip(rows).zip(sums) {
                    *distance = self.cosine(row, sums);
                }
            }
            DistanceMetric::Euclidean => {
                let squares = self.kernels.squared_euclidean_4(self.query, rows);
                for ((distance, row), square) in distances.iter_mut().zip(rows).zip(squares) {
                    *distance = self.euclidean(row, square);
                }
            }
            DistanceMetric::DotProduct => {
                let dots = self.kernels.dot_4(self.query, rows);
                for ((distance, row), dot) in distances.iter_mut().zip(rows).zip(dots) {
                    *distance = self.dot_product(row, dot);
                }
            }
        }
        distances
    }

    /// [`PreparedQuery::distances_4`] for rows far from each other that come from memory. Cosine has two sums a row and too
    /// few registers for four rows.
    #[inline]
    #[must_use]
    pub fn distances_of_streams(&self, rows: [&[f32]; 4]) -> [f32; 4] {
        let mut sums = match self.metric {
            DistanceMetric::Cosine => return self.distances_4(rows),
            DistanceMetric::Euclidean => self.kernels.squared_euclidean_streams(self.query, rows),
            DistanceMetric::DotProduct => self.kernels.dot_streams(self.query, rows),
        };
        for (sum, row) in sums.iter_mut().zip(rows) {
            *sum = match self.metric {
                DistanceMetric::DotProduct => self.dot_product(row, *sum),
                _ => self.euclidean(row, *sum),
            };
        }
        sums
    }

    /// The distances of four queries to four rows, `[query][row]`: those of [`PreparedQuery::distance`] bit for bit, in
    /// less time. The queries were prepared for the same metric by the same kernels.
    #[inline]
    #[must_use]
    pub fn distances_4x4(queries: &[Self; 4], rows: &FourRows<'_>) -> [[f32; 4]; 4] {
        let [Self { kernels, metric, .. }, ..] = queries;
        let vectors = queries.map(|query| query.query);
        let mut sums = match metric {
            DistanceMetric::Euclidean => kernels.squared_euclidean_tile(vectors, rows.rows),
            DistanceMetric::DotProduct | DistanceMetric::Cosine => kernels.dot_tile(vectors, rows.rows),
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

    /// The query's components, as they were given.
    #[must_use]
    pub fn query(&self) -> &'q [f32] {
        self.query
    }

    #[inline]
    fn euclidean(&self, row: &[f32], square: f32) -> f32 {
        if is_trusted(square) { square.sqrt() } else { euclidean_in_f64(self.query, row) }
    }

    #[inline]
    fn dot_product(&self, row: &[f32], dot: f32) -> f32 {
        if is_trusted(dot.abs()) { -dot } else { dot_product_in_f64(self.query, row) }
    }

    /// The same bits for two vectors both ways round: the choice and the product do not depend on which is the query.
    #[inline]
    fn cosine(&self, row: &[f32], (dot, square): (f32, f32)) -> f32 {
        let trusted = f64::from(TRUSTED_SUM)..=f64::from(f32::MAX);
        let square = f64::from(square);
        // The dot may be as small as it likes; what counts is what its terms may lose beside the product of the lengths.
        // One root of the product: of equal squares it is exact, where the product of two roots is not.
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

/// Four rows that several queries are compared with, and what is the same for all of those.
#[derive(Debug, Clone, Copy)]
pub struct FourRows<'r> {
    rows: [&'r [f32]; 4],
    /// The rows' squared lengths for cosine, with the bits that `dot_and_square` gives; not used by the other metrics.
    squares: [f32; 4],
}

impl<'r> FourRows<'r> {
    /// For queries such as this; cosine takes one pass over the rows.
    #[inline]
    #[must_use]
    pub fn new(query: &PreparedQuery<'_>, rows: [&'r [f32]; 4]) -> Self {
        let squares = match query.metric {
            DistanceMetric::Cosine => rows.map(|row| query.kernels.dot(row, row)),
            DistanceMetric::Euclidean | DistanceMetric::DotProduct => [0.0; 4],
        };
        Self { rows, squares }
    }
}

/// Whether a sum of f32 has neither overflowed nor lost a visible part to underflow; false for NaN.
#[inline]
fn is_trusted(sum: f32) -> bool {
    (TRUSTED_SUM..=f32::MAX).contains(&sum)
}

/// `1 - dot / lengths`, within 0..=2 whatever the rounding; `lengths` is above 0.
#[inline]
fn cosine_of(dot: f64, lengths: f64) -> f32 {
    scalar::narrow((1.0 - dot / lengths).clamp(0.0, 2.0))
}

#[cold]
fn euclidean_in_f64(query: &[f32], row: &[f32]) -> f32 {
    scalar::narrow(scalar::squared_euclidean(query, row).sqrt())
}

#[cold]
fn dot_product_in_f64(query: &[f32], row: &[f32]) -> f32 {
    // Subtracted and not negated, and narrowed before: -0.0 would sort before 0.0 where bits are compared.
    0.0 - scalar::narrow(scalar::dot(query, row))
}

#[cold]
fn cosine_in_f64(query: &[f32], row: &[f32]) -> f32 {
    // The product of two squares is not 0 in f64 unless one of them is: the smallest is 2e-90.
    let lengths = (scalar::dot(query, query) * scalar::dot(row, row)).sqrt();
    if lengths > 0.0 { cosine_of(scalar::dot(query, row), lengths) } else { 1.0 }
}

#[cfg(test)]
mod tests;
