//! Distribution of independent work over threads, with a result that does not depend on their number.

use crate::storage::spawn_scoped;
use crate::{Result, memory};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Number of items that a thread takes at a time.
const GRAIN: usize = 8;

/// Returns `work(i, state)` for every `i` below `count`, in the order of `i`. Uses one thread per state, or fewer if
/// the system cannot start as many.
///
/// A panic in a worker is resumed in the caller.
///
/// # Errors
/// `NoMemory`.
pub(crate) fn spread<S: Send, T: Send>(
    states: &mut [S],
    count: usize,
    work: &(impl Fn(usize, &mut S) -> T + Sync),
) -> Result<Vec<T>> {
    let useful = states.len().min(count.div_ceil(GRAIN)).max(1);
    let Some((own, others)) = states.get_mut(..useful).and_then(|states| states.split_first_mut()) else {
        return Ok(Vec::new());
    };
    if others.is_empty() {
        // The allocations of one item are small; the memory limit is checked between items.
        return memory::all((0..count).map(|i| memory::check().map(|()| work(i, own))));
    }
    let next = AtomicUsize::new(0);
    let run = |state: &mut S| {
        let mut done = Vec::new();
        loop {
            let first = next.fetch_add(GRAIN, Relaxed);
            if first >= count {
                return Ok(done);
            }
            for i in first..(first + GRAIN).min(count) {
                memory::check()?;
                memory::push(&mut done, (i, work(i, state)))?;
            }
        }
    };
    let mut done = std::thread::scope(|scope| {
        let handles: Vec<_> =
            others.iter_mut().map_while(|state| spawn_scoped(scope, "build", || run(state)).ok()).collect();
        let mut done = run(own);
        for handle in handles {
            match handle.join() {
                Ok(part) => done = done.and_then(|done| joined(done, part?)),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })?;
    done.sort_unstable_by_key(|&(i, _)| i);
    memory::collected(done.into_iter().map(|(_, result)| result))
}

/// Appends `part` to `all`.
fn joined<T>(mut all: Vec<T>, part: Vec<T>) -> Result<Vec<T>> {
    memory::extend(&mut all, part)?;
    Ok(all)
}

/// Calls `work(state)` for every state, each on its own thread if the system can start as many.
///
/// A panic in a worker is resumed in the caller.
pub(crate) fn each<S: Send>(states: &mut [S], work: &(impl Fn(&mut S) + Sync)) {
    let count = states.len();
    let left = Mutex::new(states.iter_mut());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || {
        while let Some(state) = next() {
            work(state);
        }
    };
    std::thread::scope(|scope| {
        let spawned = (1..count).map_while(|_| spawn_scoped(scope, "build", run).ok());
        let handles: Vec<_> = spawned.collect();
        run();
        for handle in handles {
            if let Err(panic) = handle.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_for_any_number_of_workers() {
        for workers in 0..5 {
            for count in [0, 1, 7, 8, 9, 1_000] {
                let mut states = vec![0usize; workers];
                let results = spread(&mut states, count, &|i, state| {
                    *state += 1;
                    i * i
                });
                let results = results.unwrap();
                if workers > 0 {
                    assert_eq!(results, (0..count).map(|i| i * i).collect::<Vec<_>>());
                    assert_eq!(states.iter().sum::<usize>(), count);
                }
            }
        }
    }
}
