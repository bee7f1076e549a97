//! The reference implementation of the sums, in f64: the fallback without SIMD, and the cold paths of `distance.rs`.
//!
//! A product of two f32 is exact in f64, and squares of the largest and the smallest f32 can be summed without leaving
//! its range. So these sums have an error of about half a unit in the last place of f32 for all finite components.

use super::isa::Isa;
use super::rows::{StoredRow, half_value};
use super::table::{Kernels, StoredKernels};

/// Independent sums, so that an addition does not wait for the previous one.
const CHAINS: usize = 8;

/// The sums over stored rows of one type, a variant of [`StoredRow`].
macro_rules! stored_kernels {
    ($stored:path) => {
        StoredKernels {
            squared_euclidean: |a, row| narrow(squared_euclidean_to(a, $stored(row))),
            dot: |a, row| narrow(dot_to(a, $stored(row))),
            dot_and_square: |a, row| dot_and_square_to(a, $stored(row)),
            squared_euclidean_4: |a, rows| rows.map(|row| narrow(squared_euclidean_to(a, $stored(row)))),
            dot_4: |a, rows| rows.map(|row| narrow(dot_to(a, $stored(row)))),
            dot_and_square_4: |a, rows| rows.map(|row| dot_and_square_to(a, $stored(row))),
        }
    };
}

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
    halves: stored_kernels!(StoredRow::Halves),
    bytes: stored_kernels!(StoredRow::Bytes),
};

/// The sum of the squared differences of `a` and `b`, in f64; finite for finite components.
pub(crate) fn squared_euclidean(a: &[f32], b: &[f32]) -> f64 {
    sum_of_floats(a, b, squared_difference)
}

/// The sum of the products of `a` and `b`, in f64; finite for finite components.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    sum_of_floats(a, b, product)
}

/// [`squared_euclidean`] of a stored row.
pub(crate) fn squared_euclidean_to(a: &[f32], row: StoredRow<'_>) -> f64 {
    squared_euclidean_of(StoredRow::Floats(a), row)
}

/// [`dot`] of a stored row.
pub(crate) fn dot_to(a: &[f32], row: StoredRow<'_>) -> f64 {
    dot_of(StoredRow::Floats(a), row)
}

/// The sum of the products of two stored rows, in f64.
pub(crate) fn dot_of(a: StoredRow<'_>, b: StoredRow<'_>) -> f64 {
    sum_of_rows(a, b, product)
}

/// The sum of the squared differences of two stored rows, in f64.
pub(crate) fn squared_euclidean_of(a: StoredRow<'_>, b: StoredRow<'_>) -> f64 {
    sum_of_rows(a, b, squared_difference)
}

/// A component of a stored row; 0 past its end.
pub(crate) fn value_at(row: StoredRow<'_>, at: usize) -> f64 {
    f64::from(match row {
        StoredRow::Floats(row) => row.get(at).copied().unwrap_or(0.0),
        StoredRow::Halves(row) => half_value(row.0.get(at).copied().unwrap_or(0)),
        StoredRow::Bytes(row) => f32::from(row.integers.get(at).copied().unwrap_or(0)) * row.scale,
    })
}

/// The sum of the squares of a stored row, in f64.
pub(crate) fn square_of(row: StoredRow<'_>) -> f64 {
    dot_of(row, row)
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

/// The sum of `term` over pairs of components, in chains: the same bits for a row of any type with these components.
#[inline(always)]
fn sum(
    length: usize,
    a: impl Fn(usize) -> f64,
    b: impl Fn(usize) -> f64,
    term: impl Fn(f64, f64) -> f64,
) -> f64 {
    let mut sums = [0.0; CHAINS];
    for at in 0..length {
        if let Some(sum) = sums.get_mut(at % CHAINS) {
            *sum += term(a(at), b(at));
        }
    }
    sums.iter().sum()
}

/// [`sum`] over f32.
#[inline]
fn sum_of_floats(a: &[f32], b: &[f32], term: impl Fn(f64, f64) -> f64) -> f64 {
    let at = |vector: &[f32], at: usize| vector.get(at).copied().map_or(0.0, f64::from);
    sum(a.len().min(b.len()), |i| at(a, i), |i| at(b, i), term)
}

fn squared_difference(x: f64, y: f64) -> f64 {
    (x - y) * (x - y)
}

fn product(x: f64, y: f64) -> f64 {
    x * y
}

/// [`sum`] over stored rows of any types.
fn sum_of_rows(a: StoredRow<'_>, b: StoredRow<'_>, term: impl Fn(f64, f64) -> f64) -> f64 {
    sum(a.len().min(b.len()), |at| value_at(a, at), |at| value_at(b, at), term)
}

/// `a . row` and `row . row`, over as many components as `a` has.
fn dot_and_square_to(a: &[f32], row: StoredRow<'_>) -> (f32, f32) {
    (narrow(dot_to(a, row)), narrow(sum_of_rows(StoredRow::Floats(a), row, |_, y| y * y)))
}
