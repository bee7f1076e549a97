//! Automatic indexing by writes: the amount of work follows from the number of rows written.
//!
//! ```text
//!   a write of r rows --> the current batch, or the next one if more rows are unindexed than the option allows
//!                     --> otherwise checks of rows that were indexed before
//!                     --> otherwise the successor of a stale graph
//!                         ... until the work of 2 r rows is done: 4 r if that is not enough, 6 r for a successor
//! ```
//! The work is counted, not timed: the same calls build the same graph, however busy the machine is.
//!
//! Why the number of unindexed rows is bounded: a batch of up to 512 rows begins once more than `most_unindexed_rows`
//! are unindexed. It is the work of 512 rows, so it is complete after 256 more rows were written. Checks come after
//! batches, and take about half of a row's work for each row in the long run. What remains of the work of six rows goes
//! to the successor, which thereby gains more than three rows on each row written.

use crate::Result;
use crate::index::{Advance, BATCH_ROWS, GraphParams, Index, ROW_WORK};
use crate::store::state::interrupts::Interrupts;
use crate::store::state::shared_state::SharedState;
use crate::store::upkeep::graphs::{index_of, tail_rows};
use crate::store::upkeep::rebuild::{self, is_stale};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rows indexed, in work, for each row written.
const ROWS_A_ROW: i64 = 2;
/// The same if many rows are unindexed.
const MORE_ROWS_A_ROW: i64 = 4;
/// The same while a successor is built.
const REBUILDING_ROWS_A_ROW: i64 = 6;
/// The most work, in rows, that a write does for earlier writes that could not, because another thread used the graph.
const MOST_CREDIT_ROWS: i64 = 16;
/// How long a write waits for the worker to release the graph if the worker does not keep up.
const PATIENCE: Duration = Duration::from_millis(10);
/// Fewer deleted rows than this cause no advice to compact.
const FEW_DELETIONS: u32 = 1000;

/// The index work of writes.
#[derive(Debug)]
pub(crate) struct IndexShare {
    /// Live rows from which on the index is automatic; `None`: never.
    threshold: Option<u32>,
    /// Rows that a write may leave unindexed.
    most_unindexed_rows: u32,
    params: GraphParams,
    threads: usize,
    /// Work that is due; negative if a write did more than was due.
    work: i64,
    /// Writes index the rows before this one.
    goal: u32,
    /// When writes began to build the first index.
    making_since: Option<Instant>,
    /// Deleted rows at which the next warning is due.
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

    /// Whether indexing is automatic.
    pub(crate) fn is_automatic(&self) -> bool {
        self.threshold.is_some()
    }

    /// Rows that a write may leave unindexed.
    pub(crate) fn most_unindexed_rows(&self) -> u32 {
        self.most_unindexed_rows
    }

    /// The graph; an empty one is created if there is none.
    pub(crate) fn index_of(&self, state: &SharedState) -> Arc<Index> {
        index_of(state, |_| self.params)
    }

    /// Whether there are enough rows for an automatic index.
    pub(crate) fn is_index_wanted(&self, state: &SharedState) -> bool {
        let rows = state.published.load();
        self.threshold.is_some_and(|threshold| rows.rows.saturating_sub(rows.deletions) >= threshold)
    }

    /// Does the index work of a write of `written_rows` rows, if indexing is automatic. With a worker, only if the
    /// worker does not keep up. With `stops_between_batches`, no batch is begun after one was completed.
    ///
    /// # Errors
    /// `NoMemory`, `Limit`, `Poisoned` of the graph; `Cancelled` if the store was interrupted.
    pub(crate) fn take_part(
        &mut self,
        state: &SharedState,
        written_rows: usize,
        interrupts: &Interrupts,
        has_worker: bool,
        stops_between_batches: bool,
    ) -> Result<()> {
        if self.threshold.is_none()
            || (state.index().is_none() && (has_worker || !self.is_index_wanted(state)))
        {
            return Ok(());
        }
        let bound = if has_worker { self.most_with_worker() } else { self.most_unindexed_rows };
        if has_worker && tail_rows(state) <= bound {
            return Ok(());
        }
        let graph = self.index_of(state);
        self.look_at_goal(state, &graph);
        let is_behind = tail_rows(state) > self.most_unindexed_rows.saturating_add(2 * BATCH_ROWS);
        let is_rebuilding = !has_worker && (state.has_rebuilt_index() || is_stale(state, &graph));
        let rate = match (is_rebuilding, is_behind) {
            (true, _) => REBUILDING_ROWS_A_ROW,
            (false, true) => MORE_ROWS_A_ROW,
            (false, false) => ROWS_A_ROW,
        };
        let written_rows = i64::try_from(written_rows).unwrap_or(i64::MAX);
        let of_write = written_rows.saturating_mul(rate).saturating_mul(ROW_WORK);
        self.work = match self.most_unindexed_rows {
            // No row may stay unindexed.
            0 => i64::MAX,
            _ => self.work.min(MOST_CREDIT_ROWS * ROW_WORK).saturating_add(of_write),
        };
        let done =
            self.do_work(state, &graph, interrupts, (has_worker, is_rebuilding, stops_between_batches));
        if done.is_err() {
            self.work = 0;
        }
        done
    }

    /// With a worker, the number of rows that may stay unindexed before writes do index work.
    fn most_with_worker(&self) -> u32 {
        self.most_unindexed_rows.max(BATCH_ROWS).saturating_mul(2)
    }

    /// Sets the goal: the rows that existed when the index was begun, then one batch at a time while too many rows are
    /// unindexed.
    fn look_at_goal(&mut self, state: &SharedState, graph: &Index) {
        let (rows, covered) = (state.published.load().rows, graph.covered_rows());
        // A compaction reduces the number of rows.
        self.goal = self.goal.min(rows);
        if covered >= self.goal {
            if let Some(begin) = self.making_since.take() {
                log::info!(
                    "{}: built an index of {covered} rows during writes in {:.1?}",
                    state.data.path.display(),
                    begin.elapsed()
                );
            }
            let waiting = rows - covered.min(rows);
            if covered == 0 && self.goal == 0 && self.is_index_wanted(state) {
                self.goal = rows;
                self.making_since = Some(Instant::now());
            } else if waiting > self.most_unindexed_rows {
                self.goal = covered + waiting.min(BATCH_ROWS);
            }
        }
    }

    fn do_work(
        &mut self,
        state: &SharedState,
        graph: &Arc<Index>,
        interrupts: &Interrupts,
        (has_worker, is_rebuilding, stops_between_batches): (bool, bool, bool),
    ) -> Result<()> {
        let watch = interrupts.watch_indexing();
        let rows = state.rows_to_index();
        let patience = if has_worker { PATIENCE } else { Duration::ZERO };
        while self.work > 0 {
            watch.check()?;
            let covered = graph.covered_rows();
            // A graph that is about to be replaced is no longer checked.
            let advance = if is_rebuilding && covered >= self.goal {
                rebuild::advance(state, graph, self.params, self.threads, &mut self.work)?
            } else {
                graph.advance(&rows, self.goal, self.threads, patience, &mut self.work)?
            };
            match advance {
                Advance::Progress if stops_between_batches && graph.covered_rows() > covered => break,
                Advance::Progress => self.look_at_goal(state, graph),
                Advance::Unfinished | Advance::Busy => break,
                Advance::Done => {
                    self.work = self.work.min(0);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Logs that more than half of the rows in the file are deleted: once, and again each time the number has doubled.
    pub(crate) fn advise_compaction(&mut self, state: &SharedState) {
        let now = state.published.load();
        if now.deletions >= self.warning_at && now.deletions > now.rows / 2 {
            self.warning_at = now.deletions.saturating_mul(2);
            log::warn!(
                "{}: {} of {} rows in the file are deleted; a compaction returns their space",
                state.data.path.display(),
                now.deletions,
                now.rows
            );
        }
    }

    /// Indexes every row. Creates the index if there is none.
    ///
    /// # Errors
    /// As [`Index::extend`].
    pub(crate) fn extend_index(&mut self, state: &SharedState, interrupts: &Interrupts) -> Result<()> {
        let graph = self.index_of(state);
        let (before, rows_end) = (graph.covered_rows(), state.published.load().rows);
        let (start, path) = (Instant::now(), state.data.path.display());
        let watch = interrupts.watch_indexing();
        let mut goes_on = |_, _| watch.and(|| std::ops::ControlFlow::Continue(()));
        graph.extend(&state.rows_to_index(), rows_end, self.threads, &mut goes_on)?;
        self.making_since = None;
        match before {
            0 => log::info!("{path}: built an index of {rows_end} rows in {:.1?}", start.elapsed()),
            _ => log::debug!("{path}: indexed rows {before} to {rows_end} in {:.1?}", start.elapsed()),
        }
        Ok(())
    }
}
