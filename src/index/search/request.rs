//! The parameters of a walk: which rows it may return, and when it must end.

use std::time::Instant;

/// Minimum number of candidates. With fewer, a walk ends in the first local minimum.
pub(crate) const LEAST_EF: usize = 10;

/// Number of visits between two updates of the expansion limit.
const VISITS_A_LOOK: u32 = 8;

/// Number of visits after which the share of visible rows among them is meaningful.
const VISITS_A_SHARE: u32 = 32;

/// The parameters of a search besides the query.
#[derive(Clone, Copy)]
pub(crate) struct GraphSearch<'a> {
    /// Number of results.
    pub(crate) k: usize,
    /// Number of candidates; at least k and [`LEAST_EF`] are kept.
    pub(crate) ef: usize,
    /// Only rows below this one are results.
    pub(crate) limit: u32,
    /// Whether a row may be a result. Other rows are walked through.
    pub(crate) visible: &'a dyn Fn(u32) -> bool,
    /// Called for rows before `visible`, to prefetch the data that `visible` reads. Returns whether the row may be
    /// invisible. `None` if all rows are visible.
    pub(crate) prefetch_visibility: Option<&'a dyn Fn(u32) -> bool>,
    /// The share of rows that may be results; `None` if all may. With a share fewer candidates are kept: the walk
    /// passes through invisible rows too, so it needs few of its own. It ends early if it meets too few visible rows.
    pub(crate) share: Option<f32>,
    /// The search ends at this time with the results so far.
    pub(crate) deadline: Option<Instant>,
    /// The search ends after so many visits with the results so far.
    pub(crate) budget: Option<u32>,
    /// A node that the search ignores.
    pub(crate) excluded_row: Option<u32>,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SearchEnd {
    /// Whether the deadline or the budget ended it, or too few visible rows were met.
    pub(crate) is_partial: bool,
    /// Number of rows visited, or compared by a scan.
    pub(crate) distances: u32,
}

/// Which rows a walk may return, and when it must end.
pub(crate) trait WalkPolicy {
    /// Number of results, duplicates included; 0: all visited nodes, without duplicates.
    fn most_results(&self) -> usize;
    fn visible(&self, row: u32) -> bool;
    /// Prefetches the data that `visible` reads; returns whether the row's duplicates will be examined too.
    #[inline]
    fn prefetch_visibility(&self, _row: u32) -> bool {
        false
    }
    /// Called for every visited node.
    #[inline]
    fn visit(&self, _row: u32) {}
    /// Whether the walk must end after `visits` visits with `found` rows found. `spent`: visits of an earlier walk for
    /// the same query.
    fn is_over(&self, spent: u32, visits: u32, found: usize) -> bool;
    /// A node that the walk ignores.
    #[inline]
    fn excluded_row(&self) -> Option<u32> {
        None
    }
    /// The new limit of expanded candidates, if it changes.
    #[inline]
    fn expand_limit(&self, _visits: u32, _found: usize) -> Option<usize> {
        None
    }
}

/// Every node, without a limit: the policy of walks for links.
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

/// The policy of a [`GraphSearch`].
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
    fn prefetch_visibility(&self, row: u32) -> bool {
        self.0.prefetch_visibility.is_some_and(|prefetch_visibility| prefetch_visibility(row))
    }

    #[inline]
    fn excluded_row(&self) -> Option<u32> {
        self.0.excluded_row
    }

    #[inline]
    fn is_over(&self, spent: u32, visits: u32, found: usize) -> bool {
        self.0.budget.is_some_and(|budget| spent + visits >= budget)
            || self.0.share.is_some_and(|share| is_futile(visits, found, share))
            // Checked before each visit: a record may have to be read from the disk.
            || self.0.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// If visible rows are rarer near the query than elsewhere, the walk must find its way through invisible ones and
    /// needs all its candidates.
    #[inline]
    fn expand_limit(&self, visits: u32, found: usize) -> Option<usize> {
        let share = self.0.share?;
        if visits < VISITS_A_SHARE || !visits.is_multiple_of(VISITS_A_LOOK) {
            return None;
        }
        let here = found as f32 / visits as f32;
        Some(if here < 0.5 * share {
            self.0.ef
        } else {
            filtered_ef(self.0.ef, here.max(share)).max(self.0.k)
        })
    }
}

/// Whether visible rows are so much rarer here than their share that the walk should end. By chance this happens to one
/// walk in a hundred.
#[inline]
fn is_futile(visits: u32, found: usize, share: f32) -> bool {
    let expected = visits as f32 * share;
    expected >= 16.0 && (found as f32) < 0.5 * expected
}

/// The number of candidates that replaces `ef` if only a share of the rows is visible. It lies between `ef`, which
/// takes `ef / share` visits, and `ef * share`, which takes as many as without a filter (docs/design.md, "Fewer
/// candidates where few rows pass").
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most ef, at least 0")]
pub(crate) fn filtered_ef(ef: usize, share: f32) -> usize {
    ((ef as f32 * share.sqrt()) as usize).clamp(LEAST_EF, ef.max(LEAST_EF))
}
