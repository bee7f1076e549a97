//! Files that a hostile writer made, with every checksum right: a typed error or a store that works, at once and in
//! little memory, and no byte of them changed.
#![expect(unsafe_code, reason = "counts what is allocated")]

#[path = "../fuzz/src/lib.rs"]
mod targets;

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs;
use support::{Random, seed};
use targets::bases::bases;
use targets::examine::{MOST_TIME, Tally, examine};
use targets::scratch::Scratch;
use targets::{open_data, open_index};

/// Heap beyond this is refused while it is measured, so that a test that fails does not take the machine with it.
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

// SAFETY: hands everything on to the system's allocator, or answers that there is no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        if layout.size() > REFUSED_BYTES {
            NOW.set(NOW.get().saturating_sub(layout.size()));
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        if layout.size() > REFUSED_BYTES {
            NOW.set(NOW.get().saturating_sub(layout.size()));
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        NOW.set(NOW.get().saturating_sub(layout.size()));
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The most heap that `work` has at once beyond what there was before.
fn peak_of(work: &mut dyn FnMut()) -> usize {
    let before = NOW.get();
    PEAK.set(before);
    work();
    PEAK.get() - before
}

/// Runs an open, which may not take more memory than its files could need.
fn measured(length_bytes: u64, open: &mut dyn FnMut()) {
    let peak = peak_of(open);
    let most = (16 << 20) + 8 * length_bytes;
    assert!(peak as u64 <= most, "an open of {length_bytes} bytes took {peak} bytes of memory");
}

/// Inputs for one target: `SYNA_MMAP_HOSTILE_SEEDS` of them, else `default`.
fn run_seeds(name: &str, default: usize, mut run: impl FnMut(&[u8]) -> Tally) -> Tally {
    let count = std::env::var("SYNA_MMAP_HOSTILE_SEEDS").ok().and_then(|text| text.parse().ok());
    let mut random = Random(seed(2026));
    let mut total = Tally::default();
    let mut failures = 0;
    for number in 0..count.unwrap_or(default) {
        let bytes: Vec<u8> = (0..8 + random.below(56)).map(|_| random.next().to_le_bytes()[3]).collect();
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&bytes)));
        match found {
            Ok(tally) => {
                total.opened += tally.opened;
                total.refused += tally.refused;
            }
            Err(_) => {
                println!("{name}: input {number} fails: {bytes:?}");
                failures += 1;
            }
        }
    }
    assert_eq!(failures, 0, "inputs of {name} that fail; they are printed above");
    println!("{name}: {} opened, {} refused", total.opened, total.refused);
    total
}

#[test]
fn a_mended_image_of_a_store_is_a_store() {
    let scratch = Scratch::new();
    for image in bases() {
        assert!(image.frames.len() >= 7 && image.extents.len() >= 2, "{} frames", image.frames.len());
        let path = scratch.file("store");
        fs::write(&path, &image.bytes).unwrap();
        assert_eq!(examine(&path, &mut measured), Tally { opened: 4, refused: 0 });
        let mut unmended = image.clone();
        let frame = unmended.frames[1];
        unmended.put(frame + 64, &[!unmended.bytes[frame + 64]]);
        fs::write(&path, &unmended.bytes).unwrap();
        assert!(examine(&path, &mut measured).refused > 0);
        scratch.clear();
    }
}

#[test]
fn hostile_data_files_are_errors_or_stores() {
    let scratch = Scratch::new();
    let total = run_seeds("data", 4000, |bytes| open_data::run(&scratch, bytes, &mut measured));
    assert!(total.opened > total.refused / 20, "mutations that are all refused test nothing behind");
    assert!(total.refused > total.opened / 20, "mutations that are all harmless test nothing");
}

#[test]
fn hostile_indexes_never_hide_the_truth() {
    let scratch = Scratch::new();
    for base in open_index::stores() {
        let mut mended = base.index.clone();
        open_index::mend(&mut mended, true);
        assert!(mended == base.index, "the mender knows the header");
    }
    let total = run_seeds("index", 150, |bytes| open_index::run(&scratch, bytes, &mut measured));
    assert!(total.opened > 0);
}
