//! AVX2: 4 values an instruction.

use super::table::{RangeKernels, TOGETHER};
use crate::kernel::isa::Isa;
use std::arch::x86_64::{
    __m256i, _CMP_GE_OQ, _CMP_LE_OQ, _mm256_and_pd, _mm256_castsi256_pd, _mm256_cmp_pd, _mm256_cmpgt_epi64,
    _mm256_loadu_si256, _mm256_movemask_pd, _mm256_set1_epi64x, _mm256_set1_pd, _mm256_sub_epi64,
    _mm256_xor_si256,
};

const LANES: usize = 4;

/// The word of the masks of 4 values each.
#[inline]
#[target_feature(enable = "avx2")]
fn word_of(values: &[u64; TOGETHER], mask_of: impl Fn(__m256i) -> i32) -> u64 {
    let mut word = 0;
    for (place, four) in values.as_chunks::<LANES>().0.iter().enumerate() {
        // SAFETY: the array has 32 bytes, and the load needs no alignment.
        let four = unsafe { _mm256_loadu_si256(four.as_ptr().cast()) };
        // The mask has 4 bits.
        word |= u64::from(mask_of(four).cast_unsigned()) << (LANES * place);
    }
    word
}

#[target_feature(enable = "avx2")]
fn integers(values: &[u64; TOGETHER], low: u64, span: u64) -> u64 {
    // The comparison is signed; flipping the sign bit of both sides makes it unsigned.
    let sign = 1_u64 << 63;
    let low = _mm256_set1_epi64x(low.cast_signed());
    let (flip, span) =
        (_mm256_set1_epi64x(sign.cast_signed()), _mm256_set1_epi64x((span ^ sign).cast_signed()));
    let outside = word_of(values, |four| {
        let from_low = _mm256_xor_si256(_mm256_sub_epi64(four, low), flip);
        _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(from_low, span)))
    });
    !outside
}

#[target_feature(enable = "avx2")]
fn floats(values: &[u64; TOGETHER], low: f64, high: f64) -> u64 {
    let (low, high) = (_mm256_set1_pd(low), _mm256_set1_pd(high));
    word_of(values, |four| {
        let four = _mm256_castsi256_pd(four);
        let not_below = _mm256_cmp_pd::<_CMP_GE_OQ>(four, low);
        _mm256_movemask_pd(_mm256_and_pd(not_below, _mm256_cmp_pd::<_CMP_LE_OQ>(four, high)))
    })
}

/// The kernels of this instruction set; `None` if this CPU does not have it.
pub(super) fn kernels() -> Option<RangeKernels> {
    is_x86_feature_detected!("avx2").then_some(RangeKernels {
        isa: Isa::Avx2,
        // SAFETY: the CPU has AVX2: the table is only created if it was detected.
        integers: |values, low, span| unsafe { integers(values, low, span) },
        // SAFETY: as above.
        floats: |values, low, high| unsafe { floats(values, low, high) },
    })
}
