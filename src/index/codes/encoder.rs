//! From vectors to codes: what is done to a vector before it is coded, and which vectors cannot be.

use super::key::SortKey;
use super::query::QueryCode;
use super::rotation::Rotation;
use super::transform::Transform;
use crate::DistanceMetric;
use crate::distance::PreparedQuery;
use crate::kernel::Kernels;
use crate::kernel::codes::CodeKernels;
use crate::kernel::scalar;
use crate::sync::OnceLock;

/// Codes have at least so many components: shorter vectors are spread over more, since the error of a 1-bit code falls with
/// the root of their number.
const LEAST_COMPONENTS: usize = 256;

/// Of the rotation; part of what the codes in a file mean.
const ROTATION_SEED: u64 = 0x5379_6e61_6d6d_6170;

/// Turns vectors of one store into what codes are made of.
#[derive(Debug)]
pub(crate) struct Encoder {
    pub(crate) kernels: Kernels,
    pub(crate) codes: CodeKernels,
    metric: DistanceMetric,
    rotation: Rotation,
    /// Set before the first code is made.
    transform: OnceLock<Transform>,
    /// The transform until then.
    identity: Transform,
}

/// A vector as the codes see it: transformed, then rotated. Kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Rotated {
    transformed: Vec<f32>,
    pub(crate) components: Vec<f32>,
}

/// A query in both shapes that a search needs.
#[derive(Debug, Default)]
pub(crate) struct CodedQuery {
    pub(crate) rotated: Rotated,
    pub(crate) code: QueryCode,
    /// For inner products: what distances are multiplied by to give what a walk sorts by.
    factor: f32,
}

/// Components of the codes of vectors with so many: a multiple of 64.
pub(crate) fn code_dimensions(dimensions: usize) -> usize {
    dimensions.max(LEAST_COMPONENTS).next_multiple_of(64)
}

/// Lines of a block of 32 relative codes: one for 16 components, none for what fills a code up.
pub(crate) fn block_lines(dimensions: usize) -> usize {
    dimensions.max(LEAST_COMPONENTS).div_ceil(16)
}

impl Encoder {
    pub(crate) fn new(dimensions: usize, metric: DistanceMetric, kernels: Kernels) -> Self {
        let rotation = Rotation::new(dimensions.max(LEAST_COMPONENTS), ROTATION_SEED);
        let (transform, identity) = (OnceLock::default(), Transform::default());
        Self { kernels, codes: CodeKernels::detect(), metric, rotation, transform, identity }
    }

    /// Components of a code: a multiple of 64.
    pub(crate) fn code_dimensions(&self) -> usize {
        self.rotation.code_dimensions()
    }

    /// Lines of a block of 32 relative codes.
    pub(crate) fn block_lines(&self) -> usize {
        block_lines(self.rotation.dimensions())
    }

    /// Whether the metric is the inner product.
    pub(crate) fn is_product(&self) -> bool {
        self.metric == DistanceMetric::DotProduct
    }

    /// Learns the transform, unless that was done.
    pub(crate) fn learn<'r>(&self, sample: impl Iterator<Item = &'r [f32]> + Clone) {
        self.transform.get_or_init(|| Transform::learn(self.metric, sample));
    }

    /// Takes a transform over that was learned before.
    pub(crate) fn set_transform(&self, transform: Transform) {
        self.transform.get_or_init(|| transform);
    }

    /// The transform; that of a graph without rows changes nothing.
    pub(crate) fn transform(&self) -> &Transform {
        self.transform.get().unwrap_or(&self.identity)
    }

    /// Whether the transform was learned.
    pub(crate) fn has_transform(&self) -> bool {
        self.transform.get().is_some()
    }

    /// Fills `into` from a row. `false` where it has no code: without direction under the cosine.
    pub(crate) fn rotate(&self, row: &[f32], into: &mut Rotated) -> bool {
        let has_code = self.transform().apply(self.metric, self.kernels, row, &mut into.transformed);
        if has_code {
            self.finish(row.len(), into);
        }
        has_code
    }

    fn finish(&self, dimensions: usize, into: &mut Rotated) {
        into.components.resize(self.code_dimensions(), 0.0);
        into.transformed.resize(dimensions.max(LEAST_COMPONENTS), 0.0);
        self.rotation.apply(&self.codes, &into.transformed, &mut into.components);
    }

    /// Prepares a stored row as a query for rows near it; `false` as for [`Encoder::rotate`].
    pub(crate) fn prepare_row(&self, row: &[f32], into: &mut CodedQuery) -> bool {
        let has_code = self.rotate(row, &mut into.rotated);
        if has_code {
            into.code.prepare(&self.codes, &into.rotated.components);
        }
        has_code
    }

    /// Prepares a query; `false` as for [`Encoder::rotate`].
    pub(crate) fn prepare(&self, query: &[f32], into: &mut CodedQuery) -> bool {
        if self.metric != DistanceMetric::DotProduct {
            return self.prepare_row(query, into);
        }
        let factor = Transform::apply_to_factor(self.kernels, query, &mut into.rotated.transformed);
        into.factor = scalar::narrow(factor * f64::from(self.transform().scale));
        self.finish(query.len(), &mut into.rotated);
        into.code.prepare(&self.codes, &into.rotated.components);
        true
    }

    /// The distance of two vectors under the inner product, never NaN, however long they are.
    pub(crate) fn product_distance(&self, a: &[f32], b: &[f32]) -> f32 {
        PreparedQuery::new(self.kernels, DistanceMetric::DotProduct, a).distance(b)
    }

    /// What a walk for the largest inner products with a query sorts by.
    pub(crate) fn product_key(&self, query: &CodedQuery) -> SortKey {
        SortKey::Product { factor: query.factor }
    }

    /// What a walk sorts a row at this true distance from the query by.
    pub(crate) fn key_of(&self, query: &CodedQuery, distance: f32) -> f32 {
        match self.metric {
            DistanceMetric::Cosine => 2.0 * distance,
            DistanceMetric::Euclidean => (self.transform().scale * distance).powi(2),
            DistanceMetric::DotProduct => query.factor * distance,
        }
    }

    /// The squared distance of two rows after the transform, by the vectors themselves.
    pub(crate) fn squared(&self, a: &[f32], b: &[f32]) -> f32 {
        let distance = |metric| PreparedQuery::new(self.kernels, metric, a).distance(b);
        match self.metric {
            DistanceMetric::Cosine => 2.0 * distance(DistanceMetric::Cosine),
            DistanceMetric::Euclidean | DistanceMetric::DotProduct => {
                (self.transform().scale * distance(DistanceMetric::Euclidean)).powi(2).min(f32::MAX)
            }
        }
    }
}
