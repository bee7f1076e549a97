//! Searching: a narrow descent through the levels, then best-first at level 0 (Malkov & Yashunin, Algorithms 2 and 5).

use std::cmp::Reverse;
use std::time::Instant;

use super::graph::{Graph, NO_ROW, View};
use super::scratch::{Neighbour, Scratch};
use super::space::{Measure, QueryMeasure, Rows};
use crate::distance::PreparedQuery;

/// No search keeps fewer candidates: under this a walk ends in the first hollow. Whatever a search with this many
/// finds, one with more finds too, so rows are checked with this many when they enter the graph.
pub(crate) const LEAST_EF: usize = 16;

/// How many candidates are kept above level 0. One, as the books have it, ends in the wrong cluster where clusters lie far
/// apart, and level 0 hardly leads from one to another.
pub(super) const DESCENT_EF: usize = 8;

/// How many rows are expanded between two looks at the clock.
const EXPANSIONS_A_CLOCK: u32 = 8;

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
    /// When to stop with what there is.
    pub(crate) deadline: Option<Instant>,
    /// After how many distances to stop with what there is.
    pub(crate) budget: Option<u32>,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SearchEnd {
    /// Whether the deadline or the budget cut it short.
    pub(crate) is_partial: bool,
    /// How many distances were computed.
    pub(crate) distances: u32,
}

/// Which rows a walk may return, and when it must end.
pub(super) trait Terms {
    /// Whether twins are results too.
    const TWINS: bool;
    fn visible(&self, row: u32) -> bool;
    fn is_over(&self, expansions: u32, distances: u32) -> bool;
}

/// Every row that has links, to the end: what the graph asks itself while it grows.
pub(super) struct Nodes;

impl Terms for Nodes {
    const TWINS: bool = false;

    #[inline]
    fn visible(&self, _row: u32) -> bool {
        true
    }

    #[inline]
    fn is_over(&self, _expansions: u32, _distances: u32) -> bool {
        false
    }
}

/// Rows below a limit, as far as deadline and budget go.
struct Below<'a, 'b>(&'a GraphSearch<'b>);

impl Terms for Below<'_, '_> {
    const TWINS: bool = true;

    #[inline]
    fn visible(&self, row: u32) -> bool {
        row < self.0.limit && (self.0.visible)(row)
    }

    #[inline]
    fn is_over(&self, expansions: u32, distances: u32) -> bool {
        self.0.budget.is_some_and(|budget| distances >= budget)
            || (expansions.is_multiple_of(EXPANSIONS_A_CLOCK)
                && self.0.deadline.is_some_and(|deadline| Instant::now() >= deadline))
    }
}

impl Graph {
    /// Replaces `out` with the nearest visible rows in ascending order, at most k. Takes no lock, and allocates nothing
    /// once `scratch` and `out` have grown.
    pub(crate) fn search(
        &self,
        query: &PreparedQuery<'_>,
        rows: &impl Rows,
        request: &GraphSearch<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<Neighbour>,
    ) -> SearchEnd {
        let measure = QueryMeasure { query, rows };
        let view = self.view();
        // More than all rows cannot be found; a caller's "everything" must not reserve memory for it.
        let ef = request.ef.max(request.k).max(LEAST_EF).min(view.covered as usize + 1);
        let end = self.walk(&measure, view, ef, &Below(request), scratch);
        out.clear();
        out.extend(scratch.pool.iter().take(request.k));
        end
    }

    /// Descends and leaves the `ef` nearest visible rows in the scratch's pool.
    pub(super) fn walk(
        &self,
        measure: &impl Measure,
        view: View,
        ef: usize,
        terms: &impl Terms,
        scratch: &mut Scratch,
    ) -> SearchEnd {
        let mut distances = 0;
        self.descend(measure, view, 0, scratch, &mut distances);
        scratch.begin(view.end(), ef);
        if scratch.starts.is_empty() {
            return SearchEnd { is_partial: false, distances };
        }
        self.seed(measure, view, 0, terms, scratch, &mut distances);
        let is_partial = !self.beam(measure, view, 0, terms, scratch, &mut distances);
        SearchEnd { is_partial, distances }
    }

    /// Walks from the entry point through the levels above `to_level`, and leaves where it got to in `scratch.starts`.
    pub(super) fn descend(
        &self,
        measure: &impl Measure,
        view: View,
        to_level: u32,
        scratch: &mut Scratch,
        distances: &mut u32,
    ) {
        scratch.starts.clear();
        if view.entry == NO_ROW {
            return;
        }
        scratch.starts.push(Neighbour { distance: measure.distance(view.entry), row: view.entry });
        *distances += 1;
        for level in (to_level + 1..=self.params.level_of(view.entry)).rev() {
            scratch.begin(view.end(), DESCENT_EF);
            self.seed(measure, view, level, &Nodes, scratch, distances);
            self.beam(measure, view, level, &Nodes, scratch, distances);
            scratch.keep_starts(DESCENT_EF);
        }
    }

    /// Puts the places where a walk of a level begins into the scratch: its starts, and at level 0 every straggler.
    pub(super) fn seed(
        &self,
        measure: &impl Measure,
        view: View,
        level: u32,
        terms: &impl Terms,
        scratch: &mut Scratch,
        distances: &mut u32,
    ) {
        for place in 0..scratch.starts.len() {
            if let Some(&start) = scratch.starts.get(place)
                && scratch.visited.insert(start.row)
            {
                offer(scratch, start, terms);
            }
        }
        if level > 0 {
            return;
        }
        self.for_each_straggler(|row| {
            if row < view.end() && scratch.visited.insert(row) {
                *distances += 1;
                offer(scratch, Neighbour { distance: measure.distance(row), row }, terms);
            }
        });
    }

    /// Best-first walk of a level from what the scratch holds (Algorithm 2); false where the terms ended it.
    pub(super) fn beam<T: Terms>(
        &self,
        measure: &impl Measure,
        view: View,
        level: u32,
        terms: &T,
        scratch: &mut Scratch,
        distances: &mut u32,
    ) -> bool {
        let mut gathered = std::mem::take(&mut scratch.gathered);
        let mut expansions = 0;
        let mut complete = true;
        while let Some(next) = scratch.next_candidate() {
            if terms.is_over(expansions, *distances) {
                complete = false;
                break;
            }
            expansions += 1;
            gathered.clear();
            let has_twins = self.links.for_each(next, level, |row| {
                if row < view.end() && scratch.visited.insert(row) {
                    gathered.push(row);
                }
            });
            if T::TWINS && has_twins {
                self.offer_twins(measure, view, next, terms, scratch, distances);
            }
            *distances += measure_all(measure, &gathered, |found| offer(scratch, found, terms));
        }
        scratch.gathered = gathered;
        complete
    }

    /// Offers the rows that hang from `first`; they have no links to follow.
    fn offer_twins<T: Terms>(
        &self,
        measure: &impl Measure,
        view: View,
        first: u32,
        terms: &T,
        scratch: &mut Scratch,
        distances: &mut u32,
    ) {
        let mut twin = self.links.next_twin(first);
        // Distances of twins agree up to rounding: once one is refused those after it, of higher rows, are too.
        while let Some(row) = twin.filter(|&row| row < view.covered) {
            if terms.visible(row) {
                *distances += 1;
                let found = Neighbour { distance: measure.distance(row), row };
                if !scratch.pool.offer(found, true) || terms.is_over(0, *distances) {
                    return;
                }
            }
            twin = self.links.next_twin(row);
        }
    }
}

/// A row that was met goes to the pool if it may be a result, else among those to be walked through.
#[inline]
fn offer(scratch: &mut Scratch, found: Neighbour, terms: &impl Terms) {
    if scratch.pool.bound().is_some_and(|bound| bound < found) {
        return;
    }
    if terms.visible(found.row) {
        scratch.pool.offer(found, false);
    } else {
        scratch.hidden.push(Reverse(found));
    }
}

/// Calls `each` with the distance of every row, in order; says how many there were.
#[inline]
pub(super) fn measure_all(measure: &impl Measure, rows: &[u32], mut each: impl FnMut(Neighbour)) -> u32 {
    let (fours, rest) = rows.as_chunks::<4>();
    for four in fours {
        for (&row, distance) in four.iter().zip(measure.distances_4(*four)) {
            each(Neighbour { distance, row });
        }
    }
    for &row in rest {
        each(Neighbour { distance: measure.distance(row), row });
    }
    super::params::row_number(rows.len())
}
