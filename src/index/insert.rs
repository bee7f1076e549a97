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

use super::fingerprints::fingerprint;
use super::graph::{Graph, NO_ROW, View};
use super::nodes::Bits;
use super::params::row_number;
use super::prune::{Lengths, choose};
use super::scratch::{Neighbour, Scratch};
use super::search::{AllNodes, measure_all};
use super::space::{Asker, RowMeasure, Rows, Space};
use super::workers::spread;
use super::writer::Writer;
use crate::{DistanceMetric, Result};

/// How many of the nearest candidates are asked whether they are twins.
const TWIN_CANDIDATES: usize = 16;

/// What a row's search for its links found.
struct Found {
    /// Of the row's vector.
    print: u32,
    /// The lowest row that it equals.
    twin: Option<u32>,
    /// In ascending order.
    candidates: Vec<Neighbour>,
}

/// A link that wants to be answered: `to` shall link to `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BackLink {
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
        let has_code = self.admit(rows, &batch, writer)?;
        let has_code = |row: u32| has_code.get((row - batch.start) as usize) == Some(&true);
        let mut scratches = std::mem::take(&mut writer.scratches);
        let view = self.view();

        let radius = writer.radius();
        let count = (batch.end - batch.start) as usize;
        let mut found = spread(&mut scratches, count, &|i, scratch: &mut Scratch| {
            self.find_candidates(rows, view, batch.start + row_number(i), &batch, radius, scratch)
        });
        writer.stats.search_nanos += lap(&mut clock);

        let firsts = self.resolve_twins(rows, &batch, &found, writer);
        let is_twin = |row: u32| {
            row.checked_sub(batch.start)
                .and_then(|i| firsts.get(i as usize))
                .is_some_and(|first| *first != NO_ROW)
        };
        let mut nodes: Vec<u32> = batch.clone().filter(|&row| !is_twin(row) && has_code(row)).collect();
        for of_row in &mut found {
            of_row.candidates.retain(|candidate| !is_twin(candidate.row));
        }
        let chosen = self.choose_all(rows, &nodes, batch.start, &found, writer, &mut scratches)?;
        let prints: Vec<u32> = found.iter().map(|of_row| of_row.print).collect();
        drop(found);
        let back_links = write_forward(&nodes, &chosen, writer);
        writer.stats.choose_nanos += lap(&mut clock);

        let lost = self.merge_back_links(rows, &back_links, writer, &mut scratches)?;
        let mut memory = Bits::default();
        self.lift_in_links(rows, &nodes, writer, &mut memory)?;
        writer.stats.merge_nanos += lap(&mut clock);

        let view = View { covered: batch.end };
        nodes.extend(lost);
        if writer.sampled_rows == 0 {
            self.sample_entries(batch.end, writer, nodes.iter().copied());
        }
        self.check_and_repair(rows, view, nodes, writer, &mut scratches)?;
        for row in batch.clone().filter(|&row| !is_twin(row) && !has_code(row)) {
            self.add_straggler(row)?;
        }
        writer.stats.check_nanos += lap(&mut clock);
        // After all that may fail: a batch that is tried again must not hang a twin twice.
        for (row, (&first, print)) in batch.clone().zip(firsts.iter().zip(prints)) {
            if first == NO_ROW {
                self.fingerprints.insert(print, row);
            } else {
                writer.hang_twin(self, first, row);
            }
        }
        self.publish(view);
        self.sample_entries(batch.end, writer, (0..batch.end).filter(|&row| self.nodes.is_node(row)));
        writer.scratches = scratches;
        Ok(())
    }

    /// The rows that `row` may link to, and the row that it equals.
    fn find_candidates<R: Rows>(
        &self,
        rows: &R,
        view: View,
        row: u32,
        batch: &Range<u32>,
        radius: f32,
        scratch: &mut Scratch,
    ) -> Found {
        let vector = rows.row(row);
        let print = fingerprint(vector);
        let copies = self.fingerprints.rows(print).filter(|&other| other < row && rows.row(other) == vector);
        let copy = copies.min();
        let Scratch { query, walk, .. } = scratch;
        if !self.encoder.prepare(vector, query) {
            return Found { print, twin: copy, candidates: Vec::new() };
        }
        let seen = self.nodes.read();
        let space = Space::new(rows, &self.encoder, self.params.metric, &seen, radius);
        let Some(measure) = space.from(row) else {
            return Found { print, twin: None, candidates: Vec::new() };
        };
        let ef = self.params.candidates();
        let asker = Asker {
            encoder: &self.encoder,
            metric: self.params.metric,
            code: &query.code,
            vector,
            rows,
            key: measure.key(),
        };
        self.walk(&asker, view, ef, &AllNodes, walk);
        let mut candidates = std::mem::take(&mut walk.found);
        let peers: Vec<u32> = batch.clone().filter(|&peer| peer != row && self.nodes.is_node(peer)).collect();
        measure_all(&measure, &peers, |peer| candidates.push(peer));
        candidates.sort_unstable();
        candidates.dedup_by_key(|candidate| candidate.row);
        candidates.truncate(ef);
        let twin = self.find_twin(&space, row, &candidates).into_iter().chain(copy).min();
        let kept = candidates.clone();
        walk.found = candidates;
        Found { print, twin, candidates: kept }
    }

    /// The lowest row below `row` that equals it, if it is among the nearest.
    fn find_twin<R: Rows>(&self, space: &Space<'_, R>, row: u32, nearest: &[Neighbour]) -> Option<u32> {
        // Near ones are measured by their vectors; the cosine's distance of parallel ones is 0 only up to rounding.
        let near = nearest.iter().take_while(|candidate| candidate.distance <= space.twin_distance(row));
        near.map(|candidate| candidate.row)
            .filter(|&other| other < row)
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
            let first = if self.is_directionless(rows.row(row)) {
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

    /// Chooses and writes the links of each new node; returns them in order.
    fn choose_all<R: Rows>(
        &self,
        rows: &R,
        nodes: &[u32],
        first_row: u32,
        found: &[Found],
        writer: &Writer,
        scratches: &mut [Scratch],
    ) -> Result<Vec<Vec<u32>>> {
        // Half a list: the other half is for those who link here.
        let half = self.nodes.max_links() / 2;
        let lengths = Lengths { firm: half, filled: half, all: self.nodes.max_links() };
        let chosen = spread(scratches, nodes.len(), &|i, scratch| {
            let Some(&row) = nodes.get(i) else { return Ok(Vec::new()) };
            let candidates = found.get((row - first_row) as usize).map_or(&[][..], |found| &found.candidates);
            let seen = self.nodes.read();
            let chosen = choose(&writer.space(self, rows, &seen), candidates, lengths, &[]);
            self.nodes.write_links(row, &chosen, &self.encoder, &mut scratch.bits)?;
            Ok(chosen.firm)
        });
        chosen.into_iter().collect()
    }

    /// Whether a vector has no direction, so that every distance from it is the same.
    fn is_directionless(&self, vector: &[f32]) -> bool {
        self.params.metric == DistanceMetric::Cosine && vector.iter().all(|&x| x == 0.0)
    }
}

/// Counts the links of new nodes; returns those that shall be answered, sorted by who shall answer.
fn write_forward(nodes: &[u32], chosen: &[Vec<u32>], writer: &mut Writer) -> Vec<BackLink> {
    let mut back_links = Vec::new();
    for (&from, links) in nodes.iter().zip(chosen) {
        for &to in links {
            back_links.push(BackLink { to, from });
            writer.count_in(to, true);
        }
    }
    back_links.sort_unstable();
    back_links
}

/// Rows with their distances, ascending.
pub(super) fn sorted_by_distance<R: Rows>(measure: &RowMeasure<'_, R>, rows: &[u32]) -> Vec<Neighbour> {
    let mut sorted = Vec::with_capacity(rows.len());
    measure_all(measure, rows, |found| sorted.push(found));
    sorted.sort_unstable();
    sorted
}
