//! From vectors to codes: what is done to a vector before it is coded, and which vectors cannot be.

use super::codes::{QueryCode, Rotation};
use crate::DistanceMetric;
use crate::kernel::Kernels;
use crate::kernel::codes::CodeKernels;

/// Squared lengths between which f32 sums lose nothing that counts, with room for differences of two.
const SOUND_SQUARES: std::ops::RangeInclusive<f32> = 1e-30..=1e30;

/// Codes have at least so many components: shorter vectors are spread over more, since the error of a 1-bit code falls with
/// the root of their number.
const LEAST_COMPONENTS: usize = 256;

/// Of the rotation; part of what the codes in a file mean.
const ROTATION_SEED: u64 = 0x5379_6e61_6d6d_6170;

/// Turns vectors of one store into what codes are made of.
#[derive(Debug)]
pub(super) struct Encoder {
    pub(super) kernels: Kernels,
    pub(super) codes: CodeKernels,
    metric: DistanceMetric,
    rotation: Rotation,
}

/// A vector as the codes see it: scaled to length 1 for the cosine, then rotated. Kept from one to the next.
#[derive(Debug, Default)]
pub(super) struct Rotated {
    scaled: Vec<f32>,
    pub(super) components: Vec<f32>,
}

/// A query in both shapes that a search needs.
#[derive(Debug, Default)]
pub(super) struct CodedQuery {
    pub(super) rotated: Rotated,
    pub(super) code: QueryCode,
}

/// Components of the codes of vectors with so many: a multiple of 64.
pub(super) fn code_dimensions(dimensions: usize) -> usize {
    dimensions.max(LEAST_COMPONENTS).next_multiple_of(64)
}

/// Lines of a block of 32 relative codes: one for 16 components, none for what fills a code up.
pub(super) fn block_lines(dimensions: usize) -> usize {
    dimensions.max(LEAST_COMPONENTS).div_ceil(16)
}

impl Encoder {
    pub(super) fn new(dimensions: usize, metric: DistanceMetric, kernels: Kernels) -> Self {
        let rotation = Rotation::new(dimensions.max(LEAST_COMPONENTS), ROTATION_SEED);
        Self { kernels, codes: CodeKernels::detect(), metric, rotation }
    }

    /// Components of a code: a multiple of 64.
    pub(super) fn code_dimensions(&self) -> usize {
        self.rotation.code_dimensions()
    }

    /// Lines of a block of 32 relative codes.
    pub(super) fn block_lines(&self) -> usize {
        block_lines(self.rotation.dimensions())
    }

    /// Fills `into` from a vector. `false` where the vector has no code: without direction under the cosine, or so long
    /// or short that its square is not sound in f32.
    pub(super) fn rotate(&self, vector: &[f32], into: &mut Rotated) -> bool {
        let square = self.kernels.dot(vector, vector);
        let is_sound = SOUND_SQUARES.contains(&square) || (square == 0.0 && vector.iter().all(|&x| x == 0.0));
        if !is_sound || (self.metric == DistanceMetric::Cosine && square == 0.0) {
            return false;
        }
        into.components.resize(self.code_dimensions(), 0.0);
        let factor = if self.metric == DistanceMetric::Cosine { square.sqrt().recip() } else { 1.0 };
        into.scaled.clear();
        into.scaled.extend(vector.iter().map(|&x| x * factor));
        into.scaled.resize(vector.len().max(LEAST_COMPONENTS), 0.0);
        self.rotation.apply(&self.codes, &into.scaled, &mut into.components);
        true
    }

    /// Prepares a query; `false` as for [`Encoder::rotate`].
    pub(super) fn prepare(&self, vector: &[f32], into: &mut CodedQuery) -> bool {
        let has_code = self.rotate(vector, &mut into.rotated);
        if has_code {
            into.code.prepare(&self.codes, &into.rotated.components);
        }
        has_code
    }
}
