//! The cores that a store has had: the one in use, and those that a compaction or a refresh put another in the place of.
//!
//! None is given up before the store is closed, since borrowed vectors and keys point into them. Readers take no lock.

use super::core::Core;
use crate::Result;
use crate::append_table::AppendTable;
use crate::sync::{AtomicU32, OnceLock, Ordering};
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub(super) struct Cores {
    first: Arc<Core>,
    later: AppendTable<OnceLock<Arc<Core>>, 4>,
    /// How many of `later` there are; the last of them is in use.
    later_count: AtomicU32,
}

impl Cores {
    pub(super) fn new(first: Arc<Core>) -> Self {
        Self { first, later: AppendTable::default(), later_count: AtomicU32::new(0) }
    }

    /// The one in use.
    pub(super) fn current(&self) -> &Arc<Core> {
        let last = self.later_count.load(Ordering::Acquire).checked_sub(1);
        last.and_then(|last| self.later.get(last as usize)?.get()).unwrap_or(&self.first)
    }

    /// Those that are in use no more.
    pub(super) fn replaced(&self) -> impl Iterator<Item = &Arc<Core>> {
        let count = self.later_count.load(Ordering::Acquire) as usize;
        let later = (0..count).filter_map(|at| self.later.get(at)?.get());
        std::iter::once(&self.first).chain(later).take(count)
    }

    /// Allocates what [`Cores::replace`] will need, so that it cannot fail.
    pub(super) fn reserve(&self) -> Result<()> {
        self.later.get_or_grow(self.later_count.load(Ordering::Acquire) as usize).map(|_| ())
    }

    /// Puts a core in the place of the one in use; room was reserved. One thread does so at a time.
    pub(super) fn replace(&self, core: Arc<Core>) {
        let count = self.later_count.load(Ordering::Acquire);
        if let Some(cell) = self.later.get(count as usize) {
            let _ = cell.set(core);
            self.later_count.store(count + 1, Ordering::Release);
        }
    }
}
