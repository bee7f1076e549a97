//! The linear transform of a vector before it is encoded: a centre is subtracted, and a power of two brings lengths
//! into the range in which f32 can hold their squares.
//!
//! Codes are relative to the largest component of a vector, so a part that all vectors have in common costs precision.
//! Data in a narrow cone, or with positive components only, lose most of it. Subtracting a centre from both sides does
//! not change euclidean distances. It would change inner products, which have no centre.
//!
//! The transform is learned once, from a sample of the rows that exist when the graph gets its first batch, and is
//! saved with the graph.

use crate::DistanceMetric;
use crate::kernel::rows::StoredRow;
use crate::kernel::{Kernels, scalar};

/// Maximum number of rows that the transform is learned from.
pub(crate) const SAMPLE_ROWS: u32 = 1024;
/// Rows whose length differs from the median by more than this factor do not count for the centre.
const INLIER_RATIO: f64 = 64.0;
/// Lengths in this range need no scale: their squares and differences are exact enough in f32.
const UNSCALED: std::ops::RangeInclusive<f64> = 1e-12..=1e12;
/// Squared lengths in this range can be summed in f32 without overflow or significant loss.
const SOUND_SQUARES: std::ops::RangeInclusive<f32> = 1e-30..=1e30;
/// Maximum length after scaling; longer vectors are shortened to it.
pub(crate) const MAX_LENGTH: f64 = 1e15;

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transform {
    /// Subtracted after scaling; empty: nothing.
    pub(crate) centre: Vec<f32>,
    /// The power of two that vectors are multiplied by.
    pub(crate) scale: f32,
    /// Rows with a larger squared length, after the transform, are outliers.
    pub(crate) outlier_square: f32,
}

impl Default for Transform {
    fn default() -> Self {
        Self { centre: Vec::new(), scale: 1.0, outlier_square: f32::MAX }
    }
}

/// The length of a vector, in f64: f32 would overflow or underflow for extreme vectors.
pub(crate) fn length_of(vector: &[f32]) -> f64 {
    scalar::dot(vector, vector).sqrt()
}

impl Transform {
    /// Learns from a sample of rows. Reads them twice.
    pub(crate) fn learn<'r>(
        metric: DistanceMetric,
        rows: impl Iterator<Item = StoredRow<'r>> + Clone,
    ) -> Self {
        let length_of = |row| scalar::square_of(row).sqrt();
        let mut lengths: Vec<f64> = rows.clone().map(length_of).filter(|&length| length > 0.0).collect();
        lengths.sort_unstable_by(f64::total_cmp);
        let quantile = |share: usize| lengths.get(lengths.len() * share / 100).copied();
        let (Some(low), Some(median), Some(high)) = (quantile(5), quantile(50), quantile(95)) else {
            return Self::default();
        };
        let is_unit = metric == DistanceMetric::Cosine;
        let scale = if is_unit || (UNSCALED.contains(&low) && UNSCALED.contains(&high)) {
            1.0
        } else {
            // Equally far from both limits of f32.
            (-(low.log2() + high.log2()) / 2.0).round().clamp(-126.0, 126.0).exp2()
        };
        let inliers = median / INLIER_RATIO..=median * INLIER_RATIO;
        let factor = |length: f64| if is_unit { length.recip() } else { scale };
        let mut centre: Vec<f64> = Vec::new();
        let (mut squares, mut inlier_count) = (0.0, 0_u32);
        for row in rows {
            let length = length_of(row);
            if inliers.contains(&length) {
                centre.resize(row.len(), 0.0);
                let components = centre.iter_mut().enumerate();
                components.for_each(|(at, sum)| *sum += scalar::value_at(row, at) * factor(length));
                squares += (length * factor(length)).powi(2);
                inlier_count += 1;
            }
        }
        let count = f64::from(inlier_count.max(1));
        centre.iter_mut().for_each(|sum| *sum /= count);
        let square = centre.iter().map(|x| x * x).sum::<f64>();
        // The mean of few rows is long by chance alone.
        let is_worth_it = square * count > (0.02 + 4.0 / count) * squares;
        // Inner products have no centre. A dense cluster far from the centre would be resolved by its codes alone.
        let is_safe = metric != DistanceMetric::DotProduct && inlier_count as usize * 10 >= lengths.len() * 9;
        let outlier = (median * if is_unit { median.recip() } else { scale } * INLIER_RATIO).powi(2);
        Self {
            centre: if is_worth_it && is_safe {
                centre.into_iter().map(scalar::narrow).collect()
            } else {
                Vec::new()
            },
            scale: scalar::narrow(scale),
            outlier_square: scalar::narrow(outlier).min(f32::MAX),
        }
    }
    /// Writes the transformed `row` to `out`. Returns `false` if the metric is cosine and the row is a zero vector.
    pub(crate) fn apply(
        &self,
        metric: DistanceMetric,
        kernels: Kernels,
        row: &[f32],
        out: &mut Vec<f32>,
    ) -> bool {
        let square = kernels.dot(row, row);
        out.clear();
        let is_unit = metric == DistanceMetric::Cosine;
        if SOUND_SQUARES.contains(&square) && self.scale == 1.0 {
            let factor = if is_unit { square.sqrt().recip() } else { 1.0 };
            out.extend(row.iter().map(|&x| x * factor));
            out.iter_mut().zip(&self.centre).for_each(|(x, centre)| *x -= centre);
            return true;
        }
        self.apply_in_f64(is_unit, row, out)
    }

    #[cold]
    fn apply_in_f64(&self, is_unit: bool, row: &[f32], out: &mut Vec<f32>) -> bool {
        let length = if is_unit { length_of(row) } else { 0.0 };
        if is_unit && length == 0.0 {
            return false;
        }
        let factor = if is_unit { length.recip() } else { f64::from(self.scale) };
        let centre = self.centre.iter().copied().chain(std::iter::repeat(0.0));
        let moved = row.iter().zip(centre).map(|(&x, centre)| f64::from(x) * factor - f64::from(centre));
        let length = moved.clone().map(|x| x * x).sum::<f64>().sqrt();
        if !length.is_finite() {
            // A row that is no vector, under a valid checksum: any code will do, but not one with NaN.
            out.resize(row.len(), 0.0);
            return true;
        }
        let shorten = if length > MAX_LENGTH { MAX_LENGTH / length } else { 1.0 };
        out.extend(moved.map(|x| scalar::narrow(x * shorten)));
        true
    }

    /// Writes a query for inner products to `out`, without the centre. Returns the factor that it was multiplied by: a
    /// power of two, which changes no order.
    pub(crate) fn apply_to_factor(kernels: Kernels, query: &[f32], out: &mut Vec<f32>) -> f64 {
        let square = kernels.dot(query, query);
        let is_sound = SOUND_SQUARES.contains(&square);
        let length = if is_sound { 1.0 } else { length_of(query) };
        let factor = if is_sound || length == 0.0 { 1.0 } else { (-length.log2().round()).exp2() };
        out.clear();
        out.extend(query.iter().map(|&x| scalar::narrow(f64::from(x) * factor)));
        factor
    }
}
