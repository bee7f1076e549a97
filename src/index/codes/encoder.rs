//! `Encoder`: from vectors to codes. Decides which vectors have no code.

use super::key::SortKey;
use super::layout::CodeLayout;
use super::query::QueryCode;
use super::rotation::Rotation;
use super::transform::Transform;
use crate::distance::{PreparedQuery, or_farthest};
use crate::kernel::Kernels;
use crate::kernel::codes::CodeKernels;
use crate::kernel::elements::ElementKernels;
use crate::kernel::rows::StoredRow;
use crate::kernel::scalar;
use crate::sync::OnceLock;
use crate::{DistanceMetric, Result, memory};

/// Seed of the rotation. Part of the file format: stored codes depend on it.
const ROTATION_SEED: u64 = 0x5379_6e61_6d6d_6170;

/// Prepares the vectors of one store for encoding.
#[derive(Debug)]
pub(crate) struct Encoder {
    pub(crate) kernels: Kernels,
    pub(crate) codes: CodeKernels,
    pub(crate) elements: ElementKernels,
    pub(crate) layout: CodeLayout,
    metric: DistanceMetric,
    rotation: Rotation,
    /// Set before the first code is made.
    transform: OnceLock<Transform>,
    /// Used until `transform` is set.
    identity: Transform,
}

/// A vector after transform and rotation. The memory is reused.
#[derive(Debug, Default)]
pub(crate) struct Rotated {
    transformed: Vec<f32>,
    pub(crate) components: Vec<f32>,
}

/// A query, rotated and encoded.
#[derive(Debug, Default)]
pub(crate) struct CodedQuery {
    pub(crate) rotated: Rotated,
    pub(crate) code: QueryCode,
    /// For inner products: the factor from distance to sort key.
    factor: f32,
}

impl CodedQuery {
    /// Allocates the memory for a query with codes of this layout.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn make_room(&mut self, layout: CodeLayout) -> Result<()> {
        memory::reserve_up_to(&mut self.rotated.transformed, layout.rotated)?;
        memory::reserve_up_to(&mut self.rotated.components, layout.code_dimensions())?;
        self.code.make_room(layout)
    }
}

impl Encoder {
    pub(crate) fn new(dimensions: usize, metric: DistanceMetric, kernels: Kernels) -> Self {
        let layout = CodeLayout::new(dimensions);
        let rotation = Rotation::new(layout.rotated, ROTATION_SEED);
        let (transform, identity) = (OnceLock::default(), Transform::default());
        let (codes, elements) = (CodeKernels::detect(), ElementKernels::detect());
        Self { kernels, codes, elements, layout, metric, rotation, transform, identity }
    }

    /// Whether the metric is the inner product.
    pub(crate) fn is_product(&self) -> bool {
        self.metric == DistanceMetric::DotProduct
    }

    /// Learns the transform from a sample, unless it is set.
    pub(crate) fn learn<'r>(&self, sample: impl Iterator<Item = StoredRow<'r>> + Clone) {
        self.transform.get_or_init(|| Transform::learn(self.metric, sample));
    }

    /// Sets a transform that was learned before.
    pub(crate) fn set_transform(&self, transform: Transform) {
        self.transform.get_or_init(|| transform);
    }

    /// The transform; the identity until one is set.
    pub(crate) fn transform(&self) -> &Transform {
        self.transform.get().unwrap_or(&self.identity)
    }

    /// Whether the transform is set.
    pub(crate) fn has_transform(&self) -> bool {
        self.transform.get().is_some()
    }

    /// Transforms and rotates a row. Returns `false` if it has no code: a zero vector under cosine.
    pub(crate) fn rotate(&self, row: &[f32], into: &mut Rotated) -> bool {
        let has_code = self.transform().apply(self.metric, self.kernels, row, &mut into.transformed);
        if has_code {
            self.finish(into);
        }
        has_code
    }

    fn finish(&self, into: &mut Rotated) {
        into.components.resize(self.layout.code_dimensions(), 0.0);
        into.transformed.resize(self.layout.rotated, 0.0);
        self.rotation.apply(&self.codes, &into.transformed, &mut into.components);
    }

    /// Prepares a stored row as a query for rows near it; returns `false` as [`Encoder::rotate`].
    pub(crate) fn prepare_row(&self, row: &[f32], into: &mut CodedQuery) -> bool {
        let has_code = self.rotate(row, &mut into.rotated);
        if has_code {
            into.code.prepare(&self.codes, self.layout, &into.rotated.components);
        }
        has_code
    }

    /// Prepares a query; returns `false` as [`Encoder::rotate`].
    pub(crate) fn prepare(&self, query: &[f32], into: &mut CodedQuery) -> bool {
        if self.metric != DistanceMetric::DotProduct {
            return self.prepare_row(query, into);
        }
        let factor = Transform::apply_to_factor(self.kernels, query, &mut into.rotated.transformed);
        into.factor = scalar::narrow(factor * f64::from(self.transform().scale));
        self.finish(&mut into.rotated);
        into.code.prepare(&self.codes, self.layout, &into.rotated.components);
        true
    }

    /// The inner product distance of two vectors of any length; never NaN.
    pub(crate) fn product_distance(&self, a: &[f32], b: StoredRow<'_>) -> f32 {
        PreparedQuery::new(self.kernels, DistanceMetric::DotProduct, a).distance(b)
    }

    /// The sort key for a search for the largest inner products with a query.
    pub(crate) fn product_key(&self, query: &CodedQuery) -> SortKey {
        SortKey::Product { factor: query.factor }
    }

    /// The sort key of a row at this true distance from the query.
    pub(crate) fn key_of(&self, query: &CodedQuery, distance: f32) -> f32 {
        match self.metric {
            DistanceMetric::Cosine => 2.0 * distance,
            DistanceMetric::Euclidean => (self.transform().scale * distance).powi(2),
            DistanceMetric::DotProduct => query.factor * distance,
        }
    }

    /// The squared distance of a vector and a row after the transform, computed from the vectors.
    pub(crate) fn squared(&self, a: &[f32], b: StoredRow<'_>) -> f32 {
        let distance = |metric| PreparedQuery::new(self.kernels, metric, a).distance(b);
        match self.metric {
            DistanceMetric::Cosine => 2.0 * distance(DistanceMetric::Cosine),
            DistanceMetric::Euclidean | DistanceMetric::DotProduct => {
                (self.transform().scale * distance(DistanceMetric::Euclidean)).powi(2).min(f32::MAX)
            }
        }
    }

    /// As [`Encoder::squared`], for two rows. Rows that are not stored as f32 are compared one component at a time.
    pub(crate) fn squared_rows(&self, a: StoredRow<'_>, b: StoredRow<'_>) -> f32 {
        if let Some(floats) = a.floats() {
            return self.squared(floats, b);
        }
        match self.metric {
            DistanceMetric::Cosine => {
                let lengths = (scalar::square_of(a) * scalar::square_of(b)).sqrt();
                let cosine = if lengths > 0.0 { scalar::dot_of(a, b) / lengths } else { 0.0 };
                or_farthest(2.0 * scalar::narrow((1.0 - cosine).clamp(0.0, 2.0)))
            }
            DistanceMetric::Euclidean | DistanceMetric::DotProduct => {
                let distance = or_farthest(scalar::narrow(scalar::squared_euclidean_of(a, b).sqrt()));
                (self.transform().scale * distance).powi(2).min(f32::MAX)
            }
        }
    }
}
