//! Compares every instruction set of this machine with loops in i64 and f64 that share no code with it.

use super::{BlockFacts, CodeKernels, Line, Residual};
use crate::kernel::isa::Isa;

/// Offsets of a slice from its allocation.
const OFFSETS: [usize; 3] = [0, 1, 31];

/// Includes dimensions above 1024, 4096 and 8192, where 16 bits would overflow if they were not widened in time.
fn code_dimensions() -> impl Iterator<Item = usize> {
    (64..=1024).step_by(64).chain([1088, 2112, 4096, 4160, 8192, 8256])
}

/// A fixed pseudo-random sequence.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    /// Integers from `-limit` to `limit`.
    fn signed(&mut self, count: usize, limit: i8) -> Vec<i8> {
        let span = 2 * u64::from(limit.unsigned_abs()) + 1;
        (0..count)
            .map(|_| i8::try_from((self.next() % span).cast_signed() - i64::from(limit)).unwrap())
            .collect()
    }

    fn components(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| (self.next() % 20_001) as f32 / 10_000.0 - 1.0).collect()
    }
}

/// A copy at element `offset` of an allocation that is aligned for more.
fn at_offset<T: Copy + Default>(values: &[T], offset: usize) -> Vec<T> {
    let mut copy = vec![T::default(); offset];
    copy.extend_from_slice(values);
    copy
}

fn component(byte: u8) -> i64 {
    i64::from(byte) - 128
}

/// Calls `check` with each instruction set, number of code dimensions and offset.
fn for_all(mut check: impl FnMut(CodeKernels, usize, usize, &str)) {
    for kernels in CodeKernels::available() {
        for dimensions in code_dimensions() {
            for offset in OFFSETS {
                let what = format!("{}, {dimensions} dimensions, offset {offset}", kernels.isa().name());
                check(kernels, dimensions, offset, &what);
            }
        }
    }
}

#[test]
fn detect_selects_the_fastest_kernels() {
    let available = CodeKernels::available();
    assert_eq!(available[0].isa(), Isa::Scalar);
    assert_eq!(CodeKernels::detect().isa(), available[available.len() - 1].isa());
    #[cfg(target_arch = "x86_64")]
    assert_eq!(available.iter().any(|k| k.isa() == Isa::Avx2), is_x86_feature_detected!("avx2"));
}

#[test]
fn dots_of_a_query_are_exact() {
    for_all(|kernels, dimensions, offset, what| {
        let mut numbers = Numbers(7 + dimensions as u64);
        let queries = [vec![63; dimensions], vec![-63; dimensions], numbers.signed(dimensions, 63)];
        let codes =
            [vec![255; dimensions], vec![1; dimensions], vec![0; dimensions], numbers.bytes(dimensions)];
        for (query, code) in queries.iter().flat_map(|query| codes.iter().map(move |code| (query, code))) {
            let sum = query.iter().map(|q| i32::from(*q)).sum();
            let expected: i64 = query.iter().zip(code).map(|(q, c)| i64::from(*q) * component(*c)).sum();
            let (query, code) = (at_offset(query, offset), at_offset(code, (offset + 5) % 32));
            let actual = kernels.dot_query(&query[offset..], sum, &code[(offset + 5) % 32..]);
            assert_eq!(i64::from(actual), expected, "{what}");
        }
    });
}

#[test]
fn dots_of_codes_are_exact() {
    for_all(|kernels, dimensions, offset, what| {
        let mut numbers = Numbers(11 + dimensions as u64);
        let codes =
            [vec![255; dimensions], vec![1; dimensions], vec![0; dimensions], numbers.bytes(dimensions)];
        let moved = codes.clone().map(|code| at_offset(&code, offset));
        for code in &codes {
            let expected = codes.clone().map(|other| -> i64 {
                code.iter().zip(other).map(|(a, b)| component(*a) * component(b)).sum()
            });
            let others = [0, 1, 2, 3].map(|i| &moved[i][offset..]);
            assert_eq!(kernels.dot_codes_4(code, others).map(i64::from), expected, "{what}");
            assert_eq!(others.map(|other| i64::from(kernels.dot_codes(code, other))), expected, "{what}");
            assert_eq!(others.map(|other| i64::from(kernels.dot_codes(other, code))), expected, "{what}");
        }
    });
}

#[test]
fn scans_are_exact() {
    for_all(|kernels, dimensions, offset, what| {
        let mut numbers = Numbers(13 + dimensions as u64);
        let blocks = [numbers.bytes(4 * dimensions), vec![0xff; 4 * dimensions]];
        let highest = numbers.bytes(4 * dimensions).iter().map(|byte| byte % 249).collect();
        for table in [vec![248; 4 * dimensions], vec![0; 4 * dimensions], highest] {
            for block in &blocks {
                let mut expected = [0_i64; 32];
                for (place, byte) in block.iter().enumerate() {
                    let entry = |nibble: u8| i64::from(table[place / 16 * 16 + usize::from(nibble)]) - 124;
                    expected[place % 16] += entry(byte & 15);
                    expected[place % 16 + 16] += entry(byte >> 4);
                }
                // A block ends with the components of its slots; a table is as long as a code.
                let table = [table.as_slice(), &[7; 192]].concat();
                let table = &table[..table.len() - 64 * (offset % 4)];
                let (block, table) = (at_offset(block, offset), at_offset(table, (offset + 3) % 32));
                let (block, table) = (&block[offset..], &table[(offset + 3) % 32..]);
                let mut sums = [1; 32];
                kernels.scan(block, table, &mut sums);
                assert_eq!(sums.map(i64::from), expected, "{what}");
                let mut facts = BlockFacts::NONE;
                for (slot, of_slot) in numbers.components(64).as_chunks::<2>().0.iter().enumerate() {
                    facts.set(slot, of_slot[0], of_slot[1]);
                }
                let (add, multiply): (Vec<_>, Vec<_>) = facts.add().zip(facts.multiply()).unzip();
                let mut estimates = [0.0; 32];
                // As many lines as a block has, fewer, and more.
                let coming = vec![Line([0; 64]); block.len() / 64 + block.len() % 3];
                kernels.estimate(block, (table, 0.37), &facts, 1.3, &coming, &mut estimates);
                let bound = estimates[7];
                let nearer = (0..32).fold(0, |bits, slot| bits | u32::from(estimates[slot] < bound) << slot);
                assert_eq!(kernels.nearer_than(&estimates, bound), nearer, "{what}");
                assert_eq!(kernels.nearer_than(&[f32::INFINITY; 32], f32::INFINITY), 0);
                assert_eq!(kernels.nearer_than(&[f32::NAN; 32], f32::INFINITY), 0);
                assert_eq!(kernels.nearer_than(&[-1.0; 32], f32::INFINITY), u32::MAX);
                for slot in 0..32 {
                    let product = multiply[slot] * (0.37 * expected[slot] as f32);
                    let one_by_one = (1.3 + add[slot]) + product;
                    assert_eq!(estimates[slot].to_bits(), one_by_one.to_bits(), "{what}");
                }
            }
        }
    });
}

#[test]
fn relative_codes_agree_with_f64_and_with_each_other() {
    for_all(|kernels, dimensions, offset, what| {
        let mut numbers = Numbers(17 + dimensions as u64);
        let random = [numbers.bytes(dimensions), numbers.bytes(dimensions)];
        let pairs = [
            (random[0].clone(), 0.013, random[1].clone(), 0.017),
            (random[0].clone(), 0.013, random[0].clone(), 0.013),
            (random[0].clone(), 0.5, random[1].clone(), 0.25),
            (vec![255; dimensions], 0.02, vec![1; dimensions], 0.02),
            (vec![1; dimensions], 0.02, vec![255; dimensions], 0.02),
            (vec![128; dimensions], 0.0, random[1].clone(), 0.1),
            (random[0].clone(), 0.1, vec![128; dimensions], 0.0),
        ];
        for (node, node_scale, neighbour, neighbour_scale) in pairs {
            let moved = (at_offset(&node, offset), at_offset(&neighbour, (offset + 7) % 32));
            let mut bits = vec![0xaa; offset + dimensions / 8];
            let residual = kernels.relative(
                (&moved.0[offset..], node_scale),
                (&moved.1[(offset + 7) % 32..], neighbour_scale),
                &mut bits[offset..],
            );
            let bits = &bits[offset..];
            let (mut square, mut magnitude, mut node_dot, mut node_magnitude) = (0.0, 0.0, 0.0, 0.0);
            for i in 0..dimensions {
                let [c, v] = [(node[i], node_scale), (neighbour[i], neighbour_scale)]
                    .map(|(byte, scale)| scale * component(byte) as f32);
                let bit = bits[i / 8] >> (i % 8) & 1 == 1;
                assert_eq!(bit, v > c, "{what}, component {i}");
                let (c, r) = (f64::from(c), f64::from(v) - f64::from(c));
                square += r * r;
                magnitude += r.abs();
                node_dot += if bit { c } else { -c };
                node_magnitude += c.abs();
            }
            // Each term is rounded a few times; each chain has `dimensions / 32` terms.
            let bound = |terms: f64| (dimensions as f64 / 32.0 + 10.0) * 2_f64.powi(-24) * terms;
            let off = |actual: f32, expected: f64| (f64::from(actual) - expected).abs();
            assert!(off(residual.square, square) <= bound(square), "{what}: {residual:?}, {square}");
            assert!(
                off(residual.magnitude, magnitude) <= bound(magnitude),
                "{what}: {residual:?}, {magnitude}"
            );
            assert!(
                off(residual.node_dot, node_dot) <= bound(node_magnitude),
                "{what}: {residual:?}, {node_dot}"
            );
            let mut by_scalar = vec![0; dimensions / 8];
            let scalar = CodeKernels::available()[0].relative(
                (&node, node_scale),
                (&neighbour, neighbour_scale),
                &mut by_scalar,
            );
            let to_bits = |r: Residual| [r.square, r.magnitude, r.node_dot].map(f32::to_bits);
            assert_eq!((to_bits(residual), bits), (to_bits(scalar), &by_scalar[..]), "{what}");
        }
    });
}

#[test]
fn codes_are_within_half_a_step_and_their_facts_exact() {
    for_all(|kernels, dimensions, offset, what| {
        let mut numbers = Numbers(19 + dimensions as u64);
        let values = numbers.components(dimensions + offset);
        let values = &values[offset..];
        let mut code = vec![0; dimensions + offset];
        let facts = kernels.encode(values, &mut code[offset..]);
        let largest = values.iter().fold(0.0, |largest: f32, value| largest.max(value.abs()));
        assert_eq!(facts.scale, largest / 127.0, "{what}");
        for (value, byte) in values.iter().zip(&code[offset..]) {
            let decoded = f64::from(facts.scale) * component(*byte) as f64;
            assert!((f64::from(*value) - decoded).abs() <= 0.5001 * f64::from(facts.scale), "{what}");
            assert_ne!(*byte, 0, "{what}");
        }
        let components = || code[offset..].iter().map(|byte| component(*byte));
        assert_eq!(i64::from(facts.sum), components().sum(), "{what}");
        let square = components().map(|c| c * c).sum::<i64>() as f64 * f64::from(facts.scale).powi(2);
        assert!((f64::from(facts.square) - square).abs() <= square * 1e-7, "{what}");
    });
}

#[test]
fn prepared_queries_match_the_definition() {
    for_all(|kernels, dimensions, offset, what| {
        let mut numbers = Numbers(23 + dimensions as u64);
        let values = numbers.components(dimensions + offset);
        let mut extreme = vec![-1.0; dimensions + offset];
        extreme.iter_mut().step_by(3).for_each(|value| *value = 1.0);
        for values in [&values[offset..], &extreme[offset..]] {
            let mut bytes = vec![0; dimensions + offset];
            let mut table = vec![0; 4 * dimensions + offset];
            let facts = kernels.prepare(values, &mut bytes[offset..], &mut table[offset..]);
            let largest = values.iter().fold(0.0, |largest: f32, value| largest.max(value.abs()));
            assert_eq!((facts.byte_scale, facts.table_scale), (largest / 63.0, largest / 31.0), "{what}");
            let quantised =
                |limit: f32| values.iter().map(move |v| (v * (limit / largest)).round_ties_even());
            assert!(bytes[offset..].iter().map(|b| f32::from(*b)).eq(quantised(63.0)), "{what}");
            assert_eq!(facts.byte_sum, bytes.iter().map(|b| i32::from(*b)).sum(), "{what}");
            let coarse: Vec<f32> = quantised(31.0).collect();
            for (place, entry) in table[offset..].iter().enumerate() {
                let group = &coarse[place / 16 * 4..][..4];
                let signed = |j: usize| if place >> j & 1 == 1 { group[j] } else { -group[j] };
                let expected = signed(0) + signed(1) + signed(2) + signed(3) + 124.0;
                assert_eq!(f32::from(*entry), expected, "{what}, entry {place}");
            }
            let square: f64 = values.iter().map(|v| f64::from(*v).powi(2)).sum();
            assert!((f64::from(facts.square) - square).abs() <= square * 1e-5, "{what}");
            let scalar =
                CodeKernels::available()[0].prepare(values, &mut bytes[offset..], &mut table[offset..]);
            assert_eq!(scalar, facts, "{what}");
        }
    });
}

#[test]
fn zero_tiny_and_non_finite_vectors_are_treated_as_zero() {
    for kernels in CodeKernels::available() {
        for value in [0.0, -0.0, 1e-40, -1e-37, f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            let mut values = vec![0.0; 64];
            (values[3], values[40]) = (value, value);
            let (mut code, mut bytes, mut table) = ([0; 64], [1; 64], [1; 256]);
            assert_eq!(kernels.encode(&values, &mut code), super::CodeFacts::default(), "{value}");
            assert_eq!(code, [128; 64], "{value}");
            let facts = kernels.prepare(&values, &mut bytes, &mut table);
            assert_eq!((facts.byte_scale, facts.table_scale, facts.byte_sum), (0.0, 0.0, 0), "{value}");
            assert_eq!((bytes, table), ([0; 64], [124; 256]), "{value}");
        }
        let mut code = [0; 64];
        let facts = kernels.encode(&[f32::MAX; 64], &mut code);
        assert_eq!((code, facts.sum), ([255; 64], 127 * 64));
    }
}

#[test]
fn facts_that_are_not_numbers_do_not_bring_a_slot_nearer() {
    let mut facts = BlockFacts::NONE;
    for (slot, multiply) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY].into_iter().enumerate() {
        facts.set(slot, 1.0, 2.0);
        facts.set(slot, -f32::NAN, multiply);
    }
    assert_eq!(facts, BlockFacts::NONE);
}

#[test]
fn facts_are_rounded_to_the_nearest_bfloat16() {
    let mut facts = BlockFacts::NONE;
    assert!(facts.add().all(|add| add == f32::INFINITY) && facts.multiply().all(|factor| factor == 0.0));
    let mut numbers = Numbers(77);
    for scale in [1e-30_f32, 1.0, 1e30] {
        for number in numbers.components(320) {
            facts.set(31, number * scale, -number * scale);
            let (add, multiply) = (facts.add().last().unwrap(), facts.multiply().last().unwrap());
            assert!(
                (add - number * scale).abs() <= (number * scale).abs() / 256.0,
                "{number} * {scale}: {add}"
            );
            assert_eq!(add, -multiply);
        }
    }
    // Ties to even; exact values are unchanged.
    for (number, rounded) in
        [(1.0 + 1.0 / 256.0, 1.0), (1.0 + 3.0 / 256.0, 1.015_625), (1.0, 1.0), (0.0, 0.0)]
    {
        facts.set(0, number, number);
        assert_eq!(facts.add().next(), Some(rounded));
    }
    facts.set(0, f32::INFINITY, f32::NEG_INFINITY);
    assert_eq!((facts.add().next(), facts.multiply().next()), (Some(f32::INFINITY), Some(0.0)));
}
