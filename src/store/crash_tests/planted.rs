//! The tests are tested: with a fault planted in the code, one of them has to name a broken promise.

use super::{cuts, faults, scratch_folder};
use crate::planted::{ALL, Fault, plant};
use crate::{MmapVectorConfig, MmapVectorStore};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The promises by the words that the checks name them with.
const INVARIANTS: [(&str, &str); 8] = [
    ("LOST", "what was promised is there (P2, P3)"),
    ("INVENTED", "nothing is there that was not submitted (P3)"),
    ("DIFFERS", "what is there is a prefix of the batches, bit for bit (P3)"),
    ("UNOPENABLE", "a store opens whatever happened to it (P3)"),
    ("UNUSABLE", "a store that opens can be written to (P3)"),
    ("MISCOUNTED", "a batch counts what it wrote"),
    ("TWO WRITERS", "there is one writer (P6)"),
    ("PANICKED", "nothing panics (P4, P7)"),
];

/// Runs `check`; a panic is an answer too.
fn answer(check: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().map_or("", String::as_str);
        Err(if what.contains("MISCOUNTED") { what.to_owned() } else { format!("PANICKED: {what}") })
    })
}

fn two_writers() -> Result<(), String> {
    let folder = scratch_folder("two-writers");
    let path = folder.join("store");
    let config = MmapVectorConfig { dimensions: 64, ..MmapVectorConfig::default() };
    let first = MmapVectorStore::new(&path, config.clone()).map_err(|error| error.to_string())?;
    let second = MmapVectorStore::new(&path, config);
    first.abandon();
    second.map_or(Ok(()), |_| Err("TWO WRITERS: a second one was let in".to_owned()))
}

/// What finds the fault, and what it says.
fn find() -> Option<(&'static str, String)> {
    let checks: [(&str, fn() -> Result<(), String>); 3] = [
        ("lock", two_writers),
        ("cuts", || cuts::run(5000, 60, 150).map(|_| ())),
        ("faults", || faults::sweep(7000, 3).map(|_| ())),
    ];
    checks.into_iter().find_map(|(name, check)| answer(check).err().map(|what| (name, what)))
}

#[test]
fn every_planted_fault_is_found_by_a_named_invariant() {
    std::panic::set_hook(Box::new(|_| {}));
    assert_eq!(find(), None, "the code as it is");
    let mut missed = Vec::new();
    println!("| fault | found by | invariant |\n| --- | --- | --- |");
    for fault in ALL {
        plant(Some(fault));
        let found = find();
        plant(None);
        let named = found.as_ref().and_then(|(by, what)| {
            INVARIANTS.iter().find(|(word, _)| what.contains(word)).map(|(word, promise)| (by, word, promise))
        });
        match named {
            Some((by, word, promise)) => println!("| {fault:?} | {by} | {word}: {promise} |"),
            None => {
                println!("| {fault:?} | NOT FOUND | {found:?} |");
                missed.push(fault);
            }
        }
    }
    let _ = std::panic::take_hook();
    assert_eq!(missed, Vec::<Fault>::new());
}
