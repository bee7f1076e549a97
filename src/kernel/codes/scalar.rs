//! The reference implementation of the loops over codes, one component at a time.

use super::facts::Residual;
use super::planes;
use super::portable::{self, CHAINS, fold};
use super::table::CodeKernels;
use crate::kernel::isa::Isa;
use crate::kernel::line::prefetch_line;

/// The kernels for a CPU without any of the instruction sets.
pub(super) const KERNELS: CodeKernels = CodeKernels {
    isa: Isa::Scalar,
    rotate: |values, factors| portable::rotate(values, factors, portable::transform_small),
    encode: |rotated, code| portable::encode(rotated, code),
    prepare: |rotated, bytes, table| portable::prepare(rotated, bytes, table, fill_table),
    dot_query: |query, _, code| dot_query(query, code),
    dot_codes,
    dot_codes_4: |one, others| others.map(|other| dot_codes(one, other)),
    relative,
    relative_planes: planes::relative,
    scan,
    estimate: |block, table, facts, scale, base, coming, out| {
        let mut sums = [0; 32];
        coming.iter().for_each(prefetch_line);
        scan(block, table, &mut sums);
        portable::finish_estimate(&sums, facts, scale, base, out);
    },
    nearer_than: portable::nearer_than,
};

/// The component of a byte of an 8-bit code.
fn component(byte: u8) -> i32 {
    i32::from(byte) - 128
}

/// The lookup table of 16 groups. The components are in -31..=31, so every entry is in 0..=248.
fn fill_table(components: &[i8; 64], table: &mut [u8; 256]) {
    for (group, entries) in components.as_chunks::<4>().0.iter().zip(table.as_chunks_mut::<16>().0) {
        for (n, entry) in entries.iter_mut().enumerate() {
            let signed = |j: usize| if n >> j & 1 == 1 { group[j] } else { -group[j] };
            *entry = (signed(0) + signed(1) + signed(2) + signed(3)).cast_unsigned().wrapping_add(124);
        }
    }
}

fn dot_query(query: &[i8], code: &[u8]) -> i32 {
    query.iter().zip(code).map(|(q, c)| i32::from(*q) * component(*c)).sum()
}

fn dot_codes(a: &[u8], b: &[u8]) -> i32 {
    a.iter().zip(b).map(|(a, b)| component(*a) * component(*b)).sum()
}

fn relative(
    node: &[u8],
    node_scale: f32,
    neighbour: &[u8],
    neighbour_scale: f32,
    bits: &mut [u8],
) -> Residual {
    let mut squares = [0.0; CHAINS];
    let mut magnitudes = [0.0; CHAINS];
    let mut node_dots = [0.0; CHAINS];
    let pieces = node.as_chunks::<CHAINS>().0.iter().zip(neighbour.as_chunks::<CHAINS>().0);
    for ((node, neighbour), bits) in pieces.zip(bits.as_chunks_mut::<{ CHAINS / 8 }>().0) {
        let mut word = 0_u32;
        for i in 0..CHAINS {
            let c = node_scale * component(node[i]) as f32;
            let r = neighbour_scale * component(neighbour[i]) as f32 - c;
            squares[i] += r * r;
            magnitudes[i] += r.abs();
            node_dots[i] += if r > 0.0 { c } else { -c };
            word |= u32::from(r > 0.0) << i;
        }
        *bits = word.to_le_bytes();
    }
    Residual { square: fold(squares), magnitude: fold(magnitudes), node_dot: fold(node_dots) }
}

fn scan(block: &[u8], table: &[u8], sums: &mut [i32; 32]) {
    *sums = [0; 32];
    for (slots, entries) in block.as_chunks::<16>().0.iter().zip(table.as_chunks::<16>().0) {
        let (low, high) = sums.split_at_mut(16);
        for ((byte, low), high) in slots.iter().zip(low).zip(high) {
            *low += i32::from(entries[usize::from(byte & 15)]) - 124;
            *high += i32::from(entries[usize::from(byte >> 4)]) - 124;
        }
    }
}
