//! AVX2: 32 bytes at a time.

use super::facts::Residual;
use super::portable::{SMALL, fold};
use super::table_macro::code_kernels_of;
use crate::kernel::isa::Isa;
use crate::kernel::line::Line;
use crate::kernel::line::prefetch_line;
use core::arch::x86_64::{
    __m128i, __m256, __m256i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_loadl_epi64, _mm_loadu_si128,
    _mm_shuffle_epi32, _mm_storeu_si128, _mm256_add_epi8, _mm256_add_epi16, _mm256_add_epi32, _mm256_add_ps,
    _mm256_and_ps, _mm256_and_si256, _mm256_andnot_ps, _mm256_castsi256_si128, _mm256_cvtepi32_ps,
    _mm256_cvtepu8_epi16, _mm256_cvtepu8_epi32, _mm256_cvtepu16_epi32, _mm256_extracti128_si256,
    _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_movemask_ps,
    _mm256_mul_ps, _mm256_permute_ps, _mm256_permute2f128_ps, _mm256_permute2x128_si256, _mm256_set1_epi8,
    _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setr_epi8, _mm256_setr_ps,
    _mm256_setzero_ps, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_sign_epi8, _mm256_slli_epi16,
    _mm256_srli_epi16, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_epi16, _mm256_sub_epi32,
    _mm256_sub_ps, _mm256_unpackhi_epi32, _mm256_unpacklo_epi32, _mm256_xor_ps,
};

code_kernels_of!(isa: Isa::Avx2, features: "avx2", detected: is_x86_feature_detected!("avx2"));

#[target_feature(enable = "avx2")]
#[inline]
fn load(from: &[u8; 32]) -> __m256i {
    // SAFETY: the reference guarantees 32 readable bytes; this load needs no alignment.
    unsafe { _mm256_loadu_si256(from.as_ptr().cast::<__m256i>()) }
}

#[target_feature(enable = "avx2")]
#[inline]
fn load_half(from: &[u8; 16]) -> __m128i {
    // SAFETY: the reference guarantees 16 readable bytes; this load needs no alignment.
    unsafe { _mm_loadu_si128(from.as_ptr().cast::<__m128i>()) }
}

#[target_feature(enable = "avx2")]
#[inline]
fn store_half(half: __m128i, to: &mut [u8; 16]) {
    // SAFETY: the reference guarantees 16 bytes with exclusive access; this store needs no alignment.
    unsafe { _mm_storeu_si128(to.as_mut_ptr().cast::<__m128i>(), half) }
}

/// The sum of all lanes.
#[target_feature(enable = "avx2")]
#[inline]
fn fold_integers(sums: __m256i) -> i32 {
    let four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b00_00_11_10>(four));
    _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<0b00_00_00_01>(two)))
}

/// The fold of 32 chains in four consecutive registers.
#[target_feature(enable = "avx2")]
#[inline]
fn fold_chains(chains: [__m256; 4]) -> f32 {
    let mut all = [0.0; 32];
    for (eight, chain) in all.as_chunks_mut::<8>().0.iter_mut().zip(chains) {
        // SAFETY: the reference guarantees 8 components with exclusive access; this store needs no alignment.
        unsafe { _mm256_storeu_ps(eight.as_mut_ptr(), chain) };
    }
    fold(all)
}

/// The stages of distance 1, 2, 4 and 8: the component at that distance, plus the own component with the sign of its
/// half.
#[target_feature(enable = "avx2")]
#[inline]
fn transform_small(values: &mut [f32; SMALL]) {
    let (plus, minus) = (0.0, -0.0);
    let by_1 = _mm256_setr_ps(plus, minus, plus, minus, plus, minus, plus, minus);
    let by_2 = _mm256_setr_ps(plus, plus, minus, minus, plus, plus, minus, minus);
    let by_4 = _mm256_setr_ps(plus, plus, plus, plus, minus, minus, minus, minus);
    let stages = |from: &[f32; 8]| {
        // SAFETY: the reference guarantees 8 readable components; this load needs no alignment.
        let values = unsafe { _mm256_loadu_ps(from.as_ptr()) };
        let other = _mm256_permute_ps::<0b10_11_00_01>(values);
        let values = _mm256_add_ps(other, _mm256_xor_ps(values, by_1));
        let other = _mm256_permute_ps::<0b01_00_11_10>(values);
        let values = _mm256_add_ps(other, _mm256_xor_ps(values, by_2));
        let other = _mm256_permute2f128_ps::<1>(values, values);
        _mm256_add_ps(other, _mm256_xor_ps(values, by_4))
    };
    let [first, last] = values.as_chunks_mut::<8>().0 else { return };
    let (a, b) = (stages(first), stages(last));
    // SAFETY: the references guarantee 8 components each with exclusive access; these stores need no alignment.
    unsafe {
        _mm256_storeu_ps(first.as_mut_ptr(), _mm256_add_ps(a, b));
        _mm256_storeu_ps(last.as_mut_ptr(), _mm256_sub_ps(a, b));
    }
}

/// The lookup table of 16 groups.
///
/// Entry `n` of a group is one of 4 sums of its first two components (selected by the low bits of `n`) plus one of 4
/// sums of its last two (by the high bits). Both kinds of sums are computed for 8 groups at once and then spread over
/// the 16 entries.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn fill_table(components: &[i8; 64], table: &mut [u8; 256]) {
    /// The four bytes of each group of 4.
    macro_rules! in_each_group {
        ($($byte:expr),*) => { _mm256_set1_epi32(i32::from_le_bytes([$($byte),*])) };
    }
    /// For each group of 4 its byte `$byte`, four times.
    macro_rules! repeat_byte {
        ($byte:literal) => {
            _mm256_add_epi8(
                _mm256_setr_epi8(
                    0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12, 0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8,
                    12, 12, 12, 12,
                ),
                _mm256_set1_epi8($byte),
            )
        };
    }
    let by_low_bit = in_each_group!(255, 1, 255, 1);
    let by_high_bit = in_each_group!(255, 255, 1, 1);
    let offset = _mm256_set1_epi8(124);
    let spread_low = in_each_group!(0, 1, 2, 3);
    // Entries 0..=3 use the first of the four sums, 4..=7 the second, and so on.
    let spread_high = _mm256_setr_epi8(
        0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
    );
    let components: &[u8; 64] = bytemuck::cast_ref(components);
    for (components, table) in components.as_chunks::<32>().0.iter().zip(table.as_chunks_mut::<128>().0) {
        let components = load(components);
        let first = _mm256_shuffle_epi8(components, repeat_byte!(0));
        let second = _mm256_shuffle_epi8(components, repeat_byte!(1));
        let third = _mm256_shuffle_epi8(components, repeat_byte!(2));
        let fourth = _mm256_shuffle_epi8(components, repeat_byte!(3));
        let low = _mm256_add_epi8(
            _mm256_add_epi8(_mm256_sign_epi8(first, by_low_bit), _mm256_sign_epi8(second, by_high_bit)),
            offset,
        );
        let high =
            _mm256_add_epi8(_mm256_sign_epi8(third, by_low_bit), _mm256_sign_epi8(fourth, by_high_bit));
        // Each half of a register holds four groups, so the entries of group i and of group i + 4 are computed together.
        let (first_four, last_four) = table.split_at_mut(64);
        let entries = first_four.as_chunks_mut::<16>().0.iter_mut().zip(last_four.as_chunks_mut::<16>().0);
        for ((from_first, from_last), group) in entries.zip([0, 4, 8, 12]) {
            let group = _mm256_set1_epi8(group);
            let entries = _mm256_add_epi8(
                _mm256_shuffle_epi8(low, _mm256_add_epi8(spread_low, group)),
                _mm256_shuffle_epi8(high, _mm256_add_epi8(spread_high, group)),
            );
            store_half(_mm256_castsi256_si128(entries), from_first);
            store_half(_mm256_extracti128_si256::<1>(entries), from_last);
        }
    }
}

/// Two products of a code byte and a query byte fit in 16 bits: `2 * 255 * 63 < 2^15`.
#[target_feature(enable = "avx2")]
fn dot_query(query: &[i8], query_sum: i32, code: &[u8]) -> i32 {
    let ones = _mm256_set1_epi16(1);
    let query: &[u8] = bytemuck::cast_slice(query);
    let mut sums = [_mm256_setzero_si256(); 2];
    for (query, code) in query.as_chunks::<64>().0.iter().zip(code.as_chunks::<64>().0) {
        let pieces = query.as_chunks::<32>().0.iter().zip(code.as_chunks::<32>().0);
        for (sum, (query, code)) in sums.iter_mut().zip(pieces) {
            let pairs = _mm256_maddubs_epi16(load(code), load(query));
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
        }
    }
    fold_integers(_mm256_add_epi32(sums[0], sums[1])) - 128 * query_sum
}

/// 16 components of a code, in 16 bits each.
#[target_feature(enable = "avx2")]
#[inline]
fn load_components(from: &[u8; 16]) -> __m256i {
    _mm256_sub_epi16(_mm256_cvtepu8_epi16(load_half(from)), _mm256_set1_epi16(128))
}

#[target_feature(enable = "avx2")]
fn dot_codes(a: &[u8], b: &[u8]) -> i32 {
    let mut sums = [_mm256_setzero_si256(); 4];
    for (a, b) in a.as_chunks::<64>().0.iter().zip(b.as_chunks::<64>().0) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0)) {
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(load_components(a), load_components(b)));
        }
    }
    let [first, second, third, fourth] = sums;
    fold_integers(_mm256_add_epi32(_mm256_add_epi32(first, second), _mm256_add_epi32(third, fourth)))
}

#[target_feature(enable = "avx2")]
fn dot_codes_4(one: &[u8], others: &[&[u8]; 4]) -> [i32; 4] {
    // The bytes of the other codes times the components of `one`, minus 128 times the sum of those components.
    let ones = _mm256_set1_epi16(1);
    let mut sums = [_mm256_setzero_si256(); 4];
    let mut components = _mm256_setzero_si256();
    let [first, second, third, fourth] = others.map(|other| other.as_chunks::<16>().0);
    let others = first.iter().zip(second).zip(third.iter().zip(fourth));
    for (one, ((first, second), (third, fourth))) in one.as_chunks::<16>().0.iter().zip(others) {
        let one = load_components(one);
        components = _mm256_add_epi32(components, _mm256_madd_epi16(one, ones));
        for (sum, other) in sums.iter_mut().zip([first, second, third, fourth]) {
            let bytes = _mm256_cvtepu8_epi16(load_half(other));
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(one, bytes));
        }
    }
    let offset = 128 * fold_integers(components);
    sums.map(|sum| fold_integers(sum) - offset)
}

/// 8 decoded components: `scale * c_i`.
#[target_feature(enable = "avx2")]
#[inline]
fn load_decoded(from: &[u8; 8], scale: __m256) -> __m256 {
    // SAFETY: the reference guarantees 8 readable bytes; this load needs no alignment.
    let bytes = unsafe { _mm_loadl_epi64(from.as_ptr().cast::<__m128i>()) };
    let components = _mm256_sub_epi32(_mm256_cvtepu8_epi32(bytes), _mm256_set1_epi32(128));
    _mm256_mul_ps(scale, _mm256_cvtepi32_ps(components))
}

/// Computes `n = c - v`, whose sign bit is set exactly where `r = v - c` is positive: equal components give +0.
#[target_feature(enable = "avx2")]
fn relative(
    node: &[u8],
    node_scale: f32,
    neighbour: &[u8],
    neighbour_scale: f32,
    bits: &mut [u8],
) -> Residual {
    let sign = _mm256_set1_ps(-0.0);
    let (node_scale, neighbour_scale) = (_mm256_set1_ps(node_scale), _mm256_set1_ps(neighbour_scale));
    let mut squares = [_mm256_setzero_ps(); 4];
    let mut magnitudes = [_mm256_setzero_ps(); 4];
    let mut node_dots = [_mm256_setzero_ps(); 4];
    let pieces = node.as_chunks::<32>().0.iter().zip(neighbour.as_chunks::<32>().0);
    for ((node, neighbour), bits) in pieces.zip(bits.as_chunks_mut::<4>().0) {
        let eights = node.as_chunks::<8>().0.iter().zip(neighbour.as_chunks::<8>().0);
        for (i, ((node, neighbour), bits)) in eights.zip(bits).enumerate() {
            let c = load_decoded(node, node_scale);
            let n = _mm256_sub_ps(c, load_decoded(neighbour, neighbour_scale));
            squares[i] = _mm256_add_ps(squares[i], _mm256_mul_ps(n, n));
            magnitudes[i] = _mm256_add_ps(magnitudes[i], _mm256_andnot_ps(sign, n));
            // c, negated where the bit is set: the negative of the term.
            let term = _mm256_xor_ps(c, _mm256_and_ps(n, sign));
            node_dots[i] = _mm256_sub_ps(node_dots[i], term);
            *bits = _mm256_movemask_ps(n).to_le_bytes()[0];
        }
    }
    Residual {
        square: fold_chains(squares),
        magnitude: fold_chains(magnitudes),
        node_dot: fold_chains(node_dots),
    }
}

/// Sums in 16 bits of looked-up bytes. `odd` sums the bytes at odd positions. `all` sums the bytes at even positions
/// plus 256 times those at odd positions (modulo 2^16).
#[derive(Clone, Copy)]
struct Lookups {
    all: __m256i,
    odd: __m256i,
}

impl Lookups {
    #[target_feature(enable = "avx2")]
    #[inline]
    fn add(&mut self, bytes: __m256i) {
        self.all = _mm256_add_epi16(self.all, bytes);
        self.odd = _mm256_add_epi16(self.odd, _mm256_srli_epi16::<8>(bytes));
    }

    /// The sums of the slots at even positions and at odd ones, over both halves of the register, in 32 bits.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn widen(self) -> [__m256i; 2] {
        let even = _mm256_sub_epi16(self.all, _mm256_slli_epi16::<8>(self.odd));
        [even, self.odd].map(|sums| {
            _mm256_add_epi32(
                _mm256_cvtepu16_epi32(_mm256_castsi256_si128(sums)),
                _mm256_cvtepu16_epi32(_mm256_extracti128_si256::<1>(sums)),
            )
        })
    }
}

/// Writes the sums of 16 slots, from those at even positions and those at odd ones.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn store_slots([even, odd]: [__m256i; 2], sums: &mut [i32; 16]) {
    let (low, high) = (_mm256_unpacklo_epi32(even, odd), _mm256_unpackhi_epi32(even, odd));
    let (first, last) = sums.split_at_mut(8);
    let [first] = first.as_chunks_mut::<8>().0 else { return };
    let [last] = last.as_chunks_mut::<8>().0 else { return };
    // SAFETY: the references guarantee 8 numbers each with exclusive access; these stores need no alignment.
    unsafe {
        _mm256_storeu_si256(first.as_mut_ptr().cast(), _mm256_permute2x128_si256::<0x20>(low, high));
        _mm256_storeu_si256(last.as_mut_ptr().cast(), _mm256_permute2x128_si256::<0x31>(low, high));
    }
}

/// Each half of a register looks up one group. 256 lookups of at most 248 stay below 2^16, so after 256 rounds the sums
/// are widened to 32 bits. Every two rounds prefetch one line of `coming`.
#[target_feature(enable = "avx2")]
fn scan(block: &[u8], table: &[u8], coming: &[Line], sums: &mut [i32; 32]) {
    const ROUNDS: usize = 256;
    let nibble = _mm256_set1_epi8(15);
    let (block, table) = (block.as_chunks::<64>().0, table.as_chunks::<64>().0);
    let mut asked = 0;
    let mut totals = [[_mm256_setzero_si256(); 2]; 2];
    for (block, table) in block.chunks(ROUNDS / 2).zip(table.chunks(ROUNDS / 2)) {
        let zero = _mm256_setzero_si256();
        let mut low = Lookups { all: zero, odd: zero };
        let mut high = low;
        for (two_slots, two_entries) in block.iter().zip(table) {
            if let Some(line) = coming.get(asked) {
                prefetch_line(line);
            }
            asked += 1;
            for (slots, entries) in two_slots.as_chunks::<32>().0.iter().zip(two_entries.as_chunks::<32>().0)
            {
                let (slots, entries) = (load(slots), load(entries));
                low.add(_mm256_shuffle_epi8(entries, _mm256_and_si256(slots, nibble)));
                let slots = _mm256_and_si256(_mm256_srli_epi16::<4>(slots), nibble);
                high.add(_mm256_shuffle_epi8(entries, slots));
            }
        }
        for (totals, lookups) in totals.iter_mut().zip([low, high]) {
            for (total, sum) in totals.iter_mut().zip(lookups.widen()) {
                *total = _mm256_add_epi32(*total, sum);
            }
        }
    }
    coming.iter().skip(asked).for_each(prefetch_line);
    let offset = super::table::lookup_offset(block.len().min(table.len()) * 4);
    for (totals, sums) in totals.into_iter().zip(sums.as_chunks_mut::<16>().0) {
        store_slots(totals.map(|total| _mm256_sub_epi32(total, _mm256_set1_epi32(offset))), sums);
    }
}
