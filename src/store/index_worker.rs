//! A thread of the store's own that takes rows into the index, where one was asked for.
//!
//! ```text
//!   a write leaves rows behind the index --> wake --> the worker takes them in, a batch at a time --> sleeps
//!                                                     the store is closed --> it ends after its batch
//! ```
//! It never has the writer's lock, so writes wait for it only at the bound of rows that may be left, where they help.

use super::config::MmapVectorConfig;
use super::core::{Core, StoredRows};
use super::cores::Cores;
use super::indexing::{give_up_retired, graph_of, graph_params, tail_rows};
use crate::storage::{block_signals, process_mark};
use crate::{Result, SynaError};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// What the worker and those who wake it share.
#[derive(Debug, Default)]
pub(super) struct Bell {
    has_rung: Mutex<bool>,
    changed: Condvar,
    ends: AtomicBool,
    is_making: AtomicBool,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, bool> {
        // A flag is whole whoever panicked.
        self.has_rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the worker look for rows that are not in the index.
    pub(super) fn ring(&self) {
        if !std::mem::replace(&mut *self.lock(), true) {
            self.changed.notify_one();
        }
    }

    /// Whether the worker is making an index that was not there: until it is, no bound of what may be left out counts.
    pub(super) fn is_making(&self) -> bool {
        self.is_making.load(Ordering::Acquire)
    }

    /// Waits for a ring; `false` at the end.
    fn wait(&self) -> bool {
        let mut has_rung = self.lock();
        while !*has_rung && !self.ends() {
            has_rung = self.changed.wait(has_rung).unwrap_or_else(PoisonError::into_inner);
        }
        *has_rung = false;
        !self.ends()
    }

    fn ends(&self) -> bool {
        self.ends.load(Ordering::Acquire)
    }

    fn end(&self) {
        self.ends.store(true, Ordering::Release);
        self.ring();
    }
}

/// The thread, until this is dropped.
#[derive(Debug)]
pub(super) struct IndexWorker {
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
    /// The process that has the thread; a forked child has not.
    process: u32,
}

impl IndexWorker {
    /// # Errors
    /// [`SynaError::Io`] where the system has no thread for it.
    pub(super) fn start(cores: &Arc<Cores>, config: &MmapVectorConfig) -> Result<Self> {
        let bell = Arc::new(Bell::default());
        let of_thread = (Arc::clone(cores), config.clone(), Arc::clone(&bell));
        let thread = std::thread::Builder::new().name("syna-mmap index".to_owned()).spawn(move || {
            let (cores, config, bell) = of_thread;
            block_signals();
            run(&cores, &config, &bell);
        });
        let failed =
            |error| SynaError::io(&cores.current().data.path, "starting a thread for the index of", error);
        Ok(Self { bell, thread: Some(thread.map_err(failed)?), process: process_mark() })
    }

    pub(super) fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }
}

impl Drop for IndexWorker {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take().filter(|_| self.process == process_mark()) {
            self.bell.end();
            // One that panicked has said so; there is nothing else to learn from it.
            let _ = thread.join();
        }
    }
}

fn run(cores: &Cores, config: &MmapVectorConfig, bell: &Bell) {
    while bell.wait() {
        let core = Arc::clone(cores.current());
        let taken_in = take_in(&core, config, bell);
        give_up_retired(cores, &core);
        bell.is_making.store(false, Ordering::Release);
        match taken_in {
            Ok(()) | Err(SynaError::Cancelled) => {}
            Err(error @ SynaError::NoMemory { .. }) => {
                log::warn!("{}: rows wait for the index: {error}", core.data.path.display());
            }
            Err(error) => {
                // Writes meet it too, at the bound, and return it.
                log::error!("{}: no more rows are taken into the index: {error}", core.data.path.display());
                return;
            }
        }
    }
}

/// Takes in what is there, and what comes meanwhile.
fn take_in(core: &Core, config: &MmapVectorConfig, bell: &Bell) -> Result<()> {
    // Before there is a graph to be seen, whose tail is all rows.
    let is_new = core.graph().is_none_or(|graph| graph.covered_rows() == 0);
    bell.is_making.store(is_new, Ordering::Release);
    let graph = graph_of(core, |metric| graph_params(config, metric));
    while tail_rows(core) > 0 {
        let end = core.published.load().rows;
        graph.extend(&StoredRows(&core.data), end, config.threads, &mut |_, _| {
            if bell.ends() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    Ok(())
}
