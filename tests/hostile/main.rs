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
use targets::bases::{large_bases, small_bases};
use targets::examine::{Tally, examine};
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
