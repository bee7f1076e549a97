//! The current log callback. Reading it takes no lock, so a child that was forked while another thread was inside the
//! callback can set another one.
//!
//! ```text
//!   current --> [ value | calls ]    to read: increment `calls`, then check that the cell is still the current one
//!               [ value | calls ]    to replace: fill this cell, make it current, wait for the calls of the other cell
//! ```
//! Calls are counted together with the mark of their process. A forked child ignores the calls that its parent counted:
//! their threads do not exist in the child.
#![expect(unsafe_code, reason = "cells that are written only while no call reads them")]

use crate::storage::process_mark;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// How often a waiting thread yields before it sleeps.
const MOST_YIELDS: u32 = 100;

/// A value that calls copy while other threads replace it.
pub(super) struct Current<T> {
    cells: [Cell<T>; 2],
    /// The number of the current cell; only the lowest bit is used.
    current: AtomicUsize,
    /// The mark of the process whose thread is replacing the value; 0 if there is none.
    replacing: AtomicU32,
}

struct Cell<T> {
    value: UnsafeCell<Option<T>>,
    /// The mark of a process in the upper half, and in the lower half how many of its calls use the value.
    calls: AtomicU64,
}

// SAFETY: a value is written by one thread at a time, while its cell is not current and no call uses it; calls copy it.
// Values therefore move between threads, which requires `Send` only.
unsafe impl<T: Copy + Send> Sync for Current<T> {}

impl<T: Copy + Send> Current<T> {
    pub(super) const fn new() -> Self {
        let cells = [const { Cell { value: UnsafeCell::new(None), calls: AtomicU64::new(0) } }; 2];
        Self { cells, current: AtomicUsize::new(0), replacing: AtomicU32::new(0) }
    }

    /// Calls `work` with a copy of the value. [`Current::replace`] waits until `work` has returned.
    pub(super) fn with<R>(&self, work: impl FnOnce(Option<T>) -> R) -> R {
        let mark = process_mark();
        let entered = loop {
            let current = self.current.load(SeqCst);
            let entered = Entered::new(self.cell(current), mark);
            // Either this load sees that the cell is no longer current, or `replace` sees the counted call.
            if self.current.load(SeqCst) == current {
                break entered;
            }
        };
        // SAFETY: the cell was current after the call was counted, so the value is not written before `entered` is
        // dropped.
        work(unsafe { *entered.cell.value.get() })
    }

    /// Replaces the value, unless `check` fails, and waits until no call uses the former value.
    pub(super) fn replace<E>(
        &self,
        value: Option<T>,
        check: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mark = process_mark();
        let replacing = Replacing::new(&self.replacing, mark);
        check()?;
        let former = self.current.load(SeqCst);
        let next = former.wrapping_add(1);
        // SAFETY: only this thread is replacing. The cell is not current, so no new call uses its value. Earlier calls that
        // used it have ended: the thread that made the other cell current waited for them. If that happened in the parent
        // process, their threads do not exist here.
        unsafe { *self.cell(next).value.get() = value };
        self.current.store(next, SeqCst);
        wait_until(|| self.cell(former).is_unused(mark));
        drop(replacing);
        Ok(())
    }

    fn cell(&self, number: usize) -> &Cell<T> {
        let [even, odd] = &self.cells;
        if number.is_multiple_of(2) { even } else { odd }
    }
}

impl<T> Cell<T> {
    fn is_unused(&self, mark: u32) -> bool {
        let (process, count) = halves(self.calls.load(SeqCst));
        process != mark || count == 0
    }
}

/// Counts a call as long as it exists.
struct Entered<'a, T> {
    cell: &'a Cell<T>,
    mark: u32,
}

impl<'a, T> Entered<'a, T> {
    fn new(cell: &'a Cell<T>, mark: u32) -> Self {
        let counted = |calls| match halves(calls) {
            (process, count) if process == mark => joined(mark, count.saturating_add(1)),
            _ => joined(mark, 1),
        };
        cell.calls.fetch_update(SeqCst, SeqCst, |calls| Some(counted(calls))).ok();
        Self { cell, mark }
    }
}

impl<T> Drop for Entered<'_, T> {
    fn drop(&mut self) {
        let counted = |calls| match halves(calls) {
            (process, count) if process == self.mark => Some(joined(process, count.saturating_sub(1))),
            _ => None,
        };
        self.cell.calls.fetch_update(SeqCst, SeqCst, counted).ok();
    }
}

/// Excludes other threads from replacing as long as it exists. A thread of the parent process is ignored.
struct Replacing<'a>(&'a AtomicU32);

impl<'a> Replacing<'a> {
    fn new(place: &'a AtomicU32, mark: u32) -> Self {
        let take = |held| (held != mark).then_some(mark);
        wait_until(|| place.fetch_update(SeqCst, SeqCst, take).is_ok());
        Self(place)
    }
}

impl Drop for Replacing<'_> {
    fn drop(&mut self) {
        self.0.store(0, SeqCst);
    }
}

/// Waits by polling: a lock could stay locked after a fork.
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let mut yields = 0;
    while !is_so() {
        if yields < MOST_YIELDS {
            yields += 1;
            std::thread::yield_now();
        } else {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn halves(calls: u64) -> (u32, u32) {
    let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(0);
    (half(calls >> 32), half(calls))
}

fn joined(mark: u32, count: u32) -> u64 {
    u64::from(mark) << 32 | u64::from(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicU64};

    /// Values that are out of use are marked; a call whose value is marked shows a bug.
    #[test]
    fn a_replaced_value_is_not_in_use() {
        static CURRENT: Current<usize> = Current::new();
        static GONE: [AtomicBool; 2000] = [const { AtomicBool::new(false) }; 2000];
        let (ends, calls) = (AtomicBool::new(false), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !ends.load(SeqCst) {
                        CURRENT.with(|value| {
                            if let Some(value) = value {
                                assert!(!GONE[value].load(SeqCst));
                                std::hint::spin_loop();
                                assert!(!GONE[value].load(SeqCst));
                                calls.fetch_add(1, SeqCst);
                            }
                        });
                    }
                });
            }
            let replacers: Vec<_> = (0..2)
                .map(|parity| {
                    let replace = move || {
                        for value in (parity..GONE.len()).step_by(2) {
                            let before = CURRENT.with(|value| value);
                            CURRENT.replace(Some(value), || Ok::<(), ()>(())).unwrap();
                            if let Some(before) = before.filter(|before| before % 2 == parity) {
                                GONE[before].store(true, SeqCst);
                            }
                        }
                    };
                    scope.spawn(replace)
                })
                .collect();
            replacers.into_iter().for_each(|replacer| replacer.join().unwrap());
            // On a busy machine the calling threads may not have run yet.
            while calls.load(SeqCst) == 0 {
                std::thread::yield_now();
            }
            ends.store(true, SeqCst);
        });
        assert_eq!(CURRENT.replace(None, || Err(7)), Err(7));
        assert!(CURRENT.with(|value| value).is_some());
    }

    #[test]
    fn calls_counted_by_another_process_are_ignored() {
        let current = Current::new();
        let other = process_mark().wrapping_add(1);
        current.cells[0].calls.store(joined(other, 3), SeqCst);
        current.replacing.store(other, SeqCst);
        current.replace(Some(1), || Ok::<(), ()>(())).unwrap();
        current.replace(Some(2), || Ok::<(), ()>(())).unwrap();
        assert_eq!(
            current.with(|value| (value, halves(current.cells[0].calls.load(SeqCst)).1)),
            (Some(2), 1)
        );
    }
}
