//! AVX-512F: 8 values an instruction.

use super::table::{RangeKernels, TOGETHER};
use crate::kernel::isa::Isa;
use std::arch::x86_64::{
    __m512i, _CMP_GE_OQ, _CMP_LE_OQ, _mm512_castsi512_pd, _mm512_cmp_pd_mask, _mm512_cmple_epu64_mask,
    _mm512_loadu_si512, _mm512_mask_cmp_pd_mask, _mm512_set1_epi64, _mm512_set1_pd, _mm512_sub_epi64,
};

const LANES: usize = 8;

/// The word of the masks of 8 values each.
#[inline]
#[target_feature(enable = "avx512f")]
fn word_of(values: &[u64; TOGETHER], mask_of: impl Fn(__m512i) -> u8) -> u64 {
    let mut word = 0;
    for (place, eight) in values.as_chunks::<LANES>().0.iter().enumerate() {
        // SAFETY: the array has 64 bytes, and the load needs no alignment.
        let eight = unsafe { _mm512_loadu_si512(eight.as_ptr().cast()) };
        word |= u64::from(mask_of(eight)) << (LANES * place);
    }
    word
}

#[target_feature(enable = "avx512f")]
fn integers(values: &[u64; TOGETHER], low: u64, span: u64) -> u64 {
    let (low, span) = (_mm512_set1_epi64(low.cast_signed()), _mm512_set1_epi64(span.cast_signed()));
    word_of(values, |eight| _mm512_cmple_epu64_mask(_mm512_sub_epi64(eight, low), span))
}

#[target_feature(enable = "avx512f")]
fn floats(values: &[u64; TOGETHER], low: f64, high: f64) -> u64 {
    let (low, high) = (_mm512_set1_pd(low), _mm512_set1_pd(high));
    word_of(values, |eight| {
        let eight = _mm512_castsi512_pd(eight);
        let not_below = _mm512_cmp_pd_mask::<_CMP_GE_OQ>(eight, low);
        _mm512_mask_cmp_pd_mask::<_CMP_LE_OQ>(not_below, eight, high)
    })
}

/// The kernels of this instruction set; `None` if this CPU does not have it.
pub(super) fn kernels() -> Option<RangeKernels> {
    is_x86_feature_detected!("avx512f").then_some(RangeKernels {
        isa: Isa::Avx512,
        // SAFETY: the CPU has AVX-512F: the table is only created if it was detected.
        integers: |values, low, span| unsafe { integers(values, low, span) },
        // SAFETY: as above.
        floats: |values, low, high| unsafe { floats(values, low, high) },
    })
}
