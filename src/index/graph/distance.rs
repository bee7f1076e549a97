//! How far rows are from a query and from each other, by their codes.
//!
//! Codes are rounded, so near rows may look alike. Where a distance is within what rounding does, the vectors are asked.

use super::links::row_of;
use super::nodes::NodesView;
use super::record_layout::{BLOCK_SLOTS, Record};
use crate::index::codes::byte_code::ByteCode;
use crate::index::codes::encoder::Encoder;
use crate::index::codes::key::SortKey;
use crate::index::codes::query::QueryCode;
use crate::index::neighbour::Neighbour;
use crate::index::params::NO_ROW;
use crate::index::rows::Rows;
use crate::kernel::codes::{BlockFacts, Prefetch};

/// Squared distances under this many standard deviations of the codes' rounding are taken from the vectors.
pub(crate) const BLURRED: f32 = 8.0;

/// `2 / sqrt(12)`: rounding to integers has a variance of 1/12.
const DEVIATION_FACTOR: f32 = 0.577_350_26;

/// The standard deviation of a squared distance between two codes with these scales and squared lengths.
#[inline]
pub(crate) fn deviation(scale_a: f32, square_a: f32, scale_b: f32, square_b: f32) -> f32 {
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
pub(crate) struct QueryDistance<'a, R> {
    pub(crate) encoder: &'a Encoder,
    pub(crate) code: &'a QueryCode,
    /// The query itself, for where the codes cannot tell.
    pub(crate) vector: &'a [f32],
    pub(crate) rows: &'a R,
    pub(crate) key: SortKey,
}

impl<R: Rows> QueryDistance<'_, R> {
    /// The standard deviation of a squared distance by codes.
    #[inline]
    pub(crate) fn deviation(&self, code: &ByteCode<'_>) -> f32 {
        let facts = self.code.facts();
        deviation(facts.byte_scale, facts.square, code.facts.scale, code.facts.square)
    }

    /// The standard deviation of what the walk sorts by, for a node.
    #[inline]
    pub(crate) fn doubt(&self, code: &ByteCode<'_>) -> f32 {
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
    pub(crate) fn neighbour(&self, row: u32, code: &ByteCode<'_>) -> (Neighbour, f32) {
        if let SortKey::Product { factor } = self.key {
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
    pub(crate) fn estimate(
        &self,
        record: &Record<'_>,
        block: usize,
        base: f32,
        coming: &mut Prefetch<'_>,
        out: &mut [f32; BLOCK_SLOTS],
    ) {
        let (Some(facts), bits, squares) = record.block(block) else {
            out.fill(f32::INFINITY);
            return;
        };
        self.code.estimate(&self.encoder.codes, bits, facts, base, coming.rest(), out);
        match self.key {
            SortKey::Squared => {
                let code = record.code();
                if base < BLURRED * self.deviation(&code) {
                    self.look_closer(record, block, facts, out);
                }
            }
            SortKey::Product { .. } => {
                out.iter_mut().for_each(|estimate| *estimate *= 0.5);
                let code = record.code();
                if base + self.code.facts().square + code.facts.square < BLURRED * self.deviation(&code) {
                    self.look_closer(record, block, facts, out);
                }
            }
            SortKey::Lifted { square, .. } => {
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
    pub(crate) fn key_of_base(&self, base: f32, row_square: f32) -> f32 {
        self.key.of_base(base, row_square)
    }

    /// Replaces estimates by the distances of the neighbours' own codes. Only for rows that are wanted, given their slot
    /// and their row; the others become infinitely far. `hear` is told the estimate and the distance of each.
    pub(crate) fn measure(
        &self,
        records: &NodesView<'_>,
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
                records.prefetch_word(row);
            }
            *estimate = f32::INFINITY;
        }
        let wanted = wanted.get(..count).unwrap_or_default();
        let bring = |at: usize| {
            if let Some(&(_, row, _)) = wanted.get(at) {
                records.prefetch_code(row);
            }
        };
        (0..AHEAD).for_each(bring);
        for (at, &(slot, row, estimate)) in wanted.iter().enumerate() {
            bring(at + AHEAD);
            if let (Some(place), Some(record)) = (out.get_mut(slot), records.record(row)) {
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
                    SortKey::Product { factor } => self.product_by_vectors(row, factor),
                    key => key.of_squared(self.by_vectors(row), square),
                };
            }
        }
    }
}
