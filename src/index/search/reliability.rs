//! `Reliability`: the accuracy of a walk's estimates, learned from the rows that were measured by their codes.

use crate::index::graph::graph::Graph;

/// Minimum number of checked estimates for a verdict on a walk.
const LEAST_CHECKED: u32 = 16;
/// Estimates mislead a walk if more than this share of the rows that they placed among the candidates do not belong
/// there. For few rows the limit is higher by the inverse square root of their number, to allow for chance.
const MISLEADING_SHARE: f32 = 0.6;
/// The same limit for all walks of a graph, which are too many for chance to matter.
const NOISY_SHARE: f32 = 0.5;
/// The same limit for the inner product, where [`PRODUCT_WIDENING`] applies in any case.
const NOISY_PRODUCT_SHARE: f32 = 0.44;
/// The same limit where searches are hard. The share varies with the rows that are inserted; near the limit of other
/// graphs, a graph would change between both kinds of walk.
const NOISY_HARD_SHARE: f32 = 0.36;
/// Up to the first share, the candidate list is not widened; from the second on, fully.
const NARROW_SHARE: f32 = 0.25;
const WIDE_SHARE: f32 = 0.35;
/// Minimum widening of the candidate list for inner products, because few rows of the graph are near each other there.
/// On log-normal lengths (sigma 0.3, 10,000 x 128), after every row was replaced, 100 candidates found 0.948 with 1.5,
/// 0.953 with 1.6, and hnswlib found 0.963. Without any, on a new index, they found 0.918, and 0.957 with 1.5. A search
/// takes longer by the factor.
const PRODUCT_WIDENING: f32 = 1.6;
/// Where searches are hard, the candidate list is longer by this factor. After every row was replaced, 100 candidates
/// found 0.783 of 12,000 x 768 normal rows with it and 0.767 without it; hnswlib found 0.790.
const HARD_WIDENING: f32 = 1.1;
/// The same for inner products if every row is measured: 0.615 of 10,000 x 384 normal rows with it and 0.535 without it;
/// hnswlib found 0.611.
const HARD_PRODUCT_WIDENING: f32 = 1.4;
/// Minimum number of rows for a verdict on a graph; above the maximum, older walks count less.
const LEAST_PLACED: u32 = 1 << 12;
const MOST_PLACED: u32 = 1 << 20;
/// Rows are measured whose estimates exceed the bound by up to so many standard errors.
const MEASURED_ERRORS: f32 = 1.0;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Reliability {
    /// Sum of the squared errors, and their number.
    errors: f32,
    error_count: u32,
    /// Number of rows that their estimates placed in a full candidate list, and how many of them were too far away by
    /// their own codes.
    placed: u32,
    misplaced: u32,
}

impl Reliability {
    /// Adds a row's estimate and its distance by its own code. `bound` is the distance of the last candidate.
    #[inline]
    pub(crate) fn observe(&mut self, estimate: f32, distance: f32, bound: f32) {
        if estimate > f32::MIN {
            let error = estimate - distance;
            self.errors += error * error;
            self.error_count += 1;
        }
        if estimate < bound && bound < f32::INFINITY {
            self.placed += 1;
            self.misplaced += u32::from(distance > bound);
        }
    }

    /// By how much an estimate may exceed the bound for its row to be measured.
    #[inline]
    pub(crate) fn slack(&self) -> f32 {
        if self.error_count < LEAST_CHECKED {
            return f32::INFINITY;
        }
        MEASURED_ERRORS * (self.errors / self.error_count as f32).sqrt()
    }

    /// The counts of placed and misplaced rows.
    pub(crate) fn counts(&self) -> EstimateCounts {
        EstimateCounts { placed: self.placed, misplaced: self.misplaced }
    }

    /// Whether the estimates misled the walk.
    pub(crate) fn was_misled(&self) -> bool {
        let placed = self.placed as f32;
        self.placed >= LEAST_CHECKED && self.misplaced as f32 > MISLEADING_SHARE * placed + placed.sqrt()
    }
}

/// Number of rows that estimates placed among the candidates of walks, and how many of them were too far away by their
/// own codes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct EstimateCounts {
    pub(crate) placed: u32,
    pub(crate) misplaced: u32,
}

impl EstimateCounts {
    /// Adds the counts of more walks. Older ones count less and less.
    pub(crate) fn add(&mut self, more: Self) {
        if self.placed > MOST_PLACED {
            (self.placed, self.misplaced) = (self.placed / 2, self.misplaced / 2);
        }
        self.placed = self.placed.saturating_add(more.placed);
        self.misplaced = self.misplaced.saturating_add(more.misplaced);
    }

    /// The share of misplaced rows; 0 if too few are known.
    fn misplaced_share(self) -> f32 {
        if self.placed < LEAST_PLACED { 0.0 } else { self.misplaced as f32 / self.placed as f32 }
    }

    /// Whether estimates mislead most walks of a graph.
    pub(crate) fn is_noisy(self, is_product: bool, is_hard: bool) -> bool {
        self.misplaced_share()
            > match (is_hard, is_product) {
                (true, _) => NOISY_HARD_SHARE,
                (false, true) => NOISY_PRODUCT_SHARE,
                (false, false) => NOISY_SHARE,
            }
    }

    /// The factor by which a candidate list must be longer with estimates than with distances, because misplaced
    /// candidates displace good ones. 1 if few are misplaced.
    pub(crate) fn widening(self) -> f32 {
        let share = self.misplaced_share();
        let weight = ((share - NARROW_SHARE) / (WIDE_SHARE - NARROW_SHARE)).clamp(0.0, 1.0);
        1.0 + weight * ((1.0 - share).recip() - 1.0)
    }
}

impl Graph {
    /// Sets the graph's widening from the counts of its walks so far.
    pub(crate) fn set_reliability(&self, counts: EstimateCounts) {
        let is_noisy = counts.is_noisy(self.encoder.is_product(), self.is_hard());
        self.set_widening(if is_noisy { f32::INFINITY } else { counts.widening() });
    }

    /// The length of the candidate list of a search with `ef` candidates: up to twice `ef`.
    pub(crate) fn widened(&self, ef: usize) -> usize {
        let widening = match self.widening().filter(|_| self.nodes.has_codes_of_links()) {
            Some(widening) if self.encoder.is_product() => widening.max(PRODUCT_WIDENING),
            Some(widening) => widening,
            None => 1.0,
        };
        times(ef, widening * self.hard_widening())
    }

    /// The number of candidates of a search that names none, at least `least`.
    pub(crate) fn default_ef(&self, least: usize) -> usize {
        let ef = self.sampled_recall().map_or(least, |last| last.default_ef(self.covered_rows(), least));
        self.not_widened(ef).max(least)
    }

    /// The number of candidates of a search whose list is as long as that of `ef` would be if searches were not hard:
    /// the recall is measured with such lists, so that the result does not depend on the one before.
    pub(crate) fn not_widened(&self, ef: usize) -> usize {
        times(ef, self.hard_widening().recip())
    }

    fn hard_widening(&self) -> f32 {
        match self.is_hard() {
            false => 1.0,
            true if self.encoder.is_product() && self.measures_neighbours() => HARD_PRODUCT_WIDENING,
            true => HARD_WIDENING,
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 2 ef, and not below 0")]
fn times(ef: usize, factor: f32) -> usize {
    (ef as f32 * factor) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_is_misled_if_most_placed_rows_are_misplaced() {
        let mut reliability = Reliability::default();
        (0..15).for_each(|_| reliability.observe(1.0, 9.0, 5.0));
        assert!(!reliability.was_misled(), "too few to tell");
        (0..15).for_each(|_| reliability.observe(1.0, 9.0, f32::INFINITY));
        assert!(!reliability.was_misled(), "the candidates were not complete");
        (0..15).for_each(|_| reliability.observe(1.0, 4.0, 5.0));
        assert!(!reliability.was_misled(), "half of 30");
        (0..30).for_each(|_| reliability.observe(1.0, 9.0, 5.0));
        assert!(reliability.was_misled());
    }

    #[test]
    fn the_slack_is_the_standard_error_of_the_estimates() {
        let mut reliability = Reliability::default();
        assert_eq!(reliability.slack(), f32::INFINITY);
        (0..32).for_each(|i| reliability.observe(if i % 2 == 0 { 7.0 } else { 13.0 }, 10.0, 20.0));
        assert_eq!(reliability.slack(), 3.0);
    }
}
