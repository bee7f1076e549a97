//! Loops without intrinsics.

use super::table::TOGETHER;

/// The word whose bit `i` is `is_in(values[i])`.
#[inline(always)]
fn word_of(values: &[u64; TOGETHER], is_in: impl Fn(u64) -> bool) -> u64 {
    let mut word = 0;
    for (place, &value) in values.iter().enumerate() {
        word |= u64::from(is_in(value)) << place;
    }
    word
}

#[inline(always)]
pub(super) fn integers(values: &[u64; TOGETHER], low: u64, span: u64) -> u64 {
    word_of(values, |value| value.wrapping_sub(low) <= span)
}

#[inline(always)]
pub(super) fn floats(values: &[u64; TOGETHER], low: f64, high: f64) -> u64 {
    word_of(values, |value| (low..=high).contains(&f64::from_bits(value)))
}
