//! The next piece of what is to be done on the graph: a batch enters, the recall is measured, rows are checked.

use super::batch::Entering;
use super::recall::{Sampling, SamplingCosts};
use super::sweep::Sweep;
use crate::index::codes::transform::SAMPLE_ROWS;
use crate::index::graph::graph::Graph;
use crate::index::link::state::LinkState;
use crate::index::params::BATCH_ROWS;
use crate::index::rows::Rows;
use crate::index::search::scratch::Scratch;
use crate::index::work::budget::Pace;
use crate::{Result, memory};

/// What whoever extends the graph knows and has begun.
#[derive(Default)]
pub(crate) struct BuildState {
    pub(crate) links: LinkState,
    /// The batch that is half-way in.
    pub(crate) entering: Option<Entering>,
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

/// What a piece of work was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
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
    pub(crate) fn do_piece(
        &self,
        rows: &impl Rows,
        end: u32,
        threads: usize,
        build: &mut BuildState,
        pace: &mut Pace,
    ) -> Result<Piece> {
        // Taken, not lent: they are lost on an error, and made anew.
        let mut scratches = std::mem::take(&mut build.scratches);
        memory::reserve(&mut scratches, threads)?;
        scratches.resize_with(threads.max(1).max(scratches.len()), Scratch::default);
        let of_call = scratches.get_mut(..threads.max(1)).unwrap_or_default();
        let candidates = self.params.candidates();
        of_call.iter_mut().try_for_each(|scratch| scratch.make_room(end, candidates))?;
        let covered = self.covered_rows();
        let begun = build.entering.take();
        if covered < end && !self.encoder.has_transform() {
            let step = end.div_ceil(SAMPLE_ROWS).max(1) as usize;
            let sample = (0..end).step_by(step).filter(|&row| !rows.is_gone(row));
            self.encoder.learn(sample.map(|row| rows.row(row)));
        }
        let next =
            || (covered < end).then(|| Entering::new(covered..covered.saturating_add(BATCH_ROWS).min(end)));
        let piece = if let Some(mut entering) = begun.or_else(next) {
            if self.go_on_entering(rows, &mut entering, &mut build.links, of_call, pace)? {
                build.links.unswept_rows += entering.batch.end - entering.batch.start;
                Piece::Batch
            } else {
                build.entering = Some(entering);
                Piece::Unfinished
            }
        } else if self.begin_sampling(&mut build.sampling, covered)? {
            let is_done =
                self.go_on_sampling(rows, &mut build.sampling, &mut build.sampling_costs, of_call, pace)?;
            if is_done { Piece::Sampled } else { Piece::Unfinished }
        } else if Sweep::begin(&mut build.sweep, &mut build.links, covered) {
            let is_done = self.go_on_sweeping(rows, &mut build.sweep, &mut build.links, of_call, pace)?;
            if is_done { Piece::Swept } else { Piece::Unfinished }
        } else {
            Piece::Nothing
        };
        build.scratches = scratches;
        Ok(piece)
    }
}
