//! The conversions as plain loops, which the compiler turns into vector code where an instruction set is enabled.

use crate::kernel::rows::half_value;
use crate::kernel::scalar::narrow;

/// The half nearest to a value, ties to even; infinite from 65,520 on.
#[inline(always)]
fn nearest_half(value: f32) -> u16 {
    let bits = value.to_bits();
    let magnitude = bits & 0x7FFF_FFFF;
    // A normal half: rounds the 13 bits away that it does not have; a carry increments the exponent.
    let odd = magnitude >> 13 & 1;
    let normal = (magnitude.wrapping_add(0x0FFF + odd) >> 13).wrapping_sub((127 - 15) << 10);
    // A subnormal half, or 0: added to 0.5, the bits of a half are the last ones of the sum, rounded to even.
    let subnormal = (f32::from_bits(magnitude) + 0.5).to_bits().wrapping_sub(0.5_f32.to_bits());
    let finite = if magnitude < (127 - 14) << 23 { subnormal } else { normal };
    let half = if magnitude >= 65_520.0_f32.to_bits() { 0x7C00 } else { finite };
    #[expect(clippy::cast_possible_truncation, reason = "all bits are in the lower half")]
    let (half, sign) = (half as u16, (bits >> 16) as u16 & 0x8000);
    half | sign
}

#[inline(always)]
pub(super) fn widen_half(from: &[u16], into: &mut [f32]) {
    for (&half, value) in from.iter().zip(into) {
        *value = half_value(half);
    }
}

#[inline(always)]
pub(super) fn narrow_half(from: &[f32], into: &mut [u16]) {
    for (&value, half) in from.iter().zip(into) {
        *half = nearest_half(value);
    }
}

#[inline(always)]
pub(super) fn widen_byte(from: &[i8], scale: f32, into: &mut [f32]) {
    for (&byte, value) in from.iter().zip(into) {
        *value = f32::from(byte) * scale;
    }
}

#[inline(always)]
pub(super) fn narrow_byte(from: &[f32], into: &mut [i8]) -> f32 {
    let max = from.iter().fold(0.0_f32, |max, value| max.max(value.abs()));
    let (scale, factor) = (max / 127.0, 127.0 / max);
    if !scale.is_normal() || !factor.is_finite() || !(scale * 127.0).is_finite() {
        return narrow_extreme(from, max, into);
    }
    for (&value, byte) in from.iter().zip(into) {
        *byte = rounded(value * factor);
    }
    scale
}

/// The integer nearest to a value from -127.5 to 127.5, ties to even: added to 1.5 * 2^23, it is in the last bits.
#[inline(always)]
fn rounded(value: f32) -> i8 {
    const MAGIC: f32 = 12_582_912.0;
    let bits = (value.clamp(-127.0, 127.0) + MAGIC).to_bits().wrapping_sub(MAGIC.to_bits());
    #[expect(clippy::cast_possible_truncation, reason = "-127 to 127")]
    let integer = bits as i8;
    integer
}

/// For vectors so short or so long that f32 does not hold the factors.
#[cold]
fn narrow_extreme(from: &[f32], max: f32, into: &mut [i8]) -> f32 {
    if max == 0.0 {
        into.fill(0);
        return 0.0;
    }
    let max = f64::from(max);
    let mut scale = narrow(max / 127.0);
    if !(scale * 127.0).is_finite() {
        // Rounded down: 127 times the scale is a number then.
        scale = f32::from_bits(scale.to_bits() - 1);
    }
    for (&value, byte) in from.iter().zip(into) {
        *byte = rounded(narrow(f64::from(value) * (127.0 / max)));
    }
    scale
}
