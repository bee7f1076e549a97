//! The reference implementation of the sums, in f64: the fallback without SIMD, and the cold paths of `distance.rs`.
//!
//! A product of two f32 is exact in f64, and squares of the largest and the smallest f32 can be summed without leaving
//! its range. So these sums have an error of about half a unit in the last place of f32 for all finite components.

use super::isa::Isa;
use super::table::Kernels;

/// Independent sums, so that an addition does not wait for the previous one.
const CHAINS: usize = 8;

/// The kernels for a CPU without any of the instruction sets.
pub(super) const KERNELS: Kernels = Kernels {
    isa: Isa::Scalar,
    squared_euclidean: |a, b| narrow(squared_euclidean(a, b)),
    dot: |a, b| narrow(dot(a, b)),
    dot_and_square,
    squared_euclidean_4: |a, rows| rows.map(|row| narrow(squared_euclidean(a, row))),
    dot_4: |a, rows| rows.map(|row| narrow(dot(a, row))),
    dot_and_square_4: |a, rows| rows.map(|row| dot_and_square(a, row)),
    squared_euclidean_streams: |a, rows| rows.map(|row| narrow(squared_euclidean(a, row))),
    dot_streams: |a, rows| rows.map(|row| narrow(dot(a, row))),
    squared_euclidean_tile: |queries, rows| {
        queries.map(|query| rows.map(|row| narrow(squared_euclidean(query, row))))
    },
    dot_tile: |queries, rows| queries.map(|query| rows.map(|row| narrow(dot(query, row)))),
    first_non_finite,
};

/// The sum of the squared differences of `a` and `b`, in f64; finite for finite components.
pub(crate) fn squared_euclidean(a: &[f32], b: &[f32]) -> f64 {
    sum(a, b, |x, y| (x - y) * (x - y))
}

/// The sum of the products of `a` and `b`, in f64; finite for finite components.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    sum(a, b, |x, y| x * y)
}

/// The f32 nearest to `value`; infinite above `f32::MAX`.
#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is wanted here")]
pub(crate) fn narrow(value: f64) -> f32 {
    value as f32
}

/// The index of the first component that is NaN or infinite.
pub(super) fn first_non_finite(a: &[f32]) -> Option<usize> {
    a.iter().position(|component| !component.is_finite())
}

fn dot_and_square(a: &[f32], b: &[f32]) -> (f32, f32) {
    (narrow(dot(a, b)), narrow(dot(b, b)))
}

#[inline]
fn sum(a: &[f32], b: &[f32], term: impl Fn(f64, f64) -> f64) -> f64 {
    let (a_chunks, a_tail) = a.as_chunks::<CHAINS>();
    let (b_chunks, b_tail) = b.as_chunks::<CHAINS>();
    let mut sums = [0.0; CHAINS];
    for (a_chunk, b_chunk) in a_chunks.iter().zip(b_chunks) {
        for ((sum, &x), &y) in sums.iter_mut().zip(a_chunk).zip(b_chunk) {
            *sum += term(f64::from(x), f64::from(y));
        }
    }
    for ((sum, &x), &y) in sums.iter_mut().zip(a_tail).zip(b_tail) {
        *sum += term(f64::from(x), f64::from(y));
    }
    sums.iter().sum()
}
