//! An allocator that measures the memory of a thread.
#![expect(unsafe_code, reason = "counts allocations")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Larger allocations fail, so that a failing test does not exhaust the machine's memory.
const REFUSED_BYTES: usize = 1 << 30;

thread_local! {
    static NOW: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

fn grow(bytes: usize) {
    NOW.set(NOW.get().saturating_add(bytes));
    PEAK.set(PEAK.get().max(NOW.get()));
}

struct Counting;

// SAFETY: forwards to the system's allocator, or returns NULL.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        if layout.size() > REFUSED_BYTES {
            NOW.set(NOW.get().saturating_sub(layout.size()));
            return std::ptr::null_mut();
        }
        // SAFETY: as the caller guarantees.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        if layout.size() > REFUSED_BYTES {
            NOW.set(NOW.get().saturating_sub(layout.size()));
            return std::ptr::null_mut();
        }
        // SAFETY: as the caller guarantees.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        NOW.set(NOW.get().saturating_sub(layout.size()));
        // SAFETY: as the caller guarantees.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The peak of heap memory that `work` adds, in bytes.
pub fn peak_of(work: &mut dyn FnMut()) -> usize {
    let before = NOW.get();
    PEAK.set(before);
    work();
    PEAK.get() - before
}

/// Runs an open, and checks that its memory is in proportion to the length of its files.
pub fn measured(length_bytes: u64, open: &mut dyn FnMut()) {
    let peak = peak_of(open);
    let most = (16 << 20) + 8 * length_bytes;
    assert!(peak as u64 <= most, "opening {length_bytes} bytes took {peak} bytes of memory");
}
