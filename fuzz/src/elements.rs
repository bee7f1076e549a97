//! Element types by definition: how a vector is stored, and which values its components have then.
#![allow(dead_code, reason = "each program that includes this uses some of it")]

use syna_mmap::ElementType;

/// The types, in the order of their numbers.
pub const ELEMENTS: [ElementType; 3] = [ElementType::F32, ElementType::F16, ElementType::I8];

/// The binary16 that is nearest to a finite value, ties to even.
fn half_of(value: f32) -> u16 {
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    let magnitude = f64::from(value.abs());
    // From 2^-14 on a half has 10 bits of fraction; below, it is a multiple of 2^-24.
    let exponent = magnitude.log2().floor().max(-14.0);
    let steps = (magnitude / (exponent - 10.0).exp2()).round_ties_even() as u16;
    // A carry into the exponent gives the next power of two.
    let above = if steps >= 1024 { (exponent + 14.0) as u16 * 1024 } else { 0 };
    sign | (above + steps)
}

fn value_of(half: u16) -> f32 {
    let sign = if half & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(half >> 10 & 31), f64::from(half & 1023));
    let magnitude = match exponent {
        0 => fraction * 2.0_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2.0_f64.powi(exponent - 25),
    };
    (sign * magnitude) as f32
}

/// The type of a stored vector of `dimensions` components, at least 64 of them, by its length.
pub fn element_of_length(dimensions: usize, length_bytes: usize) -> Option<ElementType> {
    ELEMENTS.into_iter().find(|&element| stored(element, &vec![0.0; dimensions]).len() == length_bytes)
}

/// The bytes that a store keeps of a vector. The longest component must be 0, or its 127th part a normal number.
pub fn stored(element: ElementType, vector: &[f32]) -> Vec<u8> {
    match element {
        ElementType::F32 => vector.iter().flat_map(|x| x.to_le_bytes()).collect(),
        ElementType::F16 => vector.iter().flat_map(|&x| half_of(x).to_le_bytes()).collect(),
        ElementType::I8 => {
            let longest = vector.iter().fold(0.0_f32, |longest, x| longest.max(x.abs()));
            let factor = if longest == 0.0 { 0.0 } else { 127.0 / longest };
            let integers = vector.iter().map(|&x| (x * factor).round_ties_even() as i8);
            let mut bytes: Vec<u8> = integers.map(|integer| integer.to_le_bytes()[0]).collect();
            bytes.resize(vector.len().next_multiple_of(4), 0);
            bytes.extend((longest / 127.0).to_le_bytes());
            bytes
        }
    }
}

/// The components of a stored vector.
pub fn components(element: ElementType, dimensions: usize, stored: &[u8]) -> Vec<f32> {
    match element {
        ElementType::F32 => stored.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
        ElementType::F16 => {
            stored.as_chunks().0.iter().map(|&bytes| value_of(u16::from_le_bytes(bytes))).collect()
        }
        ElementType::I8 => {
            let (integers, scale) = stored.split_at(stored.len() - 4);
            let scale = f32::from_le_bytes(scale.try_into().unwrap());
            integers[..dimensions].iter().map(|&byte| f32::from(i8::from_le_bytes([byte])) * scale).collect()
        }
    }
}
