//! An error keeps its kind through every layer: a want of memory is never told as damage of a file, since a host may replace
//! a damaged file.
#![expect(unsafe_code, reason = "an allocator that refuses")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::Range;
use std::ptr;
use support::{Random, TempFolder, quiet, seed};
use syna_mmap::{DistanceMetric, MmapVectorConfig, MmapVectorStore, OpenMode, SynaError};

thread_local! {
    /// Sizes of memory that this thread does not get, from and below.
    static REFUSED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    static REFUSALS: Cell<u32> = const { Cell::new(0) };
}

struct Refusing;

// SAFETY: hands everything on to the system's allocator, or refuses.
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (from, end) = REFUSED.get();
        if (from..end).contains(&layout.size()) {
            REFUSALS.set(REFUSALS.get() + 1);
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static REFUSING: Refusing = Refusing;

/// Calls `work` without memory of such sizes; how often it was refused some.
fn without<R>(sizes: Range<usize>, work: impl FnOnce() -> R) -> (R, u32) {
    REFUSED.set((sizes.start, sizes.end));
    REFUSALS.set(0);
    let answer = work();
    REFUSED.set((0, 0));
    (answer, REFUSALS.get())
}

#[test]
fn an_open_or_salvage_without_memory_is_no_damage() {
    const ROWS: usize = 20_000;
    let folder = TempFolder::new("error-kinds");
    let path = folder.file("store");
    let config = MmapVectorConfig { initial_capacity: 0, ..quiet(64, DistanceMetric::Euclidean) };
    let mut random = Random(seed(31));
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
    // Tables of rows and keys double; the buffer that the log is read by is larger.
    for bits in 16..20 {
        let sizes = 1 << bits..2 << bits;
        for open in [OpenMode::default(), read_only, damaged] {
            let config = MmapVectorConfig { open, ..config.clone() };
            let (opened, count) = without(sizes.clone(), || MmapVectorStore::new(&path, config).map(drop));
            refusals += count;
            match opened {
                Err(SynaError::NoMemory { .. }) if count > 0 => {}
                Ok(()) => {}
                Err(error) => panic!("without {sizes:?} bytes: {error}"),
            }
        }
        let copy = folder.file("copy");
        let (salvaged, count) = without(sizes.clone(), || MmapVectorStore::salvage(&path, &copy));
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
