//! `Index`: the graph and the state of its construction. Rows are added in one call or in steps bounded by time or
//! work; every way gives the same graph, byte for byte.

use std::ops::{ControlFlow, Deref};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::build::steps::{BuildState, StepOutcome};
use super::graph::graph::Graph;
use super::link::state::LinkState;
use super::params::{GraphParams, MAX_ROWS};
use super::rows::Rows;
use super::work::budget::TimeBudget;
use crate::kernel::Kernels;
use crate::sync::{Mutex, MutexGuard};
use crate::{Result, SynaError};

/// The longest time that [`Index::yield_turn`] waits for another thread to take the lock.
const YIELD_TIMEOUT: Duration = Duration::from_millis(1);

/// The outcome of [`Index::advance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advance {
    /// All work is done.
    Done,
    /// A batch was added or a part of a check was finished; more work may be left.
    Progress,
    /// The amount of work was used up.
    Unfinished,
    /// Another thread is extending the graph. Nothing was done.
    Busy,
}

/// A graph over rows `0..covered_rows()` with the state needed to extend it. Any number of threads may search while one
/// thread extends it.
pub(crate) struct Index {
    graph: Graph,
    /// Held by the thread that extends or saves the graph. `build` is locked for shorter times.
    turn: Mutex<()>,
    /// Number of threads that wait for `turn`.
    waiting: AtomicU32,
    build: Mutex<BuildState>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.graph.fmt(f)
    }
}

/// Read access goes to the graph.
impl Deref for Index {
    type Target = Graph;

    fn deref(&self) -> &Graph {
        &self.graph
    }
}

impl Index {
    /// Returns an index without rows, for vectors of `dimensions` components.
    pub(crate) fn new(params: GraphParams, dimensions: usize, kernels: Kernels) -> Self {
        Self::from_parts(Graph::new(params, dimensions, kernels), LinkState::default())
    }

    /// Returns an index from a graph read from a file and its link state.
    pub(super) fn from_parts(graph: Graph, links: LinkState) -> Self {
        let build = Mutex::new(BuildState::new(links));
        Self { graph, turn: Mutex::new(()), waiting: AtomicU32::new(0), build }
    }

    /// Locks the build state.
    ///
    /// # Errors
    /// `Poisoned` after a panic in `extend`.
    pub(super) fn lock_build(&self) -> Result<MutexGuard<'_, BuildState>> {
        self.build
            .lock()
            .map_err(|_| SynaError::Poisoned { cause: "extending the index ended in a panic".into() })
    }

    /// Adds rows `covered_rows()..end` to the graph. Concurrent searches see whole batches only.
    ///
    /// Concurrent callers alternate after each batch. `threads` counts the calling thread; the graph is the same for
    /// any number. `progress(covered, end)` is called after each batch and during the check of older rows, with no lock
    /// held, so it may call any function. If it breaks, covered rows stay covered.
    ///
    /// # Errors
    /// `Cancelled` if `progress` broke, `Limit` if `end` exceeds [`MAX_ROWS`], `NoMemory`, `Poisoned` after a panic in
    /// `extend`.
    pub(crate) fn extend(
        &self,
        rows: &impl Rows,
        end: u32,
        threads: usize,
        progress: &mut dyn FnMut(u32, u32) -> ControlFlow<()>,
    ) -> Result<()> {
        check_end(end)?;
        loop {
            let turn = self.take_turn();
            let mut build = self.lock_build()?;
            let was_covered = self.covered_rows() >= end;
            let outcome = self.do_step(rows, end, threads, &mut build, &mut TimeBudget::unbounded())?;
            let is_swept = outcome == StepOutcome::Swept && build.sweep.is_none();
            let is_over = self.covered_rows() >= end && !build.is_sweeping() && build.sampling.is_none();
            drop(build);
            drop(turn);
            match outcome {
                StepOutcome::Nothing => return Ok(()),
                // This batch belongs to another call, perhaps one from `progress`. Reporting it could loop forever.
                StepOutcome::Batch if was_covered => continue,
                _ => {}
            }
            if progress(self.covered_rows().min(end), end).is_break() && !is_over {
                return Err(SynaError::Cancelled);
            }
            if is_swept {
                return Ok(());
            }
        }
    }

    /// Does part of the work of [`Self::extend`] on the calling thread, until about `deadline`. Returns whether all
    /// work is done. A batch may take many steps; `covered_rows` grows only when a batch is complete.
    ///
    /// Does nothing if another thread is extending the graph.
    ///
    /// # Errors
    /// `Limit` if `end` exceeds [`MAX_ROWS`], `NoMemory`, `Poisoned` after a panic in `extend`.
    pub(crate) fn step(&self, rows: &impl Rows, end: u32, deadline: Instant) -> Result<bool> {
        check_end(end)?;
        let Some(_turn) = self.try_turn() else { return Ok(false) };
        let mut build = self.lock_build()?;
        let mut budget = TimeBudget::until(deadline);
        loop {
            match self.do_step(rows, end, 1, &mut build, &mut budget)? {
                StepOutcome::Nothing => return Ok(true),
                StepOutcome::Unfinished => return Ok(false),
                StepOutcome::Batch | StepOutcome::Sampled | StepOutcome::Swept => {}
            }
        }
    }

    /// Does part of the work of [`Self::extend`], up to the end of a batch or of one part of a check, while `work` is
    /// above 0. `work` is in units of [`super::work::budget::ROW_WORK`] and is reduced by the work done. The result
    /// does not depend on time.
    ///
    /// Waits up to `timeout` if another thread is extending the graph, and then returns `Busy`.
    ///
    /// # Errors
    /// `Limit` if `end` exceeds [`MAX_ROWS`], `NoMemory`, `Poisoned` after a panic in `extend`.
    pub(crate) fn advance(
        &self,
        rows: &impl Rows,
        end: u32,
        threads: usize,
        timeout: Duration,
        work: &mut i64,
    ) -> Result<Advance> {
        check_end(end)?;
        let Some(_turn) = self.turn_within(timeout) else { return Ok(Advance::Busy) };
        let mut build = self.lock_build()?;
        let mut budget = TimeBudget::amount(*work);
        let outcome = self.do_step(rows, end, threads, &mut build, &mut budget);
        *work = budget.left();
        Ok(match outcome? {
            StepOutcome::Nothing => Advance::Done,
            StepOutcome::Unfinished => Advance::Unfinished,
            StepOutcome::Batch | StepOutcome::Sampled | StepOutcome::Swept => Advance::Progress,
        })
    }

    /// Gives waiting threads the chance to take the lock. For a thread that takes it repeatedly.
    pub(crate) fn yield_turn(&self) {
        let begin = Instant::now();
        while self.waiting.load(Relaxed) > 0 && begin.elapsed() < YIELD_TIMEOUT {
            std::thread::yield_now();
        }
    }

    /// Calls `work` with the graph locked against extension. Returns `None` if another thread is extending it.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) fn if_idle<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
        let Some(_turn) = self.try_turn() else { return Ok(None) };
        work().map(Some)
    }

    /// As [`Self::if_idle`], but returns `None` also if a batch is unfinished.
    ///
    /// # Errors
    /// Those of `work`, and `Poisoned`.
    pub(crate) fn if_between_batches<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
        let Some(_turn) = self.try_turn() else { return Ok(None) };
        if self.lock_build()?.batch.is_some() {
            return Ok(None);
        }
        work().map(Some)
    }

    /// Finishes an unfinished batch, if any, then calls `work` with the graph locked against extension. Only whole
    /// batches can be saved.
    ///
    /// # Errors
    /// As [`Self::extend`], and those of `work`.
    pub(crate) fn between_batches<T>(
        &self,
        rows: &impl Rows,
        threads: usize,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let _turn = self.take_turn();
        let mut build = self.lock_build()?;
        if build.batch.is_some() {
            self.do_step(rows, 0, threads, &mut build, &mut TimeBudget::unbounded())?;
        }
        drop(build);
        work()
    }

    /// A poisoned lock is taken all the same: `turn` guards no data.
    fn take_turn(&self) -> MutexGuard<'_, ()> {
        if let Some(turn) = self.try_turn() {
            return turn;
        }
        self.waiting.fetch_add(1, Relaxed);
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Relaxed);
        turn
    }

    fn try_turn(&self) -> Option<MutexGuard<'_, ()>> {
        match self.turn.try_lock() {
            Ok(turn) => Some(turn),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        }
    }

    /// Takes the lock if it becomes free within `timeout`.
    fn turn_within(&self, timeout: Duration) -> Option<MutexGuard<'_, ()>> {
        let turn = self.try_turn();
        if turn.is_some() || timeout.is_zero() {
            return turn;
        }
        let begin = Instant::now();
        self.waiting.fetch_add(1, Relaxed);
        let turn = loop {
            let turn = self.try_turn();
            if turn.is_some() || begin.elapsed() >= timeout {
                break turn;
            }
            std::thread::sleep(Duration::from_micros(50));
        };
        self.waiting.fetch_sub(1, Relaxed);
        turn
    }

    /// Checks every row of the graph and repairs those that a search for their own vector does not find, unless this
    /// was done since the graph last grew. Cost: a short search for each row. `threads` and `progress` as for
    /// [`Self::extend`].
    ///
    /// # Errors
    /// As [`Self::extend`].
    pub(crate) fn repair_all(
        &self,
        rows: &impl Rows,
        threads: usize,
        progress: &mut dyn FnMut(u32, u32) -> ControlFlow<()>,
    ) -> Result<()> {
        let turn = self.take_turn();
        let mut build = self.lock_build()?;
        let covered = self.covered_rows();
        if build.links.swept_rows == covered {
            return Ok(());
        }
        build.links.swept_rows = 0;
        build.sweep = None;
        drop(build);
        drop(turn);
        self.extend(rows, covered, threads, progress)
    }
}

fn check_end(end: u32) -> Result<()> {
    if end > MAX_ROWS {
        let limit = u64::from(MAX_ROWS);
        return Err(SynaError::Limit { what: "rows in an index", limit, actual: u64::from(end) });
    }
    Ok(())
}
