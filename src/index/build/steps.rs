//! The next piece of what is to be done on the graph: a batch enters, the recall is measured, rows are checked.

use super::batch::InsertBatch;
use super::recall::{Sampling, SamplingCosts};
use super::sweep::Sweep;
use crate::index::codes::transform::SAMPLE_ROWS;
use crate::index::graph::graph::Graph;
use crate::index::link::state::LinkState;
use crate::index::params::BATCH_ROWS;
use crate::index::rows::Rows;
use crate::index::search::scratch::Scratch;
use crate::index::work::budget::TimeBudget;
use crate::{Result, memory};

/// What whoever extends the graph knows and has begun.
#[derive(Default)]
pub(crate) struct BuildState {
    pub(crate) links: LinkState,
    /// The batch that is half-way in.
    pub(crate) batch: Option<InsertBatch>,
    /// The sweep that is under way.
    pub(crate) sweep: Option<Sweep>,
    /// The measurement of the recall that is under way.
    pub(crate) sampling: Option<Sampling>,
    sampling_costs: SamplingCosts,
    /// One for each thread.
    scratches: Vec<Scratch>,
}

impl BuildState {
    /// Nothing is begun.
    pub(crate) fn new(links: LinkState) -> Self {
        Self { links, ..Self::default() }
    }

    /// Whether rows that are in the graph are being checked, or are to be.
    pub(crate) fn is_sweeping(&self) -> bool {
        self.sweep.is_some() || self.links.unswept_rows > 0
    }
}

/// What a step has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepOutcome {
    /// A batch is in the graph now.
    Batch,
    /// Rows that were in it before were checked.
    Swept,
    /// A part of measuring the recall is done.
    Sampled,
    /// It was not finished in time.
    Unfinished,
    /// There was nothing to do.
    Nothing,
}

impl Graph {
    /// A batch, or a part of a sweep, or as much of it as there is time for.
    pub(crate) fn do_step(
        &self,
        rows: &impl Rows,
        end: u32,
        threads: usize,
        build: &mut BuildState,
        budget: &mut TimeBudget,
    ) -> Result<StepOutcome> {
        // Taken, not lent: they are lost on an error, and made anew.
        let mut scratches = std::mem::take(&mut build.scratches);
        memory::reserve(&mut scratches, threads)?;
        scratches.resize_with(threads.max(1).max(scratches.len()), Scratch::default);
        let of_call = scratches.get_mut(..threads.max(1)).unwrap_or_default();
        let candidates = self.params.candidates();
        of_call.iter_mut().try_for_each(|scratch| scratch.make_room(end, candidates))?;
        let covered = self.covered_rows();
        let begun = build.batch.take();
        if covered < end && !self.encoder.has_transform() {
            let step = end.div_ceil(SAMPLE_ROWS).max(1) as usize;
            let sample = (0..end).step_by(step).filter(|&row| !rows.is_gone(row));
            self.encoder.learn(sample.map(|row| rows.row(row)));
        }
        let next = || {
            (covered < end).then(|| InsertBatch::new(covered..covered.saturating_add(BATCH_ROWS).min(end)))
        };
        let outcome = if let Some(mut batch) = begun.or_else(next) {
            if self.go_on_inserting(rows, &mut batch, &mut build.links, of_call, budget)? {
                build.links.unswept_rows += batch.rows.end - batch.rows.start;
                StepOutcome::Batch
            } else {
                build.batch = Some(batch);
                StepOutcome::Unfinished
            }
        } else if self.begin_sampling(&mut build.sampling, covered)? {
            let is_done =
                self.go_on_sampling(rows, &mut build.sampling, &mut build.sampling_costs, of_call, budget)?;
            if is_done { StepOutcome::Sampled } else { StepOutcome::Unfinished }
        } else if Sweep::begin(&mut build.sweep, &mut build.links, covered) {
            let is_done = self.go_on_sweeping(rows, &mut build.sweep, &mut build.links, of_call, budget)?;
            if is_done { StepOutcome::Swept } else { StepOutcome::Unfinished }
        } else {
            StepOutcome::Nothing
        };
        build.scratches = scratches;
        Ok(outcome)
    }
}
