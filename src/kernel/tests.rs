//! Compares every instruction set of this machine with sums in f64 that share no code with it.

use super::elements::ElementKernels;
use super::rows::{Bytes, FourRows, Halves, StoredRow};
use super::{Isa, Kernels};

/// The number of different offsets of a slice in its allocation, in components: 0..=3 give every alignment of f32
/// within 16 bytes.
const OFFSETS: usize = 4;

fn lengths() -> impl Iterator<Item = usize> {
    (0..=130).chain([255, 257, 384, 768, 784, 1000, 4096, 8191, 8192])
}

/// Pseudo-random components in -1..1, from a fixed sequence.
fn components(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f64::from(state) / f64::from(u32::MAX) * 2.0 - 1.0
    };
    (0..count).map(|_| super::scalar::narrow(next())).collect()
}

/// The sum of `term` over both vectors, and the sum of its magnitudes, in f64 and in order.
fn reference(a: &[f32], b: &[f32], term: fn(f64, f64) -> f64) -> (f64, f64) {
    a.iter()
        .zip(b)
        .map(|(&x, &y)| term(f64::from(x), f64::from(y)))
        .fold((0.0, 0.0), |(sum, magnitudes), t| (sum + t, magnitudes + t.abs()))
}

fn squared_difference(x: f64, y: f64) -> f64 {
    (x - y) * (x - y)
}

fn product(x: f64, y: f64) -> f64 {
    x * y
}

/// The bound that `mod.rs` states.
fn assert_within_bound(actual: f32, (sum, magnitudes): (f64, f64), length: usize, what: &str) {
    let bound = (length as f64 / 16.0 + 16.0) * 2_f64.powi(-24) * magnitudes;
    let off = (f64::from(actual) - sum).abs();
    assert!(off <= bound, "{what}: {actual} is not {sum}, off by {off:e}, bound {bound:e}");
}

/// Calls `check` with every instruction set, a query and four rows of every length at every offset.
fn for_all(check: impl Fn(Kernels, &[f32], [&[f32]; 4], &str)) {
    for length in lengths() {
        let pool: Vec<Vec<f32>> = (1..=5).map(|seed| components(length + OFFSETS, seed)).collect();
        for offset in 0..OFFSETS {
            // The rows have other offsets than the query, so most loads are unaligned.
            let slice = |i: usize| {
                let from = (offset + i) % OFFSETS;
                &pool[i][from..from + length]
            };
            for kernels in Kernels::available() {
                let what = format!("{}, length {length}, offset {offset}", kernels.isa().name());
                check(kernels, slice(0), [slice(1), slice(2), slice(3), slice(4)], &what);
            }
        }
    }
}

#[test]
fn detect_selects_the_fastest_kernels() {
    let available = Kernels::available();
    assert_eq!(available[0].isa(), Isa::Scalar);
    assert_eq!(Kernels::detect().isa(), available[available.len() - 1].isa());
    #[cfg(target_arch = "x86_64")]
    {
        let has = |isa| available.iter().any(|kernels| kernels.isa() == isa);
        assert_eq!(has(Isa::Avx512), is_x86_feature_detected!("avx512f"));
        assert_eq!(has(Isa::Avx2), is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"));
    }
    #[cfg(target_arch = "aarch64")]
    assert_eq!(Kernels::detect().isa(), Isa::Neon);
}

#[test]
fn sums_agree_with_f64_at_every_length_and_offset() {
    for_all(|kernels, a, [b, ..], what| {
        let length = a.len();
        let squares = reference(a, b, squared_difference);
        assert_within_bound(kernels.squared_euclidean(a, b), squares, length, what);
        assert_within_bound(kernels.dot(a, b), reference(a, b, product), length, what);
        let (dot, square) = kernels.dot_and_square(a, b);
        assert_within_bound(dot, reference(a, b, product), length, what);
        assert_within_bound(square, reference(b, b, product), length, what);
    });
}

#[test]
fn four_rows_give_the_same_bits_as_single_rows() {
    for_all(|kernels, a, rows, what| {
        let squares = kernels.squared_euclidean_4(a, rows).map(f32::to_bits);
        assert_eq!(squares, rows.map(|row| kernels.squared_euclidean(a, row).to_bits()), "{what}");
        assert_eq!(squares, kernels.squared_euclidean_streams(a, rows).map(f32::to_bits), "{what}");
        let dots = kernels.dot_4(a, rows).map(f32::to_bits);
        assert_eq!(dots, rows.map(|row| kernels.dot(a, row).to_bits()), "{what}");
        assert_eq!(dots, kernels.dot_streams(a, rows).map(f32::to_bits), "{what}");
        let bits = |(dot, square): (f32, f32)| (dot.to_bits(), square.to_bits());
        let sums = kernels.dot_and_square_4(a, rows).map(bits);
        assert_eq!(sums, rows.map(|row| bits(kernels.dot_and_square(a, row))), "{what}");
    });
}

#[test]
fn a_tile_gives_the_same_bits_as_single_pairs() {
    for_all(|kernels, a, rows, what| {
        // The queries have another order than the rows, so that a confusion is detected.
        let queries = [a, rows[2], rows[0], rows[1]];
        let bits = |tile: [[f32; 4]; 4]| tile.map(|of_query| of_query.map(f32::to_bits));
        assert_eq!(
            bits(kernels.squared_euclidean_tile(queries, rows)),
            bits(queries.map(|query| rows.map(|row| kernels.squared_euclidean(query, row)))),
            "{what}"
        );
        assert_eq!(
            bits(kernels.dot_tile(queries, rows)),
            bits(queries.map(|query| rows.map(|row| kernels.dot(query, row)))),
            "{what}"
        );
    });
}

#[test]
fn sums_are_symmetric_bit_for_bit() {
    for_all(|kernels, a, [b, ..], what| {
        let squares = [kernels.squared_euclidean(a, b), kernels.squared_euclidean(b, a)];
        assert_eq!(squares[0].to_bits(), squares[1].to_bits(), "{what}");
        let dots = [kernels.dot(a, b), kernels.dot(b, a)];
        assert_eq!(dots[0].to_bits(), dots[1].to_bits(), "{what}");
        let (dot, square) = kernels.dot_and_square(a, b);
        assert_eq!(dot.to_bits(), dots[0].to_bits(), "{what}");
        assert_eq!(square.to_bits(), kernels.dot(b, b).to_bits(), "{what}");
        assert_eq!(kernels.squared_euclidean(a, a).to_bits(), 0, "{what}");
    });
}

#[test]
fn a_non_finite_component_is_found_at_every_index() {
    for_all(|kernels, a, _, what| {
        assert_eq!(kernels.first_non_finite(a), None, "{what}");
        let mut spoiled = a.to_vec();
        let places = a.len().min(140);
        for place in (0..places).chain(a.len().saturating_sub(70).max(places)..a.len()) {
            for value in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                spoiled[place] = value;
                assert_eq!(kernels.first_non_finite(&spoiled), Some(place), "{what}");
            }
            spoiled[place] = a[place];
        }
        if let [.., first, _, _, last] = &mut spoiled[..] {
            (*first, *last) = (f32::INFINITY, f32::NEG_INFINITY);
            assert_eq!(kernels.first_non_finite(&spoiled), Some(a.len() - 4), "{what}");
        }
    });
}

#[test]
fn the_largest_and_smallest_components_are_finite() {
    for kernels in Kernels::available() {
        let extremes = [f32::MAX, f32::MIN, f32::from_bits(1), -f32::from_bits(1), f32::MIN_POSITIVE, -0.0];
        let row = extremes.repeat(50);
        assert_eq!(kernels.first_non_finite(&row), None, "{}", kernels.isa().name());
    }
}

#[test]
fn nothing_outside_a_slice_is_summed() {
    // NaN on both sides of every slice: if one lane too many is read, the sum is NaN.
    for length in lengths() {
        for offset in 1..=OFFSETS {
            let fenced = |seed| {
                let mut fenced = vec![f32::NAN; offset];
                fenced.extend(components(length, seed));
                fenced.extend([f32::NAN; 32]);
                fenced
            };
            let (a, b) = (fenced(1), fenced(2));
            let (a, b) = (&a[offset..offset + length], &b[offset..offset + length]);
            for kernels in Kernels::available() {
                let (dot, square) = kernels.dot_and_square(a, b);
                let sums = [kernels.squared_euclidean(a, b), kernels.dot(a, b), dot, square];
                let tiles =
                    [kernels.squared_euclidean_tile([a; 4], [b; 4]), kernels.dot_tile([a; 4], [b; 4])];
                let what = format!("{}, length {length}: {sums:?}, {tiles:?}", kernels.isa().name());
                assert!(tiles.as_flattened().as_flattened().iter().all(|sum| sum.is_finite()), "{what}");
                assert!(sums.iter().all(|sum| sum.is_finite()), "{what}");
                assert_eq!(kernels.first_non_finite(a), None, "{what}");
            }
        }
    }
}

/// Halves and bytes of a length, and their values in f32.
fn stored(length: usize, seed: u32) -> (Vec<u16>, Vec<i8>, f32, [Vec<f32>; 2]) {
    let kernels = ElementKernels::detect();
    let given = components(length, seed);
    let (mut halves, mut bytes) = (vec![0; length], vec![0; length]);
    let mut values = [vec![0.0; length], vec![0.0; length]];
    kernels.narrow_half(&given, &mut halves);
    let scale = kernels.narrow_byte(&given, &mut bytes);
    kernels.widen_half(&halves, &mut values[0]);
    kernels.widen_byte(&bytes, scale, &mut values[1]);
    (halves, bytes, scale, values)
}

#[test]
fn sums_over_stored_rows_have_the_bits_of_their_values() {
    for length in lengths() {
        let query = components(length, 9);
        let rows: Vec<_> = (1..=4).map(|seed| stored(length, seed)).collect();
        for kernels in Kernels::available() {
            let what = format!("{}, length {length}", kernels.isa().name());
            let bits = |(dot, square): (f32, f32)| [dot.to_bits(), square.to_bits()];
            let halves = [0, 1, 2, 3].map(|row: usize| Halves(&rows[row].0));
            let bytes = [0, 1, 2, 3].map(|row: usize| Bytes { integers: &rows[row].1, scale: rows[row].2 });
            for (kind, of) in [(0, halves.map(StoredRow::Halves)), (1, bytes.map(StoredRow::Bytes))] {
                let values = [0, 1, 2, 3].map(|row: usize| rows[row].3[kind].as_slice());
                for (row, values) in of.into_iter().zip(values) {
                    let found = kernels.squared_euclidean_to(&query, row);
                    let sums = kernels.dot_and_square_to(&query, row);
                    let dot = kernels.dot_to(&query, row);
                    if kernels.isa() == Isa::Scalar {
                        let squares = reference(&query, values, squared_difference);
                        assert_within_bound(found, squares, length, &what);
                        assert_within_bound(dot, reference(&query, values, product), length, &what);
                        assert_within_bound(sums.1, reference(values, values, product), length, &what);
                        assert_eq!(sums.0.to_bits(), dot.to_bits(), "{what}");
                        continue;
                    }
                    assert_eq!(
                        found.to_bits(),
                        kernels.squared_euclidean(&query, values).to_bits(),
                        "{what}"
                    );
                    assert_eq!(dot.to_bits(), kernels.dot(&query, values).to_bits(), "{what}");
                    assert_eq!(bits(sums), bits(kernels.dot_and_square(&query, values)), "{what}");
                }
                let rows = FourRows::of(of).expect("rows of one type");
                let four = (
                    kernels.squared_euclidean_to_4(&query, &rows),
                    kernels.dot_to_4(&query, &rows),
                    kernels.dot_and_square_to_4(&query, &rows),
                );
                assert_eq!(four.0, of.map(|row| kernels.squared_euclidean_to(&query, row)), "{what}");
                assert_eq!(four.1, of.map(|row| kernels.dot_to(&query, row)), "{what}");
                assert_eq!(four.2, of.map(|row| kernels.dot_and_square_to(&query, row)), "{what}");
            }
        }
    }
}
