//! The linear transform that vectors go through before they are coded: a centre is subtracted, and a power of two brings
//! lengths into the range in which f32 can hold their squares.
//!
//! Codes are relative to the largest component of a vector, so what all vectors have in common costs precision: data in a
//! narrow cone, or with components that are all positive, lose most of it. Euclidean distances do not change when a
//! centre is subtracted from both sides. Inner products have none.
//!
//! The transform is learned once, from a sample of the rows that are there when the graph gets its first batch, and is
//! saved with the graph.

use crate::DistanceMetric;
use crate::kernel::{Kernels, scalar};

/// Rows that the transform is learned from, at most.
pub(crate) const SAMPLE_ROWS: u32 = 1024;
/// Lengths that are this many times shorter or longer than the median do not count for the centre.
const INLIER_RATIO: f64 = 64.0;
/// Lengths between these need no scale: squares and their differences are exact enough in f32.
const UNSCALED: std::ops::RangeInclusive<f64> = 1e-12..=1e12;
/// Squares of lengths for which f32 sums neither overflow nor lose anything that counts.
const SOUND_SQUARES: std::ops::RangeInclusive<f32> = 1e-30..=1e30;
/// The longest vector that is coded as it is, after scaling; longer ones are shortened to this length.
pub(crate) const MAX_LENGTH: f64 = 1e15;

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transform {
    /// What is subtracted, scaled; empty: nothing.
    pub(crate) centre: Vec<f32>,
    /// The power of two that vectors are multiplied by.
    pub(crate) scale: f32,
    /// Squared lengths above this, after the transform, are outliers.
    pub(crate) outlier_square: f32,
}

impl Default for Transform {
    fn default() -> Self {
        Self { centre: Vec::new(), scale: 1.0, outlier_square: f32::MAX }
    }
}

/// The length of a vector; exact where f32 would overflow or lose everything.
pub(crate) fn length_of(vector: &[f32]) -> f64 {
    scalar::dot(vector, vector).sqrt()
}

impl Transform {
    /// Learns from a sample of rows. Takes two passes over them.
    pub(crate) fn learn<'r>(metric: DistanceMetric, rows: impl Iterator<Item = &'r [f32]> + Clone) -> Self {
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
            // Both ends as far from what f32 can hold.
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
                centre.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x) * factor(length));
                squares += (length * factor(length)).powi(2);
                inlier_count += 1;
            }
        }
        let count = f64::from(inlier_count.max(1));
        centre.iter_mut().for_each(|sum| *sum /= count);
        let square = centre.iter().map(|x| x * x).sum::<f64>();
        // The mean of few rows is long by chance alone.
        let is_worth_it = square * count > (0.02 + 4.0 / count) * squares;
        // Inner products have no centre: a dense cluster that lies far from it would be told apart by its codes alone.
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
    /// Writes the transformed `row` to `out`; `false` where the metric is the cosine and the row has no direction.
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
        let shorten = if length > MAX_LENGTH { MAX_LENGTH / length } else { 1.0 };
        out.extend(moved.map(|x| scalar::narrow(x * shorten)));
        true
    }

    /// Writes a query for inner products to `out`, without the centre, and returns what it was multiplied by: a power of
    /// two, which changes no order.
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
