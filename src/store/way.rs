//! How a filtered search is done: by the graph, or by comparing the rows that pass one by one.
//!
//! ```text
//!                        share of rows that pass, by a sample
//!   few pass                                                        many pass
//!   |---- scan: ask about every row, ------|---- walk: the graph, through rows ----------|
//!         compare those that pass                that do not pass; at its budget: scan
//! ```
//! The budget of a walk is half of what the scan would cost, so that the two together cost 1.5 scans at most, whatever
//! the sample hid: rows that pass may all lie far from the query.
//!
//! Costs are counted in components of a vector: what an exact distance takes for each of them in a scan.

use super::filter::RowFilter;
use crate::index::thinned;

/// Rows that are asked about to learn how many pass.
const SAMPLE_ROWS: u32 = 256;
/// A visited row costs as much as so many distances: its record is longer than a vector, and estimates all its neighbours.
const DISTANCES_A_VISIT: u64 = 6;
/// Rows that a visit asks about: neighbours that look near and were not met before.
const ASKED_A_VISIT: u64 = 12;
/// What a walk costs besides its visits, in distances: where it begins, and its last candidates' vectors.
const DISTANCES_A_WALK: u64 = 128;
/// What a distance costs besides its components: a row that the processor did not see coming.
const COMPONENTS_A_ROW: u64 = 64;

/// How the rows that the graph covers are searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Way {
    /// By the graph, of whose rows a share passes; after `most_visits` the scan takes over.
    Walk { share: Option<f32>, most_visits: Option<u32> },
    /// One by one.
    Scan,
}

/// What searches of a kind cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Costs {
    evaluation: u64,
    distance: u64,
}

impl Costs {
    pub(super) fn new(filter: &RowFilter<'_>, dimensions: u32) -> Self {
        Self { evaluation: filter.evaluation_cost(), distance: u64::from(dimensions) + COMPONENTS_A_ROW }
    }

    fn visit(self) -> u64 {
        DISTANCES_A_VISIT * self.distance + ASKED_A_VISIT * self.evaluation
    }

    /// Of a walk of so many visits.
    pub(super) fn walk(self, visits: u64) -> u64 {
        (DISTANCES_A_WALK * self.distance).saturating_add(visits.saturating_mul(self.visit()))
    }

    /// Of a scan that asks about `asked` rows and compares `passing`.
    pub(super) fn scan(self, asked: u64, passing: u64) -> u64 {
        asked.saturating_mul(self.evaluation).saturating_add(passing.saturating_mul(self.distance))
    }
}

/// The cheaper way to search rows `0..covered`, of which `filter` lets some pass.
pub(super) fn choose(filter: &RowFilter<'_>, covered: u32, k: usize, ef: usize, dimensions: u32) -> Way {
    let candidates = filter.candidate_count(covered);
    let hits = filter.sample(covered, candidates, SAMPLE_ROWS).filter(|&row| filter.passes(row)).count();
    let hits = u32::try_from(hits).unwrap_or(SAMPLE_ROWS);
    if hits == 0 || covered == 0 {
        return Way::Scan;
    }
    let costs = Costs::new(filter, dimensions);
    let passing = |hits: u32| u64::from(hits) * u64::from(candidates) / u64::from(SAMPLE_ROWS);
    // A budget must not be more than it was said to be, so the fewest rows count that are likely to pass.
    let scan = costs.scan(u64::from(candidates), passing(hits.saturating_sub(2 * hits.isqrt())));
    let share = passing(hits).max(1) as f32 / covered as f32;
    let kept = thinned(ef, share).max(k) as u64;
    let visits = kept.saturating_mul(u64::from(covered)) / passing(hits).max(1);
    // What queries differ in is room enough to the budget.
    if costs.walk(visits) > scan / 3 {
        return Way::Scan;
    }
    let left = (scan / 2).saturating_sub(costs.walk(0));
    let most_visits = u32::try_from(left / costs.visit()).unwrap_or(u32::MAX);
    Way::Walk { share: Some(share), most_visits: Some(most_visits) }
}
