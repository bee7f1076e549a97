//! AVX-512.

use super::portable;
use super::table::ElementKernels;
use crate::kernel::isa::Isa;
use std::arch::x86_64::{
    __m256i, _MM_FROUND_TO_NEAREST_INT, _mm256_loadu_si256, _mm256_storeu_si256, _mm512_cvtph_ps,
    _mm512_cvtps_ph, _mm512_loadu_ps, _mm512_storeu_ps,
};

const LANES: usize = 16;

#[target_feature(enable = "avx512f,avx512bw")]
fn widen_half(from: &[u16], into: &mut [f32]) {
    let (from_chunks, from_rest) = from.as_chunks::<LANES>();
    let (into_chunks, into_rest) = into.as_chunks_mut::<LANES>();
    for (from, into) in from_chunks.iter().zip(into_chunks) {
        // SAFETY: both arrays have 16 elements, and neither access needs an alignment.
        unsafe {
            let halves = _mm256_loadu_si256(from.as_ptr().cast::<__m256i>());
            _mm512_storeu_ps(into.as_mut_ptr(), _mm512_cvtph_ps(halves));
        }
    }
    portable::widen_half(from_rest, into_rest);
}

#[target_feature(enable = "avx512f,avx512bw")]
fn narrow_half(from: &[f32], into: &mut [u16]) {
    let (from_chunks, from_rest) = from.as_chunks::<LANES>();
    let (into_chunks, into_rest) = into.as_chunks_mut::<LANES>();
    for (from, into) in from_chunks.iter().zip(into_chunks) {
        // SAFETY: as in `widen_half`.
        unsafe {
            let values = _mm512_loadu_ps(from.as_ptr());
            let halves = _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(values);
            _mm256_storeu_si256(into.as_mut_ptr().cast::<__m256i>(), halves);
        }
    }
    portable::narrow_half(from_rest, into_rest);
}

#[target_feature(enable = "avx512f,avx512bw")]
fn widen_byte(from: &[i8], scale: f32, into: &mut [f32]) {
    portable::widen_byte(from, scale, into);
}

#[target_feature(enable = "avx512f,avx512bw")]
fn narrow_byte(from: &[f32], into: &mut [i8]) -> f32 {
    portable::narrow_byte(from, into)
}

/// The kernels of this instruction set; `None` if this CPU does not have it.
pub(super) fn kernels() -> Option<ElementKernels> {
    let is_detected = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
    is_detected.then_some(ElementKernels {
        isa: Isa::Avx512,
        // SAFETY: the CPU has the features: the table is only created if they were detected.
        widen_half: |from, into| unsafe { widen_half(from, into) },
        // SAFETY: as above.
        narrow_half: |from, into| unsafe { narrow_half(from, into) },
        // SAFETY: as above.
        widen_byte: |from, scale, into| unsafe { widen_byte(from, scale, into) },
        // SAFETY: as above.
        narrow_byte: |from, into| unsafe { narrow_byte(from, into) },
    })
}
