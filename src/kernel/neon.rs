//! NEON of aarch64: 4 lanes, 32 registers.

use super::isa::Isa;
use super::sweep::{
    Chain, Lanes, Product, ProductAndSquare, SquaredDifference, Term, all_finite, fold_chains, kernels_of,
    sweep, sweep_chain,
};
use core::arch::aarch64::{float32x4_t, vaddq_f32, vaddvq_f32, vdupq_n_f32, vfmaq_f32, vld1q_f32, vsubq_f32};
use std::arch::is_aarch64_feature_detected;

// 16 of the 32 registers hold accumulators: one sum for four rows, two sums for two, a tile of four queries.
kernels_of!(
    isa: Isa::Neon, lanes: float32x4_t, features: "neon",
    detected: is_aarch64_feature_detected!("neon"),
    rows: 4, rows_of_two: 2, queries_of_tile: 4
);

impl Lanes for float32x4_t {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vdupq_n_f32(0.0) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller has NEON and 4 readable components; this load needs the alignment of one.
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        debug_assert!(0 < count && count < Self::LANES);
        let mut lanes = [0.0; 4];
        // SAFETY: the caller guarantees `count` readable components at `from`, and count < 4 fit in `lanes`, a local
        // array that does not overlap them; it has the 4 components that are loaded. The caller has NEON.
        unsafe {
            core::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count);
            vld1q_f32(lanes.as_ptr())
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vaddq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vsubq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: the caller has NEON. The intrinsic takes its addend first.
        unsafe { vfmaq_f32(addend, self, factor) }
    }

    #[inline(always)]
    unsafe fn fold(self) -> f32 {
        // SAFETY: the caller has NEON.
        unsafe { vaddvq_f32(self) }
    }
}
