//! A seeded rotation: random sign flips and fast Walsh-Hadamard transforms on overlapping blocks.

use crate::index::params::mix;
use crate::kernel::codes::{CodeKernels, block_of_round};

/// Rounds of flips and transforms. Two distribute the energy of one axis over all components; the others even it out.
const ROUNDS: usize = 4;

/// A rotation of vectors of one dimension. It is determined by the dimension and the seed.
///
/// Round `t` flips the sign of component `i` if the top bit of `mix(seed ^ mix(t * 2^32 + i))` is set (`mix` is
/// splitmix64). It transforms a power of two of components, alternately the first and the last ones, and after the last
/// ones mixes the two halves of the vector. Lengths and inner products are preserved up to rounding.
#[derive(Debug)]
pub struct Rotation {
    dimensions: usize,
    /// `ROUNDS` rows of `dimensions` factors: the sign, times the factor that makes the round's transform orthonormal.
    factors: Vec<f32>,
}

impl Rotation {
    /// Returns the rotation for a seed. It must never change: stored codes depend on it.
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

    /// Components of the output of [`Rotation::apply`]: the dimensions, rounded up to a multiple of 64.
    #[must_use]
    pub fn code_dimensions(&self) -> usize {
        self.dimensions.next_multiple_of(64)
    }

    /// Writes the rotated `input` to `out` (`code_dimensions` components), followed by zeros.
    ///
    /// Finite components below `f32::MAX / dimensions` stay finite.
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
