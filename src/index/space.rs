//! How far rows are from a query: the only place where the graph meets vectors.

use crate::DistanceMetric;
use crate::distance::PreparedQuery;
use crate::kernel::Kernels;

/// Random access to the stored vectors; cheap, and safe for every row that the graph was ever extended to.
pub(crate) trait Rows: Sync {
    /// The vector of a row.
    fn row(&self, row: u32) -> &[f32];
}

/// Distances from one query to rows; what a search over codes will implement as well.
pub(super) trait Measure {
    fn distance(&self, row: u32) -> f32;
    /// As [`Self::distance`], bit for bit, for four rows.
    fn distances_4(&self, rows: [u32; 4]) -> [f32; 4];
}

/// The distances that a caller asked for.
pub(super) struct QueryMeasure<'a, R> {
    pub(super) query: &'a PreparedQuery<'a>,
    pub(super) rows: &'a R,
}

impl<R: Rows> Measure for QueryMeasure<'_, R> {
    #[inline]
    fn distance(&self, row: u32) -> f32 {
        self.query.distance(self.rows.row(row))
    }

    #[inline]
    fn distances_4(&self, rows: [u32; 4]) -> [f32; 4] {
        self.query.distances_4(rows.map(|row| self.rows.row(row)))
    }
}

/// Distances between rows while links are chosen.
///
/// Inner products obey no triangle inequality: a graph of the largest products falls apart into rows that everybody
/// links to and rows that nobody does. So for the dot product the rows are lifted onto a sphere by one more coordinate,
/// `sqrt(M^2 - |a|^2)` with `M` the largest length (Bachrach et al. 2014), and linked by euclidean distance there. A query,
/// lifted by 0, has its nearest rows in the order of the inner product.
pub(super) struct Space<'a, R> {
    pub(super) rows: &'a R,
    kernels: Kernels,
    metric: DistanceMetric,
    /// Of each row, for the dot product; else unused.
    squared_norms: &'a [f32],
    /// The sphere's squared radius.
    radius: f32,
}

impl<'a, R: Rows> Space<'a, R> {
    /// `squared_norms`: of each row, and `radius`, the squared radius of the sphere; only needed for the dot product.
    pub(super) fn new(
        rows: &'a R,
        kernels: Kernels,
        metric: DistanceMetric,
        squared_norms: &'a [f32],
        radius: f32,
    ) -> Self {
        Self { rows, kernels, metric, squared_norms, radius }
    }

    /// The added coordinate of a row; the bound keeps infinite norms from making a NaN.
    #[inline]
    fn lift_of(&self, row: u32) -> f32 {
        let norm = self.squared_norms.get(row as usize).copied().unwrap_or(self.radius);
        (self.radius - norm).max(0.0).sqrt().min(1e18)
    }

    /// The distances from a row.
    pub(super) fn from(&self, row: u32) -> RowMeasure<'_, R> {
        let metric = match self.metric {
            DistanceMetric::Cosine => DistanceMetric::Cosine,
            DistanceMetric::Euclidean | DistanceMetric::DotProduct => DistanceMetric::Euclidean,
        };
        let query = PreparedQuery::new(self.kernels, metric, self.rows.row(row));
        let lift = (self.metric == DistanceMetric::DotProduct).then(|| self.lift_of(row));
        RowMeasure { query, space: self, lift }
    }

    /// Whether two rows are the same for every query: equal, or for the cosine parallel up to rounding.
    pub(super) fn are_twins(&self, a: u32, b: u32) -> bool {
        let (a, b) = (self.rows.row(a), self.rows.row(b));
        if a == b {
            return true;
        }
        if self.metric != DistanceMetric::Cosine {
            return false;
        }
        let longest = |row: &[f32]| row.iter().fold(0.0f64, |most, &x| most.max(f64::from(x).abs()));
        let (most_a, most_b) = (longest(a), longest(b));
        // A few units in the last place of the largest component: what scaling a vector in f32 can do to it.
        let slack = 2.5e-7 * most_a * most_b;
        slack > 0.0
            && a.iter().zip(b).all(|(&x, &y)| (f64::from(x) * most_b - f64::from(y) * most_a).abs() <= slack)
    }

    /// Whether a row has no direction, so that every distance from it is the same.
    pub(super) fn is_directionless(&self, row: u32) -> bool {
        self.metric == DistanceMetric::Cosine && self.rows.row(row).iter().all(|&x| x == 0.0)
    }
}

/// The squared length of a vector.
pub(super) fn squared_norm(kernels: Kernels, row: &[f32]) -> f32 {
    -PreparedQuery::new(kernels, DistanceMetric::DotProduct, row).distance(row)
}

/// Distances from one row to others, in the space where links are chosen.
pub(super) struct RowMeasure<'a, R> {
    query: PreparedQuery<'a>,
    space: &'a Space<'a, R>,
    lift: Option<f32>,
}

impl<R: Rows> RowMeasure<'_, R> {
    #[inline]
    fn lifted(&self, distance: f32, row: u32) -> f32 {
        match self.lift {
            None => distance,
            Some(own) => {
                let apart = own - self.space.lift_of(row);
                distance * distance + apart * apart
            }
        }
    }
}

impl<R: Rows> Measure for RowMeasure<'_, R> {
    #[inline]
    fn distance(&self, row: u32) -> f32 {
        self.lifted(self.query.distance(self.space.rows.row(row)), row)
    }

    #[inline]
    fn distances_4(&self, rows: [u32; 4]) -> [f32; 4] {
        let distances = self.query.distances_4(rows.map(|row| self.space.rows.row(row)));
        if self.lift.is_none() {
            return distances;
        }
        let [a, b, c, d] = rows;
        let [x, y, z, w] = distances;
        [self.lifted(x, a), self.lifted(y, b), self.lifted(z, c), self.lifted(w, d)]
    }
}
