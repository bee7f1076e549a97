//! AVX-512 with VNNI: 64 bytes at a time, and sums of byte products directly in 32 bits.

use super::avx2::{fill_table, store_slots};
use super::facts::Residual;
use super::portable::{SMALL, fold};
use super::table_macro::code_kernels_of;
use crate::kernel::isa::Isa;
use crate::kernel::line::Line;
use crate::kernel::line::prefetch_line;
use core::arch::x86_64::{
    __m128i, __m512, __m512i, _mm_loadu_si128, _mm256_add_epi32, _mm256_set1_epi32, _mm256_sub_epi32,
    _mm512_add_epi16, _mm512_add_epi32, _mm512_add_ps, _mm512_and_ps, _mm512_and_si512, _mm512_andnot_ps,
    _mm512_castps_si512, _mm512_castsi512_si256, _mm512_cvtepi32_ps, _mm512_cvtepu8_epi32,
    _mm512_cvtepu16_epi32, _mm512_dpbusd_epi32, _mm512_extracti64x4_epi64, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_mask_sub_ps, _mm512_movepi32_mask, _mm512_mul_ps, _mm512_permute_ps,
    _mm512_reduce_add_epi32, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_shuffle_f32x4, _mm512_slli_epi16, _mm512_srli_epi16,
    _mm512_storeu_ps, _mm512_sub_epi16, _mm512_sub_epi32, _mm512_sub_ps, _mm512_xor_ps, _mm512_xor_si512,
};

code_kernels_of!(
    isa: Isa::Avx512, features: "avx512f,avx512bw,avx512dq,avx512vnni",
    detected: (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vnni"))
);

#[target_feature(enable = "avx512f")]
#[inline]
fn load(from: &[u8; 64]) -> __m512i {
    // SAFETY: the reference guarantees 64 readable bytes; this load needs no alignment.
    unsafe { _mm512_loadu_si512(from.as_ptr().cast::<__m512i>()) }
}

/// The fold of 32 chains in two consecutive registers.
#[target_feature(enable = "avx512f")]
#[inline]
fn fold_chains(chains: [__m512; 2]) -> f32 {
    let mut all = [0.0; 32];
    for (sixteen, chain) in all.as_chunks_mut::<16>().0.iter_mut().zip(chains) {
        // SAFETY: the reference guarantees 16 components with exclusive access; this store needs no alignment.
        unsafe { _mm512_storeu_ps(sixteen.as_mut_ptr(), chain) };
    }
    fold(all)
}

/// The stages of distance 1, 2, 4 and 8: the component at that distance, plus or minus the own component.
#[target_feature(enable = "avx512f")]
#[inline]
fn transform_small(values: &mut [f32; SMALL]) {
    let stage = |own, other, minus| _mm512_mask_sub_ps(_mm512_add_ps(other, own), minus, other, own);
    // SAFETY: the reference guarantees 16 readable components; this load needs no alignment.
    let lanes = unsafe { _mm512_loadu_ps(values.as_ptr()) };
    let lanes = stage(lanes, _mm512_permute_ps::<0b10_11_00_01>(lanes), 0b1010_1010_1010_1010);
    let lanes = stage(lanes, _mm512_permute_ps::<0b01_00_11_10>(lanes), 0b1100_1100_1100_1100);
    let lanes = stage(lanes, _mm512_shuffle_f32x4::<0b10_11_00_01>(lanes, lanes), 0b1111_0000_1111_0000);
    let lanes = stage(lanes, _mm512_shuffle_f32x4::<0b01_00_11_10>(lanes, lanes), 0b1111_1111_0000_0000);
    // SAFETY: the reference guarantees 16 components with exclusive access; this store needs no alignment.
    unsafe { _mm512_storeu_ps(values.as_mut_ptr(), lanes) };
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn dot_query(query: &[i8], query_sum: i32, code: &[u8]) -> i32 {
    let query: &[u8] = bytemuck::cast_slice(query);
    let mut sums = [_mm512_setzero_si512(); 2];
    let (queries, codes) = (query.as_chunks::<64>().0, code.as_chunks::<64>().0);
    let mut pairs = queries.chunks_exact(2).zip(codes.chunks_exact(2));
    for (query, code) in &mut pairs {
        for (sum, (query, code)) in sums.iter_mut().zip(query.iter().zip(code)) {
            *sum = _mm512_dpbusd_epi32(*sum, load(code), load(query));
        }
    }
    if let Some(last) = queries.len().min(codes.len()).checked_sub(1).filter(|last| last % 2 == 0) {
        sums[0] = _mm512_dpbusd_epi32(sums[0], load(&codes[last]), load(&queries[last]));
    }
    _mm512_reduce_add_epi32(_mm512_add_epi32(sums[0], sums[1])) - 128 * query_sum
}

/// The components of 64 bytes of a code, as signed bytes.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
#[inline]
fn load_components(from: &[u8; 64]) -> __m512i {
    _mm512_xor_si512(load(from), _mm512_set1_epi8(-128))
}

/// The bytes of `b` times the components of `a`, minus 128 times the sum of those components.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn dot_codes(a: &[u8], b: &[u8]) -> i32 {
    let mut products = _mm512_setzero_si512();
    let mut components = _mm512_setzero_si512();
    for (a, b) in a.as_chunks::<64>().0.iter().zip(b.as_chunks::<64>().0) {
        let a = load_components(a);
        products = _mm512_dpbusd_epi32(products, load(b), a);
        components = _mm512_dpbusd_epi32(components, _mm512_set1_epi8(1), a);
    }
    _mm512_reduce_add_epi32(products) - 128 * _mm512_reduce_add_epi32(components)
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn dot_codes_4(one: &[u8], others: &[&[u8]; 4]) -> [i32; 4] {
    let mut products = [_mm512_setzero_si512(); 4];
    let mut components = _mm512_setzero_si512();
    let [first, second, third, fourth] = others.map(|other| other.as_chunks::<64>().0);
    let others = first.iter().zip(second).zip(third.iter().zip(fourth));
    for (one, ((first, second), (third, fourth))) in one.as_chunks::<64>().0.iter().zip(others) {
        let one = load_components(one);
        components = _mm512_dpbusd_epi32(components, _mm512_set1_epi8(1), one);
        for (product, other) in products.iter_mut().zip([first, second, third, fourth]) {
            *product = _mm512_dpbusd_epi32(*product, load(other), one);
        }
    }
    let offset = 128 * _mm512_reduce_add_epi32(components);
    products.map(|product| _mm512_reduce_add_epi32(product) - offset)
}

/// 16 decoded components: `scale * c_i`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
#[inline]
fn load_decoded(from: &[u8; 16], scale: __m512) -> __m512 {
    // SAFETY: the reference guarantees 16 readable bytes; this load needs no alignment.
    let bytes = unsafe { _mm_loadu_si128(from.as_ptr().cast::<__m128i>()) };
    let components = _mm512_sub_epi32(_mm512_cvtepu8_epi32(bytes), _mm512_set1_epi32(128));
    _mm512_mul_ps(scale, _mm512_cvtepi32_ps(components))
}

/// As in AVX2, computes `n = c - v`, whose sign bit is set exactly where `r = v - c` is positive.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn relative(
    node: &[u8],
    node_scale: f32,
    neighbour: &[u8],
    neighbour_scale: f32,
    bits: &mut [u8],
) -> Residual {
    let sign = _mm512_set1_ps(-0.0);
    let (node_scale, neighbour_scale) = (_mm512_set1_ps(node_scale), _mm512_set1_ps(neighbour_scale));
    let mut squares = [_mm512_setzero_ps(); 2];
    let mut magnitudes = [_mm512_setzero_ps(); 2];
    let mut node_dots = [_mm512_setzero_ps(); 2];
    let pieces = node.as_chunks::<32>().0.iter().zip(neighbour.as_chunks::<32>().0);
    for ((node, neighbour), bits) in pieces.zip(bits.as_chunks_mut::<4>().0) {
        let sixteens = node.as_chunks::<16>().0.iter().zip(neighbour.as_chunks::<16>().0);
        for (i, ((node, neighbour), bits)) in sixteens.zip(bits.as_chunks_mut::<2>().0).enumerate() {
            let c = load_decoded(node, node_scale);
            let n = _mm512_sub_ps(c, load_decoded(neighbour, neighbour_scale));
            squares[i] = _mm512_add_ps(squares[i], _mm512_mul_ps(n, n));
            magnitudes[i] = _mm512_add_ps(magnitudes[i], _mm512_andnot_ps(sign, n));
            let term = _mm512_xor_ps(c, _mm512_and_ps(n, sign));
            node_dots[i] = _mm512_sub_ps(node_dots[i], term);
            *bits = _mm512_movepi32_mask(_mm512_castps_si512(n)).to_le_bytes();
        }
    }
    Residual {
        square: fold_chains(squares),
        magnitude: fold_chains(magnitudes),
        node_dot: fold_chains(node_dots),
    }
}

/// Looks up four groups at a time; otherwise as in AVX2.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
fn scan(block: &[u8], table: &[u8], coming: &[Line], sums: &mut [i32; 32]) {
    coming.iter().for_each(prefetch_line);
    const ROUNDS: usize = 256;
    let nibble = _mm512_set1_epi8(15);
    let (block, table) = (block.as_chunks::<64>().0, table.as_chunks::<64>().0);
    let mut totals = [[_mm512_setzero_si512(); 2]; 2];
    for (block, table) in block.chunks(ROUNDS).zip(table.chunks(ROUNDS)) {
        // For the slots of the low nibbles and of the high ones: the sums of all lookups, and of those at odd positions.
        let mut lookups = [[_mm512_setzero_si512(); 2]; 2];
        for (slots, entries) in block.iter().zip(table) {
            let (slots, entries) = (load(slots), load(entries));
            let nibbles = [slots, _mm512_srli_epi16::<4>(slots)];
            for ([all, odd], slots) in lookups.iter_mut().zip(nibbles) {
                let bytes = _mm512_shuffle_epi8(entries, _mm512_and_si512(slots, nibble));
                *all = _mm512_add_epi16(*all, bytes);
                *odd = _mm512_add_epi16(*odd, _mm512_srli_epi16::<8>(bytes));
            }
        }
        for (totals, [all, odd]) in totals.iter_mut().zip(lookups) {
            let even = _mm512_sub_epi16(all, _mm512_slli_epi16::<8>(odd));
            for (total, sums) in totals.iter_mut().zip([even, odd]) {
                let low = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(sums));
                let high = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64::<1>(sums));
                *total = _mm512_add_epi32(*total, _mm512_add_epi32(low, high));
            }
        }
    }
    let offset = super::table::lookup_offset(block.len().min(table.len()) * 4);
    for (totals, sums) in totals.into_iter().zip(sums.as_chunks_mut::<16>().0) {
        let totals = totals.map(|total| {
            let halves =
                _mm256_add_epi32(_mm512_castsi512_si256(total), _mm512_extracti64x4_epi64::<1>(total));
            _mm256_sub_epi32(halves, _mm256_set1_epi32(offset))
        });
        store_slots(totals, sums);
    }
}
