//! Reranking: the rows that are nearest by their codes are ordered by their vectors.

use super::scratch::Walk;
use crate::distance::PreparedQuery;
use crate::index::codes::encoder::CodedQuery;
use crate::index::graph::distance::QueryDistance;
use crate::index::graph::nodes::NodesView;
use crate::index::neighbour::Neighbour;
use crate::index::rows::Rows;
use crate::kernel::codes::prefetch;

/// Rows that are behind the k-th result by less than this many standard deviations of the codes' rounding error are
/// compared by their vectors too.
const DEVIATIONS: f32 = 3.0;

/// How many rows are prefetched ahead.
const AHEAD: usize = 16;
/// Bytes of a row that are prefetched, 4 cache lines: the hardware prefetcher then fetches the rest, with more
/// lines in flight than a core can request. Prefetching all lines reads 784-d rows at half the speed.
const HEAD: usize = 256;

/// Replaces `out` with the `k` nearest of the walk's rows, in ascending order.
pub(crate) fn rerank<R: Rows>(
    (query, coded): (&PreparedQuery<'_>, &CodedQuery),
    query_distance: &QueryDistance<'_, R>,
    records: &NodesView<'_>,
    k: usize,
    walk: &mut Walk,
    out: &mut Vec<Neighbour>,
) {
    let found = &mut walk.found;
    if k == 0 {
        return;
    }
    let sure = k.min(found.len());
    if sure < found.len() {
        found.select_nth_unstable(sure);
    }
    let (near, rest) = found.split_at_mut(sure);
    add_exact(query, query_distance, near, out);
    let Some(last) = out.iter().max().filter(|_| out.len() == k).copied() else {
        out.sort_unstable();
        return;
    };
    let deviations =
        out.iter().filter_map(|found| Some(query_distance.key_deviation(&records.record(found.row)?.code())));
    let deviation = deviations.fold(walk.duplicates_deviation, f32::max);
    let bound = query_distance.encoder.key_of(coded, last.distance) + DEVIATIONS * deviation;
    let mut uncertain = 0;
    for index in 0..rest.len() {
        if rest.get(index).is_some_and(|row| row.distance <= bound) {
            rest.swap(uncertain, index);
            uncertain += 1;
        }
    }
    if uncertain > 0 {
        add_exact(query, query_distance, rest.get(..uncertain).unwrap_or_default(), out);
    }
    out.sort_unstable();
    out.truncate(k);
}

/// Adds rows with their true distances to `out`.
fn add_exact<R: Rows>(
    query: &PreparedQuery<'_>,
    query_distance: &QueryDistance<'_, R>,
    rows: &[Neighbour],
    out: &mut Vec<Neighbour>,
) {
    let vector = |found: &Neighbour| query_distance.rows.row(found.row);
    let prefetch_head = |found: &Neighbour| {
        let bytes = vector(found).bytes();
        prefetch(bytes.get(..HEAD).unwrap_or(bytes));
    };
    rows.iter().take(AHEAD).for_each(prefetch_head);
    let (fours, rest) = rows.as_chunks::<4>();
    for (four, next) in fours.iter().zip((AHEAD..).step_by(4)) {
        rows.iter().skip(next).take(4).for_each(prefetch_head);
        let distances = query.distances_4(four.each_ref().map(vector));
        out.extend(
            four.iter().zip(distances).map(|(found, distance)| Neighbour { distance, row: found.row }),
        );
    }
    out.extend(
        rest.iter().map(|found| Neighbour { distance: query.distance(vector(found)), row: found.row }),
    );
}
