//! `ByteCode`: an 8-bit code with its facts, and distances between two of them.

use crate::kernel::codes::{CodeFacts, CodeKernels};
use crate::kernel::scalar::narrow;

/// A reference to an 8-bit code, with its facts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByteCode<'a> {
    /// Length: a multiple of 64.
    pub(crate) bytes: &'a [u8],
    /// The facts computed with the bytes.
    pub(crate) facts: CodeFacts,
}

impl<'a> ByteCode<'a> {
    /// Writes the code of `rotated` to `bytes`, which has as many components.
    pub(crate) fn encode(kernels: &CodeKernels, rotated: &[f32], bytes: &'a mut [u8]) -> Self {
        let facts = kernels.encode(rotated, bytes);
        Self { bytes, facts }
    }

    /// The squared distance between two decoded vectors. Symmetric bit for bit, never below 0, and 0 between equal
    /// codes.
    pub(crate) fn distance(&self, kernels: &CodeKernels, other: &Self) -> f32 {
        self.distance_of(kernels.dot_codes(self.bytes, other.bytes), other)
    }

    /// [`ByteCode::distance`] to each of four others, with the same bits.
    pub(crate) fn distances_4(&self, kernels: &CodeKernels, others: [Self; 4]) -> [f32; 4] {
        let dots = kernels.dot_codes_4(self.bytes, others.map(|other| other.bytes));
        let mut distances = [0.0; 4];
        for ((distance, dot), other) in distances.iter_mut().zip(dots).zip(&others) {
            *distance = self.distance_of(dot, other);
        }
        distances
    }

    fn distance_of(&self, dot: i32, other: &Self) -> f32 {
        // In f64 like the squares in the facts, so that equal codes have distance 0.
        let dot = narrow(f64::from(self.facts.scale) * f64::from(other.facts.scale) * f64::from(dot));
        (self.facts.square + other.facts.square - 2.0 * dot).max(0.0)
    }
}
