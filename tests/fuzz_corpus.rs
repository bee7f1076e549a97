//! Runs the fuzz targets over their stored inputs, so that fixed bugs stay fixed and the inputs stay valid.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::Path;
use targets::bases::{large_bases, small_bases};
use targets::scratch::Scratch;
use targets::{c_calls, open_data, open_index, operations};

/// Runs `target` on each file of its corpus.
fn replay(name: &str, mut target: impl FnMut(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 5, "{} inputs in {}", paths.len(), folder.display());
    for path in paths {
        println!("{}", path.display());
        target(&fs::read(&path).unwrap());
    }
}

#[test]
fn open_data_passes_its_corpus() {
    let scratch = Scratch::new();
    replay("open_data", |bytes| {
        for bases in [small_bases(), large_bases()] {
            open_data::run(bases, &scratch, bytes, &mut |_, open| open());
        }
    });
}

#[test]
fn open_index_passes_its_corpus() {
    let scratch = Scratch::new();
    replay("open_index", |bytes| {
        for stores in [open_index::small_stores(), open_index::large_stores()] {
            open_index::run(stores, &scratch, bytes, &mut |_, open| open());
        }
    });
}

#[test]
fn operations_passes_its_corpus() {
    replay("operations", operations::run);
}

#[test]
fn c_calls_passes_its_corpus() {
    replay("c_calls", c_calls::run);
}
