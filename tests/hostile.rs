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
use syna_mmap::{MmapVectorStore, OpenMode};
use targets::bases::{large_bases, small_bases};
use targets::examine::{MOST_TIME, Tally, any_store, examine, index_of};
use targets::scratch::Scratch;
use targets::{open_data, open_index};

/// Heap beyond this is refused while it is measured, so that a test that fails does not take the machine with it.
const REFUSED_BYTES: usize = 1 << 30;

/// Heap for the tables of a file a terabyte long: 4 bytes for each block of 64 KiB, doubled as they grow.
const MOST_LONG_BYTES: usize = 160 << 20;

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
    for bases in [small_bases(), large_bases()] {
        let logs = bases[0].extents.iter().filter(|&&extent| bases[0].is_log(extent)).count();
        assert!(logs >= 2 && bases[0].extents.len() >= logs + 2, "several extents of both kinds");
    }
    for image in small_bases().iter().chain(large_bases()) {
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
    let total =
        run_seeds("data", 2500, |bytes| open_data::run(large_bases(), &scratch, bytes, &mut measured));
    assert!(total.opened > total.refused / 20, "mutations that are all refused test nothing behind");
    assert!(total.refused > total.opened / 20, "mutations that are all harmless test nothing");
}

#[test]
fn hostile_indexes_never_hide_the_truth() {
    let scratch = Scratch::new();
    for base in open_index::small_stores().iter().chain(open_index::large_stores()) {
        let mut mended = base.index.clone();
        open_index::mend(&mut mended, true);
        assert!(mended == base.index, "the mender knows the format");
    }
    let total = run_seeds("index", 60, |bytes| {
        open_index::run(open_index::large_stores(), &scratch, bytes, &mut measured)
    });
    assert!(total.opened > 0);
}

/// What a file claims costs nothing until it is there: an extent of a terabyte that was never written is a hole.
#[test]
fn long_files_that_hold_nothing_open_or_fail_at_once() {
    const LONG: u64 = 1 << 40;
    let scratch = Scratch::new();
    let base = &large_bases()[0];
    let path = scratch.file("store");
    let last_end = base.extents.iter().map(|&extent| extent + base.extent_length(extent)).max().unwrap();
    for kind in [1_u32, 2] {
        let mut image = base.clone();
        let rest = LONG - last_end as u64;
        let capacity = if kind == 1 { (rest / 256 - 256) / 256 * 256 } else { (1 << 31) - 4096 };
        let length = if kind == 1 { rest } else { 1 << 31 };
        let first_row = if kind == 1 { 512_u64 } else { 0 };
        let ordinal = u32::try_from(image.extents.len()).unwrap();
        image.bytes.truncate(last_end);
        image.bytes.resize(last_end + 4096 + 64, 0);
        image.put(last_end, b"SYNX");
        image.put(last_end + 4, &kind.to_le_bytes());
        let identity = image.bytes[image.extents[0] + 12..image.extents[0] + 32].to_vec();
        image.put(last_end + 12, &identity);
        for (offset, value) in [(32, length), (40, first_row), (48, capacity)] {
            image.put(last_end + offset, &value.to_le_bytes());
        }
        image.set_ordinal(last_end, ordinal);
        image.mend_extent(last_end);
        // A frame longer than the heap that is allowed, and nothing in it.
        image.put(last_end + 4096, b"SYNF");
        image.put(last_end + 4096 + 8, &(1_u32 << 28).to_le_bytes());
        image.mark(last_end + 4096, targets::image::FRAME_PLACE);
        // A superblock that goes on far behind the log.
        for (slots, sequence, rows) in [(0, 0, 0), (2, 1_u64 << 40, u64::from(u32::MAX))] {
            for &slot in &targets::image::SLOTS[..slots] {
                image.put(slot + 64, &sequence.to_le_bytes());
                image.put(slot + 72, &rows.to_le_bytes());
                image.mend_slot(slot);
            }
            fs::write(&path, &image.bytes).unwrap();
            fs::File::options().write(true).open(&path).unwrap().set_len(LONG).unwrap();
            open_long(&path, &format!("kind {kind}, {slots} slots"));
            fs::remove_file(&path).unwrap();
        }
    }
}

fn open_long(path: &std::path::Path, what: &str) {
    for mode in [(true, false, false), (true, true, false), (true, false, true), (false, false, false)] {
        let (read_only, verify, damaged) = mode;
        let open = OpenMode { read_only, verify, damaged, must_exist: true, must_create: false };
        let began = std::time::Instant::now();
        let mut opened = None;
        let peak = peak_of(&mut || opened = Some(MmapVectorStore::new(path, any_store(open))));
        let elapsed = began.elapsed();
        let opened = opened.unwrap();
        println!("{what}, {mode:?}: {elapsed:?}, {peak} bytes, {:?}", opened.as_ref().err());
        assert!(peak < MOST_LONG_BYTES, "{what}, {mode:?}: {peak} bytes of memory");
        // Whoever wants a damaged store shown has all of its log searched for frames.
        let most_time = if damaged { 20 * MOST_TIME } else { 5 * MOST_TIME };
        assert!(elapsed < most_time, "{what}, {mode:?}: {elapsed:?}");
        // Closed without a checkpoint, as nothing was written.
        drop(opened);
    }
}

/// An index of a terabyte beside a store of a few kilobytes.
#[test]
fn a_long_index_is_left_alone() {
    let scratch = Scratch::new();
    let path = scratch.file("store");
    let base = &open_index::large_stores()[0];
    let mut index = base.index.clone();
    fs::write(&path, &base.data).unwrap();
    for length in [1 << 40, 1 << 29] {
        let cell_bytes = open_index::place(&base.index, 0).unwrap().cell_bytes as u64;
        let cells = u32::try_from((length - 8192) / cell_bytes).unwrap();
        for slot in [0, 4096] {
            index[slot + 80..slot + 84].copy_from_slice(&cells.to_le_bytes());
            index[slot + 88..slot + 96].copy_from_slice(&(length - 8192_u64).to_le_bytes());
        }
        open_index::mend(&mut index, false);
        fs::write(index_of(&path), &index).unwrap();
        fs::File::options().write(true).open(index_of(&path)).unwrap().set_len(length).unwrap();
        open_long(&path, "index");
    }
}
