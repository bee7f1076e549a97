//! Early termination: a walk ends at the k-th nearest row found, plus a margin.
//!
//! A walk that ends only when its candidates are expanded visits as many rows for an easy query as for a hard one.
//! Therefore it also ends when the nearest unvisited row is farther than the k-th row found by a margin (adaptive beam
//! search: Al-Jazzazi, Diwan, Gou, Musco, Musco, Suel 2025, arXiv 2505.15636). The number of candidates still bounds
//! every walk, and it determines the margin.
//!
//! Not used if rows are measured before they become candidates. Estimates err towards nearness, so a walk goes farther
//! than the margin; distances do not. On normal data of 64 dimensions such walks lost 0.025 of their recall.
//!
//! Not used for the dot product. There the nearest possible row is far from all existing rows, and rows that differ in
//! what matters are almost equally far from it. With a margin on the difference, a dense cluster lost all its recall.

/// The margin of a walk with as many candidates as results, as a share of the squared distance. It grows with the ratio
/// of candidates to results to the power of [`MARGIN_POWER`]. Both constants determine which `ef` reaches a recall, and
/// hardly the time for it (docs/benchmarks/search.md).
pub(crate) const MARGIN: f32 = 0.045;
/// The same for codes of several bits. Their estimates err less, so a walk must go farther for the same recall.
pub(crate) const SHARP_MARGIN: f32 = 0.09;
const MARGIN_POWER: f32 = 0.4;

/// The distances of the nearest rows found, and the bound of the walk.
#[derive(Debug, Default)]
pub(crate) struct EarlyStop {
    /// Ascending, at most `k`.
    nearest: Vec<f32>,
    /// 0: the walk does not end early.
    k: usize,
    margin: f32,
    bound: f32,
}

impl EarlyStop {
    /// Prepares for a walk with `ef` candidates and `k` results (0: all rows), and this margin for as many candidates as
    /// results.
    pub(crate) fn reset(&mut self, k: usize, ef: usize, margin: f32) {
        self.nearest.clear();
        self.k = k;
        self.margin = margin * (ef as f32 / k.max(1) as f32).powf(MARGIN_POWER);
        self.bound = f32::INFINITY;
    }

    /// Rows farther away than this are not visited. It never grows.
    #[inline]
    pub(crate) fn bound(&self) -> f32 {
        self.bound
    }

    /// Adds a row found at a squared distance.
    #[inline]
    pub(crate) fn observe(&mut self, distance: f32) {
        if self.k == 0 {
            return;
        }
        if self.nearest.len() == self.k {
            if self.nearest.last().is_none_or(|&last| distance >= last) {
                return;
            }
            self.nearest.pop();
        }
        let index = self.nearest.partition_point(|&nearer| nearer < distance);
        self.nearest.insert(index, distance);
        if let Some(&last) = self.nearest.get(self.k - 1) {
            // Distances by codes may be negative between almost equal rows.
            self.bound = last + self.margin * last.max(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_kth_distance_plus_a_margin_and_never_grows() {
        let mut early_stop = EarlyStop::default();
        early_stop.reset(2, 2, MARGIN);
        let mut bounds = Vec::new();
        for distance in [4.0, 9.0, 1.0, 25.0, 0.0, 0.0] {
            early_stop.observe(distance);
            bounds.push(early_stop.bound());
        }
        let first = f32::INFINITY;
        assert_eq!(
            bounds,
            [first, 9.0 + MARGIN * 9.0, 4.0 + MARGIN * 4.0, 4.0 + MARGIN * 4.0, 1.0 + MARGIN, 0.0]
        );
    }

    #[test]
    fn more_candidates_increase_the_margin() {
        let mut early_stop = EarlyStop::default();
        let mut bound_of = |k: usize, ef: usize| {
            early_stop.reset(k, ef, MARGIN);
            (0..ef).for_each(|_| early_stop.observe(1.0));
            early_stop.bound()
        };
        assert_eq!(bound_of(10, 160), 1.0 + MARGIN * 16.0_f32.powf(MARGIN_POWER));
        assert!(bound_of(10, 10) < bound_of(10, 20) && bound_of(10, 20) < bound_of(1, 20));
    }

    #[test]
    fn a_walk_without_k_does_not_end_early() {
        let mut early_stop = EarlyStop::default();
        early_stop.reset(0, 100, MARGIN);
        early_stop.observe(1.0);
        assert_eq!(early_stop.bound(), f32::INFINITY);
    }
}
