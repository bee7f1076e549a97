//! What a walk sorts rows by: a distance, an inner product, or a distance on a sphere.

/// What a walk sorts by; smaller is nearer.
///
/// Inner products obey no triangle inequality: a graph of the largest products falls apart into rows that everybody
/// links to and rows that nobody does. So for the dot product the rows are lifted onto a sphere by one more coordinate,
/// `sqrt(R - |v|^2)` with `R` about the largest squared length (Bachrach et al. 2014), and linked by euclidean distance
/// there; products.rs adds links by the products themselves.
///
/// A node's estimates of its neighbours start from its *base*: `|q - v|^2`, and for inner products `-2 <q, v>`, which
/// stays exact where squares of lengths would drown it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum SortKey {
    /// The squared distance itself; for the cosine between vectors of length 1.
    Squared,
    /// `-<q, v>` after the transform: `factor` times the true distance.
    Product { factor: f32 },
    /// The squared distance on the sphere of squared radius `radius`, from a row of squared length `square`, lifted by
    /// `lift`.
    Lifted { square: f32, lift: f32, radius: f32 },
}

impl SortKey {
    /// Whether it is an inner product.
    #[inline]
    pub(crate) fn is_product(self) -> bool {
        matches!(self, Self::Product { .. })
    }

    /// From `|q - v|^2` and `|v|^2`.
    #[inline]
    pub(crate) fn of_squared(self, squared: f32, row_square: f32) -> f32 {
        match self {
            Self::Squared | Self::Product { .. } => squared,
            Self::Lifted { lift, radius, .. } => {
                let apart = lift - lift_of(row_square, radius);
                squared + apart * apart
            }
        }
    }

    /// From the base and `|v|^2`.
    #[inline]
    pub(crate) fn of_base(self, base: f32, row_square: f32) -> f32 {
        match self {
            Self::Squared => base,
            Self::Product { .. } => 0.5 * base,
            Self::Lifted { square, .. } => self.of_squared((square + row_square + base).max(0.0), row_square),
        }
    }

    /// The base of a row with these.
    #[inline]
    pub(crate) fn base_of(self, squared: f32, row_square: f32) -> f32 {
        match self {
            Self::Lifted { square, .. } => squared - square - row_square,
            Self::Squared | Self::Product { .. } => squared,
        }
    }
}

/// The coordinate that lifts a row of this squared length onto the sphere.
#[inline]
pub(crate) fn lift_of(square: f32, radius: f32) -> f32 {
    (radius - square).max(0.0).sqrt()
}
