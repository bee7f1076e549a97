//! A row's CRC-32C and the check for finite components, in one pass: as `avx512.rs`, with registers of half the length.

use super::avx512::power;
use core::arch::x86_64::{
    __m256i, _mm_crc32_u64, _mm_cvtsi32_si128, _mm256_and_si256, _mm256_clmulepi64_epi128,
    _mm256_cmpeq_epi32, _mm256_loadu_si256, _mm256_or_si256, _mm256_set_epi64x, _mm256_set1_epi32,
    _mm256_setzero_si256, _mm256_storeu_si256, _mm256_testz_si256, _mm256_xor_si256, _mm256_zextsi128_si256,
};

/// The floats in a register.
const LANE: usize = 8;
/// The floats that four registers process at a time, and the least for which this code is used.
pub(super) const BLOCK: usize = 4 * LANE;

/// As in `avx512.rs`.
const fn factors(bits: u32) -> [i64; 2] {
    [(power(bits + 63) << 32).cast_signed(), (power(bits - 1) << 32).cast_signed()]
}

const BY_BLOCK: [i64; 2] = factors(8 * 4 * 32);
const BY_LANE: [i64; 2] = factors(8 * 4 * 8);
const _: () = assert!(BLOCK == 32 && LANE == 8);

/// Whether this CPU has the instruction sets of [`checksum_lanes`].
pub(super) fn is_detected() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("vpclmulqdq")
        && is_x86_feature_detected!("sse4.2")
}

/// Processes whole lanes, at least [`BLOCK`] floats. Returns the CRC state after them, the remaining floats, and
/// whether the processed ones are all finite.
///
/// # Safety
/// [`is_detected`] has returned true.
#[target_feature(enable = "avx2,vpclmulqdq,sse4.2")]
pub(super) unsafe fn checksum_lanes(floats: &[f32]) -> (u32, &[f32], bool) {
    let (lanes, rest) = floats.as_chunks::<LANE>();
    let (blocks, single) = lanes.as_chunks::<4>();
    let Some((first, blocks)) = blocks.split_first() else { return (u32::MAX, floats, true) };
    let mut unfinite = _mm256_setzero_si256();
    let mut folded = first.map(|lane| load(&lane));
    for lane in folded {
        unfinite = _mm256_or_si256(unfinite, unfinite_of(lane));
    }
    folded[0] = _mm256_xor_si256(folded[0], _mm256_zextsi128_si256(_mm_cvtsi32_si128(-1)));
    let by_block = spread(BY_BLOCK);
    for block in blocks {
        for (fold, lane) in folded.iter_mut().zip(block) {
            let lane = load(lane);
            unfinite = _mm256_or_si256(unfinite, unfinite_of(lane));
            *fold = step(*fold, by_block, lane);
        }
    }
    let by_lane = spread(BY_LANE);
    let [mut last, others @ ..] = folded;
    for other in others {
        last = step(last, by_lane, other);
    }
    for lane in single {
        let lane = load(lane);
        unfinite = _mm256_or_si256(unfinite, unfinite_of(lane));
        last = step(last, by_lane, lane);
    }
    let mut words = [0u64; 4];
    // SAFETY: 32 writable bytes; the store needs no alignment.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), last) };
    let remainder = words.iter().fold(0, |state, &word| _mm_crc32_u64(state, word));
    #[expect(clippy::cast_possible_truncation, reason = "the instruction leaves the upper half zero")]
    let state = remainder as u32;
    (state, rest, _mm256_testz_si256(unfinite, unfinite) == 1)
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(lane: &[f32; LANE]) -> __m256i {
    // SAFETY: 32 readable bytes; the load needs no alignment.
    unsafe { _mm256_loadu_si256(lane.as_ptr().cast()) }
}

/// All ones for a float that is infinite or NaN: its exponent bits are all set.
#[inline]
#[target_feature(enable = "avx2")]
fn unfinite_of(lane: __m256i) -> __m256i {
    let exponent = _mm256_set1_epi32(f32::INFINITY.to_bits().cast_signed());
    _mm256_cmpeq_epi32(_mm256_and_si256(lane, exponent), exponent)
}

#[inline]
#[target_feature(enable = "avx2")]
fn spread([lower, upper]: [i64; 2]) -> __m256i {
    _mm256_set_epi64x(upper, lower, upper, lower)
}

/// Moves `folded` forward by the distance of the factors and adds `next`.
#[inline]
#[target_feature(enable = "avx2,vpclmulqdq")]
fn step(folded: __m256i, factors: __m256i, next: __m256i) -> __m256i {
    let lower = _mm256_clmulepi64_epi128::<0x00>(folded, factors);
    let upper = _mm256_clmulepi64_epi128::<0x11>(folded, factors);
    _mm256_xor_si256(_mm256_xor_si256(lower, upper), next)
}
