//! `SortKey`: the key by which a walk orders rows: a distance, an inner product, or a distance on a sphere.

/// The key by which a walk orders rows; smaller is nearer.
///
/// Inner products obey no triangle inequality. A graph of the largest products falls apart into rows that all others
/// link to and rows that none links to. For the dot product, therefore, rows are lifted onto a sphere by one more
/// coordinate, `sqrt(R - |v|^2)` with `R` about the largest squared length (Bachrach et al. 2014), and linked by
/// euclidean distance there. products.rs adds links by the products themselves.
///
/// The estimates of a node's neighbours start from the node's *base*: `|q - v|^2`, or `-2 <q, v>` for inner products,
/// which stays exact where the squares of the lengths would dominate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum SortKey {
    /// The squared distance; for cosine, between vectors of length 1.
    Squared,
    /// `-<q, v>` after the transform: `factor` times the true distance.
    Product { factor: f32 },
    /// The squared distance on the sphere of squared radius `radius`, from a row of squared length `square`, lifted by
    /// `lift`.
    Lifted { square: f32, lift: f32, radius: f32 },
}

impl SortKey {
    /// Whether the key is an inner product.
    #[inline]
    pub(crate) fn is_product(self) -> bool {
        matches!(self, Self::Product { .. })
    }

    /// The key from `|q - v|^2` and `|v|^2`.
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

    /// The key from the base and `|v|^2`.
    #[inline]
    pub(crate) fn of_base(self, base: f32, row_square: f32) -> f32 {
        match self {
            Self::Squared => base,
            Self::Product { .. } => 0.5 * base,
            Self::Lifted { square, .. } => self.of_squared((square + row_square + base).max(0.0), row_square),
        }
    }

    /// The base of a row with squared distance `squared` and squared length `row_square`.
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
