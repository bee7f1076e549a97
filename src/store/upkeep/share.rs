//! What a write does for an index that comes by itself: an amount of work that follows from the rows that it wrote.
//!
//! ```text
//!   a write of r rows --> the batch that is entering, or the next one once more rows wait than may
//!                     --> else a check of rows that entered before
//!                     --> else the successor of a graph of which much is deleted rows
//!                         ... until the work of 2 r rows is done: 4 r where that is not enough, 6 r for a successor
//! ```
//! The amount is counted and not timed: the same calls make the same graph, however busy the machine.
//!
//! Why the rows that wait stay bounded: a batch of up to 512 rows begins once more than `most_unindexed_rows` wait, and is the
//! work of 512 rows, so it is in after 256 rows more. Checks come after batches, and take about half of a row's work for each row
//! in the long run. What is left of six rows' work is a successor's, which so comes nearer by more than three rows a row.

use crate::Result;
use crate::index::{Advance, BATCH_ROWS, Graph, GraphParams, ROW_WORK};
use crate::store::state::core::SharedState;
use crate::store::state::interrupts::Interrupts;
use crate::store::upkeep::graphs::{graph_of, tail_rows};
use crate::store::upkeep::rebuild::{self, is_stale};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rows that enter the graph for each row that is written, in work.
const ROWS_A_ROW: i64 = 2;
/// The same where so many rows wait that it takes more.
const MORE_ROWS_A_ROW: i64 = 4;
/// The same while a successor is made.
const REBUILDING_ROWS_A_ROW: i64 = 6;
/// Of how many rows a write makes good the work that earlier ones could not do, since others were at the graph.
const MOST_CREDIT_ROWS: i64 = 16;
/// How long a write waits for the worker's turn to end, where the worker does not keep up.
const PATIENCE: Duration = Duration::from_millis(10);
/// Deleted rows under which nobody is told to compact.
const FEW_DELETIONS: u32 = 1000;

/// What writes do for the index.
#[derive(Debug)]
pub(crate) struct IndexShare {
    /// Live rows at which the index comes by itself; `None`: only when asked.
    threshold: Option<u32>,
    /// Rows behind the index that a write may leave there.
    most_unindexed_rows: u32,
    params: GraphParams,
    threads: usize,
    /// Work that is still to be done; below 0 where a write did more than was due.
    work: i64,
    /// Writes bring the rows before this one into the index.
    goal: u32,
    /// Since when writes have been making an index that was not there.
    making_since: Option<Instant>,
    /// Deleted rows at which a warning is due.
    warning_at: u32,
}

impl IndexShare {
    pub(crate) fn new(threshold: u32, most_unindexed_rows: u32, params: GraphParams, threads: usize) -> Self {
        Self {
            threshold: Some(threshold).filter(|&threshold| threshold > 0),
            most_unindexed_rows,
            params,
            threads,
            work: 0,
            goal: 0,
            making_since: None,
            warning_at: FEW_DELETIONS,
        }
    }

    /// Whether the index comes by itself.
    pub(crate) fn is_automatic(&self) -> bool {
        self.threshold.is_some()
    }

    /// Rows behind the index that a write may leave there.
    pub(crate) fn most_unindexed_rows(&self) -> u32 {
        self.most_unindexed_rows
    }

    /// The graph, made without rows where there is none.
    pub(crate) fn graph_of(&self, core: &SharedState) -> Arc<Graph> {
        graph_of(core, |_| self.params)
    }

    /// Whether there are rows enough for an index.
    pub(crate) fn is_index_wanted(&self, core: &SharedState) -> bool {
        let rows = core.published.load();
        self.threshold.is_some_and(|threshold| rows.rows.saturating_sub(rows.deletions) >= threshold)
    }

    /// Does the work that a write of so many rows brings, where the index comes by itself and, with a worker, where that
    /// does not keep up. Where `stops_between_batches`, no batch begins after one that came in.
    ///
    /// # Errors
    /// `NoMemory`, `Limit`, `Poisoned` of the graph; `Cancelled` where the store was interrupted.
    pub(crate) fn take_part(
        &mut self,
        core: &SharedState,
        written_rows: usize,
        interrupts: &Interrupts,
        has_worker: bool,
        stops_between_batches: bool,
    ) -> Result<()> {
        if self.threshold.is_none() || (core.graph().is_none() && (has_worker || !self.is_index_wanted(core)))
        {
            return Ok(());
        }
        let bound = if has_worker { self.most_with_worker() } else { self.most_unindexed_rows };
        if has_worker && tail_rows(core) <= bound {
            return Ok(());
        }
        let graph = self.graph_of(core);
        self.look_at_goal(core, &graph);
        let is_behind = tail_rows(core) > self.most_unindexed_rows.saturating_add(2 * BATCH_ROWS);
        let is_rebuilding = !has_worker && (core.has_successor() || is_stale(core, &graph));
        let rate = match (is_rebuilding, is_behind) {
            (true, _) => REBUILDING_ROWS_A_ROW,
            (false, true) => MORE_ROWS_A_ROW,
            (false, false) => ROWS_A_ROW,
        };
        let written_rows = i64::try_from(written_rows).unwrap_or(i64::MAX);
        let of_write = written_rows.saturating_mul(rate).saturating_mul(ROW_WORK);
        self.work = match self.most_unindexed_rows {
            // Nothing may be left, whatever it takes.
            0 => i64::MAX,
            _ => self.work.min(MOST_CREDIT_ROWS * ROW_WORK).saturating_add(of_write),
        };
        let done = self.do_work(core, &graph, interrupts, (has_worker, is_rebuilding, stops_between_batches));
        if done.is_err() {
            self.work = 0;
        }
        done
    }

    /// With a worker, rows that writes leave behind the index before they take part.
    fn most_with_worker(&self) -> u32 {
        self.most_unindexed_rows.max(BATCH_ROWS).saturating_mul(2)
    }

    /// Says how far the index is to come: to the rows there were when it was begun, then a batch on, as often as too many
    /// rows wait.
    fn look_at_goal(&mut self, core: &SharedState, graph: &Graph) {
        let (rows, covered) = (core.published.load().rows, graph.covered_rows());
        // A compaction leaves fewer rows.
        self.goal = self.goal.min(rows);
        if covered >= self.goal {
            if let Some(begin) = self.making_since.take() {
                log::info!(
                    "{}: made an index of {covered} rows beside the writes, {:.1?}",
                    core.data.path.display(),
                    begin.elapsed()
                );
            }
            let waiting = rows - covered.min(rows);
            if covered == 0 && self.goal == 0 && self.is_index_wanted(core) {
                self.goal = rows;
                self.making_since = Some(Instant::now());
            } else if waiting > self.most_unindexed_rows {
                self.goal = covered + waiting.min(BATCH_ROWS);
            }
        }
    }

    fn do_work(
        &mut self,
        core: &SharedState,
        graph: &Arc<Graph>,
        interrupts: &Interrupts,
        (has_worker, is_rebuilding, stops_between_batches): (bool, bool, bool),
    ) -> Result<()> {
        let watch = interrupts.watch_indexing();
        let rows = core.rows_to_index();
        let patience = if has_worker { PATIENCE } else { Duration::ZERO };
        while self.work > 0 {
            watch.check()?;
            let covered = graph.covered_rows();
            // A graph that is about to be replaced is not checked any more.
            let advance = if is_rebuilding && covered >= self.goal {
                rebuild::advance(core, graph, self.params, self.threads, &mut self.work)?
            } else {
                graph.advance(&rows, self.goal, self.threads, patience, &mut self.work)?
            };
            match advance {
                Advance::Piece if stops_between_batches && graph.covered_rows() > covered => break,
                Advance::Piece => self.look_at_goal(core, graph),
                Advance::Unfinished | Advance::Busy => break,
                Advance::Done => {
                    self.work = self.work.min(0);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Tells whoever listens to the log, once, that more than half of the file's rows are deleted ones; and once more after as
    /// many again.
    pub(crate) fn advise_compaction(&mut self, core: &SharedState) {
        let now = core.published.load();
        if now.deletions >= self.warning_at && now.deletions > now.rows / 2 {
            self.warning_at = now.deletions.saturating_mul(2);
            log::warn!(
                "{}: {} of {} rows in the file are deleted; a compaction would give their space back",
                core.data.path.display(),
                now.deletions,
                now.rows
            );
        }
    }

    /// Takes every row into the index; makes it where there is none.
    ///
    /// # Errors
    /// As [`Graph::extend`].
    pub(crate) fn extend_index(&mut self, core: &SharedState, interrupts: &Interrupts) -> Result<()> {
        let graph = self.graph_of(core);
        let (before, rows_end) = (graph.covered_rows(), core.published.load().rows);
        let (start, path) = (Instant::now(), core.data.path.display());
        let watch = interrupts.watch_indexing();
        let mut goes_on = |_, _| watch.and(|| std::ops::ControlFlow::Continue(()));
        graph.extend(&core.rows_to_index(), rows_end, self.threads, &mut goes_on)?;
        self.making_since = None;
        match before {
            0 => log::info!("{path}: made an index of {rows_end} rows, {:.1?}", start.elapsed()),
            _ => log::debug!("{path}: rows {before} to {rows_end} are in the index, {:.1?}", start.elapsed()),
        }
        Ok(())
    }
}
