//! Distances between rows for the selection of links, by codes.

use crate::DistanceMetric;
use crate::index::codes::byte_code::ByteCode;
use crate::index::codes::encoder::Encoder;
use crate::index::codes::key::{SortKey, lift_of};
use crate::index::graph::distance::{BLURRED, deviation};
use crate::index::graph::nodes::NodesView;
use crate::index::neighbour::Neighbour;
use crate::index::params::row_number;
use crate::index::rows::Rows;
use crate::kernel::rows::StoredRow;
use crate::kernel::scalar;

/// The space in which links are selected.
pub(crate) struct LinkSpace<'a, R> {
    pub(crate) rows: &'a R,
    encoder: &'a Encoder,
    metric: DistanceMetric,
    pub(crate) records: &'a NodesView<'a>,
    /// The squared radius of the sphere, for the dot product.
    radius: f32,
}

impl<'a, R: Rows> LinkSpace<'a, R> {
    pub(crate) fn new(
        rows: &'a R,
        encoder: &'a Encoder,
        metric: DistanceMetric,
        records: &'a NodesView<'a>,
        radius: f32,
    ) -> Self {
        Self { rows, encoder, metric, records, radius }
    }

    /// The sort key for a walk from a vector of squared length `square`.
    pub(crate) fn key(&self, square: f32) -> SortKey {
        match self.metric {
            DistanceMetric::DotProduct => {
                SortKey::Lifted { square, lift: lift_of(square, self.radius), radius: self.radius }
            }
            DistanceMetric::Cosine | DistanceMetric::Euclidean => SortKey::Squared,
        }
    }

    /// The distances from a row; `None` if it has no code.
    pub(crate) fn from(&self, row: u32) -> Option<RowDistance<'_, R>> {
        let code = self.records.record(row)?.code();
        Some(RowDistance { row, code, key: self.key(code.facts.square), space: self })
    }

    /// Rows farther than this from `row` do not equal it.
    pub(crate) fn duplicate_distance(&self, row: u32) -> f32 {
        match self.metric {
            DistanceMetric::Cosine => 2e-6,
            DistanceMetric::Euclidean => 0.0,
            // Equal rows are lifted equally up to rounding.
            DistanceMetric::DotProduct => {
                self.records.record(row).map_or(0.0, |record| 1e-6 * record.code().facts.square)
            }
        }
    }

    /// Whether two rows are equal for every query.
    pub(crate) fn are_duplicates(&self, a: u32, b: u32) -> bool {
        are_equal(self.metric, self.rows.row(a), self.rows.row(b))
    }
}

/// Whether two rows are equal for every query: identical, or for cosine parallel up to rounding.
pub(crate) fn are_equal(metric: DistanceMetric, a: StoredRow<'_>, b: StoredRow<'_>) -> bool {
    if a == b {
        return true;
    }
    if metric != DistanceMetric::Cosine {
        return false;
    }
    let longest = |row| values(row).fold(0.0f64, |most, x| most.max(x.abs()));
    let (most_a, most_b) = (longest(a), longest(b));
    // A few units in the last place of the largest component: the error of scaling a vector in f32.
    let slack = 2.5e-7 * most_a * most_b;
    slack > 0.0 && values(a).zip(values(b)).all(|(x, y)| (x * most_b - y * most_a).abs() <= slack)
}

fn values(row: StoredRow<'_>) -> impl Iterator<Item = f64> {
    (0..row.len()).map(move |at| scalar::value_at(row, at))
}

/// Distances from one row to others, in the space where links are selected.
pub(crate) struct RowDistance<'a, R> {
    row: u32,
    code: ByteCode<'a>,
    key: SortKey,
    space: &'a LinkSpace<'a, R>,
}

impl<R: Rows> RowDistance<'_, R> {
    /// The sort key for a walk from the row.
    pub(crate) fn key(&self) -> SortKey {
        self.key
    }

    fn keyed(&self, squared: f32, row: u32, code: &ByteCode<'_>) -> f32 {
        let (own, other) = (&self.code.facts, &code.facts);
        let blur = BLURRED * deviation(own.scale, own.square, other.scale, other.square);
        let squared = if squared < blur {
            let rows = self.space.rows;
            self.space.encoder.squared_rows(rows.row(self.row), rows.row(row))
        } else {
            squared
        };
        self.key.of_squared(squared, other.square)
    }

    /// The distance to a row; infinite if it has no code.
    pub(crate) fn distance(&self, row: u32) -> f32 {
        let Some(record) = self.space.records.record(row) else { return f32::INFINITY };
        let code = record.code();
        let squared = self.code.distance(&self.space.encoder.codes, &code);
        self.keyed(squared, row, &code)
    }

    /// As [`Self::distance`] for four rows, with the same bits.
    pub(crate) fn distances_4(&self, rows: [u32; 4]) -> [f32; 4] {
        // One by one: the compiler does not inline a closure in `map` here, which was 5 % of a build.
        let record = |row| self.space.records.record(row);
        let (Some(a), Some(b), Some(c), Some(d)) =
            (record(rows[0]), record(rows[1]), record(rows[2]), record(rows[3]))
        else {
            return rows.map(|row| self.distance(row));
        };
        let codes = [a.code(), b.code(), c.code(), d.code()];
        let mut distances = self.code.distances_4(&self.space.encoder.codes, codes);
        for ((distance, row), code) in distances.iter_mut().zip(rows).zip(&codes) {
            *distance = self.keyed(*distance, row, code);
        }
        distances
    }
}

/// Calls `each` with every row and its distance, in order. Returns the number of rows.
#[inline]
pub(crate) fn measure_all<R: Rows>(
    measure: &RowDistance<'_, R>,
    rows: &[u32],
    mut each: impl FnMut(Neighbour),
) -> u32 {
    let (fours, rest) = rows.as_chunks::<4>();
    for four in fours {
        for (&row, distance) in four.iter().zip(measure.distances_4(*four)) {
            each(Neighbour { distance, row });
        }
    }
    for &row in rest {
        each(Neighbour { distance: measure.distance(row), row });
    }
    row_number(rows.len())
}

/// Rows with their distances, ascending.
pub(crate) fn sorted_by_distance<R: Rows>(measure: &RowDistance<'_, R>, rows: &[u32]) -> Vec<Neighbour> {
    let mut sorted = Vec::with_capacity(rows.len());
    measure_all(measure, rows, |found| sorted.push(found));
    sorted.sort_unstable();
    sorted
}
