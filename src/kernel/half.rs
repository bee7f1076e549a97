//! The value of a 16-bit float.

/// The exponent of f32 is biased by 127, that of a half by 15: this factor moves the one to the other. The product is
/// exact, subnormal halves included.
const REBIAS: f32 = f32::from_bits((127 + 127 - 15) << 23);

/// The value of a half. Exact for all finite halves.
#[inline(always)]
pub(super) fn half_value(half: u16) -> f32 {
    let magnitude = f32::from_bits(u32::from(half & 0x7FFF) << 13) * REBIAS;
    f32::from_bits(magnitude.to_bits() | u32::from(half & 0x8000) << 16)
}
