//! Distances from a query to nodes and their neighbours, by codes.
//!
//! Codes are rounded, so close rows may have equal codes. A distance within the range of the rounding error is computed
//! from the vectors.

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

/// A squared distance below this many standard deviations of the rounding error is computed from the vectors.
pub(crate) const BLURRED: f32 = 8.0;

/// `2 / sqrt(12)`: rounding to integers has a variance of 1/12.
const DEVIATION_FACTOR: f32 = 0.577_350_26;

/// The standard deviation of the squared distance between two codes with these scales and squared lengths.
#[inline]
pub(crate) fn deviation(scale_a: f32, square_a: f32, scale_b: f32, square_b: f32) -> f32 {
    // Computed with scales, not their squares: f32 cannot hold the squares for the longest and the shortest vectors.
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
    /// The query itself, for distances that the codes cannot resolve.
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

    /// The standard deviation of a node's sort key.
    #[inline]
    pub(crate) fn key_deviation(&self, code: &ByteCode<'_>) -> f32 {
        let squared = self.deviation(code);
        if self.key.is_product() { squared / 2.0 } else { squared }
    }

    fn by_vectors(&self, row: u32) -> f32 {
        self.encoder.squared(self.vector, self.rows.row(row))
    }

    /// The sort key of a row for inner products.
    #[cold]
    fn product_by_vectors(&self, row: u32, factor: f32) -> f32 {
        factor * self.encoder.product_distance(self.vector, self.rows.row(row))
    }

    /// The squared distance to a node, from the vectors if the codes cannot resolve it.
    #[inline]
    fn squared(&self, row: u32, code: &ByteCode<'_>) -> f32 {
        let squared = self.code.distance(&self.encoder.codes, code);
        if squared < BLURRED * self.deviation(code) { self.by_vectors(row) } else { squared }
    }

    /// Returns a node with its sort key, and its base (see [`SortKey`]).
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

    /// Estimates the sort keys of a block of a node's neighbours from the node's base.
    #[inline]
    pub(crate) fn estimate(
        &self,
        record: &Record<'_>,
        block: usize,
        base: f32,
        next_record: &mut Prefetch<'_>,
        out: &mut [f32; BLOCK_SLOTS],
    ) {
        let (Some(facts), bits, squares) = record.block(block) else {
            out.fill(f32::INFINITY);
            return;
        };
        self.code.estimate(&self.encoder.codes, bits, facts, base, next_record.rest(), out);
        match self.key {
            SortKey::Squared => {
                let code = record.code();
                if base < BLURRED * self.deviation(&code) {
                    self.refine_by_vectors(record, block, facts, out);
                }
            }
            SortKey::Product { .. } => {
                out.iter_mut().for_each(|estimate| *estimate *= 0.5);
                let code = record.code();
                if base + self.code.facts().square + code.facts.square < BLURRED * self.deviation(&code) {
                    self.refine_by_vectors(record, block, facts, out);
                }
            }
            SortKey::Lifted { square, .. } => {
                let code = record.code();
                for (estimate, &square) in out.iter_mut().zip(squares) {
                    *estimate = self.key.of_base(*estimate, square);
                }
                if base + square + code.facts.square < BLURRED * self.deviation(&code) {
                    self.refine_by_vectors(record, block, facts, out);
                }
            }
        }
    }

    /// The sort key, from a base.
    #[inline]
    pub(crate) fn key_of_base(&self, base: f32, row_square: f32) -> f32 {
        self.key.of_base(base, row_square)
    }

    /// Replaces estimates by distances from the neighbours' own codes. Only rows for which `is_wanted(estimate, row)`
    /// holds are measured; the others become infinite. `observe` is called with the estimate and the distance of each
    /// measured row.
    pub(crate) fn measure(
        &self,
        records: &NodesView<'_>,
        words: &[u32],
        is_wanted: impl Fn(f32, u32) -> bool,
        out: &mut [f32; BLOCK_SLOTS],
        mut observe: impl FnMut(f32, f32),
    ) {
        /// How many records are prefetched ahead.
        const AHEAD: usize = 4;
        let mut wanted = [(0, 0, 0.0); BLOCK_SLOTS];
        let mut count = 0;
        for (slot, (&word, estimate)) in words.iter().zip(out.iter_mut()).enumerate() {
            let row = row_of(word);
            let is_wanted = word != NO_ROW && is_wanted(*estimate, row);
            if let Some(target) = wanted.get_mut(count).filter(|_| is_wanted) {
                *target = (slot, row, *estimate);
                count += 1;
                records.prefetch_word(row);
            }
            *estimate = f32::INFINITY;
        }
        let wanted = wanted.get(..count).unwrap_or_default();
        let prefetch_at = |at: usize| {
            if let Some(&(_, row, _)) = wanted.get(at) {
                records.prefetch_code(row);
            }
        };
        (0..AHEAD).for_each(prefetch_at);
        for (at, &(slot, row, estimate)) in wanted.iter().enumerate() {
            prefetch_at(at + AHEAD);
            if let (Some(target), Some(record)) = (out.get_mut(slot), records.record(row)) {
                *target = self.neighbour(row, &record.code()).0.distance;
                observe(estimate, *target);
            }
        }
    }

    /// Computes distances from the vectors where query, node and neighbour are too close for codes.
    #[cold]
    fn refine_by_vectors(
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
