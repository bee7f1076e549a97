//! How far rows are from a query and from each other, by their codes.
//!
//! Codes are rounded, so near rows may look alike. Where a distance is within what rounding does, the vectors are asked.

use super::codes::byte_code::ByteCode;
use super::codes::encoder::Encoder;
use super::codes::key::{Key, lift_of};
use super::codes::query::QueryCode;
use super::links::row_of;
use super::neighbour::Neighbour;
use super::nodes::Seen;
use super::params::NO_ROW;
use super::record::{BLOCK_SLOTS, Record};
use super::rows::Rows;
use crate::DistanceMetric;
use crate::kernel::codes::{BlockFacts, Coming};

/// Squared distances under this many standard deviations of the codes' rounding are taken from the vectors.
const BLURRED: f32 = 8.0;

/// `2 / sqrt(12)`: rounding to integers has a variance of 1/12.
const DEVIATION_FACTOR: f32 = 0.577_350_26;

/// The standard deviation of a squared distance between two codes with these scales and squared lengths.
#[inline]
fn deviation(scale_a: f32, square_a: f32, scale_b: f32, square_b: f32) -> f32 {
    // Factors and not squares of scales, which f32 cannot hold for the longest and the shortest vectors.
    let (a, b) = (square_b.sqrt() * scale_a, square_a.sqrt() * scale_b);
    let (more, less) = (a.max(b), a.min(b));
    if more < f32::MIN_POSITIVE {
        return 0.0;
    };
    let ratio = less / more;
    more * (1.0 + ratio * ratio).sqrt() * DEVIATION_FACTOR
}

/// Distances from one query to nodes and their neighbours.
pub(super) struct Asker<'a, R> {
    pub(super) encoder: &'a Encoder,
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
        if self.key.is_product() { squared / 2.0 } else { squared }
    }

    fn by_vectors(&self, row: u32) -> f32 {
        self.encoder.squared(self.vector, self.rows.row(row))
    }

    /// What a walk for inner products sorts a row by.
    #[cold]
    fn product_by_vectors(&self, row: u32, factor: f32) -> f32 {
        factor * self.encoder.product_distance(self.vector, self.rows.row(row))
    }

    /// The squared distance to a node; the vectors are asked where the codes cannot tell.
    #[inline]
    fn squared(&self, row: u32, code: &ByteCode<'_>) -> f32 {
        let squared = self.code.distance(&self.encoder.codes, code);
        if squared < BLURRED * self.deviation(code) { self.by_vectors(row) } else { squared }
    }

    /// A node with what the walk sorts it by, and its base.
    #[inline]
    pub(super) fn neighbour(&self, row: u32, code: &ByteCode<'_>) -> (Neighbour, f32) {
        if let Key::Product { factor } = self.key {
            let mut product = self.code.product(&self.encoder.codes, code);
            let squared = self.code.facts().square + code.facts.square - 2.0 * product;
            if squared < BLURRED * self.deviation(code) {
                product = -self.product_by_vectors(row, factor);
            }
            return (Neighbour { distance: -product, row }, -2.0 * product);
        }
        let (squared, square) = (self.squared(row, code), code.facts.square);
        let distance = self.key.of_squared(squared, square);
        (Neighbour { distance, row }, self.key.base_of(squared, square))
    }

    /// Estimates what the walk sorts by for a block of a node's neighbours, from the node's base.
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
        match self.key {
            Key::Squared => {
                let code = record.code();
                if base < BLURRED * self.deviation(&code) {
                    self.look_closer(record, block, facts, out);
                }
            }
            Key::Product { .. } => {
                out.iter_mut().for_each(|estimate| *estimate *= 0.5);
                let code = record.code();
                if base + self.code.facts().square + code.facts.square < BLURRED * self.deviation(&code) {
                    self.look_closer(record, block, facts, out);
                }
            }
            Key::Lifted { square, .. } => {
                let code = record.code();
                for (estimate, &square) in out.iter_mut().zip(squares) {
                    *estimate = self.key.of_base(*estimate, square);
                }
                if base + square + code.facts.square < BLURRED * self.deviation(&code) {
                    self.look_closer(record, block, facts, out);
                }
            }
        }
    }

    /// What the walk sorts by, from a base.
    #[inline]
    pub(super) fn key_of_base(&self, base: f32, row_square: f32) -> f32 {
        self.key.of_base(base, row_square)
    }

    /// Replaces estimates by the distances of the neighbours' own codes. Only for rows that are wanted, given their slot
    /// and their row; the others become infinitely far. `hear` is told the estimate and the distance of each.
    pub(super) fn measure(
        &self,
        seen: &Seen<'_>,
        words: &[u32],
        is_wanted: impl Fn(f32, u32) -> bool,
        out: &mut [f32; BLOCK_SLOTS],
        mut hear: impl FnMut(f32, f32),
    ) {
        /// How many records are on their way at once.
        const AHEAD: usize = 4;
        let mut wanted = [(0, 0, 0.0); BLOCK_SLOTS];
        let mut count = 0;
        for (slot, (&word, estimate)) in words.iter().zip(out.iter_mut()).enumerate() {
            let row = row_of(word);
            let is_wanted = word != NO_ROW && is_wanted(*estimate, row);
            if let Some(place) = wanted.get_mut(count).filter(|_| is_wanted) {
                *place = (slot, row, *estimate);
                count += 1;
                seen.prefetch_word(row);
            }
            *estimate = f32::INFINITY;
        }
        let wanted = wanted.get(..count).unwrap_or_default();
        let bring = |at: usize| {
            if let Some(&(_, row, _)) = wanted.get(at) {
                seen.prefetch_code(row);
            }
        };
        (0..AHEAD).for_each(bring);
        for (at, &(slot, row, estimate)) in wanted.iter().enumerate() {
            bring(at + AHEAD);
            if let (Some(place), Some(record)) = (out.get_mut(slot), seen.record(row)) {
                *place = self.neighbour(row, &record.code()).0.distance;
                hear(estimate, *place);
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
        let (_, _, squares) = record.block(block);
        let squares = squares.iter().copied().chain(std::iter::repeat(0.0));
        for (((estimate, factor), &word), square) in
            out.iter_mut().zip(facts.multiply()).zip(words).zip(squares)
        {
            if factor == 0.0 && word != NO_ROW {
                let row = row_of(word);
                *estimate = match self.key {
                    Key::Product { factor } => self.product_by_vectors(row, factor),
                    key => key.of_squared(self.by_vectors(row), square),
                };
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
                Key::Lifted { square, lift: lift_of(square, self.radius), radius: self.radius }
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
            self.space.encoder.squared(rows.row(self.row), rows.row(row))
        } else {
            squared
        };
        self.key.of_squared(squared, other.square)
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
