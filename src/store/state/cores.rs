//! The states of a store: the current one, and those that were replaced by a compaction or a refresh.
//!
//! ```text
//!   hold: for calls, results and cursors; when the last of them releases a replaced state, its file is closed
//!   lend: for slices that are borrowed from the store itself; their end is unknown, so the state stays until the close
//! ```

use crate::append_table::AppendTable;
use crate::store::state::core::SharedState;
use crate::sync::{AtomicU32, Mutex, OnceLock, Ordering, RwLock};
use crate::{Result, SynaError};
use std::sync::{Arc, PoisonError, Weak};

/// See the module.
#[derive(Debug)]
pub(crate) struct StateHistory {
    current: RwLock<Arc<SharedState>>,
    /// How often the current state was replaced.
    generation: AtomicU32,
    lent: AppendTable<OnceLock<Lent>, 0>,
    lent_count: AtomicU32,
    /// The replaced states that may still be held.
    replaced: Mutex<Vec<Weak<SharedState>>>,
}

#[derive(Debug)]
struct Lent {
    core: Arc<SharedState>,
    generation: u32,
}

impl StateHistory {
    /// # Errors
    /// [`SynaError::NoMemory`].
    pub(crate) fn new(first: Arc<SharedState>) -> Result<Self> {
        let lent = AppendTable::default();
        lent.get_or_grow(0)?;
        Ok(Self {
            current: RwLock::new(first),
            generation: AtomicU32::new(0),
            lent,
            lent_count: AtomicU32::new(0),
            replaced: Mutex::default(),
        })
    }

    /// The current state, which stays complete as long as the caller holds it.
    pub(crate) fn hold(&self) -> Arc<SharedState> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether `core` is the current state.
    pub(crate) fn is_current(&self, core: &SharedState) -> bool {
        std::ptr::eq(core, &raw const **self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The current state, which from now on stays until the store is closed. Takes a lock only the first time.
    pub(crate) fn lend(&self) -> &SharedState {
        loop {
            let generation = self.generation.load(Ordering::Acquire);
            let last = self.lent_count.load(Ordering::Acquire).checked_sub(1);
            let last = last.and_then(|last| self.lent.get(last as usize)?.get());
            if let Some(lent) = last.filter(|lent| lent.generation == generation) {
                return &lent.core;
            }
            // The lock excludes other threads that lend or replace.
            let current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            let (count, generation) =
                (self.lent_count.load(Ordering::Acquire), self.generation.load(Ordering::Acquire));
            let is_lent = |lent: &Lent| lent.generation == generation;
            if count > 0 && self.lent.get(count as usize - 1).and_then(OnceLock::get).is_some_and(is_lent) {
                continue;
            }
            // Its element was reserved before this state became current.
            if let Some(cell) = self.lent.get(count as usize) {
                let _ = cell.set(Lent { core: Arc::clone(&current), generation });
                self.lent_count.store(count + 1, Ordering::Release);
            }
        }
    }

    /// Calls `each` for every state that can be reached without waiting for a lock. For a forked child, in which a lock
    /// that a thread of the parent held is never released.
    pub(crate) fn for_each_unlocked(&self, mut each: impl FnMut(&SharedState)) {
        if let Ok(current) = self.current.try_read() {
            each(&current);
        }
        if let Ok(replaced) = self.replaced.try_lock() {
            replaced.iter().filter_map(Weak::upgrade).for_each(|core| {
                each(&core);
                // Dropping the last reference would unmap and close the files of the parent.
                std::mem::forget(core);
            });
        }
    }

    /// The bytes of files that were replaced and are still held.
    pub(crate) fn replaced_bytes(&self) -> u64 {
        let replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.iter().filter_map(Weak::upgrade).map(|old| old.data.extents.end_bytes()).sum()
    }

    /// Allocates what [`StateHistory::replace`], and lending the new state, will need, so that neither can fail.
    pub(crate) fn reserve(&self) -> Result<()> {
        let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.retain(|old| old.strong_count() > 0);
        replaced.try_reserve(1).map_err(|_| SynaError::NoMemory { needed_bytes: 0 })?;
        // The current state may take one element until then.
        self.lent.get_or_grow(self.lent_count.load(Ordering::Acquire) as usize + 1).map(|_| ())
    }

    /// Replaces the current state. Call [`StateHistory::reserve`] before. One thread at a time.
    pub(crate) fn replace(&self, core: Arc<SharedState>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *current, core);
        self.generation.fetch_add(1, Ordering::AcqRel);
        drop(current);
        let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.push(Arc::downgrade(&old));
    }
}
