//! The last measurement of the recall, and the number of candidates that follows from it.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

/// Candidates of the first measurement.
pub(crate) const FIRST_EF: u32 = 100;
/// The maximum number of candidates of a search that names none. Such a search visits a few thousand rows.
pub(crate) const MOST_EF: u32 = 2_000;

/// Searches of a graph are hard if they need so many candidates.
const HARD_EF: u32 = 2 * FIRST_EF;

/// One measurement of the recall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SampledRecall {
    /// Number of rows that the graph covered.
    pub(crate) rows: u32,
    /// Candidates that reach the target, between 100 and 2,000.
    pub(crate) ef: u32,
    /// Recall of the 10 nearest with that many candidates, 0 to 1.
    pub(crate) recall: f32,
}

impl SampledRecall {
    /// Whether the searches of this graph are hard, as on data of high intrinsic dimension.
    pub(crate) fn is_hard(self) -> bool {
        self.ef >= HARD_EF
    }

    /// The number of candidates of a search that names none, at least `least`, for a graph that covers `covered` rows.
    /// Between two measurements the number grows with the square root of the number of rows, about as on random data.
    #[inline]
    pub(crate) fn default_ef(self, covered: u32, least: usize) -> usize {
        if self.ef <= FIRST_EF {
            return least;
        }
        let growth = (covered as f32 / self.rows as f32).max(1.0).sqrt();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to MOST_EF")]
        let ef = (self.ef as f32 * growth).min(MOST_EF as f32) as usize;
        ef.max(least)
    }
}

/// The last measurement, for readers. The three values are written one by one. A concurrent reader may combine two
/// measurements, which is harmless.
#[derive(Debug, Default)]
pub(crate) struct LastRecall {
    rows: AtomicU32,
    ef: AtomicU32,
    recall: AtomicU32,
    /// The value of `rows` at the last measurement that was reported.
    reported_rows: AtomicU32,
}

impl LastRecall {
    pub(crate) fn set(&self, sampled: SampledRecall) {
        self.recall.store(sampled.recall.to_bits(), Relaxed);
        self.ef.store(sampled.ef, Relaxed);
        self.rows.store(sampled.rows, Relaxed);
    }

    pub(crate) fn get(&self) -> Option<SampledRecall> {
        let rows = self.rows.load(Relaxed);
        let recall = f32::from_bits(self.recall.load(Relaxed));
        (rows > 0).then(|| SampledRecall { rows, ef: self.ef.load(Relaxed), recall })
    }

    /// The last measurement, if it was not reported before.
    pub(crate) fn unreported(&self) -> Option<SampledRecall> {
        let sampled = self.get()?;
        let reported = &self.reported_rows;
        (reported.load(Relaxed) != sampled.rows && reported.swap(sampled.rows, Relaxed) != sampled.rows)
            .then_some(sampled)
    }
}
