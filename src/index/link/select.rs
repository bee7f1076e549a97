//! Choosing links: near ones in many directions rather than the nearest of all (Malkov & Yashunin, Algorithm 4).

use super::row_distance::{LinkSpace, RowDistance};
use crate::index::graph::links::Links;
use crate::index::neighbour::Neighbour;
use crate::index::rows::Rows;

/// How long a list may become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lengths {
    /// Most selected links.
    pub(crate) selected: usize,
    /// Where fewer are chosen, the nearest others make up the selected ones to so many.
    pub(crate) filled: usize,
    /// Most links in all.
    pub(crate) all: usize,
}

/// Chooses links out of `candidates`, which are sorted by their distance to the row that will link to them.
///
/// A candidate is chosen unless one chosen before is nearer to it than the row is. Of `keep`, candidates all, the first
/// half list's worth is chosen whatever lies near.
pub(crate) fn choose<R: Rows>(
    space: &LinkSpace<'_, R>,
    candidates: &[Neighbour],
    lengths: Lengths,
    keep: &[u32],
) -> Links {
    let mut selected: Vec<u32> = Vec::with_capacity(lengths.all);
    let mut others = Vec::new();
    selected.extend(keep.iter().take(lengths.selected / 2));
    let kept = selected.len();
    for candidate in candidates {
        if selected.iter().take(kept).any(|&row| row == candidate.row) {
            continue;
        }
        if selected.len() == lengths.selected {
            if others.len() + selected.len() >= lengths.all {
                break;
            }
            others.push(candidate.row);
            continue;
        }
        match space.from(candidate.row) {
            Some(measure) if is_covered(&measure, candidate.distance, &selected) => {
                others.push(candidate.row)
            }
            Some(_) => selected.push(candidate.row),
            None => {}
        }
    }
    let filled = others.len().min(lengths.filled.saturating_sub(selected.len()));
    selected.extend(others.drain(..filled));
    others.truncate(lengths.all.saturating_sub(selected.len()));
    Links { selected, filler: others }
}

/// Whether a chosen row is nearer to the candidate than the row that chooses, at `distance`, is.
///
/// Strictly nearer, or a row with a copy among its links would find every other candidate covered by that copy.
fn is_covered<R: Rows>(candidate: &RowDistance<'_, R>, distance: f32, chosen: &[u32]) -> bool {
    let covers = |other: f32| other < distance || (distance <= 0.0 && other <= 0.0);
    let (fours, rest) = chosen.as_chunks::<4>();
    fours.iter().any(|four| candidate.distances_4(*four).into_iter().any(covers))
        || rest.iter().any(|&row| covers(candidate.distance(row)))
}
