//! A thread of the store's own that takes rows into the index, where one was asked for.
//!
//! ```text
//!   a write leaves rows behind the index --> wake --> the worker takes them in, a batch at a time --> sleeps
//!                                                     the store is closed --> it ends after its batch
//! ```
//! It never has the writer's lock, and works in short pieces. A write waits for one of them, and takes a part in the work,
//! only where twice as many rows are left as may be.

use crate::index::{Advance, Graph, ROW_WORK};
use crate::storage::{process_mark, spawn};
use crate::store::config::MmapVectorConfig;
use crate::store::search::default_ef::DefaultEf;
use crate::store::state::core::SharedState;
use crate::store::state::cores::StateHistory;
use crate::store::upkeep::graphs::{give_up_retired, graph_of, graph_params};
use crate::store::upkeep::rebuild;
use crate::{Result, SynaError};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

/// Rows, in work, that each thread takes in before somebody else may have a turn: some milliseconds.
const PIECE_ROWS: i64 = 16;

/// What the worker and those who wake it share.
#[derive(Debug, Default)]
struct Signals {
    is_woken: AtomicBool,
    ends: AtomicBool,
    is_making: AtomicBool,
}

impl Signals {
    /// Waits to be woken; `false` at the end.
    fn wait(&self) -> bool {
        while !self.ends.load(Ordering::Acquire) {
            if self.is_woken.swap(false, Ordering::AcqRel) {
                return true;
            }
            // A call of `wake` in between leaves a token, with which this returns at once.
            std::thread::park();
        }
        false
    }
}

/// What wakes the worker.
#[derive(Debug, Clone)]
pub(crate) struct WorkerHandle {
    signals: Arc<Signals>,
    thread: Thread,
}

impl WorkerHandle {
    /// Has the worker look for rows that are not in the index.
    pub(crate) fn wake(&self) {
        if !self.signals.is_woken.swap(true, Ordering::AcqRel) {
            self.thread.unpark();
        }
    }

    /// Whether the worker is making an index that was not there: until it is, no bound of what may be left out counts.
    pub(crate) fn is_making(&self) -> bool {
        self.signals.is_making.load(Ordering::Acquire)
    }
}

/// The thread, until this is dropped.
#[derive(Debug)]
pub(crate) struct IndexWorker {
    handle: WorkerHandle,
    thread: Option<JoinHandle<()>>,
    /// The process that has the thread; a forked child has not.
    process: u32,
}

impl IndexWorker {
    /// # Errors
    /// [`SynaError::Io`] where the system has no thread for it.
    pub(crate) fn start(cores: &Arc<StateHistory>, config: &MmapVectorConfig) -> Result<Self> {
        let signals = Arc::new(Signals::default());
        let of_thread = (Arc::clone(cores), config.clone(), Arc::clone(&signals));
        let spawned = spawn("index", move || {
            let (cores, config, signals) = of_thread;
            run(&cores, &config, &signals);
        });
        let failed =
            |error| SynaError::io(&cores.hold().data.path, "starting a thread for the index of", error);
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
            // One that panicked has said so; there is nothing else to learn from it.
            let _ = thread.join();
        }
    }
}

fn run(cores: &StateHistory, config: &MmapVectorConfig, signals: &Signals) {
    while signals.wait() {
        // A compaction that puts another file in the place of this one ends the work on it.
        let mut worked_on: Option<Arc<SharedState>> = None;
        while !worked_on.as_ref().is_some_and(|core| cores.is_current(core)) {
            let core = &*worked_on.insert(cores.hold());
            let taken_in = take_in(cores, core, config, signals);
            give_up_retired(cores, core);
            signals.is_making.store(false, Ordering::Release);
            match taken_in {
                Ok(()) => {}
                Err(SynaError::Cancelled) if signals.ends.load(Ordering::Acquire) => return,
                Err(SynaError::Cancelled) => {}
                Err(error @ SynaError::Poisoned { .. }) => {
                    // Writes meet it too, at the bound, and return it.
                    log::error!(
                        "{}: no more rows are taken into the index: {error}",
                        core.data.path.display()
                    );
                    return;
                }
                Err(error) => log::warn!("{}: rows wait for the index: {error}", core.data.path.display()),
            }
        }
    }
}

/// Takes in what is there, and what comes meanwhile.
fn take_in(
    cores: &StateHistory,
    core: &Arc<SharedState>,
    config: &MmapVectorConfig,
    signals: &Signals,
) -> Result<()> {
    // Before there is a graph to be seen, whose tail is all rows.
    let is_new = core.graph().is_none_or(|graph| graph.covered_rows() == 0);
    signals.is_making.store(is_new, Ordering::Release);
    // Held: a core that is retired has none any more.
    let graph = graph_of(core, |metric| graph_params(config, metric));
    let goes_on = || !signals.ends.load(Ordering::Acquire) && cores.is_current(core);
    let first_end = core.published.load().rows;
    while goes_on() && !take_in_piece(core, &graph, config)? {
        if graph.covered_rows() >= first_end {
            // What comes from now on is bounded, however fast it comes.
            signals.is_making.store(false, Ordering::Release);
        }
        DefaultEf::of(config).report(core, &graph);
    }
    if goes_on() && rebuild::is_stale(core, &graph) {
        let params = graph_params(config, core.data.identity.metric);
        rebuild::rebuild(core, &graph, params, config.threads, &mut |_, _| match goes_on() {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        })?;
    }
    Ok(())
}

/// Does a piece of what there is to do, and lets others at the graph; says whether there is nothing left.
fn take_in_piece(core: &SharedState, graph: &Graph, config: &MmapVectorConfig) -> Result<bool> {
    let end = core.published.load().rows;
    let threads = config.threads.max(1);
    let mut work = PIECE_ROWS * ROW_WORK * i64::try_from(threads).unwrap_or(1);
    let advance = graph.advance(&core.rows_to_index(), end, threads, Duration::from_secs(1), &mut work)?;
    graph.give_way();
    Ok(advance == Advance::Done)
}
