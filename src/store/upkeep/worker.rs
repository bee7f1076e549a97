//! The background thread that indexes rows, with the option `index_worker`.
//!
//! ```text
//!   a write leaves rows unindexed --> wake --> the worker indexes them, a batch at a time --> sleeps
//!                                              the store is closed --> it ends after its batch
//! ```
//! It never holds the writer's lock, and works in short parts. Writes wait for a part, and do index work themselves,
//! only if more than twice as many rows are unindexed as the option allows.

use crate::index::{Advance, Index, ROW_WORK};
use crate::storage::{process_mark, spawn};
use crate::store::config::MmapVectorConfig;
use crate::store::search::default_ef::DefaultEf;
use crate::store::state::settings::Settings;
use crate::store::state::shared_state::SharedState;
use crate::store::state::state_history::StateHistory;
use crate::store::upkeep::graphs::{drop_if_retired, graph_params, index_of};
use crate::store::upkeep::rebuild;
use crate::{Result, SynaError};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

/// The work, in rows, that each thread does before it lets other threads use the graph: some milliseconds.
const PIECE_ROWS: i64 = 16;
/// How long the worker waits between two batches for a write that finishes a save of the index.
const MOST_PAUSE: Duration = Duration::from_millis(100);
/// How long it waits between two parts while a save is in progress, so that some of the writes can save records.
const PAUSE_STEP: Duration = Duration::from_millis(1);

/// Shared by the worker and the threads that wake it.
#[derive(Debug, Default)]
struct Signals {
    is_woken: AtomicBool,
    ends: AtomicBool,
    is_making: AtomicBool,
    /// Writes are saving the index.
    is_saving: AtomicBool,
    /// They can finish as soon as no batch is partly in the index.
    is_save_waiting: AtomicBool,
}

impl Signals {
    /// Leaves the index to writes that save it. Without this, a busy worker would go on at once, and leave no moment for
    /// them.
    fn pause_for_save(&self, is_between_batches: bool) {
        if self.is_saving.load(Ordering::Acquire) {
            std::thread::park_timeout(PAUSE_STEP);
        }
        if !is_between_batches {
            return;
        }
        let begin = Instant::now();
        while self.is_save_waiting.load(Ordering::Acquire) && !self.ends.load(Ordering::Acquire) {
            if begin.elapsed() >= MOST_PAUSE {
                // There are no writes; the next one says again that the save waits.
                self.is_save_waiting.store(false, Ordering::Release);
            }
            std::thread::park_timeout(PAUSE_STEP);
        }
    }

    /// Waits for a wake-up; `false` if the worker must end.
    fn wait(&self) -> bool {
        while !self.ends.load(Ordering::Acquire) {
            if self.is_woken.swap(false, Ordering::AcqRel) {
                return true;
            }
            // A call of `wake` in between leaves a token, so that this returns at once.
            std::thread::park();
        }
        false
    }
}

/// Wakes the worker.
#[derive(Debug, Clone)]
pub(crate) struct WorkerHandle {
    signals: Arc<Signals>,
    thread: Thread,
}

impl WorkerHandle {
    /// Makes the worker look for unindexed rows.
    pub(crate) fn wake(&self) {
        if !self.signals.is_woken.swap(true, Ordering::AcqRel) {
            self.thread.unpark();
        }
    }

    /// Says whether writes are saving the index, and whether they wait for the moment between two batches.
    pub(crate) fn set_saving(&self, is_saving: bool, is_waiting: bool) {
        self.signals.is_saving.store(is_saving, Ordering::Release);
        self.signals.is_save_waiting.store(is_waiting, Ordering::Release);
    }

    /// Whether the worker is building the first index. Until it is complete, writes do no index work, however many rows
    /// are unindexed.
    pub(crate) fn is_making(&self) -> bool {
        self.signals.is_making.load(Ordering::Acquire)
    }
}

/// The thread. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct IndexWorker {
    handle: WorkerHandle,
    thread: Option<JoinHandle<()>>,
    /// The process that owns the thread. A forked child does not have it.
    process: u32,
}

impl IndexWorker {
    /// # Errors
    /// [`SynaError::Io`] if the system cannot start a thread.
    pub(crate) fn start(
        history: &Arc<StateHistory>,
        config: &MmapVectorConfig,
        settings: &Arc<Settings>,
    ) -> Result<Self> {
        let signals = Arc::new(Signals::default());
        let of_thread = (Arc::clone(history), config.clone(), Arc::clone(settings), Arc::clone(&signals));
        let spawned = spawn("index", move || {
            let (history, config, settings, signals) = of_thread;
            run(&history, &config, &settings, &signals);
        });
        let failed =
            |error| SynaError::io(&history.hold().data.path, "starting a thread for the index of", error);
        let thread = spawned.map_err(failed)?;
        let handle = WorkerHandle { signals, thread: thread.thread().clone() };
        Ok(Self { handle, thread: Some(thread), process: process_mark() })
    }

    pub(crate) fn handle(&self) -> &WorkerHandle {
        &self.handle
    }
}

impl Drop for IndexWorker {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take().filter(|_| self.process == process_mark()) {
            self.handle.signals.ends.store(true, Ordering::Release);
            thread.thread().unpark();
            // A panic of the thread was already reported.
            let _ = thread.join();
        }
    }
}

fn run(history: &StateHistory, config: &MmapVectorConfig, settings: &Settings, signals: &Signals) {
    while signals.wait() {
        // If a compaction replaces the file, the work continues on the new one.
        let mut worked_on: Option<Arc<SharedState>> = None;
        while !worked_on.as_ref().is_some_and(|state| history.is_current(state)) {
            let state = &*worked_on.insert(history.hold());
            let taken_in = take_in(history, state, config, settings, signals);
            drop_if_retired(history, state);
            signals.is_making.store(false, Ordering::Release);
            match taken_in {
                Ok(()) => {}
                Err(SynaError::Cancelled) if signals.ends.load(Ordering::Acquire) => return,
                Err(SynaError::Cancelled) => {}
                Err(error @ SynaError::Poisoned { .. }) => {
                    // Writes get the same error, when they do index work, and return it.
                    log::error!("{}: indexing has stopped: {error}", state.data.path.display());
                    return;
                }
                Err(error) => {
                    log::warn!("{}: rows stay unindexed for now: {error}", state.data.path.display())
                }
            }
        }
    }
}

/// Indexes the unindexed rows, and those that are written meanwhile.
fn take_in(
    history: &StateHistory,
    state: &Arc<SharedState>,
    config: &MmapVectorConfig,
    settings: &Settings,
    signals: &Signals,
) -> Result<()> {
    // Set before the graph exists, because all rows are unindexed then.
    let is_new = state.index().is_none_or(|graph| graph.covered_rows() == 0);
    signals.is_making.store(is_new, Ordering::Release);
    // Kept in a variable: a state that is replaced drops its graph.
    let graph = index_of(state, |metric| graph_params(config, metric));
    let goes_on = || !signals.ends.load(Ordering::Acquire) && history.is_current(state);
    let first_end = state.published.load().rows;
    let mut covered = graph.covered_rows();
    while goes_on() && !take_in_piece(state, &graph, config)? {
        let before = std::mem::replace(&mut covered, graph.covered_rows());
        signals.pause_for_save(covered > before);
        if graph.covered_rows() >= first_end {
            // From now on the number of unindexed rows is bounded, however fast rows are written.
            signals.is_making.store(false, Ordering::Release);
        }
        DefaultEf::of(settings).report(state, &graph);
    }
    if goes_on() && rebuild::is_stale(state, &graph) {
        let params = graph_params(config, state.data.identity.metric);
        rebuild::rebuild(state, &graph, params, config.threads, &mut |_, _| match goes_on() {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        })?;
    }
    Ok(())
}

/// Does a part of the work, and lets other threads use the graph. Returns whether nothing is left to do.
fn take_in_piece(state: &SharedState, graph: &Index, config: &MmapVectorConfig) -> Result<bool> {
    let end = state.published.load().rows;
    let threads = config.threads.max(1);
    let mut work = PIECE_ROWS * ROW_WORK * i64::try_from(threads).unwrap_or(1);
    let advance = graph.advance(&state.rows_to_index(), end, threads, Duration::from_secs(1), &mut work)?;
    graph.yield_turn();
    Ok(advance == Advance::Done)
}
