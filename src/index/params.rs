//! What shapes a graph: its parameters, and the number of links of a row.

use crate::DistanceMetric;

/// The largest number of rows that a graph can hold; an entry of a candidate list keeps the row in 31 bits.
pub(crate) const MAX_ROWS: u32 = (1 << 31) - 1;

/// Stands for "no row".
pub(crate) const NO_ROW: u32 = u32::MAX;

/// Rows that enter the graph at once. Each is compared with all others of its batch, which costs a tenth of its search
/// and makes the batch's own clusters whole; a larger batch would cost more and keep more threads busy.
pub(crate) const BATCH_ROWS: u32 = 512;

/// The most links a row may have.
const MOST_LINKS: u32 = 1024;

/// What a record holds beside a row's links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexProfile {
    /// The 1-bit codes of all neighbours too, so that a visit reads one piece of memory: the fastest searches, for
    /// `320 + 5 * dimensions` bytes a row with 32 links.
    #[default]
    Fast,
    /// The row's own 8-bit code alone: searches are 1.5 to 2 times as slow, for `192 + dimensions` bytes a row.
    Compact,
}

impl IndexProfile {
    /// The number that files and the C API know it by.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Fast => 0,
            Self::Compact => 1,
        }
    }

    /// `None` where no profile has the number.
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        [Self::Fast, Self::Compact].into_iter().find(|profile| profile.number() == number)
    }
}

/// The parameters of a graph. Values that make no sense count as the nearest that do, so that parameters out of a file
/// can do no harm; they are kept and shown as they were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GraphParams {
    /// What the rows are compared by.
    pub(crate) metric: DistanceMetric,
    /// Half the links of a row that is new, as callers of HNSW know it: kept, and not used.
    pub(crate) m: u32,
    /// Links of a row; 4 to 1024.
    pub(crate) m_max: u32,
    /// How many candidates a row's links are chosen from; 1 to 65,536.
    pub(crate) ef_construction: u32,
    /// Of the sample of rows where searches begin.
    pub(crate) seed: u64,
    /// What lies beside the links.
    pub(crate) profile: IndexProfile,
}

impl GraphParams {
    /// How many candidates a row's links are chosen from.
    pub(super) fn candidates(&self) -> usize {
        self.ef_construction.clamp(1, 1 << 16) as usize
    }

    /// The most links of a row.
    pub(crate) fn max_links(&self) -> usize {
        self.m_max.clamp(4, MOST_LINKS) as usize
    }

    /// Whether a part of a row's links leads to the rows of the largest inner products (products.rs).
    pub(super) fn has_product_links(&self) -> bool {
        self.metric == DistanceMetric::DotProduct
    }

    /// The most product links of a row: 20 of 32. With 16, recall on normal data was 0.03 lower; with 24 it is no higher, and
    /// clusters of near-duplicates fall apart.
    pub(super) fn most_product_links(&self) -> usize {
        if self.has_product_links() { self.max_links() * 5 / 8 } else { 0 }
    }

    /// The most selected links of a row.
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

/// A place among rows as a row number; the caller keeps places under [`MAX_ROWS`].
#[expect(
    clippy::cast_possible_truncation,
    reason = "rows are counted in 31 bits; extend and decode refuse more"
)]
pub(super) fn row_number(place: usize) -> u32 {
    debug_assert!(place <= MAX_ROWS as usize);
    place as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixing_function_is_splitmix64() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf, "splitmix64's first output for the state 0");
    }

    #[test]
    fn nonsense_counts_as_the_nearest_sense() {
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
