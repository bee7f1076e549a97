//! How far rows are from a query and from each other, by their codes.
//!
//! Codes are rounded, so near rows may look alike. Where a distance is within what rounding does, the vectors are asked.

use super::codes::{ByteCode, QueryCode};
use super::encoder::Encoder;
use super::nodes::Seen;
use super::record::{BLOCK_SLOTS, Record};
use crate::DistanceMetric;
use crate::kernel::codes::{BlockFacts, Coming};

/// Random access to the stored vectors; cheap, and safe for every row that the graph was ever extended to.
pub(crate) trait Rows: Sync {
    /// The vector of a row.
    fn row(&self, row: u32) -> &[f32];

    /// Whether a row was deleted, for everybody who comes from now on: then it need not enter the graph.
    fn is_gone(&self, _row: u32) -> bool {
        false
    }
}

/// Squared distances under this many standard deviations of the codes' rounding are taken from the vectors.
const BLURRED: f32 = 8.0;

/// What a walk sorts by, as a function of the squared distance `|q - v|^2` and of `|v|^2`; smaller is nearer.
///
/// Inner products obey no triangle inequality: a graph of the largest products falls apart into rows that everybody
/// links to and rows that nobody does. So for the dot product the rows are lifted onto a sphere by one more coordinate,
/// `sqrt(R - |v|^2)` with `R` about the largest squared length (Bachrach et al. 2014), and linked by euclidean distance
/// there. A query, lifted by 0, has its nearest rows in the order of the inner product.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Key {
    /// The squared distance itself; for the cosine between vectors of length 1.
    Squared,
    /// `-<q, v>`.
    Product { query_square: f32 },
    /// The squared distance on the sphere of squared radius `radius`, from a row lifted by `lift`.
    Lifted { lift: f32, radius: f32 },
}

impl Key {
    #[inline]
    pub(super) fn of(self, squared: f32, row_square: f32) -> f32 {
        match self {
            Self::Squared => squared,
            Self::Product { query_square } => 0.5 * (squared - query_square - row_square),
            Self::Lifted { lift, radius } => {
                let apart = lift - lift_of(row_square, radius);
                squared + apart * apart
            }
        }
    }
}

#[inline]
fn lift_of(square: f32, radius: f32) -> f32 {
    (radius - square).max(0.0).sqrt()
}

/// `|a - b|^2` of two vectors, of their directions under the cosine.
fn squared_of_vectors(encoder: &Encoder, metric: DistanceMetric, a: &[f32], b: &[f32]) -> f32 {
    match metric {
        DistanceMetric::Cosine => {
            2.0 * crate::distance::PreparedQuery::new(encoder.kernels, metric, a).distance(b)
        }
        DistanceMetric::Euclidean | DistanceMetric::DotProduct => encoder.kernels.squared_euclidean(a, b),
    }
}

/// The standard deviation of a squared distance between two codes with these scales and squared lengths.
#[inline]
fn deviation(scale_a: f32, square_a: f32, scale_b: f32, square_b: f32) -> f32 {
    2.0 * ((square_b * scale_a * scale_a + square_a * scale_b * scale_b) / 12.0).sqrt()
}

/// Distances from one query to nodes and their neighbours.
pub(super) struct Asker<'a, R> {
    pub(super) encoder: &'a Encoder,
    pub(super) metric: DistanceMetric,
    pub(super) code: &'a QueryCode,
    /// The query itself, for where the codes cannot tell.
    pub(super) vector: &'a [f32],
    pub(super) rows: &'a R,
    pub(super) key: Key,
}

impl<R: Rows> Asker<'_, R> {
    /// The standard deviation of a squared distance by codes.
    #[inline]
    pub(super) fn deviation(&self, code: &ByteCode<'_>) -> f32 {
        let facts = self.code.facts();
        deviation(facts.byte_scale, facts.square, code.facts.scale, code.facts.square)
    }

    /// The standard deviation of what the walk sorts by, for a node.
    #[inline]
    pub(super) fn doubt(&self, code: &ByteCode<'_>) -> f32 {
        let squared = self.deviation(code);
        if matches!(self.key, Key::Product { .. }) { squared / 2.0 } else { squared }
    }

    fn by_vectors(&self, row: u32) -> f32 {
        squared_of_vectors(self.encoder, self.metric, self.vector, self.rows.row(row))
    }

    /// The squared distance to a node.
    #[inline]
    pub(super) fn squared(&self, row: u32, code: &ByteCode<'_>) -> f32 {
        let squared = self.code.distance(&self.encoder.codes, code);
        if squared < BLURRED * self.deviation(code) { self.by_vectors(row) } else { squared }
    }

    /// Estimates what the walk sorts by for a block of a node's neighbours; `base` is the squared distance to the node.
    #[inline]
    pub(super) fn estimate(
        &self,
        record: &Record<'_>,
        block: usize,
        base: f32,
        coming: &mut Coming<'_>,
        out: &mut [f32; BLOCK_SLOTS],
    ) {
        let (Some(facts), bits, squares) = record.block(block) else {
            out.fill(f32::INFINITY);
            return;
        };
        self.code.estimate(&self.encoder.codes, bits, facts, base, coming.rest(), out);
        if base < BLURRED * self.deviation(&record.code()) {
            self.look_closer(record, block, facts, out);
        }
        if self.key != Key::Squared {
            for (estimate, &square) in out.iter_mut().zip(squares) {
                *estimate = self.key.of(*estimate, square);
            }
        }
    }

    /// As [`Self::estimate`], by the neighbours' own codes, where records hold none of them. Only of rows that are
    /// wanted; the others are infinitely far.
    pub(super) fn measure(
        &self,
        seen: &Seen<'_>,
        words: &[u32],
        is_wanted: impl Fn(u32) -> bool,
        out: &mut [f32; BLOCK_SLOTS],
    ) {
        /// How many records are on their way at once.
        const AHEAD: usize = 3;
        out.fill(f32::INFINITY);
        let mut wanted = [(0, 0); BLOCK_SLOTS];
        let mut count = 0;
        for (slot, &word) in words.iter().enumerate() {
            let row = super::links::row_of(word);
            if let Some(place) =
                wanted.get_mut(count).filter(|_| word != super::graph::NO_ROW && is_wanted(row))
            {
                *place = (slot, row);
                count += 1;
                seen.prefetch_word(row);
            }
        }
        let wanted = wanted.get(..count).unwrap_or_default();
        let bring = |at: usize| {
            if let Some(&(_, row)) = wanted.get(at) {
                seen.coming(row).bring(usize::MAX);
            }
        };
        (0..AHEAD).for_each(bring);
        for (at, &(slot, row)) in wanted.iter().enumerate() {
            bring(at + AHEAD);
            if let (Some(place), Some(record)) = (out.get_mut(slot), seen.record(row)) {
                let code = record.code();
                *place = self.key.of(self.squared(row, &code), code.facts.square);
            }
        }
    }

    /// Where query, node and neighbour are too near each other for codes.
    #[cold]
    fn look_closer(
        &self,
        record: &Record<'_>,
        block: usize,
        facts: &BlockFacts,
        out: &mut [f32; BLOCK_SLOTS],
    ) {
        let words = record.link_words().iter().skip(block * BLOCK_SLOTS);
        for ((estimate, factor), &word) in out.iter_mut().zip(facts.multiply()).zip(words) {
            if factor == 0.0 && word != super::graph::NO_ROW {
                *estimate = self.by_vectors(super::links::row_of(word));
            }
        }
    }
}

/// Distances between rows while links are chosen.
pub(super) struct Space<'a, R> {
    pub(super) rows: &'a R,
    encoder: &'a Encoder,
    metric: DistanceMetric,
    pub(super) seen: &'a Seen<'a>,
    /// The sphere's squared radius, for the dot product.
    radius: f32,
}

impl<'a, R: Rows> Space<'a, R> {
    pub(super) fn new(
        rows: &'a R,
        encoder: &'a Encoder,
        metric: DistanceMetric,
        seen: &'a Seen<'a>,
        radius: f32,
    ) -> Self {
        Self { rows, encoder, metric, seen, radius }
    }

    /// What a walk from a vector whose squared length is `square` sorts by.
    pub(super) fn key(&self, square: f32) -> Key {
        match self.metric {
            DistanceMetric::DotProduct => {
                Key::Lifted { lift: lift_of(square, self.radius), radius: self.radius }
            }
            DistanceMetric::Cosine | DistanceMetric::Euclidean => Key::Squared,
        }
    }

    /// The distances from a row; `None` where it has no code.
    pub(super) fn from(&self, row: u32) -> Option<RowMeasure<'_, R>> {
        let code = self.seen.record(row)?.code();
        Some(RowMeasure { row, code, key: self.key(code.facts.square), space: self })
    }

    /// Beyond this no row equals `row`.
    pub(super) fn twin_distance(&self, row: u32) -> f32 {
        match self.metric {
            DistanceMetric::Cosine => 2e-6,
            DistanceMetric::Euclidean => 0.0,
            // Lifted alike, with the same code: rounding of the lift aside.
            DistanceMetric::DotProduct => {
                self.seen.record(row).map_or(0.0, |record| 1e-6 * record.code().facts.square)
            }
        }
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
}

/// Distances from one row to others, in the space where links are chosen.
pub(super) struct RowMeasure<'a, R> {
    row: u32,
    code: ByteCode<'a>,
    key: Key,
    space: &'a Space<'a, R>,
}

impl<R: Rows> RowMeasure<'_, R> {
    /// What a walk from the row sorts by.
    pub(super) fn key(&self) -> Key {
        self.key
    }

    fn keyed(&self, squared: f32, row: u32, code: &ByteCode<'_>) -> f32 {
        let (own, other) = (&self.code.facts, &code.facts);
        let blur = BLURRED * deviation(own.scale, own.square, other.scale, other.square);
        let squared = if squared < blur {
            let rows = self.space.rows;
            squared_of_vectors(self.space.encoder, self.space.metric, rows.row(self.row), rows.row(row))
        } else {
            squared
        };
        self.key.of(squared, other.square)
    }

    /// The distance to a row; infinite where it has no code.
    pub(super) fn distance(&self, row: u32) -> f32 {
        let Some(record) = self.space.seen.record(row) else { return f32::INFINITY };
        let code = record.code();
        let squared = self.code.distance(&self.space.encoder.codes, &code);
        self.keyed(squared, row, &code)
    }

    /// As [`Self::distance`], bit for bit, for four rows.
    pub(super) fn distances_4(&self, rows: [u32; 4]) -> [f32; 4] {
        let [Some(a), Some(b), Some(c), Some(d)] = rows.map(|row| self.space.seen.record(row)) else {
            return rows.map(|row| self.distance(row));
        };
        let codes = [a, b, c, d].map(|record| record.code());
        let mut distances = self.code.distances_4(&self.space.encoder.codes, codes);
        for ((distance, row), code) in distances.iter_mut().zip(rows).zip(&codes) {
            *distance = self.keyed(*distance, row, code);
        }
        distances
    }
}
