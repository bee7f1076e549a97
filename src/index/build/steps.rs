//! The next step of the work on the graph: insertion of a batch, measurement of recall, or a sweep.

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

/// The state of the build, used by the thread that extends the graph.
#[derive(Default)]
pub(crate) struct BuildState {
    pub(crate) links: LinkState,
    /// The unfinished batch.
    pub(crate) batch: Option<InsertBatch>,
    /// The sweep in progress.
    pub(crate) sweep: Option<Sweep>,
    /// The measurement of the recall in progress.
    pub(crate) sampling: Option<Sampling>,
    sampling_costs: SamplingCosts,
    /// One for each thread.
    scratches: Vec<Scratch>,
}

impl BuildState {
    /// Returns a state without work in progress.
    pub(crate) fn new(links: LinkState) -> Self {
        Self { links, ..Self::default() }
    }

    /// Whether a sweep is in progress or due.
    pub(crate) fn is_sweeping(&self) -> bool {
        self.sweep.is_some() || self.links.unswept_rows > 0
    }
}

/// The outcome of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepOutcome {
    /// A batch was completed.
    Batch,
    /// A part of a sweep was completed.
    Swept,
    /// A part of a measurement of the recall was completed.
    Sampled,
    /// The budget ran out.
    Unfinished,
    /// There was nothing to do.
    Nothing,
}

impl Graph {
    /// Does a batch, a part of a measurement, or a part of a sweep, as far as the budget allows.
    pub(crate) fn do_step(
        &self,
        rows: &impl Rows,
        end: u32,
        threads: usize,
        build: &mut BuildState,
        budget: &mut TimeBudget,
    ) -> Result<StepOutcome> {
        // Moved out of the state: after an error they are dropped and created again.
        let mut scratches = std::mem::take(&mut build.scratches);
        memory::reserve(&mut scratches, threads)?;
        scratches.resize_with(threads.max(1).max(scratches.len()), Scratch::default);
        let of_call = scratches.get_mut(..threads.max(1)).unwrap_or_default();
        let candidates = self.params.candidates();
        of_call.iter_mut().try_for_each(|scratch| scratch.make_room(end, candidates, self.encoder.layout))?;
        let covered = self.covered_rows();
        let begun = build.batch.take();
        if covered < end && !self.encoder.has_transform() {
            let step = end.div_ceil(SAMPLE_ROWS).max(1) as usize;
            let sample = (0..end).step_by(step).filter(|&row| !rows.is_deleted(row));
            self.encoder.learn(sample.map(|row| rows.row(row)));
        }
        let next = || {
            (covered < end).then(|| InsertBatch::new(covered..covered.saturating_add(BATCH_ROWS).min(end)))
        };
        let outcome = if let Some(mut batch) = begun.or_else(next) {
            if self.continue_batch(rows, &mut batch, &mut build.links, of_call, budget)? {
                build.links.unswept_rows += batch.rows.end - batch.rows.start;
                StepOutcome::Batch
            } else {
                build.batch = Some(batch);
                StepOutcome::Unfinished
            }
        } else if self.begin_sampling(&mut build.sampling, covered)? {
            let is_done = self.continue_sampling(
                rows,
                &mut build.sampling,
                &mut build.sampling_costs,
                of_call,
                budget,
            )?;
            if is_done {
                // It depends on the measured recall.
                self.set_reliability(build.links.estimates);
                StepOutcome::Sampled
            } else {
                StepOutcome::Unfinished
            }
        } else if Sweep::begin(&mut build.sweep, &mut build.links, covered) {
            let is_done = self.continue_sweep(rows, &mut build.sweep, &mut build.links, of_call, budget)?;
            if is_done { StepOutcome::Swept } else { StepOutcome::Unfinished }
        } else {
            StepOutcome::Nothing
        };
        build.scratches = scratches;
        Ok(outcome)
    }
}
