//! What shapes a graph: its parameters, the level of a row, the number of links of a level.

use crate::DistanceMetric;

/// The largest number of rows that a graph can hold; a pool entry keeps the row in 31 bits.
pub(crate) const MAX_ROWS: u32 = (1 << 31) - 1;

/// The highest level that a row can get.
pub(crate) const MAX_LEVEL: u32 = 12;

/// The most links a list may have, at any level.
const MOST_LINKS: u32 = 1024;

/// The parameters of a graph. Values that make no sense count as the nearest that do, so that parameters out of a file
/// can do no harm; they are kept and shown as they were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GraphParams {
    /// What the rows are compared by.
    pub(crate) metric: DistanceMetric,
    /// Links of a row on each level above 0; 2 to 1024.
    pub(crate) m: u32,
    /// Links of a row at level 0; `m`, and at least 4, to 1024.
    pub(crate) m_max: u32,
    /// How many candidates a row's links are chosen from; 1 to 65,536.
    pub(crate) ef_construction: u32,
    /// Of the levels.
    pub(crate) seed: u64,
}

impl GraphParams {
    /// The base of the levels' distribution.
    fn base(&self) -> u32 {
        self.m.clamp(2, MOST_LINKS)
    }

    /// How many candidates a row's links are chosen from.
    pub(super) fn candidates(&self) -> usize {
        self.ef_construction.clamp(1, 1 << 16) as usize
    }

    /// The most links that a list of this level holds.
    pub(crate) fn max_links(&self, level: u32) -> usize {
        let m = self.base();
        (if level == 0 { self.m_max.clamp(m.max(4), MOST_LINKS) } else { m }) as usize
    }

    /// The level of a row: the largest `l <= 12` with `h < t(l)`, where `h = mix(seed ^ mix(row))`, `t(0) = 2^64 - 1`,
    /// `t(l) = t(l - 1) / m` (integer division), and `mix` is splitmix64:
    /// `z = x + 0x9e3779b97f4a7c15; z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9; z = (z ^ z >> 27) * 0x94d049bb133111eb;
    /// z ^ z >> 31`, all modulo 2^64.
    ///
    /// This is Malkov & Yashunin's `floor(-ln(u) / ln(m))` without a logarithm, which differs from platform to
    /// platform in its last bit. The level is nowhere stored: it follows from seed, row and `m`.
    pub(crate) fn level_of(&self, row: u32) -> u32 {
        let hash = mix(self.seed ^ mix(u64::from(row)));
        let mut threshold = u64::MAX / u64::from(self.base());
        let mut level = 0;
        while level < MAX_LEVEL && hash < threshold {
            level += 1;
            threshold /= u64::from(self.base());
        }
        level
    }
}

/// One step of splitmix64 (Steele, Lea, Flood 2014).
pub(super) fn mix(x: u64) -> u64 {
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
    fn levels_follow_the_written_formula() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf, "splitmix64's first output for the state 0");
        let params =
            GraphParams { metric: DistanceMetric::Cosine, m: 16, m_max: 32, ef_construction: 200, seed: 7 };
        let mut counts = [0u32; 13];
        for row in 0..100_000 {
            counts[params.level_of(row) as usize] += 1;
        }
        let above: u32 = counts[1..].iter().sum();
        assert!((5_900..6_600).contains(&above), "{above} of 100,000 above level 0, 6,250 expected");
        assert!((300..480).contains(&counts[2..].iter().sum::<u32>()));
        assert_eq!((params.max_links(0), params.max_links(1), params.max_links(9)), (32, 16, 16));
    }

    #[test]
    fn nonsense_counts_as_the_nearest_sense() {
        let metric = DistanceMetric::Euclidean;
        for (m, m_max, expected) in
            [(0, 0, (4, 2)), (16, 8, (16, 16)), (9_999, 0, (1024, 1024)), (3, u32::MAX, (1024, 3))]
        {
            let params = GraphParams { metric, m, m_max, ef_construction: 0, seed: 0 };
            assert_eq!(
                (params.max_links(0), params.max_links(1), params.candidates()),
                (expected.0, expected.1, 1)
            );
            assert!(params.level_of(5) <= MAX_LEVEL);
        }
    }
}
