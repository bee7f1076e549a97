//! Loops without intrinsics. Each instruction set inlines them into its own functions and compiles them there.
//!
//! The compiler may neither reorder a sum in f32 nor fuse a multiplication and an addition, so the bits are the same
//! everywhere.

use super::facts::{BlockFacts, CodeFacts, QueryFacts};
use crate::kernel::scalar::narrow;
use core::array::from_fn;
use core::ops::Range;

/// The number of chains of every sum in f32.
pub(super) const CHAINS: usize = 32;
/// Components that one pass of the first stages of a transform processes.
pub(super) const SMALL: usize = 16;
/// 1.5 * 2^23: adding it rounds an f32 of magnitude below 2^22 to an integer, ties to even, in the last bits.
pub(super) const ROUNDER: f32 = 12_582_912.0;

/// The sum of all chains, folded in halves.
#[inline(always)]
pub(super) fn fold(mut chains: [f32; CHAINS]) -> f32 {
    let mut width = CHAINS / 2;
    while width > 0 {
        for i in 0..width {
            chains[i] += chains[i + width];
        }
        width /= 2;
    }
    chains[0]
}

/// The components that round `round` of a rotation transforms: alternately the first `p` and the last `p`, where `p` is
/// the largest power of two that does not exceed `dimensions`.
pub(crate) fn block_of_round(dimensions: usize, round: usize) -> Range<usize> {
    let length = dimensions.checked_ilog2().map_or(0, |log| 1 << log);
    let from = if round.is_multiple_of(2) { 0 } else { dimensions - length };
    from..from + length
}

/// Rotates `values`. The number of rounds is the number of rows in `factors`, each as long as `values`.
///
/// A round multiplies each component by its factor and transforms the block of the round by the (unscaled)
/// Walsh-Hadamard matrix. After every second round, if a block is smaller than the vector, it mixes the halves:
/// `a, b -> (a + b) / sqrt(2), (a - b) / sqrt(2)`. (Mixing after each round would return half of the energy to the components
/// outside of the block each time.)
#[inline(always)]
pub(super) fn rotate(
    values: &mut [f32],
    factors: &[f32],
    transform_small: impl Fn(&mut [f32; SMALL]) + Copy,
) {
    let dimensions = values.len();
    if dimensions == 0 {
        return;
    }
    for (round, factors) in factors.chunks_exact(dimensions).enumerate() {
        for (value, factor) in values.iter_mut().zip(factors) {
            *value *= factor;
        }
        let block = block_of_round(dimensions, round);
        let is_mixed = !round.is_multiple_of(2) && block.len() < dimensions;
        if let Some(block) = values.get_mut(block) {
            transform(block, transform_small);
        }
        if is_mixed {
            mix_halves(values);
        }
    }
}

/// Mixes the halves. With an odd length the middle component is unchanged.
#[inline(always)]
fn mix_halves(values: &mut [f32]) {
    let (first, second) = values.split_at_mut(values.len().div_ceil(2));
    for (a, b) in first.iter_mut().zip(second) {
        let (sum, difference) = (*a + *b, *a - *b);
        *a = sum * core::f32::consts::FRAC_1_SQRT_2;
        *b = difference * core::f32::consts::FRAC_1_SQRT_2;
    }
}

/// The Walsh-Hadamard transform, unscaled, of a power of two of components, in stages of increasing distance.
///
/// From distance 16 on, two stages are computed at once, 16 components at a time: a loop of known length, without
/// overlap checks.
#[inline(always)]
fn transform(values: &mut [f32], transform_small: impl Fn(&mut [f32; SMALL])) {
    let (units, few) = values.as_chunks_mut::<SMALL>();
    let mut distance = 1;
    while 2 * distance <= few.len() {
        for two in few.chunks_exact_mut(2 * distance) {
            let (a, b) = two.split_at_mut(distance);
            for (a, b) in a.iter_mut().zip(b) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        distance *= 2;
    }
    units.iter_mut().for_each(transform_small);
    let mut distance = 1;
    while 4 * distance <= units.len() {
        for four in units.chunks_exact_mut(4 * distance) {
            let (ab, cd) = four.split_at_mut(2 * distance);
            let ((a, b), (c, d)) = (ab.split_at_mut(distance), cd.split_at_mut(distance));
            for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
                let ((ab, a_b), (cd, c_d)) = (sum_and_difference(a, b), sum_and_difference(c, d));
                ((*a, *c), (*b, *d)) = (sum_and_difference(&ab, &cd), sum_and_difference(&a_b, &c_d));
            }
        }
        distance *= 4;
    }
    if 2 * distance == units.len() {
        let (a, b) = units.split_at_mut(distance);
        for (a, b) in a.iter_mut().zip(b) {
            (*a, *b) = sum_and_difference(a, b);
        }
    }
}

#[inline(always)]
fn sum_and_difference(a: &[f32; SMALL], b: &[f32; SMALL]) -> ([f32; SMALL], [f32; SMALL]) {
    (from_fn(|i| a[i] + b[i]), from_fn(|i| a[i] - b[i]))
}

/// The stages of distance 1, 2, 4 and 8.
#[inline(always)]
pub(super) fn transform_small(values: &mut [f32; SMALL]) {
    *values = stage::<8>(stage::<4>(stage::<2>(stage::<1>(*values))));
}

/// One stage within 16 components, written as a shuffle, a change of signs and an addition.
#[inline(always)]
fn stage<const DISTANCE: usize>(values: [f32; SMALL]) -> [f32; SMALL] {
    let other: [f32; SMALL] = from_fn(|i| values[i ^ DISTANCE]);
    let own: [f32; SMALL] = from_fn(|i| {
        let sign = if i & DISTANCE == 0 { 0 } else { 1 << 31 };
        f32::from_bits(values[i].to_bits() ^ sign)
    });
    from_fn(|i| other[i] + own[i])
}

/// The largest magnitude of a component. It is not finite if a component is not.
#[inline(always)]
fn largest_magnitude(values: &[f32]) -> f32 {
    f32::from_bits(values.iter().fold(0, |largest, value| largest.max(value.to_bits() & 0x7fff_ffff)))
}

/// The scale of codes up to `limit`, and the factor of the components; both 0 for a vector that is treated as zero.
#[inline(always)]
fn scale_and_inverse(largest: f32, limit: f32) -> (f32, f32) {
    let scale = largest / limit;
    if scale.is_normal() { (scale, limit / largest) } else { (0.0, 0.0) }
}

/// `value * inverse`, rounded to an integer with ties to even.
///
/// The magnitude of the product is at most the limit of the code, because `inverse` is `limit / largest`, rounded. A
/// value that is not finite gives a number whose last byte is 0 (0 times infinity is the NaN without a payload).
#[inline(always)]
fn quantise(value: f32, inverse: f32) -> i32 {
    (value * inverse + ROUNDER).to_bits().cast_signed().wrapping_sub(ROUNDER.to_bits().cast_signed())
}

#[inline(always)]
fn last_byte(value: i32) -> u8 {
    value.to_le_bytes()[0]
}

/// Writes the 8-bit code of `rotated`.
#[inline(always)]
pub(super) fn encode(rotated: &[f32], code: &mut [u8]) -> CodeFacts {
    let (scale, inverse) = scale_and_inverse(largest_magnitude(rotated), 127.0);
    let (mut sum, mut squares) = (0_i32, 0_i32);
    for (value, byte) in rotated.iter().zip(code) {
        let byte_signed = last_byte(quantise(*value, inverse)).cast_signed();
        *byte = byte_signed.cast_unsigned() ^ 0x80;
        let component = i32::from(byte_signed);
        sum += component;
        squares += component * component;
    }
    let square = narrow(f64::from(scale) * f64::from(scale) * f64::from(squares));
    CodeFacts { scale, square, sum }
}

/// Writes the bytes of a query, and its lookup table with `fill_table`.
#[inline(always)]
pub(super) fn prepare(
    rotated: &[f32],
    bytes: &mut [i8],
    table: &mut [u8],
    fill_table: impl Fn(&[i8; 64], &mut [u8; 256]),
) -> QueryFacts {
    let largest = largest_magnitude(rotated);
    let (byte_scale, byte_inverse) = scale_and_inverse(largest, 63.0);
    let (table_scale, table_inverse) = scale_and_inverse(largest, 31.0);
    let mut chains = [0.0; CHAINS];
    let mut byte_sum = 0;
    let pieces = rotated.as_chunks::<64>().0.iter().zip(bytes.as_chunks_mut::<64>().0);
    for ((values, bytes), table) in pieces.zip(table.as_chunks_mut::<256>().0) {
        for (value, byte) in values.iter().zip(bytes) {
            *byte = last_byte(quantise(*value, byte_inverse)).cast_signed();
            byte_sum += i32::from(*byte);
        }
        for values in values.as_chunks::<CHAINS>().0 {
            for (chain, value) in chains.iter_mut().zip(values) {
                *chain += value * value;
            }
        }
        fill_table(&values.map(|value| last_byte(quantise(value, table_inverse)).cast_signed()), table);
    }
    QueryFacts { byte_scale, table_scale, byte_sum, square: fold(chains) }
}

/// The distances for the sums of a scan, computed in this order: `(base + add) + (multiply * (scale * sum))`.
#[inline(always)]
pub(super) fn finish_estimate(
    sums: &[i32; 32],
    facts: &BlockFacts,
    scale: f32,
    base: f32,
    out: &mut [f32; 32],
) {
    for (((out, sum), add), multiply) in out.iter_mut().zip(sums).zip(facts.add()).zip(facts.multiply()) {
        *out = (base + add) + multiply * (scale * *sum as f32);
    }
}

/// Bit `i` is set if distance `i` is below the bound.
#[inline(always)]
pub(super) fn nearer_than(distances: &[f32; 32], bound: f32) -> u32 {
    let bits: [u32; 32] = from_fn(|i| u32::from(distances[i] < bound) << i);
    bits.iter().fold(0, |all, bit| all | bit)
}
