//! Files of a hostile writer, with correct checksums: an open gives a typed error or a usable store, quickly and in little
//! memory, and changes no byte.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `main.rs` | mutated stores and indexes |
//! | `long.rs` | sparse files, frames and indexes of up to a terabyte |
//! | `allocator.rs` | measures memory |

#[path = "../../fuzz/src/lib.rs"]
mod targets;

mod allocator;
mod long;
#[path = "../support/mod.rs"]
mod support;

use allocator::measured;
use std::fs;
use support::{Random, seed};
use syna_mmap::{ElementType, MmapVectorStore, OpenMode, Problem, SearchOptions, SearchResults};
use targets::bases::{large_bases, small_bases};
use targets::examine::{Tally, any_store, examine};
use targets::scratch::Scratch;
use targets::{open_data, open_index};

/// Runs a target on `SYNA_MMAP_HOSTILE_SEEDS` random inputs, or `default`.
fn run_seeds(name: &str, default: usize, mut run: impl FnMut(&[u8]) -> Tally) -> Tally {
    let count = std::env::var("SYNA_MMAP_HOSTILE_SEEDS").ok().and_then(|text| text.parse().ok());
    let mut random = Random::new(seed(2026));
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
fn an_image_with_corrected_checksums_is_a_valid_store() {
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
        let mut fixed = image.clone();
        fixed.fix_rows();
        assert!(fixed.bytes == image.bytes, "fix_rows reproduces the checksums of valid rows");
        let mut unfixed = image.clone();
        let frame = unfixed.frames[1];
        unfixed.put(frame + 64, &[!unfixed.bytes[frame + 64]]);
        fs::write(&path, &unfixed.bytes).unwrap();
        assert!(examine(&path, &mut measured).refused > 0);
        scratch.clear();
    }
}

/// Bytes in a row that no writer stores: an offset, and what is there.
fn no_vectors(element: ElementType, vector_bytes: usize) -> Vec<(usize, Vec<u8>)> {
    let float = |at: usize, value: f32| (at, value.to_le_bytes().to_vec());
    match element {
        ElementType::F32 => vec![float(8, f32::NAN), float(252, f32::NEG_INFINITY)],
        ElementType::F16 => vec![(0, vec![1, 0x7C]), (6, vec![0, 0x7C]), (138, vec![0, 0xFC])],
        ElementType::I8 => {
            let scale = vector_bytes - 4;
            let scales = [f32::NAN, f32::INFINITY, -1.0, -0.0, f32::MAX];
            let mut all = vec![(3, vec![0x80]), (67, vec![1])];
            all.extend(scales.map(|value| float(scale, value)));
            all
        }
    }
}

#[test]
fn rows_with_valid_checksums_that_are_no_vectors_are_reported_and_hide_nothing() {
    let scratch = Scratch::new();
    let path = scratch.file("store");
    for image in large_bases() {
        for (at, bytes) in no_vectors(image.element, image.vector_bytes) {
            let what = format!("{:?} {at} {bytes:?}", image.element);
            let mut image = image.clone();
            let row = image.extents.iter().find(|&&extent| !image.is_log(extent)).unwrap() + 4096;
            image.put(row + at, &bytes);
            image.fix_rows();
            image.fix_chain();
            scratch.clear();
            fs::write(&path, &image.bytes).unwrap();
            let store = MmapVectorStore::new(&path, any_store(OpenMode::default())).unwrap();
            let rows = store.len();
            let key = store.entry(0).unwrap().expect("row 0 is live").key.to_string();
            let mut results = SearchResults::default();
            let check = |store: &MmapVectorStore, results: &mut SearchResults| {
                // Only the row is reported, once.
                let report = store.verify(&mut |_, _| std::ops::ControlFlow::Continue(())).unwrap();
                let found: Vec<_> = report.findings.iter().map(|found| (found.row, found.problem)).collect();
                assert_eq!(found, [(Some(0), Problem::DamagedVector)], "{what}");
                for entry in store.iterate(1).map(Result::unwrap) {
                    let query = store.get(entry.key.as_bytes()).unwrap().unwrap();
                    let options = SearchOptions::default();
                    store.search_with(&query, 1, &options, results).unwrap();
                    let own = store.distance(&query, &query).unwrap();
                    let is_found = results.hits()[0].distance <= own + 1e-6;
                    // Distances of the invalid row may be anything.
                    assert!(is_found || results.hits()[0].row == 0, "{what}: {:?}", entry.key);
                    let options = SearchOptions { exact: true, ..options };
                    store.search_with(&query, rows, &options, results).unwrap();
                    assert_eq!(results.hits().len(), rows, "{what}");
                }
            };
            check(&store, &mut results);
            store.build_index().unwrap();
            check(&store, &mut results);
            store.close().unwrap();
            let to = scratch.file("salvaged");
            let saved = MmapVectorStore::salvage(&path, &to).unwrap();
            assert_eq!(saved.rows as usize, rows - 1, "{what}");
            let saved = MmapVectorStore::new(&to, any_store(OpenMode::default())).unwrap();
            assert!(!saved.contains(&key));
        }
    }
}

#[test]
fn hostile_data_files_are_errors_or_stores() {
    let scratch = Scratch::new();
    let total =
        run_seeds("data", 2500, |bytes| open_data::run(large_bases(), &scratch, bytes, &mut measured));
    assert!(
        total.opened > total.refused / 20,
        "nearly all mutations are refused, so the code behind the checks is not tested"
    );
    assert!(total.refused > total.opened / 20, "nearly all mutations are harmless");
}

#[test]
fn hostile_indexes_do_not_change_results() {
    let scratch = Scratch::new();
    for base in open_index::small_stores().iter().chain(open_index::large_stores()) {
        let mut fixed = base.index.clone();
        open_index::fix_checksums(&mut fixed, true);
        assert!(fixed == base.index, "fix_checksums reproduces the checksums of a valid index");
    }
    let total = run_seeds("index", 60, |bytes| {
        open_index::run(open_index::large_stores(), &scratch, bytes, &mut measured)
    });
    assert!(total.opened > 0);
}
