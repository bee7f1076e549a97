//! NEON of aarch64: 4 lanes, 32 registers.

use super::isa::Isa;
use super::lanes::{Lanes, Stored};
use super::sweep::{
    Chain, Product, ProductAndSquare, SquaredDifference, Term, all_finite, fold_chains, sweep, sweep_chain,
};
use super::table_macro::kernels_of;
use core::arch::aarch64::{
    float32x4_t, vaddq_f32, vaddvq_f32, vandq_u32, vcreate_s8, vcvtq_f32_s32, vdupq_n_f32, vdupq_n_u32,
    vfmaq_f32, vget_low_s16, vld1_u16, vld1q_f32, vmovl_s8, vmovl_s16, vmovl_u16, vmulq_f32, vorrq_u32,
    vreinterpretq_f32_u32, vreinterpretq_u32_f32, vshlq_n_u32, vsubq_f32,
};
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
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vdupq_n_f32(value) }
    }

    #[inline(always)]
    unsafe fn load_halves(from: *const u16) -> Self {
        // The conversion instruction has no stable intrinsic in Rust 1.95; see `half_value` in rows.rs.
        const REBIAS: f32 = f32::from_bits((127 + 127 - 15) << 23);
        // SAFETY: the caller has NEON and 4 readable halves; this load needs the alignment of one.
        unsafe {
            let wide = vmovl_u16(vld1_u16(from));
            let magnitude = vshlq_n_u32::<13>(vandq_u32(wide, vdupq_n_u32(0x7FFF)));
            let value = vmulq_f32(vreinterpretq_f32_u32(magnitude), vdupq_n_f32(REBIAS));
            let sign = vshlq_n_u32::<16>(vandq_u32(wide, vdupq_n_u32(0x8000)));
            vreinterpretq_f32_u32(vorrq_u32(vreinterpretq_u32_f32(value), sign))
        }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const i8) -> Self {
        // SAFETY: the caller has NEON and 4 readable bytes, which a u32 holds; the read needs no alignment.
        unsafe {
            let four = vcreate_s8(u64::from(from.cast::<u32>().read_unaligned()));
            vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(four))))
        }
    }

    #[inline(always)]
    unsafe fn multiply(self, factor: Self) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vmulq_f32(self, factor) }
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
