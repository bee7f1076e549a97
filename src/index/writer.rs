//! What only the thread that extends the graph knows; all of it follows from the graph's bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Instant;

use super::codes::encoder::Rotated;
use super::entering::Entering;
use super::entries::Lowest;
use super::graph::Graph;
use super::nodes::Seen;
use super::pace::Cost;
use super::params::row_number;
use super::recall::{Sampling, SamplingCosts};
use super::reliability::Placed;
use super::rows::Rows;
use super::scratch::Scratch;
use super::space::Space;
use super::stage::{STAGES, Stage};
use super::sweep::Sweep;
use super::workers::spread;
use crate::{Result, memory};

/// What became of a row that was to get a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coded {
    /// It has a record.
    Yes,
    /// Its vector has no code.
    No,
    /// It was deleted, and has no place in the graph.
    Gone,
}

/// The state of the thread that extends.
#[derive(Default)]
pub(super) struct Writer {
    /// How many links lead to each row.
    pub(super) in_links: Vec<u32>,
    /// Of the squared lengths of the rows' codes, for the dot product: the largest, and the sum of how many.
    pub(super) most: f32,
    pub(super) sum: f64,
    pub(super) squares: u32,
    /// Rows under this one are counted there.
    pub(super) measured_rows: u32,
    /// The last twin of each row that has some.
    pub(super) last_twins: BTreeMap<u32, u32>,
    /// The first row without a direction, under the cosine; all others are its twins.
    pub(super) directionless: Option<u32>,
    /// Links (from, to) without which `to` was not found; they are never pruned.
    pub(super) bridges: BTreeSet<(u32, u32)>,
    /// Rows that lost a link to a forced one and were not checked since.
    pub(super) displaced: Vec<u32>,
    /// How well estimates served the last walks for links.
    pub(super) placed: Placed,
    /// How many rows there were when the sample that searches begin at was chosen.
    pub(super) sampled_rows: u32,
    /// Where the next sample comes from.
    pub(super) lowest: Lowest,
    /// The batch that is half-way in.
    pub(super) entering: Option<Entering>,
    /// How many rows there were when all were last checked, and where the sweep over them goes on.
    pub(super) swept_rows: u32,
    pub(super) sweep_next: u32,
    /// Rows that came since a sweep last began, and the sweep that is under way.
    pub(super) unswept_rows: u32,
    pub(super) sweep: Option<Sweep>,
    /// The measurement of the recall that is under way.
    pub(super) sampling: Option<Sampling>,
    pub(super) sampling_costs: SamplingCosts,
    /// What items of each stage take, and of checking and repairing.
    costs: [Cost; STAGES],
    pub(super) check_cost: Cost,
    pub(super) repair_cost: Cost,
    /// One for each thread.
    pub(super) scratches: Vec<Scratch>,
    pub(super) stats: BuildStats,
}

/// What building has cost since this process made or read the graph.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BuildStats {
    /// Nanoseconds spent on coding rows and searching candidates.
    pub(crate) search_nanos: u64,
    /// Choosing forward links.
    pub(crate) choose_nanos: u64,
    /// Merging back-links.
    pub(crate) merge_nanos: u64,
    /// Checking that rows are found, and repairing.
    pub(crate) check_nanos: u64,
    /// Rows that were not found by themselves and got a bridge.
    pub(crate) repaired: u32,
    /// Sweeping over rows that were in the graph before.
    pub(crate) sweep_nanos: u64,
}

impl BuildStats {
    /// Counts the time since `begin` for a stage.
    pub(super) fn count(&mut self, stage: Stage, begin: Instant) {
        let sum = match stage {
            Stage::Code | Stage::Find => &mut self.search_nanos,
            Stage::Resolve | Stage::Choose => &mut self.choose_nanos,
            Stage::Answer | Stage::Merge | Stage::Count | Stage::Lift => &mut self.merge_nanos,
            Stage::Check | Stage::Enter => &mut self.check_nanos,
        };
        *sum += u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
    }

    /// Counts the time since `begin` for a sweep.
    pub(super) fn count_sweep(&mut self, begin: Instant) {
        self.sweep_nanos += u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
    }
}

impl Graph {
    /// What building has cost so far.
    #[cfg_attr(not(test), expect(dead_code, reason = "for benchmarks of the floors above"))]
    pub(crate) fn build_stats(&self) -> Result<BuildStats> {
        Ok(self.lock_writer()?.stats)
    }

    /// Makes room for rows up to `end`.
    pub(super) fn make_room(&self, end: u32, writer: &mut Writer) -> Result<()> {
        self.nodes.reserve(end)?;
        self.fingerprints.reserve(end)?;
        let more = (end as usize).saturating_sub(writer.in_links.len());
        memory::reserve(&mut writer.in_links, more)?;
        writer.in_links.resize(end as usize, 0);
        Ok(())
    }

    /// Codes rows that there is room for, those that are not gone.
    pub(super) fn code(
        &self,
        rows: &impl Rows,
        these: Range<u32>,
        writer: &mut Writer,
        scratches: &mut [Scratch],
    ) -> Result<Vec<Coded>> {
        let coded = spread(scratches, (these.end - these.start) as usize, &|i, scratch: &mut Scratch| {
            let row = these.start + row_number(i);
            if rows.is_gone(row) {
                // It may have got one when its batch was tried before.
                self.nodes.remove(row);
                return Ok(Coded::Gone);
            }
            let rotated: &mut Rotated = &mut scratch.query.rotated;
            if !self.encoder.rotate(rows.row(row), rotated) {
                return Ok(Coded::No);
            }
            self.nodes.add(row, &self.encoder, rotated).map(|()| Coded::Yes)
        })?;
        let coded = memory::all(coded)?;
        let seen = self.nodes.read();
        for (row, &coded) in these.zip(&coded) {
            // A batch that is tried again was counted before.
            if row >= writer.measured_rows {
                writer.measured_rows = row + 1;
                if coded != Coded::Gone {
                    let square = seen.record(row).map_or(0.0, |record| record.code().facts.square);
                    if square <= self.encoder.transform().outlier_square {
                        writer.count_square(square);
                    }
                }
            }
        }
        Ok(coded)
    }

    /// Chooses anew where searches begin, once the graph has grown by a quarter.
    pub(super) fn sample_entries(&self, covered: u32, writer: &mut Writer, lowest: &Lowest) {
        let due = writer.sampled_rows.saturating_add(writer.sampled_rows / 4);
        if (writer.sampled_rows == 0 || covered > due) && self.entries.has_room() {
            let sample = lowest.rows();
            if !sample.is_empty() {
                self.entries.set(sample, &self.nodes.read(), &self.encoder);
                writer.sampled_rows = covered;
            }
        }
    }
}

impl Writer {
    /// Whether rows that are in the graph are being checked, or are to be.
    pub(super) fn is_sweeping(&self) -> bool {
        self.sweep.is_some() || self.unswept_rows > 0
    }

    pub(super) fn cost_of(&self, stage: Stage) -> Cost {
        self.costs.get(stage as usize).copied().unwrap_or_default()
    }

    pub(super) fn set_cost_of(&mut self, stage: Stage, cost: Cost) {
        if let Some(place) = self.costs.get_mut(stage as usize) {
            *place = cost;
        }
    }

    /// Takes in a squared length.
    pub(super) fn count_square(&mut self, square: f32) {
        self.squares += 1;
        self.most = self.most.max(square);
        self.sum += f64::from(square);
    }

    /// The squared radius of the sphere that rows are lifted onto for the dot product: between the mean of the squared
    /// norms and the largest. With the largest, as the books have it, one outlier makes all others look alike: recall on
    /// log-normal lengths of sigma 0.2, 0.6, 1 was 0.63, 0.73, 0.89; with the geometric mean 0.86, 0.95, 0.98.
    pub(super) fn radius(&self) -> f32 {
        let radius = (self.sum / f64::from(self.squares.max(1)) * f64::from(self.most)).sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "not above the largest norm, which is an f32")]
        let radius = radius as f32;
        radius
    }

    /// The space in which links are chosen now.
    pub(super) fn space<'a, R: Rows>(
        &self,
        graph: &'a Graph,
        rows: &'a R,
        seen: &'a Seen<'a>,
    ) -> Space<'a, R> {
        Space::new(rows, &graph.encoder, graph.params.metric, seen, self.radius())
    }

    /// Hangs a row into the chain of the row that it equals.
    pub(super) fn hang_twin(&mut self, graph: &Graph, first: u32, twin: u32) {
        let last = self.last_twins.insert(first, twin).unwrap_or(first);
        graph.nodes.hang_twin(first, last, twin);
    }
}
