//! The graph grows: at once, or in steps that end in time. It is the same graph, byte for byte.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::codes::transform::SAMPLE_ROWS;
use super::entering::Entering;
use super::graph::Graph;
use super::pace::Pace;
use super::params::{BATCH_ROWS, MAX_ROWS};
use super::rows::Rows;
use super::scratch::Scratch;
use super::writer::Writer;
use crate::memory;
use crate::sync::MutexGuard;
use crate::{Result, SynaError};

/// How long a thread that works on the graph waits for those who want their turn to take it.
const GIVING_WAY: Duration = Duration::from_millis(1);

/// How far [`Graph::advance`] came.
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

/// What a piece of work was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
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
            let mut writer = self.lock_writer()?;
            let was_covered = self.covered_rows() >= end;
            let piece = self.do_piece(rows, end, threads, &mut writer, &mut Pace::unbounded())?;
            let is_swept = piece == Piece::Swept && writer.sweep.is_none();
            let is_over = self.covered_rows() >= end && !writer.is_sweeping() && writer.sampling.is_none();
            drop(writer);
            drop(turn);
            match piece {
                Piece::Nothing => return Ok(()),
                // Somebody else's, who may have come in `progress`: asked again, it could go on for ever.
                Piece::Batch if was_covered => continue,
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
        let mut writer = self.lock_writer()?;
        let mut pace = Pace::until(deadline);
        loop {
            match self.do_piece(rows, end, 1, &mut writer, &mut pace)? {
                Piece::Nothing => return Ok(true),
                Piece::Unfinished => return Ok(false),
                Piece::Batch | Piece::Sampled | Piece::Swept => {}
            }
        }
    }

    /// Does a part of what [`Self::extend`] does, up to the end of a batch or of a part of a check, for as long as `work` is
    /// above 0, in units of [`super::pace::ROW_WORK`]; takes from it what was done. How far that is does not depend on time.
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
        let mut writer = self.lock_writer()?;
        let mut pace = Pace::amount(*work);
        let piece = self.do_piece(rows, end, threads, &mut writer, &mut pace);
        *work = pace.left();
        Ok(match piece? {
            Piece::Nothing => Advance::Done,
            Piece::Unfinished => Advance::Unfinished,
            Piece::Batch | Piece::Sampled | Piece::Swept => Advance::Piece,
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
        if self.lock_writer()?.entering.is_some() {
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
        let mut writer = self.lock_writer()?;
        if writer.entering.is_some() {
            self.do_piece(rows, 0, threads, &mut writer, &mut Pace::unbounded())?;
        }
        drop(writer);
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
        let mut writer = self.lock_writer()?;
        let covered = self.covered_rows();
        if writer.swept_rows == covered {
            return Ok(());
        }
        writer.swept_rows = 0;
        writer.sweep = None;
        drop(writer);
        drop(turn);
        self.extend(rows, covered, threads, progress)
    }

    /// A batch, or a part of a sweep, or as much of it as there is time for.
    fn do_piece(
        &self,
        rows: &impl Rows,
        end: u32,
        threads: usize,
        writer: &mut Writer,
        pace: &mut Pace,
    ) -> Result<Piece> {
        // Taken, not lent: they are lost on an error, and made anew.
        let mut scratches = std::mem::take(&mut writer.scratches);
        memory::reserve(&mut scratches, threads)?;
        scratches.resize_with(threads.max(1).max(scratches.len()), Scratch::default);
        let of_call = scratches.get_mut(..threads.max(1)).unwrap_or_default();
        let candidates = self.params.candidates();
        of_call.iter_mut().try_for_each(|scratch| scratch.make_room(end, candidates))?;
        let covered = self.covered_rows();
        let begun = writer.entering.take();
        if covered < end && !self.encoder.has_transform() {
            let step = end.div_ceil(SAMPLE_ROWS).max(1) as usize;
            let sample = (0..end).step_by(step).filter(|&row| !rows.is_gone(row));
            self.encoder.learn(sample.map(|row| rows.row(row)));
        }
        let next =
            || (covered < end).then(|| Entering::new(covered..covered.saturating_add(BATCH_ROWS).min(end)));
        let piece = if let Some(mut entering) = begun.or_else(next) {
            if self.go_on_entering(rows, &mut entering, writer, of_call, pace)? {
                writer.unswept_rows += entering.batch.end - entering.batch.start;
                Piece::Batch
            } else {
                writer.entering = Some(entering);
                Piece::Unfinished
            }
        } else if self.begin_sampling(writer, covered)? {
            let is_done = self.go_on_sampling(rows, writer, of_call, pace)?;
            if is_done { Piece::Sampled } else { Piece::Unfinished }
        } else if writer.begin_sweep(covered) {
            let is_done = self.go_on_sweeping(rows, writer, of_call, pace)?;
            if is_done { Piece::Swept } else { Piece::Unfinished }
        } else {
            Piece::Nothing
        };
        writer.scratches = scratches;
        Ok(piece)
    }
}

fn check_end(end: u32) -> Result<()> {
    if end > MAX_ROWS {
        let limit = u64::from(MAX_ROWS);
        return Err(SynaError::Limit { what: "rows in an index", limit, actual: u64::from(end) });
    }
    Ok(())
}
