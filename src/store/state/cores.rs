//! The cores that a store has had: the one in use, and those that a compaction or a refresh put another in the place of.
//!
//! ```text
//!   hold: a call, results, cursors; the last of them that lets go of a replaced core closes its file
//!   lend: slices that are borrowed from the store itself; nobody knows when they are gone, so that core stays to the end
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
    /// How often the current one was replaced.
    generation: AtomicU32,
    lent: AppendTable<OnceLock<Lent>, 0>,
    lent_count: AtomicU32,
    /// Those that may still be held.
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

    /// The one in use; it stays whole as long as the caller holds it.
    pub(crate) fn hold(&self) -> Arc<SharedState> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether `core` is the one in use.
    pub(crate) fn is_current(&self, core: &SharedState) -> bool {
        std::ptr::eq(core, &raw const **self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The one in use, which stays from now on until the store is closed. Takes no lock but for the first time.
    pub(crate) fn lend(&self) -> &SharedState {
        loop {
            let generation = self.generation.load(Ordering::Acquire);
            let last = self.lent_count.load(Ordering::Acquire).checked_sub(1);
            let last = last.and_then(|last| self.lent.get(last as usize)?.get());
            if let Some(lent) = last.filter(|lent| lent.generation == generation) {
                return &lent.core;
            }
            // Nobody else lends or replaces meanwhile.
            let current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            let (count, generation) =
                (self.lent_count.load(Ordering::Acquire), self.generation.load(Ordering::Acquire));
            let is_lent = |lent: &Lent| lent.generation == generation;
            if count > 0 && self.lent.get(count as usize - 1).and_then(OnceLock::get).is_some_and(is_lent) {
                continue;
            }
            // Room for it was reserved before it came into use.
            if let Some(cell) = self.lent.get(count as usize) {
                let _ = cell.set(Lent { core: Arc::clone(&current), generation });
                self.lent_count.store(count + 1, Ordering::Release);
            }
        }
    }

    /// Calls `each` for every core that can be reached without waiting for a lock: for a forked child, where nobody is left
    /// to release one that a thread of the parent held.
    pub(crate) fn for_each_unlocked(&self, mut each: impl FnMut(&SharedState)) {
        if let Ok(current) = self.current.try_read() {
            each(&current);
        }
        if let Ok(replaced) = self.replaced.try_lock() {
            replaced.iter().filter_map(Weak::upgrade).for_each(|core| {
                each(&core);
                // The last reference would unmap and close what the parent uses.
                std::mem::forget(core);
            });
        }
    }

    /// Those that are in use no more and still held.
    pub(crate) fn replaced_bytes(&self) -> u64 {
        let replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.iter().filter_map(Weak::upgrade).map(|old| old.data.extents.end_bytes()).sum()
    }

    /// Allocates what [`StateHistory::replace`] will need, and what lending the next one will, so that neither can fail.
    pub(crate) fn reserve(&self) -> Result<()> {
        let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.retain(|old| old.strong_count() > 0);
        replaced.try_reserve(1).map_err(|_| SynaError::NoMemory { needed_bytes: 0 })?;
        // The current one may take a place until then.
        self.lent.get_or_grow(self.lent_count.load(Ordering::Acquire) as usize + 1).map(|_| ())
    }

    /// Puts a core in the place of the one in use; room was reserved. One thread does so at a time.
    pub(crate) fn replace(&self, core: Arc<SharedState>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *current, core);
        self.generation.fetch_add(1, Ordering::AcqRel);
        drop(current);
        let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.push(Arc::downgrade(&old));
    }
}
