//! What a walk is asked for: which rows it may return, and when it must end.

use std::time::Instant;

/// No search keeps fewer candidates: under this a walk ends in the first hollow.
pub(crate) const LEAST_EF: usize = 10;

/// How many rows are visited between two looks at how many of them may be results.
const VISITS_A_LOOK: u32 = 8;

/// After how many visits the share of visible rows among them says something.
const VISITS_A_SHARE: u32 = 32;

/// What a search is asked for besides the query.
#[derive(Clone, Copy)]
pub(crate) struct GraphSearch<'a> {
    /// How many results.
    pub(crate) k: usize,
    /// How many candidates; at least k and [`LEAST_EF`] are kept.
    pub(crate) ef: usize,
    /// Only rows below are results.
    pub(crate) limit: u32,
    /// Whether a row may be a result. Other rows are walked through.
    pub(crate) visible: &'a dyn Fn(u32) -> bool,
    /// Hears of rows that `visible` is about to be asked about, and brings near what it will look at; whether the row may
    /// be invisible. `None` where no row is known to be.
    pub(crate) look_ahead: Option<&'a dyn Fn(u32) -> bool>,
    /// The share of rows that may be results, where not all may. Fewer candidates are kept then: the walk goes through the
    /// other rows too, and so looks around well with few of its own. It gives up where it meets too few of them.
    pub(crate) share: Option<f32>,
    /// When to stop with what there is.
    pub(crate) deadline: Option<Instant>,
    /// After how many visits to stop with what there is.
    pub(crate) budget: Option<u32>,
    /// A node that the search goes on as if it were not there.
    pub(crate) without: Option<u32>,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SearchEnd {
    /// Whether the deadline or the budget cut it short, or too few rows that pass were met.
    pub(crate) is_partial: bool,
    /// How many rows were visited, or looked at by a scan.
    pub(crate) distances: u32,
}

/// Which rows a walk may return, and when it must end.
pub(crate) trait WalkPolicy {
    /// How many results there are to be, rows that hang from others among them; 0: all nodes that are visited, and no row
    /// that hangs from one.
    fn most_results(&self) -> usize;
    fn visible(&self, row: u32) -> bool;
    /// Hears of a row that will be asked about; whether its twins will be, too.
    #[inline]
    fn look_ahead(&self, _row: u32) -> bool {
        false
    }
    /// Hears of every node that is visited.
    #[inline]
    fn visit(&self, _row: u32) {}
    /// Whether the walk must end, after so many visits, with so many rows found; `spent`: visits of a walk before this one
    /// for the same query.
    fn is_over(&self, spent: u32, visits: u32, found: usize) -> bool;
    /// A node that the walk never comes to.
    #[inline]
    fn without(&self) -> Option<u32> {
        None
    }
    /// How many candidates are enough from here on, if that has changed.
    #[inline]
    fn enough(&self, _visits: u32, _found: usize) -> Option<usize> {
        None
    }
}

/// Every node, to the end: what the graph asks itself while it grows.
pub(crate) struct AllNodes;

impl WalkPolicy for AllNodes {
    fn most_results(&self) -> usize {
        0
    }

    #[inline]
    fn visible(&self, _row: u32) -> bool {
        true
    }

    #[inline]
    fn is_over(&self, _spent: u32, _visits: u32, _found: usize) -> bool {
        false
    }
}

/// Rows below a limit, as far as deadline and budget go.
pub(crate) struct RequestPolicy<'a, 'b>(pub(crate) &'a GraphSearch<'b>);

impl WalkPolicy for RequestPolicy<'_, '_> {
    fn most_results(&self) -> usize {
        self.0.k.max(1)
    }

    #[inline]
    fn visible(&self, row: u32) -> bool {
        row < self.0.limit && (self.0.visible)(row)
    }

    #[inline]
    fn look_ahead(&self, row: u32) -> bool {
        self.0.look_ahead.is_some_and(|look_ahead| look_ahead(row))
    }

    #[inline]
    fn without(&self) -> Option<u32> {
        self.0.without
    }

    #[inline]
    fn is_over(&self, spent: u32, visits: u32, found: usize) -> bool {
        self.0.budget.is_some_and(|budget| spent + visits >= budget)
            || self.0.share.is_some_and(|share| is_futile(visits, found, share))
            // Before each visit: a record may have to come from the disk.
            || self.0.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Where rows that may be results are rarer near the query than elsewhere, the walk has to find its way through the
    /// others, and needs all its candidates.
    #[inline]
    fn enough(&self, visits: u32, found: usize) -> Option<usize> {
        let share = self.0.share?;
        if visits < VISITS_A_SHARE || !visits.is_multiple_of(VISITS_A_LOOK) {
            return None;
        }
        let here = found as f32 / visits as f32;
        Some(if here < 0.5 * share { self.0.ef } else { thinned(self.0.ef, here.max(share)).max(self.0.k) })
    }
}

/// Whether rows that may be results are so much rarer here than their share that the walk had better be given up. Chance
/// alone says so of one walk in a hundred.
#[inline]
fn is_futile(visits: u32, found: usize, share: f32) -> bool {
    let expected = visits as f32 * share;
    expected >= 16.0 && (found as f32) < 0.5 * expected
}

/// How many candidates stand for `ef` where a share of the rows may be results: between `ef`, which takes `ef / share`
/// visits, and `ef * share`, which takes as many as without a filter (docs/design.md, "Filtered search").
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most ef, at least 0")]
pub(crate) fn thinned(ef: usize, share: f32) -> usize {
    ((ef as f32 * share.sqrt()) as usize).clamp(LEAST_EF, ef.max(LEAST_EF))
}
