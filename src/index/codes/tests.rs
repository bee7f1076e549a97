//! Tests of the rotation, the layout of a block, and the accuracy of the estimates.

use super::byte_code::ByteCode;
use super::layout::CodeLayout;
use super::query::QueryCode;
use super::relative::{RelativeCode, SlotFacts, read_slot, set_slot_facts, write_slot};
use super::rotation::Rotation;
use crate::kernel::codes::{BlockFacts, CodeKernels};

/// Normally distributed components from a fixed sequence.
struct Normal(u64);

impl Normal {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(1);
        ((crate::index::params::mix(self.0) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn vector(&mut self, count: usize) -> Vec<f32> {
        let mut next = || {
            let (a, b) = (self.uniform(), self.uniform());
            (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
        };
        (0..count).map(|_| crate::kernel::scalar::narrow(next())).collect()
    }
}

fn square(vector: &[f32]) -> f64 {
    vector.iter().map(|x| f64::from(*x).powi(2)).sum()
}

fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
}

fn rotated(rotation: &Rotation, kernels: &CodeKernels, vector: &[f32]) -> Vec<f32> {
    let mut out = vec![f32::NAN; rotation.code_dimensions()];
    rotation.apply(kernels, vector, &mut out);
    out
}

fn dimension_counts() -> impl Iterator<Item = usize> {
    (0..=130).chain([255, 256, 257, 300, 384, 511, 768, 784, 960, 1000, 1023, 1024, 1025, 1536, 8191, 8193])
}

#[test]
fn rotations_preserve_distances_with_the_same_bits_on_every_isa() {
    for dimensions in dimension_counts() {
        let rotation = Rotation::new(dimensions, 5);
        let mut normal = Normal(dimensions as u64);
        let (a, b) = (normal.vector(dimensions), normal.vector(dimensions));
        let scalar = CodeKernels::available()[0];
        for kernels in CodeKernels::available() {
            let turned = [&a, &b].map(|vector| rotated(&rotation, &kernels, vector));
            assert_eq!(turned[0].len(), dimensions.div_ceil(64) * 64);
            assert!(turned[0][dimensions..].iter().all(|x| *x == 0.0));
            let (before, after) = (squared_distance(&a, &b), squared_distance(&turned[0], &turned[1]));
            assert!((before - after).abs() <= 1e-5 * before, "{dimensions}: {before} {after}");
            let expected = rotated(&rotation, &scalar, &a);
            assert!(turned[0].iter().zip(&expected).all(|(x, y)| x.to_bits() == y.to_bits()), "{dimensions}");
        }
    }
}

#[test]
fn rotations_distribute_one_axis_over_all_components() {
    let kernels = CodeKernels::detect();
    for dimensions in dimension_counts().filter(|dimensions| *dimensions >= 64) {
        let rotation = Rotation::new(dimensions, 5);
        for axis in (0..dimensions).step_by(dimensions / 61) {
            let mut vector = vec![0.0; dimensions];
            vector[axis] = 1.0;
            let turned = rotated(&rotation, &kernels, &vector);
            let largest = turned.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
            let root = (dimensions as f32).sqrt();
            assert!(largest < 7.5 / root, "{dimensions}, axis {axis}: {}", largest * root);
            // Both halves get a share.
            let half = square(&turned[..dimensions / 2]);
            assert!((0.2..0.8).contains(&half), "{dimensions}, axis {axis}: {half} in the first half");
        }
    }
}

#[test]
fn rotations_of_a_seed_never_change() {
    let kernels = CodeKernels::detect();
    let vector: Vec<f32> = (0..100_u8).map(f32::from).collect();
    let first = rotated(&Rotation::new(100, 1), &kernels, &vector);
    assert_ne!(first, rotated(&Rotation::new(100, 2), &kernels, &vector));
    // A constant: stored codes depend on it.
    let hash = first.iter().fold(0, |hash, x| crate::index::params::mix(hash ^ u64::from(x.to_bits())));
    assert_eq!(hash, 0x8537_8e78_0e77_8449, "{hash:#x}");
}

#[test]
fn slots_are_read_back_unchanged() {
    for code_dimensions in [64, 128, 768, 8256] {
        let bits_of = |slot: usize, round: usize| -> Vec<u8> {
            let byte =
                |i: usize| crate::index::params::mix((i * 64 + slot * 2 + round) as u64).to_le_bytes()[0];
            (0..code_dimensions / 8).map(byte).collect()
        };
        let mut block = vec![0x5a; 4 * code_dimensions];
        for round in 0..2 {
            for slot in 0..32 {
                write_slot(&mut block, slot, &bits_of(slot, round));
            }
            for slot in 0..32 {
                let mut bits = vec![0; code_dimensions / 8];
                read_slot(&block, slot, &mut bits);
                assert_eq!(bits, bits_of(slot, round));
            }
        }
        // Component 5 of slot 19 is in group 1, byte 3, second bit of the high nibble.
        let bit = bits_of(19, 1)[0] >> 5 & 1;
        assert_eq!(block[16 + 3] >> 5 & 1, bit);
    }
}

/// Mean and standard deviation.
fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
    (mean, variance.sqrt())
}

/// The errors of estimates by block and by 8-bit code, relative to their scale: `|q - c| |r|`, and the product of the
/// lengths of the vectors.
fn errors(kernels: &CodeKernels, layout: CodeLayout) -> (Vec<f64>, Vec<f64>) {
    let dimensions = layout.rotated;
    let rotation = Rotation::new(dimensions, 3);
    let mut normal = Normal(99);
    let width = rotation.code_dimensions();
    let (mut by_block, mut by_byte) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        // Query and neighbours share a direction, so that a wrong factor shows in the mean.
        let node = normal.vector(dimensions);
        let sum_of = |a: f32, x: &[f32], b: f32, y: &[f32]| -> Vec<f32> {
            x.iter().zip(y).map(|(x, y)| a * x + b * y).collect()
        };
        let query = sum_of(0.6, &node, 0.8, &normal.vector(dimensions));
        let exact = |v: &[f32]| squared_distance(&query, v);
        let mut prepared = QueryCode::default();
        prepared.prepare(kernels, layout, &rotated(&rotation, kernels, &query));
        let mut node_bytes = vec![0; width];
        let node_code = ByteCode::encode(kernels, &rotated(&rotation, kernels, &node), &mut node_bytes);
        let base = prepared.distance(kernels, &node_code);
        by_byte.push((f64::from(base) - exact(&node)) / (square(&query) * square(&node)).sqrt());
        let mut block = vec![0; 64 * layout.block_lines()];
        let mut facts = BlockFacts::NONE;
        let towards = sum_of(0.4, &query, 0.6, &node);
        let neighbours: Vec<Vec<f32>> =
            (0..32).map(|_| sum_of(1.0, &towards, 0.7, &normal.vector(dimensions))).collect();
        for (slot, neighbour) in neighbours.iter().enumerate() {
            let mut bytes = vec![0; width];
            let code = ByteCode::encode(kernels, &rotated(&rotation, kernels, neighbour), &mut bytes);
            let mut bits = vec![0; (width / 8).max(2 * layout.block_lines())];
            let relative = RelativeCode::encode(kernels, layout, &node_code, &code, &mut bits);
            write_slot(&mut block, slot, &bits[..2 * layout.block_lines()]);
            set_slot_facts(&mut facts, slot, relative.slot_facts());
        }
        let mut estimates = [0.0; 32];
        prepared.estimate(kernels, &block, &facts, base, &[], &mut estimates);
        for (estimate, neighbour) in estimates.iter().zip(&neighbours) {
            let lever = 2.0 * squared_distance(&query, &node).sqrt();
            let error = f64::from(*estimate) - exact(neighbour);
            by_block.push(error / (lever * squared_distance(&node, neighbour).sqrt()));
        }
    }
    (by_block, by_byte)
}

#[test]
fn estimates_are_unbiased_with_the_theoretical_deviation() {
    for dimensions in [128, 768, 784] {
        {
            let all: Vec<_> = CodeKernels::available()
                .iter()
                .map(|kernels| errors(kernels, CodeLayout { rotated: dimensions, planes: 1 }))
                .collect();
            assert!(all.iter().all(|errors| *errors == all[0]), "all instruction sets agree");
            let (by_block, by_byte) = &all[0];
            // A sign keeps sqrt(2 / pi) of a normal component. The loss is sqrt(pi / 2 - 1) = 0.756 of the length; its
            // projection on the part of the query orthogonal to the neighbour is smaller by 1 / sqrt(dimensions).
            let promised = 0.756 / (dimensions as f64).sqrt();
            let (mean, deviation) = moments(by_block);
            assert!(mean.abs() < 0.1 * promised, "{dimensions}: mean {}", mean / promised);
            assert!((0.8..1.1).contains(&(deviation / promised)), "{dimensions}: {}", deviation / promised);
            let (mean, deviation) = moments(by_byte);
            assert!(mean.abs() < 1e-3 && deviation < 4e-3, "{dimensions}: {mean} {deviation}");
        }
    }
}

#[test]
fn codes_of_several_bits_have_smaller_errors() {
    // The deviation times the square root of the dimensions. The codes of 5 and 6 bits are limited by the query's.
    let expected = [
        (128, 1, 0.67),
        (128, 2, 0.33),
        (80, 3, 0.194),
        (64, 4, 0.116),
        (48, 5, 0.084),
        (27, 6, 0.072),
        (8, 6, 0.045),
    ];
    for (dimensions, planes, expected) in expected {
        let layout = CodeLayout { rotated: dimensions, planes };
        let all: Vec<_> = CodeKernels::available().iter().map(|kernels| errors(kernels, layout)).collect();
        assert!(all.iter().all(|errors| *errors == all[0]), "all instruction sets agree");
        let (mean, deviation) = moments(&all[0].0);
        let deviation = deviation * (dimensions as f64).sqrt();
        assert!((0.9 * expected..1.1 * expected).contains(&deviation), "{dimensions} {planes}: {deviation}");
        assert!(
            mean.abs() * (dimensions as f64).sqrt() < 0.15 * deviation,
            "{dimensions} {planes}: mean {mean}"
        );
    }
}

#[test]
fn a_neighbour_equal_to_its_node_has_zero_residual() {
    for kernels in CodeKernels::available() {
        let mut bytes = [0; 128];
        let code = ByteCode::encode(&kernels, &Normal(1).vector(128), &mut bytes);
        let mut bits = [0xff; 16];
        let relative =
            RelativeCode::encode(&kernels, CodeLayout { rotated: 128, planes: 1 }, &code, &code, &mut bits);
        assert_eq!(bits, [0; 16]);
        assert_eq!(relative.slot_facts(), SlotFacts { add: 0.0, multiply: 0.0 });
        assert_eq!(code.distance(&kernels, &code), 0.0);
    }
}

#[test]
fn distances_of_codes_are_those_of_the_decoded_vectors() {
    for kernels in CodeKernels::available() {
        let mut normal = Normal(8);
        let vectors = [(); 5].map(|()| normal.vector(768));
        let mut bytes = vec![[0; 768]; 5];
        let codes: Vec<ByteCode> = vectors
            .iter()
            .zip(&mut bytes)
            .map(|(vector, bytes)| ByteCode::encode(&kernels, vector, bytes))
            .collect();
        let decode = |code: &ByteCode| -> Vec<f32> {
            code.bytes.iter().map(|byte| code.facts.scale * (f32::from(*byte) - 128.0)).collect()
        };
        let others = [codes[1], codes[2], codes[3], codes[4]];
        let four = codes[0].distances_4(&kernels, others);
        for (distance, other) in four.iter().zip(&others) {
            assert_eq!(distance.to_bits(), codes[0].distance(&kernels, other).to_bits());
            assert_eq!(distance.to_bits(), other.distance(&kernels, &codes[0]).to_bits());
            let (a, b) = (decode(&codes[0]), decode(other));
            let expected = squared_distance(&a, &b);
            assert!((f64::from(*distance) - expected).abs() < 1e-6 * 4.0 * 768.0, "{distance} {expected}");
        }
    }
}

#[test]
fn a_query_allocates_once() {
    let kernels = CodeKernels::detect();
    let mut query = QueryCode::default();
    query.prepare(&kernels, CodeLayout::new(768), &Normal(1).vector(768));
    let before = (query.memory(), *query.facts());
    query.prepare(&kernels, CodeLayout::new(768), &Normal(2).vector(768));
    assert_eq!(query.memory(), before.0);
    query.prepare(&kernels, CodeLayout::new(768), &Normal(1).vector(768));
    assert_eq!((query.memory(), *query.facts()), before);
}
