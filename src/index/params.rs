//! The parameters of a graph.

use crate::DistanceMetric;

/// The largest number of rows in a graph. A candidate list stores a row in 31 bits.
pub(crate) const MAX_ROWS: u32 = (1 << 31) - 1;

/// Stands for "no row".
pub(crate) const NO_ROW: u32 = u32::MAX;

/// Rows in one batch. Each row is compared with all others of its batch, which costs a tenth of its search and links
/// clusters within a batch completely. A larger batch would cost more and employ more threads.
pub(crate) const BATCH_ROWS: u32 = 512;

/// The largest permitted number of links of a row.
const MOST_LINKS: u32 = 1024;

/// What a record contains besides the links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexProfile {
    /// The 1-bit codes of all neighbours too, so that a visit reads one contiguous record. Searches are fastest; a row
    /// takes `320 + 5 * dimensions` bytes with 32 links (1,600 at 129 to 256 dimensions, at most 1,472 below).
    #[default]
    Fast,
    /// Only the row's own 8-bit code. Searches are 1.5 to 2 times as slow; a row takes `192 + dimensions` bytes with 32
    /// links.
    Compact,
}

impl IndexProfile {
    /// The number in files and in the C API.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Fast => 0,
            Self::Compact => 1,
        }
    }

    /// Returns `None` for an unknown number.
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        [Self::Fast, Self::Compact].into_iter().find(|profile| profile.number() == number)
    }
}

/// The parameters of a graph. Values out of range are clamped when used, so that parameters from a file can do no harm.
/// They are stored and reported unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GraphParams {
    /// The distance metric.
    pub(crate) metric: DistanceMetric,
    /// HNSW's `M`. Stored but not used.
    pub(crate) m: u32,
    /// Maximum links of a row; 4 to 1024.
    pub(crate) m_max: u32,
    /// Candidates from which a row's links are selected; 1 to 65,536.
    pub(crate) ef_construction: u32,
    /// Seed for the sample of entry points.
    pub(crate) seed: u64,
    /// What a record contains besides the links.
    pub(crate) profile: IndexProfile,
}

impl GraphParams {
    /// Candidates from which a row's links are selected.
    pub(super) fn candidates(&self) -> usize {
        self.ef_construction.clamp(1, 1 << 16) as usize
    }

    /// Maximum links of a row.
    pub(crate) fn max_links(&self) -> usize {
        self.m_max.clamp(4, MOST_LINKS) as usize
    }

    /// Whether some links of a row lead to the rows with the largest inner products (products.rs).
    pub(super) fn has_product_links(&self) -> bool {
        self.metric == DistanceMetric::DotProduct
    }

    /// Maximum product links of a row: 20 of 32. On normal data, 16 gave 0.03 less recall; 24 gave no more, and
    /// clusters of near-duplicates became disconnected.
    pub(super) fn most_product_links(&self) -> usize {
        if self.has_product_links() { self.max_links() * 5 / 8 } else { 0 }
    }

    /// Maximum selected links of a row.
    pub(super) fn most_selected_links(&self) -> usize {
        self.max_links() - self.most_product_links()
    }
}

/// One step of splitmix64 (Steele, Lea, Flood 2014).
pub(crate) fn mix(x: u64) -> u64 {
    let z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Converts an index to a row number; the caller guarantees at most [`MAX_ROWS`].
#[expect(
    clippy::cast_possible_truncation,
    reason = "rows are counted in 31 bits; extend and decode refuse more"
)]
pub(super) fn row_number(index: usize) -> u32 {
    debug_assert!(index <= MAX_ROWS as usize);
    index as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixing_function_is_splitmix64() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf, "splitmix64's first output for the state 0");
    }

    #[test]
    fn parameters_out_of_range_are_clamped() {
        let metric = DistanceMetric::Euclidean;
        for (m_max, expected) in [(0, 4), (8, 8), (9_999, 1024), (u32::MAX, 1024)] {
            let params = GraphParams {
                metric,
                m: 16,
                m_max,
                ef_construction: 0,
                seed: 0,
                profile: IndexProfile::Fast,
            };
            assert_eq!((params.max_links(), params.candidates()), (expected, 1));
        }
    }
}
