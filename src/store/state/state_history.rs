//! The states of a store: the current one, and those that were replaced by a compaction or a refresh.
//!
//! ```text
//!   hold: for calls, results and cursors; when the last of them releases a replaced state, its file is closed
//!   pin: for slices that are borrowed from the store itself; their end is unknown, so the state stays until the close
//! ```

use crate::append_table::AppendTable;
use crate::store::state::shared_state::SharedState;
use crate::sync::{AtomicU32, Mutex, OnceLock, Ordering, RwLock};
use crate::{Result, SynaError};
use std::sync::{Arc, PoisonError, Weak};

/// See the module.
#[derive(Debug)]
pub(crate) struct StateHistory {
    current: RwLock<Arc<SharedState>>,
    /// How often the current state was replaced.
    generation: AtomicU32,
    pinned: AppendTable<OnceLock<Pinned>, 0>,
    pinned_count: AtomicU32,
    /// The replaced states that may still be held.
    replaced: Mutex<Vec<Weak<SharedState>>>,
}

#[derive(Debug)]
struct Pinned {
    state: Arc<SharedState>,
    generation: u32,
}

impl StateHistory {
    /// # Errors
    /// [`SynaError::NoMemory`].
    pub(crate) fn new(first: Arc<SharedState>) -> Result<Self> {
        let pinned = AppendTable::default();
        pinned.get_or_grow(0)?;
        Ok(Self {
            current: RwLock::new(first),
            generation: AtomicU32::new(0),
            pinned,
            pinned_count: AtomicU32::new(0),
            replaced: Mutex::default(),
        })
    }

    /// The current state, which stays complete as long as the caller holds it.
    pub(crate) fn hold(&self) -> Arc<SharedState> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether `state` is the current state.
    pub(crate) fn is_current(&self, state: &SharedState) -> bool {
        std::ptr::eq(state, &raw const **self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The current state, which from now on stays until the store is closed. Takes a lock only the first time.
    pub(crate) fn pin(&self) -> &SharedState {
        loop {
            let generation = self.generation.load(Ordering::Acquire);
            let last = self.pinned_count.load(Ordering::Acquire).checked_sub(1);
            let last = last.and_then(|last| self.pinned.get(last as usize)?.get());
            if let Some(pinned) = last.filter(|pinned| pinned.generation == generation) {
                return &pinned.state;
            }
            // The lock excludes other threads that pin or replace.
            let current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            let (count, generation) =
                (self.pinned_count.load(Ordering::Acquire), self.generation.load(Ordering::Acquire));
            let is_pinned = |pinned: &Pinned| pinned.generation == generation;
            if count > 0 && self.pinned.get(count as usize - 1).and_then(OnceLock::get).is_some_and(is_pinned)
            {
                continue;
            }
            // Its element was reserved before this state became current.
            if let Some(cell) = self.pinned.get(count as usize) {
                let _ = cell.set(Pinned { state: Arc::clone(&current), generation });
                self.pinned_count.store(count + 1, Ordering::Release);
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
            replaced.iter().filter_map(Weak::upgrade).for_each(|state| {
                each(&state);
                // Dropping the last reference would unmap and close the files of the parent.
                std::mem::forget(state);
            });
        }
    }

    /// The bytes of files that were replaced and are still held.
    pub(crate) fn replaced_bytes(&self) -> u64 {
        let replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.iter().filter_map(Weak::upgrade).map(|old| old.data.extents.end_bytes()).sum()
    }

    /// Allocates what [`StateHistory::replace`], and pinning the new state, will need, so that neither can fail.
    pub(crate) fn reserve(&self) -> Result<()> {
        let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.retain(|old| old.strong_count() > 0);
        replaced.try_reserve(1).map_err(|_| SynaError::NoMemory { needed_bytes: 0 })?;
        // The current state may take one element until then.
        self.pinned.get_or_grow(self.pinned_count.load(Ordering::Acquire) as usize + 1).map(|_| ())
    }

    /// Replaces the current state. Call [`StateHistory::reserve`] before. One thread at a time.
    pub(crate) fn replace(&self, state: Arc<SharedState>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *current, state);
        self.generation.fetch_add(1, Ordering::AcqRel);
        drop(current);
        let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.push(Arc::downgrade(&old));
    }
}
