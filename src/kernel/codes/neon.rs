//! NEON, the baseline of aarch64: 16 bytes at a time.

use super::facts::Residual;
use super::portable::{fold, transform_small};
use super::table::lookup_offset;
use super::table_macro::code_kernels_of;
use crate::kernel::isa::Isa;
use crate::kernel::line::Line;
use crate::kernel::line::prefetch_line;
use core::arch::aarch64::{
    float32x4_t, int8x16_t, uint8x16_t, uint16x8_t, vabsq_f32, vaddq_f32, vaddq_s8, vaddq_s32, vaddq_u8,
    vaddvq_s32, vaddvq_u32, vaddw_high_u8, vaddw_high_u16, vaddw_u8, vaddw_u16, vandq_u8, vandq_u32,
    vcvtq_f32_s32, vdupq_n_f32, vdupq_n_s8, vdupq_n_s16, vdupq_n_s32, vdupq_n_u8, vdupq_n_u16, vdupq_n_u32,
    veorq_u8, veorq_u32, vget_low_s8, vget_low_s16, vget_low_u8, vget_low_u16, vld1q_s32, vld1q_u8,
    vmlal_high_s8, vmovl_high_s16, vmovl_high_u8, vmovl_s16, vmovl_u8, vmull_high_s8, vmull_s8, vmulq_f32,
    vmulq_s8, vorrq_u32, vpadalq_s16, vqtbl1q_s8, vqtbl1q_u8, vreinterpretq_f32_u32, vreinterpretq_s8_u8,
    vreinterpretq_s16_u16, vreinterpretq_s32_u32, vreinterpretq_u8_s8, vreinterpretq_u32_f32, vshlq_u32,
    vshrq_n_u8, vshrq_n_u32, vst1q_f32, vst1q_s32, vst1q_u8, vsubq_f32, vsubq_s16, vsubq_s32,
};
use std::arch::is_aarch64_feature_detected;

code_kernels_of!(isa: Isa::Neon, features: "neon", detected: is_aarch64_feature_detected!("neon"));

#[target_feature(enable = "neon")]
#[inline]
fn load(from: &[u8; 16]) -> uint8x16_t {
    // SAFETY: the reference guarantees 16 readable bytes; this load needs no alignment.
    unsafe { vld1q_u8(from.as_ptr()) }
}

/// The components of 16 bytes of a code, as signed bytes.
#[target_feature(enable = "neon")]
#[inline]
fn load_components(from: &[u8; 16]) -> int8x16_t {
    vreinterpretq_s8_u8(veorq_u8(load(from), vdupq_n_u8(0x80)))
}

/// The fold of 32 chains in eight consecutive registers.
#[target_feature(enable = "neon")]
#[inline]
fn fold_chains(chains: [float32x4_t; 8]) -> f32 {
    let mut all = [0.0; 32];
    for (four, chain) in all.as_chunks_mut::<4>().0.iter_mut().zip(chains) {
        // SAFETY: the reference guarantees 4 components with exclusive access; this store needs the alignment of one.
        unsafe { vst1q_f32(four.as_mut_ptr(), chain) };
    }
    fold(all)
}

/// The lookup table of 16 groups, 4 groups at a time.
///
/// Entry `n` of a group is one of 4 sums of its first two components (selected by the low bits of `n`) plus one of 4
/// sums of its last two (by the high bits). Both kinds of sums are computed for 4 groups at once and then spread over
/// the 16 entries.
#[target_feature(enable = "neon")]
#[inline]
fn fill_table(components: &[i8; 64], table: &mut [u8; 256]) {
    let first_of_each = load(&[0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12]);
    let spread_low = load(&[0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
    let spread_high = load(&[0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
    let signs = |of_four: [u8; 4]| vreinterpretq_s8_u8(load(bytemuck::cast_ref(&[of_four; 4])));
    let (by_low_bit, by_high_bit) = (signs([255, 1, 255, 1]), signs([255, 255, 1, 1]));
    let components: &[u8; 64] = bytemuck::cast_ref(components);
    for (components, table) in components.as_chunks::<16>().0.iter().zip(table.as_chunks_mut::<64>().0) {
        let components = vreinterpretq_s8_u8(load(components));
        let repeated = |byte| vqtbl1q_s8(components, vaddq_u8(first_of_each, vdupq_n_u8(byte)));
        let sums = |a, b| vaddq_s8(vmulq_s8(repeated(a), by_low_bit), vmulq_s8(repeated(b), by_high_bit));
        let low = vreinterpretq_u8_s8(vaddq_s8(sums(0, 1), vdupq_n_s8(124)));
        let high = vreinterpretq_u8_s8(sums(2, 3));
        for (entries, group) in table.as_chunks_mut::<16>().0.iter_mut().zip([0, 4, 8, 12]) {
            let group = vdupq_n_u8(group);
            let low = vqtbl1q_u8(low, vaddq_u8(spread_low, group));
            let high = vqtbl1q_u8(high, vaddq_u8(spread_high, group));
            // SAFETY: the reference guarantees 16 bytes with exclusive access; this store needs no alignment.
            unsafe { vst1q_u8(entries.as_mut_ptr(), vaddq_u8(low, high)) };
        }
    }
}

/// Two products of a component and a query byte fit in 16 bits: `2 * 128 * 63 < 2^15`.
#[target_feature(enable = "neon")]
fn dot_query(query: &[i8], _query_sum: i32, code: &[u8]) -> i32 {
    let query: &[u8] = bytemuck::cast_slice(query);
    let mut sums = [vdupq_n_s32(0); 4];
    for (query, code) in query.as_chunks::<64>().0.iter().zip(code.as_chunks::<64>().0) {
        let pieces = query.as_chunks::<16>().0.iter().zip(code.as_chunks::<16>().0);
        for (sum, (query, code)) in sums.iter_mut().zip(pieces) {
            let (query, code) = (vreinterpretq_s8_u8(load(query)), load_components(code));
            let products = vmull_s8(vget_low_s8(query), vget_low_s8(code));
            *sum = vpadalq_s16(*sum, vmlal_high_s8(products, query, code));
        }
    }
    let [first, second, third, fourth] = sums;
    vaddvq_s32(vaddq_s32(vaddq_s32(first, second), vaddq_s32(third, fourth)))
}

/// Only one product of two components is sure to fit in 16 bits.
#[target_feature(enable = "neon")]
fn dot_codes(a: &[u8], b: &[u8]) -> i32 {
    let mut sums = [vdupq_n_s32(0); 4];
    for (a, b) in a.as_chunks::<32>().0.iter().zip(b.as_chunks::<32>().0) {
        let pieces = a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0);
        for ([low, high], (a, b)) in sums.as_chunks_mut::<2>().0.iter_mut().zip(pieces) {
            let (a, b) = (load_components(a), load_components(b));
            *low = vpadalq_s16(*low, vmull_s8(vget_low_s8(a), vget_low_s8(b)));
            *high = vpadalq_s16(*high, vmull_high_s8(a, b));
        }
    }
    let [first, second, third, fourth] = sums;
    vaddvq_s32(vaddq_s32(vaddq_s32(first, second), vaddq_s32(third, fourth)))
}

#[target_feature(enable = "neon")]
fn dot_codes_4(one: &[u8], others: &[&[u8]; 4]) -> [i32; 4] {
    others.map(|other| dot_codes(one, other))
}

/// 16 decoded components: `scale * c_i`.
#[target_feature(enable = "neon")]
#[inline]
fn load_decoded(from: &[u8; 16], scale: float32x4_t) -> [float32x4_t; 4] {
    let bytes = load(from);
    let halves = [vmovl_u8(vget_low_u8(bytes)), vmovl_high_u8(bytes)]
        .map(|half| vsubq_s16(vreinterpretq_s16_u16(half), vdupq_n_s16(128)));
    let [low, high] = halves;
    [vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low), vmovl_s16(vget_low_s16(high)), vmovl_high_s16(high)]
        .map(|components| vmulq_f32(scale, vcvtq_f32_s32(components)))
}

/// As in AVX2, computes `n = c - v`, whose sign bit is set exactly where `r = v - c` is positive.
#[target_feature(enable = "neon")]
fn relative(
    node: &[u8],
    node_scale: f32,
    neighbour: &[u8],
    neighbour_scale: f32,
    bits: &mut [u8],
) -> Residual {
    let sign = vdupq_n_u32(1 << 31);
    // SAFETY: the array has the 4 numbers that are loaded.
    let lanes = unsafe { vld1q_s32([0, 1, 2, 3].as_ptr()) };
    let (node_scale, neighbour_scale) = (vdupq_n_f32(node_scale), vdupq_n_f32(neighbour_scale));
    let mut squares = [vdupq_n_f32(0.0); 8];
    let mut magnitudes = squares;
    let mut node_dots = squares;
    let pieces = node.as_chunks::<32>().0.iter().zip(neighbour.as_chunks::<32>().0);
    for ((node, neighbour), bits) in pieces.zip(bits.as_chunks_mut::<4>().0) {
        let mut word = vdupq_n_u32(0);
        let sixteens = node.as_chunks::<16>().0.iter().zip(neighbour.as_chunks::<16>().0);
        for ((node, neighbour), half) in sixteens.zip([0_usize, 4]) {
            let decoded = load_decoded(node, node_scale).into_iter();
            let decoded = decoded.zip(load_decoded(neighbour, neighbour_scale));
            for ((c, v), (i, place)) in decoded.zip([(half, 0), (half + 1, 4), (half + 2, 8), (half + 3, 12)])
            {
                let n = vsubq_f32(c, v);
                let n_bits = vreinterpretq_u32_f32(n);
                squares[i] = vaddq_f32(squares[i], vmulq_f32(n, n));
                magnitudes[i] = vaddq_f32(magnitudes[i], vabsq_f32(n));
                let term = veorq_u32(vreinterpretq_u32_f32(c), vandq_u32(n_bits, sign));
                node_dots[i] = vsubq_f32(node_dots[i], vreinterpretq_f32_u32(term));
                let place = vaddq_s32(lanes, vdupq_n_s32(if half == 0 { place } else { place + 16 }));
                word = vorrq_u32(word, vshlq_u32(vshrq_n_u32::<31>(n_bits), place));
            }
        }
        // No two lanes have a bit in common.
        *bits = vaddvq_u32(word).to_le_bytes();
    }
    Residual {
        square: fold_chains(squares),
        magnitude: fold_chains(magnitudes),
        node_dot: fold_chains(node_dots),
    }
}

/// 256 lookups of at most 248 stay below 2^16, so after 256 groups the sums are widened to 32 bits.
#[target_feature(enable = "neon")]
fn scan(block: &[u8], table: &[u8], coming: &[Line], sums: &mut [i32; 32]) {
    coming.iter().for_each(prefetch_line);
    const ROUNDS: usize = 256;
    let (block, table) = (block.as_chunks::<16>().0, table.as_chunks::<16>().0);
    let mut totals = [vdupq_n_u32(0); 8];
    for (block, table) in block.chunks(ROUNDS).zip(table.chunks(ROUNDS)) {
        let mut eights: [uint16x8_t; 4] = [vdupq_n_u16(0); 4];
        for (slots, entries) in block.iter().zip(table) {
            let (slots, entries) = (load(slots), load(entries));
            let low = vqtbl1q_u8(entries, vandq_u8(slots, vdupq_n_u8(15)));
            let high = vqtbl1q_u8(entries, vshrq_n_u8::<4>(slots));
            eights[0] = vaddw_u8(eights[0], vget_low_u8(low));
            eights[1] = vaddw_high_u8(eights[1], low);
            eights[2] = vaddw_u8(eights[2], vget_low_u8(high));
            eights[3] = vaddw_high_u8(eights[3], high);
        }
        for ([first, last], eight) in totals.as_chunks_mut::<2>().0.iter_mut().zip(eights) {
            *first = vaddw_u16(*first, vget_low_u16(eight));
            *last = vaddw_high_u16(*last, eight);
        }
    }
    let offset = vdupq_n_s32(lookup_offset(block.len().min(table.len())));
    for (total, sums) in totals.into_iter().zip(sums.as_chunks_mut::<4>().0) {
        // SAFETY: the reference guarantees 4 numbers with exclusive access; this store needs the alignment of one.
        unsafe { vst1q_s32(sums.as_mut_ptr(), vsubq_s32(vreinterpretq_s32_u32(total), offset)) };
    }
}
