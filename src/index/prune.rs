//! Choosing links: near ones in many directions rather than the nearest of all (Malkov & Yashunin, Algorithm 4).

use super::scratch::Neighbour;
use super::space::{RowMeasure, Rows, Space};

/// Chooses at most `limit` rows out of `candidates`, which are sorted by their distance to the row that will link to them.
///
/// A candidate is chosen unless one chosen before is nearer to it than the row is. Then the nearest of the others fill
/// up to `fill`: a list with room to spare is a wasted read. Of `keep`, candidates all, the first half list's worth
/// is chosen whatever lies near.
pub(super) fn choose<R: Rows>(
    space: &Space<'_, R>,
    candidates: &[Neighbour],
    limit: usize,
    fill: usize,
    keep: &[u32],
) -> Vec<u32> {
    let mut chosen: Vec<u32> = Vec::with_capacity(limit);
    let mut others = Vec::new();
    chosen.extend(keep.iter().take(limit / 2));
    let kept = chosen.len();
    for candidate in candidates {
        if chosen.len() == limit {
            break;
        }
        if chosen.iter().take(kept).any(|&row| row == candidate.row) {
            continue;
        }
        match space.from(candidate.row) {
            Some(measure) if is_covered(&measure, candidate.distance, &chosen) => others.push(candidate.row),
            Some(_) => chosen.push(candidate.row),
            None => {}
        }
    }
    let room = fill.saturating_sub(chosen.len());
    chosen.extend(others.into_iter().take(room));
    chosen
}

/// Whether a chosen row is nearer to the candidate than the row that chooses, at `distance`, is.
///
/// Strictly nearer, or a row with a copy among its links would find every other candidate covered by that copy.
fn is_covered<R: Rows>(candidate: &RowMeasure<'_, R>, distance: f32, chosen: &[u32]) -> bool {
    let covers = |other: f32| other < distance || (distance <= 0.0 && other <= 0.0);
    let (fours, rest) = chosen.as_chunks::<4>();
    fours.iter().any(|four| candidate.distances_4(*four).into_iter().any(covers))
        || rest.iter().any(|&row| covers(candidate.distance(row)))
}
