//! Flips every bit of a store's files. A flip is detected at open, detected by verification, or harmless; it never
//! causes a wrong answer.
//!
//! `SYNA_MMAP_EVERY_BIT=1` flips all bits. A full run (`SYNA_MMAP_FULL=1`) flips all bits of the headers and a sample of the
//! others; otherwise both are sampled.

mod stores;
#[path = "../support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use stores::{Contents, SHAPES, Shape, contents, make, read_only, shape};
use syna_mmap::ElementType::{F16, F32, I8};
use syna_mmap::{MmapVectorStore, SearchOptions, SearchResults, SynaError};

/// How many bytes at the start of each structure count as its header, whose bits are flipped in every full run.
const HEADER_BYTES: usize = 256;

/// A folder, in memory if the machine has such a file system: a run opens a store a million times.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = base.join(format!("syna-mmap-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[derive(Debug, Default, PartialEq)]
struct Tally {
    flips: u64,
    at_open: u64,
    by_verify_only: u64,
    harmless: Vec<usize>,
    wrong: Vec<usize>,
}

/// Flips every `step`th bit of `file` and all bits of its headers, one at a time; `look` determines each outcome.
fn flip(file: &Path, step: usize, look: &mut dyn FnMut() -> Outcome) -> Tally {
    let bytes = fs::read(file).unwrap();
    let handle = File::options().write(true).open(file).unwrap();
    let header_step = self::step(1, 5);
    let mut tally = Tally::default();
    for bit in 0..bytes.len() * 8 {
        let page = bit / 8 / 4096 * 4096;
        let begins = bytes.get(page..page + 4).unwrap_or_default();
        let is_header =
            bit / 8 - page < HEADER_BYTES && (begins.starts_with(b"SYN") || begins.ends_with(b"SYN"));
        if !bit.is_multiple_of(if is_header { header_step } else { step }) {
            continue;
        }
        let byte = bytes[bit / 8];
        handle.write_all_at(&[byte ^ 1 << (bit % 8)], (bit / 8) as u64).unwrap();
        tally.flips += 1;
        match look() {
            Outcome::AtOpen => tally.at_open += 1,
            Outcome::ByVerifyOnly => tally.by_verify_only += 1,
            Outcome::Harmless => tally.harmless.push(bit),
            Outcome::Wrong => tally.wrong.push(bit),
        }
        handle.write_all_at(&[byte], (bit / 8) as u64).unwrap();
    }
    assert_eq!(fs::read(file).unwrap(), bytes, "read-only opens change nothing");
    tally
}

enum Outcome {
    AtOpen,
    ByVerifyOnly,
    Harmless,
    Wrong,
}

fn is_damage(error: &SynaError) -> bool {
    matches!(error, SynaError::Corrupt { .. } | SynaError::UnsupportedVersion { .. })
}

fn print(name: &str, tally: &Tally) {
    println!("| file | flips | at open | by verify only | harmless | wrong |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let Tally { flips, at_open, by_verify_only, harmless, wrong } = tally;
    println!("| {name} | {flips} | {at_open} | {by_verify_only} | {} | {} |", harmless.len(), wrong.len());
    assert!(wrong.is_empty(), "wrong answers after a flip of bit {:?} ...", &wrong[..wrong.len().min(10)]);
}

/// The distance between flips: 1 if all bits are requested, `of_full` in a full run, else `otherwise`.
fn step(of_full: usize, otherwise: usize) -> usize {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| value != "0");
    match (is_set("SYNA_MMAP_EVERY_BIT"), is_set("SYNA_MMAP_FULL")) {
        (true, _) => 1,
        (false, true) => of_full,
        (false, false) => otherwise,
    }
}

#[test]
fn a_flipped_bit_of_the_data_file_is_detected_or_harmless() {
    for shape in SHAPES {
        flip_data(shape);
    }
}

/// Salvages a file with one damaged vector: the other rows are intact.
fn check_salvage(path: &Path, shape: Shape, expected: &Contents) {
    let to = path.with_extension("salvaged");
    let report = MmapVectorStore::salvage(path, &to).unwrap();
    let found = contents(&MmapVectorStore::new(&to, read_only(true)).unwrap(), shape);
    assert_eq!((report.rows as usize, report.rows + report.lost), (found.rows.len(), 95));
    // The damaged row may be a deleted one.
    assert!(
        found.rows.len() >= 94
            && found.rows.iter().all(|row| expected.rows.contains(row))
            && (found.user_block, &found.columns) == (expected.user_block, &expected.columns)
    );
    fs::remove_file(&to).unwrap();
}

fn flip_data(shape: Shape) {
    let folder = Folder::new("flips-data");
    let path = folder.0.join("store");
    make(&path, shape, 100);
    let expected = contents(&MmapVectorStore::new(&path, read_only(true)).unwrap(), shape);
    assert_eq!(expected.rows.len(), 95);
    let mut by_verify_only = 0;
    let mut look = || match MmapVectorStore::new(&path, read_only(false)) {
        Err(error) => {
            if is_damage(&error) {
                Outcome::AtOpen
            } else {
                Outcome::Wrong
            }
        }
        Ok(store) => {
            let is_same = contents(&store, shape) == expected;
            match MmapVectorStore::new(&path, read_only(true)) {
                Err(error) if is_damage(&error) => {
                    by_verify_only += 1;
                    if by_verify_only % 16 == 1 {
                        check_salvage(&path, shape, &expected);
                    }
                    Outcome::ByVerifyOnly
                }
                Ok(_) if is_same => Outcome::Harmless,
                _ => Outcome::Wrong,
            }
        }
    };
    let flips_apart = if shape.element == F32 { step(31, 631) } else { step(61, 1259) };
    let tally = flip(&path, flips_apart, &mut look);
    print(
        &format!("data, {} x {}, {} columns", shape.dimensions, shape.element.name(), shape.columns),
        &tally,
    );
    assert!(tally.at_open > 0 && tally.by_verify_only > 0 && !tally.harmless.is_empty());
}

/// Flips bits of the index of `rows` rows. Searches give the results of an exact scan, or the index is ignored.
fn flip_index(shape: Shape, rows: usize, step: usize) {
    let folder = Folder::new(&format!("flips-index-{rows}-{}", shape.dimensions));
    let path = folder.0.join("store");
    make(&path, shape, rows);
    let index = folder.0.join("store.hnsw");
    let store = MmapVectorStore::new(&path, read_only(false)).unwrap();
    assert!(store.has_index());
    let queries: Vec<Vec<f32>> =
        (40..46).map(|i| store.get(&store.keys().unwrap()[i]).unwrap().unwrap()).collect();
    let mut results = SearchResults::default();
    let mut ask = |store: &MmapVectorStore, exact| -> Vec<u32> {
        let options = SearchOptions { exact, ef: 400, ..SearchOptions::default() };
        let mut hits = Vec::new();
        for query in &queries {
            store.search_with(query, 5, &options, &mut results).unwrap();
            hits.extend(results.hits().iter().map(|hit| hit.row));
        }
        hits
    };
    let expected = ask(&store, true);
    assert_eq!(ask(&store, false), expected, "the unchanged index finds what a scan finds");
    drop(store);
    let mut look = || match MmapVectorStore::new(&path, read_only(false)) {
        Err(error) => {
            if is_damage(&error) {
                Outcome::AtOpen
            } else {
                Outcome::Wrong
            }
        }
        Ok(store) => {
            let is_open = store.has_index();
            if ask(&store, false) != expected {
                return Outcome::Wrong;
            }
            // A search verifies the records that it reads; a damaged index is ignored.
            match MmapVectorStore::new(&path, read_only(true)).map(|checked| checked.has_index()) {
                Ok(true) if store.has_index() => Outcome::Harmless,
                Ok(false) if !is_open => Outcome::AtOpen,
                Ok(false) => Outcome::ByVerifyOnly,
                _ => Outcome::Wrong,
            }
        }
    };
    let tally = flip(&index, step, &mut look);
    print(&format!("index, {rows} rows, {} x {}", shape.dimensions, shape.element.name()), &tally);
    assert!(tally.at_open > 0);
    let in_use = bytes_in_use(&fs::read(&index).unwrap());
    let is_of_use = |bit: &&usize| in_use.iter().any(|range| range.contains(&(*bit / 8)));
    assert_eq!(tally.harmless.iter().find(is_of_use), None, "a damaged index was searched");
}

/// The bytes of the index file that are in use: the table and its cells. One intact slot is sufficient. Cells of an older
/// table and the rest of the last cell are not used.
fn bytes_in_use(index: &[u8]) -> Vec<Range<usize>> {
    const CELLS: usize = 8192;
    let word = |at: usize| u32::from_le_bytes(index[at..at + 4].try_into().unwrap()) as usize;
    let newest = if word(32) > word(4096 + 32) { 0 } else { 4096 };
    let cell_bytes = (index.len() - CELLS) / word(newest + 80);
    let table = CELLS + word(newest + 84) * cell_bytes;
    // The centre, the sample, the orphans, and the pinned links, which are pairs.
    let count = |at: usize| word(table + 4 * at);
    let lists = count(23) + count(24) + count(25) + 2 * count(26);
    let rows = (0..word(newest + 56)).map(|row| word(table + 4 * (27 + lists + row)));
    let cells = rows.filter(|word| (1..1 << 31).contains(word)).map(|cell| {
        let start = CELLS + (cell - 1) * cell_bytes;
        start..start + cell_bytes
    });
    let mut in_use: Vec<_> = cells.collect();
    // An older table is also valid.
    if word(84) == word(4096 + 84) {
        in_use.push(table..table + word(newest + 88));
    }
    in_use
}

#[test]
fn a_flipped_bit_of_the_index_changes_no_answer() {
    flip_index(shape(F32, 64), 100, step(31, 631));
    flip_index(shape(F16, 16), 100, step(61, 1259));
}

/// Enough rows that searches walk the graph. A flip here costs a thousand times as much, so it is always a sample.
#[test]
fn a_flipped_bit_of_a_large_index_changes_no_answer() {
    flip_index(shape(I8, 67), 2100, step(9_973, 99_991).max(9_973));
    flip_index(shape(I8, 27), 2100, step(19_973, 199_999).max(19_973));
}
