//! A seeded rotation: random sign flips and fast Walsh-Hadamard transforms on overlapping blocks.

use crate::index::params::mix;
use crate::kernel::codes::{CodeKernels, block_of_round};

/// Rounds of flips and transforms. In two, energy on one axis reaches every component; the others even it out.
const ROUNDS: usize = 4;

/// A rotation of vectors of one number of dimensions; it follows from that number and the seed alone.
///
/// Round `t` flips the sign of component `i` where the top bit of `mix(seed ^ mix(t * 2^32 + i))` is set (`mix` is
/// splitmix64), transforms a power of two of components, the first ones and the last ones by turns, and
/// after the last ones mixes the two halves of the vector. Rounding aside it keeps lengths and inner products.
#[derive(Debug)]
pub struct Rotation {
    dimensions: usize,
    /// `ROUNDS` rows of `dimensions` factors: the sign, times what makes the round's transform orthonormal.
    factors: Vec<f32>,
}

impl Rotation {
    /// The rotation of this seed; it must never change, since stored codes rest on it.
    #[must_use]
    pub fn new(dimensions: usize, seed: u64) -> Self {
        let mut factors = Vec::with_capacity(ROUNDS * dimensions);
        for round in 0..ROUNDS {
            let block = block_of_round(dimensions, round);
            let scale = crate::kernel::scalar::narrow(1.0 / (block.len() as f64).sqrt());
            for i in 0..dimensions {
                let magnitude = if block.contains(&i) { scale } else { 1.0 };
                let is_flipped = mix(seed ^ mix((round as u64) << 32 | i as u64)) >> 63 == 1;
                factors.push(if is_flipped { -magnitude } else { magnitude });
            }
        }
        Self { dimensions, factors }
    }

    /// Components of what is rotated.
    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Components of what [`Rotation::apply`] writes: the dimensions, rounded up to a multiple of 64.
    #[must_use]
    pub fn code_dimensions(&self) -> usize {
        self.dimensions.next_multiple_of(64)
    }

    /// Writes the rotated `input` to `out` (`code_dimensions` components), with zeros behind its `dimensions`.
    ///
    /// Finite components under `f32::MAX / dimensions` stay finite.
    pub fn apply(&self, kernels: &CodeKernels, input: &[f32], out: &mut [f32]) {
        debug_assert_eq!((input.len(), out.len()), (self.dimensions, self.code_dimensions()));
        let (rotated, padding) = out.split_at_mut(self.dimensions.min(out.len()));
        for (rotated, input) in rotated.iter_mut().zip(input) {
            *rotated = *input;
        }
        kernels.rotate(rotated, &self.factors);
        padding.fill(0.0);
    }
}
