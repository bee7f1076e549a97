//! AVX-512F: 16 lanes, 32 registers, masked loads.

use super::isa::Isa;
use super::lanes::{Lanes, Stored};
use super::sweep::{
    Chain, Product, ProductAndSquare, SquaredDifference, Term, all_finite, fold_chains, sweep, sweep_chain,
};
use super::table_macro::kernels_of;
use core::arch::x86_64::{
    __m128i, __m256i, __m512, _mm_loadu_si128, _mm256_loadu_si256, _mm512_add_ps, _mm512_cvtepi8_epi32,
    _mm512_cvtepi32_ps, _mm512_cvtph_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_maskz_loadu_ps,
    _mm512_mul_ps, _mm512_reduce_add_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_sub_ps,
};

// 16 of the 32 registers hold accumulators: one sum for four rows, two sums for two, a tile of four queries.
kernels_of!(
    isa: Isa::Avx512, lanes: __m512, features: "avx512f",
    detected: is_x86_feature_detected!("avx512f"),
    rows: 4, rows_of_two: 2, queries_of_tile: 4
);

impl Lanes for __m512 {
    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller has AVX-512F and 16 readable components; this load needs no alignment.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        debug_assert!(0 < count && count < Self::LANES);
        // SAFETY: the caller has AVX-512F; a masked load does not access the lanes that its mask excludes, and the caller
        // guarantees that the other `count` are readable. With 0 < count < 16 the shift stays within 16 bits.
        unsafe { _mm512_maskz_loadu_ps(u16::MAX >> (Self::LANES - count), from) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load_halves(from: *const u16) -> Self {
        // SAFETY: the caller has AVX-512F and 16 readable halves; this load needs no alignment.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.cast::<__m256i>())) }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const i8) -> Self {
        // SAFETY: the caller has AVX-512F and 16 readable bytes; this load needs no alignment.
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(from.cast::<__m128i>()))) }
    }

    #[inline(always)]
    unsafe fn multiply(self, factor: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_mul_ps(self, factor) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_fmadd_ps(self, factor, addend) }
    }

    #[inline(always)]
    unsafe fn fold(self) -> f32 {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_reduce_add_ps(self) }
    }
}
