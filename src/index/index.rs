//! The index: a graph, and what is known to whoever builds it. It grows at once, or in steps that end in time, to the same
//! graph, byte for byte.

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

/// How long a thread that works on the graph waits for those who want their turn to take it.
const GIVING_WAY: Duration = Duration::from_millis(1);

/// How far [`Index::advance`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advance {
    /// All is done.
    Done,
    /// A batch came in, or a part of the rows that were there before was checked; there may be more to do.
    Piece,
    /// All of the work was used up.
    Unfinished,
    /// Another thread is extending the graph.
    Busy,
}

/// A graph over rows `0..covered_rows()`, and whoever extends it. Any thread searches it while one does.
pub(crate) struct Index {
    graph: Graph,
    /// Held by whoever extends the graph or saves it, while the state of the build itself is locked piece by piece.
    turn: Mutex<()>,
    /// How many threads wait for the turn.
    waiting: AtomicU32,
    build: Mutex<BuildState>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.graph.fmt(f)
    }
}

/// What readers see of it.
impl Deref for Index {
    type Target = Graph;

    fn deref(&self) -> &Graph {
        &self.graph
    }
}

impl Index {
    /// An index without rows, for vectors of `dimensions` components.
    pub(crate) fn new(params: GraphParams, dimensions: usize, kernels: Kernels) -> Self {
        Self::from_parts(Graph::new(params, dimensions, kernels), LinkState::default())
    }

    /// A graph that was built before, with what was known to whoever did.
    pub(super) fn from_parts(graph: Graph, links: LinkState) -> Self {
        let build = Mutex::new(BuildState::new(links));
        Self { graph, turn: Mutex::new(()), waiting: AtomicU32::new(0), build }
    }

    /// The state of the build, for a while.
    ///
    /// # Errors
    /// `Poisoned` after a panic in `extend`.
    pub(super) fn lock_build(&self) -> Result<MutexGuard<'_, BuildState>> {
        self.build
            .lock()
            .map_err(|_| SynaError::Poisoned { cause: "extending the index ended in a panic".into() })
    }

    /// Takes rows `covered_rows()..end` into the graph. Searches go on meanwhile and see whole batches.
    ///
    /// Several callers take turns, a batch each. `threads`: how many threads work, the caller's among them; the graph is the
    /// same for any number. `progress(covered, end)` is called after each batch, and while the rows that were there before
    /// are checked, and may itself call everything; where it breaks, what is covered stays covered.
    ///
    /// # Errors
    /// `Cancelled` where `progress` broke off, `Limit` beyond [`MAX_ROWS`], `NoMemory`, `Poisoned` after a panic in here.
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
                // Somebody else's, who may have come in `progress`: asked again, it could go on for ever.
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

    /// Does a part of what [`Self::extend`] does, on this thread, until about `deadline`; says whether all of it is done
    /// now. Rows enter in batches that may take many steps: until one is whole, `covered_rows` stays.
    ///
    /// Does nothing where another thread is extending the graph.
    ///
    /// # Errors
    /// `Limit` beyond [`MAX_ROWS`], `NoMemory`, `Poisoned` after a panic in here.
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

    /// Does a part of what [`Self::extend`] does, up to the end of a batch or of a part of a check, for as long as `work` is
    /// above 0, in units of [`super::work::budget::ROW_WORK`]; takes from it what was done. How far that is does not depend on time.
    ///
    /// Waits up to `patience` for another thread that is extending the graph, and does nothing where that goes on.
    ///
    /// # Errors
    /// `Limit` beyond [`MAX_ROWS`], `NoMemory`, `Poisoned` after a panic in here.
    pub(crate) fn advance(
        &self,
        rows: &impl Rows,
        end: u32,
        threads: usize,
        patience: Duration,
        work: &mut i64,
    ) -> Result<Advance> {
        check_end(end)?;
        let Some(_turn) = self.turn_within(patience) else { return Ok(Advance::Busy) };
        let mut build = self.lock_build()?;
        let mut budget = TimeBudget::amount(*work);
        let outcome = self.do_step(rows, end, threads, &mut build, &mut budget);
        *work = budget.left();
        Ok(match outcome? {
            StepOutcome::Nothing => Advance::Done,
            StepOutcome::Unfinished => Advance::Unfinished,
            StepOutcome::Batch | StepOutcome::Sampled | StepOutcome::Swept => Advance::Piece,
        })
    }

    /// Lets threads that wait for the turn have it: for one that takes it again and again.
    pub(crate) fn give_way(&self) {
        let begin = Instant::now();
        while self.waiting.load(Relaxed) > 0 && begin.elapsed() < GIVING_WAY {
            std::thread::yield_now();
        }
    }

    /// Calls `work` before anybody goes on, where nobody is extending the graph; `None` elsewhere.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) fn if_idle<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
        let Some(_turn) = self.try_turn() else { return Ok(None) };
        work().map(Some)
    }

    /// Calls `work` before anybody goes on, where no batch is half-way in and nobody is extending the graph; `None` elsewhere.
    ///
    /// # Errors
    /// Those of `work`, and `Poisoned`.
    pub(crate) fn if_at_rest<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
        let Some(_turn) = self.try_turn() else { return Ok(None) };
        if self.lock_build()?.batch.is_some() {
            return Ok(None);
        }
        work().map(Some)
    }

    /// Finishes the batch that steps have begun, if there is one, and calls `work` before anybody goes on: only whole
    /// batches can be saved.
    ///
    /// # Errors
    /// As [`Self::extend`], and those of `work`.
    pub(crate) fn at_rest<T>(
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

    /// The turn guards nothing that a panic could leave half done.
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

    /// The turn, if it is to be had within so long.
    fn turn_within(&self, patience: Duration) -> Option<MutexGuard<'_, ()>> {
        let turn = self.try_turn();
        if turn.is_some() || patience.is_zero() {
            return turn;
        }
        let begin = Instant::now();
        self.waiting.fetch_add(1, Relaxed);
        let turn = loop {
            let turn = self.try_turn();
            if turn.is_some() || begin.elapsed() >= patience {
                break turn;
            }
            std::thread::sleep(Duration::from_micros(50));
        };
        self.waiting.fetch_sub(1, Relaxed);
        turn
    }

    /// Checks every row of the graph and repairs those that do not find themselves, unless that was done since it last
    /// grew. Takes a short search for each row. `threads`, `progress`: as for [`Self::extend`].
    ///
    /// # Errors
    /// As [`Self::extend`].
    pub(crate) fn mend(
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
