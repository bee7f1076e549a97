//! AVX2 with FMA and F16C: 8 lanes, 16 registers.

use super::isa::Isa;
use super::lanes::{Lanes, Stored};
use super::sweep::{
    Chain, Product, ProductAndSquare, SquaredDifference, Term, all_finite, fold_chains, sweep, sweep_chain,
};
use super::table_macro::kernels_of;
use core::arch::x86_64::{
    __m128i, __m256, __m256i, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_loadl_epi64, _mm_loadu_si128,
    _mm_movehdup_ps, _mm_movehl_ps, _mm256_add_ps, _mm256_castps256_ps128, _mm256_cvtepi8_epi32,
    _mm256_cvtepi32_ps, _mm256_cvtph_ps, _mm256_extractf128_ps, _mm256_fmadd_ps, _mm256_loadu_ps,
    _mm256_loadu_si256, _mm256_maskload_ps, _mm256_mul_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_sub_ps,
};

// One sum for two rows takes 8 accumulators; four rows would take all 16 registers. Two sums for one row take 8, and so
// does a tile of two queries; the rest hold the four rows and a query.
kernels_of!(
    isa: Isa::Avx2, lanes: __m256, features: "avx2,fma,f16c",
    detected: (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c")),
    rows: 2, rows_of_two: 1, queries_of_tile: 2
);

/// The 8 entries from index `LANES - count` on are a mask of the first `count` lanes.
static MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

impl Lanes for __m256 {
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller has AVX2 and 8 readable components; this load needs no alignment.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        debug_assert!(0 < count && count < Self::LANES);
        // SAFETY: the caller has AVX2. With 0 < count < 8 the mask is 8 entries from index 1..=7 of 16, so within
        // MASKS; a masked load does not access the lanes that its mask excludes, and the caller guarantees that the
        // other `count` are readable.
        unsafe {
            let mask = _mm256_loadu_si256(MASKS.as_ptr().add(Self::LANES - count).cast::<__m256i>());
            _mm256_maskload_ps(from, mask)
        }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load_halves(from: *const u16) -> Self {
        // SAFETY: the caller has F16C and 8 readable halves; this load needs no alignment.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(from.cast::<__m128i>())) }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const i8) -> Self {
        // SAFETY: the caller has AVX2 and 8 readable bytes; this load reads 8 and needs no alignment.
        unsafe { _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(from.cast::<__m128i>()))) }
    }

    #[inline(always)]
    unsafe fn multiply(self, factor: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_mul_ps(self, factor) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: the caller has FMA.
        unsafe { _mm256_fmadd_ps(self, factor, addend) }
    }

    #[inline(always)]
    unsafe fn fold(self) -> f32 {
        // SAFETY: the caller has AVX2.
        unsafe {
            let four = _mm_add_ps(_mm256_castps256_ps128(self), _mm256_extractf128_ps::<1>(self));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }
}
