//! The next page of a search through the graph: the `k` nearest rows after a hit.
//!
//! ```text
//!   order of hits   | rows of earlier pages ......... after | page: k rows | ...
//!   first walk      |------------ FIRST_PAGES x k -------------|            too few rows after the hit
//!   next walk       |------------ as many as the first walk has shown to be necessary -----|
//! ```
//!
//! The rows of earlier pages are nearer to the query, so a walk to the page meets them in any case. Each walk is an
//! ordinary one for all rows up to the end of the page, with at least as many candidates. A page is therefore as
//! accurate as the last rows of one search that is as long as all pages together.

use crate::distance::PreparedQuery;
use crate::index::{GraphSearch, Index, Neighbour, Rows, Scratch, SearchEnd};

/// The first walk looks for so many pages.
const FIRST_PAGES: usize = 4;
/// A walk that shows nothing after the hit is followed by one for so many times as many rows.
const GROWTH: usize = 2;
/// The fixed cost of each further walk, in visits.
const VISITS_A_WALK: u32 = 32;
/// One in so many rows before the page is looked for in addition, because the next walk may find more of them.
const MARGIN_PART: usize = 8;

/// The number of rows that the first walk for a page of `k` rows looks for.
pub(super) fn first_k(k: usize) -> usize {
    k.saturating_mul(FIRST_PAGES)
}

/// Replaces `out` with the nearest visible rows after `after` in ascending order, `request.k` of them, or fewer: if the
/// search ended early, if the graph has no more, or if the walks would take more visits than `most_visits` allows.
/// Returns `None` as [`Graph::search`](crate::index::Index) does.
pub(super) fn search_page(
    graph: &Index,
    (query, rows): (&PreparedQuery<'_>, &impl Rows),
    request: &GraphSearch<'_>,
    (after, most_visits): (Neighbour, Option<u32>),
    scratch: &mut Scratch,
    out: &mut Vec<Neighbour>,
) -> Option<SearchEnd> {
    let most_visits = most_visits.unwrap_or(u32::MAX);
    let (mut wanted, mut spent, mut fixed) = (first_k(request.k), 0u32, 0u32);
    loop {
        // What is left for this walk: of the caller's budget, and of the cost of all walks.
        let left = most_visits.saturating_sub(spent.saturating_add(fixed));
        let budget = request.budget.map(|budget| budget.saturating_sub(spent).min(left));
        let walk = GraphSearch { k: wanted, ef: request.ef.max(wanted), budget, ..*request };
        let Some(end) = graph.search(query, rows, &walk, scratch, out) else {
            out.clear();
            return (spent > 0).then_some(SearchEnd { is_partial: false, distances: spent });
        };
        spent = spent.saturating_add(end.distances);
        let before = out.partition_point(|row| *row <= after);
        let is_exhausted = out.len() < wanted;
        if end.is_partial || is_exhausted || out.len() - before >= request.k {
            out.drain(..before);
            out.truncate(request.k);
            return Some(SearchEnd { distances: spent, ..end });
        }
        wanted = match before < out.len() {
            true => before + before / MARGIN_PART + request.k,
            false => wanted.saturating_mul(GROWTH),
        };
        fixed = fixed.saturating_add(VISITS_A_WALK);
        // Most rows take a visit.
        if wanted as u64 + u64::from(spent) + u64::from(fixed) > u64::from(most_visits) {
            out.clear();
            return Some(SearchEnd { is_partial: false, distances: spent });
        }
    }
}
