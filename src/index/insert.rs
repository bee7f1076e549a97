//! A batch of rows enters the graph.
//!
//! ```text
//! search   each row for itself, in parallel: candidates from the frozen graph and from its own batch
//! twins    in row order: a row that equals an earlier one hangs from it, and is no node
//! choose   forward links, in parallel
//! merge    back-links, in parallel by target (merge.rs)
//! check    that every row is found, and mend what is not (repair.rs)
//! publish
//! ```
//! Every parallel step reads only what was there before it and writes to places of its own: so the graph does not depend
//! on the number of threads.

use std::ops::Range;
use std::time::Instant;

use super::graph::{Graph, NO_ROW, View};
use super::params::row_number;
use super::prune::choose;
use super::scratch::{Neighbour, Scratch};
use super::search::{DESCENT_EF, Nodes, measure_all};
use super::space::{RowMeasure, Rows, Space};
use super::workers::spread;
use super::writer::Writer;
use crate::{DistanceMetric, Result};

/// How many of the nearest candidates are asked whether they are twins.
const TWIN_CANDIDATES: usize = 16;

/// What a row's search for its links found.
struct Found {
    /// The lowest row that it equals.
    twin: Option<u32>,
    /// For each level of the row, candidates in ascending order.
    candidates: Vec<Vec<Neighbour>>,
}

/// A link that wants to be answered: `to` shall link to `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BackLink {
    pub(super) level: u32,
    pub(super) to: u32,
    pub(super) from: u32,
}

/// Nanoseconds since `start`, which moves on to now.
fn lap(start: &mut Instant) -> u64 {
    let nanos = start.elapsed().as_nanos();
    *start = Instant::now();
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

impl Graph {
    /// Takes a batch in and shows it to readers.
    pub(super) fn insert_batch(
        &self,
        rows: &impl Rows,
        batch: Range<u32>,
        writer: &mut Writer,
    ) -> Result<()> {
        let mut clock = Instant::now();
        self.admit(rows, &batch, writer)?;
        let mut scratches = std::mem::take(&mut writer.scratches);
        let view = self.view();

        let space = writer.space(self, rows);
        let count = (batch.end - batch.start) as usize;
        let mut found = spread(&mut scratches, count, &|i, scratch: &mut Scratch| {
            self.find_candidates(&space, view, batch.start + row_number(i), &batch, scratch)
        });
        writer.stats.search_nanos += lap(&mut clock);

        let firsts = self.resolve_twins(rows, &batch, &found, writer);
        let is_twin = |row: u32| {
            row.checked_sub(batch.start)
                .and_then(|i| firsts.get(i as usize))
                .is_some_and(|first| *first != NO_ROW)
        };
        let mut nodes: Vec<u32> = batch.clone().filter(|&row| !is_twin(row)).collect();
        for of_row in &mut found {
            for candidates in &mut of_row.candidates {
                candidates.retain(|candidate| !is_twin(candidate.row));
            }
        }
        for &row in &nodes {
            self.links.raise(row)?;
        }
        let chosen = self.choose_all(&writer.space(self, rows), &nodes, batch.start, &found, &mut scratches);
        drop(found);
        let back_links = self.write_forward(&nodes, &chosen, writer);
        writer.stats.choose_nanos += lap(&mut clock);

        let lost = self.merge_back_links(rows, &back_links, writer, &mut scratches);
        if self.link_lone_entry(rows, view, &nodes, writer) {
            nodes.push(view.entry);
        }
        self.lift_in_links(rows, &nodes, writer);
        writer.stats.merge_nanos += lap(&mut clock);

        let entry = writer.choose_entry(self, view, nodes.iter().copied());
        let entry_before = view.entry;
        let view = View { entry, covered: batch.end };
        nodes.extend(lost);
        if entry != entry_before {
            // Every search sets out from another place from now on. Happens once each time the graph grows m-fold.
            nodes.extend((0..batch.start).filter(|&row| self.links.has_links(row)));
        }
        self.check_and_repair(rows, view, nodes, writer, &mut scratches)?;
        writer.stats.check_nanos += lap(&mut clock);
        // After all that may fail: a batch that is tried again must not hang a twin twice.
        for (row, &first) in batch.clone().zip(&firsts) {
            if first != NO_ROW {
                writer.hang_twin(self, first, row);
            }
        }
        self.publish(view);
        writer.scratches = scratches;
        Ok(())
    }

    /// The rows that `row` may link to on each of its levels, and the row that it equals.
    fn find_candidates<R: Rows>(
        &self,
        space: &Space<'_, R>,
        view: View,
        row: u32,
        batch: &Range<u32>,
        scratch: &mut Scratch,
    ) -> Found {
        let measure = space.from(row);
        let level = self.params.level_of(row);
        let ef = self.params.candidates();
        let mut candidates = vec![Vec::new(); level as usize + 1];
        let mut distances = 0;
        if view.entry != NO_ROW {
            self.descend(&measure, view, level, scratch, &mut distances);
            let top = level.min(self.params.level_of(view.entry));
            for at in (0..=top).rev() {
                let Some(of_level) = candidates.get_mut(at as usize) else { continue };
                scratch.begin(view.end(), ef);
                self.seed(&measure, view, at, &Nodes, scratch, &mut distances);
                self.beam(&measure, view, at, &Nodes, scratch, &mut distances);
                of_level.extend(scratch.pool.iter());
                scratch.keep_starts(DESCENT_EF);
            }
        }
        for (at, of_level) in (0..).zip(&mut candidates) {
            scratch.gathered.clear();
            let peers = batch.clone().filter(|&peer| peer != row && self.params.level_of(peer) >= at);
            scratch.gathered.extend(peers);
            measure_all(&measure, &scratch.gathered, |peer| of_level.push(peer));
            of_level.sort_unstable();
            of_level.truncate(ef);
        }
        let twin = candidates.first().and_then(|nearest| self.find_twin(space, row, nearest));
        Found { twin, candidates }
    }

    /// The lowest row below `row` that equals it, if it is among the nearest.
    fn find_twin<R: Rows>(&self, space: &Space<'_, R>, row: u32, nearest: &[Neighbour]) -> Option<u32> {
        // The cosine's distance of parallel vectors is 0 only up to rounding.
        let most = if self.params.metric == DistanceMetric::Cosine { 1e-6 } else { 0.0 };
        let near =
            nearest.iter().take_while(|candidate| candidate.distance <= most).map(|candidate| candidate.row);
        near.filter(|&other| other < row)
            .take(TWIN_CANDIDATES)
            .filter(|&other| space.are_twins(row, other))
            .min()
    }

    /// For each row of the batch the node that it hangs from, or [`NO_ROW`] where it is a node itself.
    fn resolve_twins(
        &self,
        rows: &impl Rows,
        batch: &Range<u32>,
        found: &[Found],
        writer: &mut Writer,
    ) -> Vec<u32> {
        let mut firsts: Vec<u32> = Vec::with_capacity(found.len());
        for (row, of_row) in batch.clone().zip(found) {
            let first = if writer.space(self, rows).is_directionless(row) {
                *writer.directionless.get_or_insert(row)
            } else {
                // A twin of this batch may itself hang from an earlier row.
                let of_twin = |twin: u32| {
                    let inside = twin.checked_sub(batch.start).and_then(|i| firsts.get(i as usize));
                    inside.copied().filter(|&first| first != NO_ROW).unwrap_or(twin)
                };
                of_row.twin.map_or(row, of_twin)
            };
            firsts.push(if first == row { NO_ROW } else { first });
        }
        firsts
    }

    /// For each new node, in order, its links on each level.
    fn choose_all<R: Rows>(
        &self,
        space: &Space<'_, R>,
        nodes: &[u32],
        first_row: u32,
        found: &[Found],
        scratches: &mut [Scratch],
    ) -> Vec<Vec<Vec<u32>>> {
        spread(scratches, nodes.len(), &|i, _| {
            let of_row = nodes.get(i).and_then(|&row| found.get((row - first_row) as usize));
            let levels = of_row.map_or(&[][..], |of_row| &of_row.candidates);
            (0..).zip(levels).map(|(level, candidates)| self.choose_links(space, level, candidates)).collect()
        })
    }

    /// Gives the only node so far its first links, unless new ones linked to it; says whether it did.
    ///
    /// A node without links counts as a twin, which no check looks at: once another row is the entry point, nothing would
    /// lead to it.
    fn link_lone_entry(&self, rows: &impl Rows, view: View, nodes: &[u32], writer: &mut Writer) -> bool {
        if view.entry == NO_ROW || nodes.is_empty() || self.links.has_links(view.entry) {
            return false;
        }
        let space = writer.space(self, rows);
        let candidates = sorted_by_distance(&space.from(view.entry), nodes);
        let links = self.choose_links(&space, 0, &candidates);
        self.links.write(view.entry, 0, &links);
        links.iter().for_each(|&to| writer.count_in(to, true));
        true
    }

    fn choose_links<R: Rows>(&self, space: &Space<'_, R>, level: u32, candidates: &[Neighbour]) -> Vec<u32> {
        // Half a list at level 0: the other half is for those who link here. A full one cost 1.3 times the build and
        // 12 % more distances a search, for recall that a slightly larger ef gives as well.
        let limit = if level == 0 { self.params.max_links(0) / 2 } else { self.params.max_links(level) };
        choose(space, candidates, limit, limit, &[])
    }

    /// Writes the lists of new nodes; returns the links that shall be answered, sorted by who shall answer.
    fn write_forward(&self, nodes: &[u32], chosen: &[Vec<Vec<u32>>], writer: &mut Writer) -> Vec<BackLink> {
        let mut back_links = Vec::new();
        for (&from, lists) in nodes.iter().zip(chosen) {
            for (level, list) in (0..).zip(lists) {
                self.links.write(from, level, list);
                back_links.extend(list.iter().map(|&to| BackLink { level, to, from }));
            }
            for &to in lists.first().into_iter().flatten() {
                writer.count_in(to, true);
            }
        }
        back_links.sort_unstable();
        back_links
    }
}

/// Rows with their distances, ascending.
pub(super) fn sorted_by_distance<R: Rows>(measure: &RowMeasure<'_, R>, rows: &[u32]) -> Vec<Neighbour> {
    let mut sorted = Vec::with_capacity(rows.len());
    measure_all(measure, rows, |found| sorted.push(found));
    sorted.sort_unstable();
    sorted
}
