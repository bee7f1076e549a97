//! An error keeps its kind through every layer: out of memory is never reported as a damaged file, which a host might
//! replace.
#![expect(unsafe_code, reason = "an allocator that fails on request")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::Range;
use std::ptr;
use support::{Random, TempFolder, quiet, seed};
use syna_mmap::{DistanceMetric, MmapVectorConfig, MmapVectorStore, OpenMode, SynaError};

thread_local! {
    /// The range of allocation sizes, in bytes, that fail on this thread.
    static REFUSED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    static REFUSALS: Cell<u32> = const { Cell::new(0) };
}

struct Refusing;

// SAFETY: forwards to the system's allocator, or returns NULL.
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (from, end) = REFUSED.get();
        if (from..end).contains(&layout.size()) {
            REFUSALS.set(REFUSALS.get() + 1);
            return ptr::null_mut();
        }
        // SAFETY: as the caller guarantees.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller guarantees.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static REFUSING: Refusing = Refusing;

/// Runs `work` while allocations of these sizes fail; also returns the number of failures.
fn with_failing_allocations<R>(sizes: Range<usize>, work: impl FnOnce() -> R) -> (R, u32) {
    REFUSED.set((sizes.start, sizes.end));
    REFUSALS.set(0);
    let answer = work();
    REFUSED.set((0, 0));
    (answer, REFUSALS.get())
}

#[test]
fn out_of_memory_is_not_reported_as_damage() {
    const ROWS: usize = 20_000;
    let folder = TempFolder::new("error-kinds");
    let path = folder.file("store");
    let config = MmapVectorConfig { initial_capacity: 0, ..quiet(64, DistanceMetric::Euclidean) };
    let mut random = Random::new(seed(31));
    let store = MmapVectorStore::new(&path, config.clone()).unwrap();
    let vectors: Vec<Vec<f32>> = (0..ROWS).map(|_| random.vector(64)).collect();
    let keys: Vec<String> = (0..ROWS).map(|n| n.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
    for (keys, vectors) in keys.chunks(500).zip(vectors.chunks(500)) {
        store.insert_batch(keys, vectors).unwrap();
    }
    store.delete("7").unwrap();
    store.close().unwrap();

    let read_only = OpenMode { read_only: true, ..OpenMode::default() };
    let damaged = OpenMode { damaged: true, ..OpenMode::default() };
    let mut refusals = 0;
    // The tables of rows and keys double in size; the buffer for reading the log is larger.
    for bits in 16..20 {
        let sizes = 1 << bits..2 << bits;
        for open in [OpenMode::default(), read_only, damaged] {
            let config = MmapVectorConfig { open, ..config.clone() };
            let (opened, count) =
                with_failing_allocations(sizes.clone(), || MmapVectorStore::new(&path, config).map(drop));
            refusals += count;
            match opened {
                Err(SynaError::NoMemory { .. }) if count > 0 => {}
                Ok(()) => {}
                Err(error) => panic!("without {sizes:?} bytes: {error}"),
            }
        }
        let copy = folder.file("copy");
        let (salvaged, count) =
            with_failing_allocations(sizes.clone(), || MmapVectorStore::salvage(&path, &copy));
        refusals += count;
        match salvaged {
            Err(SynaError::NoMemory { .. }) if count > 0 => {}
            Ok(report) => assert_eq!(report.rows, 19_999),
            Err(error) => panic!("without {sizes:?} bytes: {error}"),
        }
        let _ = std::fs::remove_file(&copy);
    }
    assert!(refusals > 5, "memory was refused {refusals} times");
    assert_eq!(MmapVectorStore::new(&path, config).unwrap().len(), ROWS - 1);
}
