//! The recall that the graph was last measured to have, and how many candidates that takes.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

/// Candidates of the first measurement.
pub(crate) const FIRST_EF: u32 = 100;
/// The most candidates of a search that names no number: such a search looks at a few thousand rows.
pub(crate) const MOST_EF: u32 = 2_000;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SampledRecall {
    /// How many rows the graph covered then.
    pub(crate) rows: u32,
    /// Candidates that reach the target, between 100 and 2,000.
    pub(crate) ef: u32,
    /// The recall of the 10 nearest with so many candidates, 0 to 1.
    pub(crate) recall: f32,
}

impl SampledRecall {
    /// How many candidates a search takes that names no number, at least `least`, where the graph covers so many rows.
    /// Between two measurements the number grows with the root of the number of rows, about as it does on random data.
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

/// The last measurement, for readers. The three are written one by one: a reader in between takes an `ef` of the
/// measurement before, which does no harm.
#[derive(Debug, Default)]
pub(crate) struct LastRecall {
    rows: AtomicU32,
    ef: AtomicU32,
    recall: AtomicU32,
    /// How many rows the last measurement had that somebody was told of.
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

    /// The last measurement, if nobody was told of it before.
    pub(crate) fn unreported(&self) -> Option<SampledRecall> {
        let sampled = self.get()?;
        let reported = &self.reported_rows;
        (reported.load(Relaxed) != sampled.rows && reported.swap(sampled.rows, Relaxed) != sampled.rows)
            .then_some(sampled)
    }
}
