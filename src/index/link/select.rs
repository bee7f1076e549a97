//! Selection of links for diversity: near rows in different directions rather than the nearest (Malkov & Yashunin,
//! Algorithm 4).

use super::row_distance::{LinkSpace, RowDistance};
use crate::index::graph::links::Links;
use crate::index::neighbour::Neighbour;
use crate::index::rows::Rows;

/// The maximum lengths of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lengths {
    /// Maximum number of selected links.
    pub(crate) selected: usize,
    /// If fewer are selected, the nearest remaining candidates are added as selected links up to this number.
    pub(crate) filled: usize,
    /// Maximum number of links in all.
    pub(crate) all: usize,
}

/// Selects links from `candidates`, which are sorted by their distance to the row that will link to them.
///
/// A candidate is selected unless an already selected row is nearer to it than the linking row is. The first rows of
/// `keep`, up to half of `lengths.selected`, are selected regardless; all must be candidates.
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

/// Whether a selected row is nearer to the candidate than the linking row, which is at `distance`.
///
/// It must be strictly nearer: otherwise a link to a copy of the linking row would exclude every other candidate.
fn is_covered<R: Rows>(candidate: &RowDistance<'_, R>, distance: f32, chosen: &[u32]) -> bool {
    let covers = |other: f32| other < distance || (distance <= 0.0 && other <= 0.0);
    let (fours, rest) = chosen.as_chunks::<4>();
    fours.iter().any(|four| candidate.distances_4(*four).into_iter().any(covers))
        || rest.iter().any(|&row| covers(candidate.distance(row)))
}
