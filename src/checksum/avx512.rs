//! CRC-32C by carry-less multiplication, four 512-bit lanes at once (Gopal et al., "Fast CRC Computation for Generic
//! Polynomials Using PCLMULQDQ", Intel 2009, folding; the last 64 bytes by the CRC instruction).

use core::arch::x86_64::{
    __m512i, _mm_crc32_u64, _mm_cvtsi32_si128, _mm512_clmulepi64_epi128, _mm512_loadu_si512,
    _mm512_set_epi64, _mm512_storeu_si512, _mm512_ternarylogic_epi64, _mm512_xor_si512,
    _mm512_zextsi128_si512,
};

/// The bytes in a register.
const LANE_BYTES: usize = 64;
/// The bytes that four registers process at a time, and the least for which this code is used.
pub(super) const BLOCK_BYTES: usize = 4 * LANE_BYTES;

/// x^n modulo the polynomial, with the bits in the order of the CRC: bit 31 is x^0.
pub(super) const fn power(n: u32) -> u64 {
    let mut value: u32 = 1 << 31;
    let mut i = 0;
    while i < n {
        value = if value & 1 == 1 { (value >> 1) ^ 0x82F6_3B78 } else { value >> 1 };
        i += 1;
    }
    value as u64
}

/// The factors that move 128 bits forward by `bits`: for their lower half, which is 64 bits further from the end, and
/// for the upper half. The product of two reflected numbers is one bit too low, hence the minus one.
const fn factors(bits: u32) -> [i64; 2] {
    [(power(bits + 63) << 32).cast_signed(), (power(bits - 1) << 32).cast_signed()]
}

const BY_BLOCK: [i64; 2] = factors(8 * 256);
const BY_LANE: [i64; 2] = factors(8 * 64);
const _: () = assert!(BLOCK_BYTES == 256 && LANE_BYTES == 64);

/// Whether this CPU has the instruction sets of [`append_blocks`].
pub(super) fn is_detected() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("vpclmulqdq")
        && is_x86_feature_detected!("sse4.2")
}

/// Continues the CRC state over whole lanes, at least [`BLOCK_BYTES`]. Returns it and the remaining bytes.
///
/// # Safety
/// [`is_detected`] has returned true.
#[target_feature(enable = "avx512f,vpclmulqdq,sse4.2")]
pub(super) unsafe fn append_blocks(state: u32, bytes: &[u8]) -> (u32, &[u8]) {
    let (lanes, rest) = bytes.as_chunks::<LANE_BYTES>();
    let (blocks, single) = lanes.as_chunks::<4>();
    let Some((first, blocks)) = blocks.split_first() else { return (state, bytes) };
    let mut folded = first.map(|lane| load(&lane));
    folded[0] = _mm512_xor_si512(folded[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128(state.cast_signed())));
    let by_block = spread(BY_BLOCK);
    for block in blocks {
        for (fold, lane) in folded.iter_mut().zip(block) {
            *fold = step(*fold, by_block, load(lane));
        }
    }
    let by_lane = spread(BY_LANE);
    let [mut last, others @ ..] = folded;
    for other in others {
        last = step(last, by_lane, other);
    }
    for lane in single {
        last = step(last, by_lane, load(lane));
    }
    let mut words = [0u64; LANE_BYTES / 8];
    // SAFETY: 64 writable bytes; the store needs no alignment.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), last) };
    let remainder = words.iter().fold(0, |state, &word| _mm_crc32_u64(state, word));
    #[expect(clippy::cast_possible_truncation, reason = "the instruction leaves the upper half zero")]
    let state = remainder as u32;
    (state, rest)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(lane: &[u8; LANE_BYTES]) -> __m512i {
    // SAFETY: 64 readable bytes; the load needs no alignment.
    unsafe { _mm512_loadu_si512(lane.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn spread([lower, upper]: [i64; 2]) -> __m512i {
    _mm512_set_epi64(upper, lower, upper, lower, upper, lower, upper, lower)
}

/// Moves `folded` forward by the distance of the factors and adds `next`.
#[inline]
#[target_feature(enable = "avx512f,vpclmulqdq")]
fn step(folded: __m512i, factors: __m512i, next: __m512i) -> __m512i {
    let lower = _mm512_clmulepi64_epi128::<0x00>(folded, factors);
    let upper = _mm512_clmulepi64_epi128::<0x11>(folded, factors);
    // 0x96: a xor b xor c.
    _mm512_ternarylogic_epi64::<0x96>(lower, upper, next)
}
