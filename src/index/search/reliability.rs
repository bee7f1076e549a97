//! How far the estimates of a walk can be relied on, learned from the rows whose codes were looked at.

use crate::index::graph::graph::Graph;

/// A walk that checked fewer estimates says nothing of them.
const LEAST_CHECKED: u32 = 16;
/// Estimates that placed more than this share of rows wrongly among the candidates mislead a walk; of few rows the share may
/// be larger by chance, by the inverse of the root of their number.
const MISLEADING_SHARE: f32 = 0.6;
/// The same for all walks of a graph, which are so many that chance does not count.
const NOISY_SHARE: f32 = 0.5;
/// The same under the inner product, where half as many candidates again are kept in any case.
const NOISY_PRODUCT_SHARE: f32 = 0.44;
/// Shares up to the first need no more candidates; from the second on they need them all.
const NARROW_SHARE: f32 = 0.25;
const WIDE_SHARE: f32 = 0.35;
/// Under the inner product, how many candidates by estimates stand for one by distances at least: few rows of the graph are
/// near each other there. On lengths that are log-normal (sigma 0.3, 10,000 x 128) 100 candidates found 0.918 without, 0.957
/// with it, hnswlib 0.948; a search took 1.5 times as long.
pub(crate) const PRODUCT_WIDENING: f32 = 1.5;
/// Fewer rows say nothing of a graph; after more, the last ones decide.
const LEAST_PLACED: u32 = 1 << 12;
const MOST_PLACED: u32 = 1 << 20;
/// Rows are measured whose estimates lie behind the candidates by up to so many times the estimates' error.
const GATE_ERRORS: f32 = 1.0;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Reliability {
    /// The sum of the squared errors, and of how many.
    errors: f32,
    error_count: u32,
    /// Rows whose estimates placed them among the candidates when those were complete, and how many of them were not
    /// near enough by their own codes.
    placed: u32,
    misplaced: u32,
}

impl Reliability {
    /// Takes in a row's estimate and its distance by its own code; `bound` is the distance of the last candidate.
    #[inline]
    pub(crate) fn hear(&mut self, estimate: f32, distance: f32, bound: f32) {
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

    /// By how much an estimate may lie behind the last candidate so that its row is measured all the same.
    #[inline]
    pub(crate) fn slack(&self) -> f32 {
        if self.error_count < LEAST_CHECKED {
            return f32::INFINITY;
        }
        GATE_ERRORS * (self.errors / self.error_count as f32).sqrt()
    }

    /// Rows that the estimates placed among the candidates, and how many of them do not belong there.
    pub(crate) fn counts(&self) -> Placed {
        Placed { placed: self.placed, misplaced: self.misplaced }
    }

    /// Whether most of the rows that the estimates placed among the candidates do not belong there.
    pub(crate) fn was_misled(&self) -> bool {
        let placed = self.placed as f32;
        self.placed >= LEAST_CHECKED && self.misplaced as f32 > MISLEADING_SHARE * placed + placed.sqrt()
    }
}

/// Rows that estimates placed among the candidates of walks, and how many of them were not near enough by their own codes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) placed: u32,
    pub(crate) misplaced: u32,
}

impl Placed {
    /// Takes in those of more walks; old ones count less and less.
    pub(crate) fn add(&mut self, more: Self) {
        if self.placed > MOST_PLACED {
            (self.placed, self.misplaced) = (self.placed / 2, self.misplaced / 2);
        }
        self.placed = self.placed.saturating_add(more.placed);
        self.misplaced = self.misplaced.saturating_add(more.misplaced);
    }

    /// The share that was placed wrongly.
    fn misplaced_share(self) -> f32 {
        if self.placed < LEAST_PLACED { 0.0 } else { self.misplaced as f32 / self.placed as f32 }
    }

    /// Whether estimates mislead the walks of a graph as a rule.
    pub(crate) fn is_noisy(self, is_product: bool) -> bool {
        self.misplaced_share() > if is_product { NOISY_PRODUCT_SHARE } else { NOISY_SHARE }
    }

    /// How many candidates by estimates hold as many good ones as one candidate by distances: candidates that are there by
    /// error crowd others out. Where few are, it is 1.
    pub(crate) fn widening(self) -> f32 {
        let share = self.misplaced_share();
        let weight = ((share - NARROW_SHARE) / (WIDE_SHARE - NARROW_SHARE)).clamp(0.0, 1.0);
        1.0 + weight * ((1.0 - share).recip() - 1.0)
    }
}

impl Graph {
    /// Takes in how well estimates served the walks so far.
    pub(crate) fn set_reliability(&self, placed: Placed) {
        let is_noisy = placed.is_noisy(self.encoder.is_product());
        self.set_widening(if is_noisy { f32::INFINITY } else { placed.widening() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_that_place_most_rows_wrongly_mislead() {
        let mut reliability = Reliability::default();
        (0..15).for_each(|_| reliability.hear(1.0, 9.0, 5.0));
        assert!(!reliability.was_misled(), "too few to tell");
        (0..15).for_each(|_| reliability.hear(1.0, 9.0, f32::INFINITY));
        assert!(!reliability.was_misled(), "the candidates were not complete");
        (0..15).for_each(|_| reliability.hear(1.0, 4.0, 5.0));
        assert!(!reliability.was_misled(), "half of 30");
        (0..30).for_each(|_| reliability.hear(1.0, 9.0, 5.0));
        assert!(reliability.was_misled());
    }

    #[test]
    fn the_slack_is_the_error_of_the_estimates() {
        let mut reliability = Reliability::default();
        assert_eq!(reliability.slack(), f32::INFINITY);
        (0..32).for_each(|i| reliability.hear(if i % 2 == 0 { 7.0 } else { 13.0 }, 10.0, 20.0));
        assert_eq!(reliability.slack(), 3.0);
    }
}
