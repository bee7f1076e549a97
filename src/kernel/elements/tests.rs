//! All instruction sets against exact values, and against each other.

use super::ElementKernels;
use crate::kernel::scalar::narrow;

/// The value of a finite half, from its definition.
fn value_of(half: u16) -> f64 {
    let (exponent, fraction) = (i32::from(half >> 10 & 31), f64::from(half & 0x3FF));
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if half & 0x8000 == 0 { magnitude } else { -magnitude }
}

fn finite_halves() -> Vec<u16> {
    (0..=u16::MAX).filter(|half| half & 0x7C00 != 0x7C00).collect()
}

#[test]
fn every_finite_half_is_widened_exactly_and_narrowed_back() {
    let halves = finite_halves();
    for kernels in ElementKernels::available() {
        let mut values = vec![0.0; halves.len()];
        kernels.widen_half(&halves, &mut values);
        for (&half, &value) in halves.iter().zip(&values) {
            assert_eq!(f64::from(value), value_of(half), "{half:#x} with {}", kernels.isa().name());
            assert_eq!(value.is_sign_negative(), half & 0x8000 != 0);
        }
        let mut back = vec![0; halves.len()];
        kernels.narrow_half(&values, &mut back);
        assert_eq!(back, halves, "{}", kernels.isa().name());
    }
}

#[test]
fn values_are_rounded_to_the_nearest_half_ties_to_even() {
    let halves = finite_halves();
    let positive = &halves[..halves.len() / 2];
    let mut values = Vec::new();
    for pair in positive.windows(2) {
        let [low, high] = [pair[0], pair[1]].map(value_of);
        let middle = narrow((low + high) / 2.0);
        assert_eq!(f64::from(middle), (low + high) / 2.0, "a middle is an f32");
        let even = if pair[0] & 1 == 0 { pair[0] } else { pair[1] };
        let (below, above) = (f32::from_bits(middle.to_bits() - 1), f32::from_bits(middle.to_bits() + 1));
        values.extend([(below, pair[0]), (middle, even), (above, pair[1])]);
    }
    values.extend([(65_519.996, 0x7BFF), (65_520.0, 0x7C00), (f32::MAX, 0x7C00), (1e-30, 0), (0.0, 0)]);
    for kernels in ElementKernels::available() {
        let given: Vec<f32> = values.iter().flat_map(|&(value, _)| [value, -value]).collect();
        let mut found = vec![0; given.len()];
        kernels.narrow_half(&given, &mut found);
        for ((&(value, half), found), name) in
            values.iter().zip(found.as_chunks::<2>().0).zip(std::iter::repeat(kernels.isa().name()))
        {
            assert_eq!(*found, [half, half | 0x8000], "{value:e} with {name}");
        }
    }
}

/// splitmix64.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

/// A vector of random components of one magnitude.
fn vector(length: usize, magnitude: f32, seed: u64) -> Vec<f32> {
    let component = |at: u64| (mix(seed * 1000 + at) >> 40) as f32 / 8_388_608.0 - 1.0;
    (0..length as u64).map(|at| component(at) * magnitude).collect()
}

#[test]
fn bytes_are_within_half_a_step_for_all_magnitudes() {
    let magnitudes = [1.0, 1e-30, 1e-38, 1e-41, 1e30, f32::MAX];
    for kernels in ElementKernels::available() {
        for (seed, length) in (1..140).enumerate() {
            for magnitude in magnitudes {
                let given = vector(length, magnitude, seed as u64);
                let (mut bytes, mut values) = (vec![0; length], vec![0.0; length]);
                let scale = kernels.narrow_byte(&given, &mut bytes);
                kernels.widen_byte(&bytes, scale, &mut values);
                let max = given.iter().fold(0.0_f32, |max, value| max.max(value.abs()));
                assert!(bytes.iter().all(|&byte| byte != i8::MIN));
                let step = f64::from(max) / 127.0;
                // Half a step, and the rounding of the scale.
                let most = step * 0.500_01 + 127.0 * f64::from(f32::from_bits(1)) + f64::from(max) * 1e-6;
                for (given, value) in given.iter().zip(&values) {
                    let error = (f64::from(*given) - f64::from(*value)).abs();
                    assert!(value.is_finite() && error <= most, "{given:e} became {value:e}, {length}");
                }
                let mut reference = vec![0; length];
                let other = super::scalar::KERNELS.narrow_byte(&given, &mut reference);
                assert_eq!((other.to_bits(), &reference), (scale.to_bits(), &bytes));
            }
        }
    }
}

#[test]
fn bytes_round_ties_to_even_and_zeros_have_no_scale() {
    for kernels in ElementKernels::available() {
        let given: Vec<f32> = [127.0, 0.5, 1.5, 2.5, -0.5, -1.5, 126.5, -127.0].repeat(5);
        let mut bytes = vec![0; given.len()];
        assert_eq!(kernels.narrow_byte(&given, &mut bytes), 1.0);
        assert_eq!(bytes, [127, 0, 2, 2, 0, -2, 126, -127].repeat(5));
        assert_eq!(kernels.narrow_byte(&[0.0, -0.0, 0.0], &mut bytes[..3]), 0.0);
        assert_eq!(bytes[..3], [0; 3]);
    }
}
