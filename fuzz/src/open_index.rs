//! Target: a hostile index beside an intact store.
//!
//! The data file decides: hits are live rows with their true distances, and the data file does not change.

use super::bases::{quiet, vector, write_rows};
use super::examine::{Meter, Tally, any_store, index_of, open};
use super::injected::is_fault_injected;
use super::scratch::Scratch;
use super::source::Source;
use crc32c::crc32c;
use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;
use syna_mmap::{DistanceMetric, MmapVectorStore, OpenMode, SearchOptions, SearchResults, WriteMode};

/// Few rows, for the fuzzer: a library built for fuzzing searches small graphs too.
const FEW_ROWS: u64 = 90;
/// As many rows as other builds need to search the graph.
const MANY_ROWS: u64 = 2100;
/// Unindexed rows.
const ROWS_BEHIND: u64 = 10;
const SLOTS: [usize; 2] = [0, 4096];
const SLOT: usize = 108;
/// The offset and the length of each field of a slot.
const SLOT_FIELDS: [(usize, usize); 18] = [
    (0, 8),
    (8, 4),
    (12, 4),
    (16, 8),
    (32, 8),
    (40, 8),
    (48, 4),
    (52, 4),
    (56, 4),
    (60, 4),
    (64, 4),
    (68, 4),
    (72, 8),
    (80, 4),
    (84, 4),
    (88, 8),
    (96, 4),
    (100, 4),
];
const CELLS: usize = 8192;
/// The fixed words of a table.
const TABLE_WORDS: usize = 27;
/// The offset of a record's checksum.
const RECORD_CHECKSUM: usize = 60;

/// An intact store and its index.
#[derive(Debug)]
pub struct Indexed {
    rows: u32,
    pub data: Vec<u8>,
    pub index: Vec<u8>,
}

fn indexed(metric: DistanceMetric, rows: u64) -> Indexed {
    let scratch = Scratch::new();
    let path = scratch.file("store");
    let store = MmapVectorStore::new(&path, quiet(64, metric)).unwrap();
    write_rows(&store, 0..rows, 1, WriteMode::Insert);
    // Duplicates, which a graph treats separately.
    store.insert("a duplicate", &vector(64, 17)).unwrap();
    store.delete("kkk3").unwrap();
    store.build_index().unwrap();
    write_rows(&store, rows..rows + ROWS_BEHIND, 1, WriteMode::Insert);
    store.close().unwrap();
    let (data, index) = (std::fs::read(&path).unwrap(), std::fs::read(index_of(&path)).unwrap());
    Indexed { rows: u32::try_from(rows).unwrap(), data, index }
}

/// A store for each metric with a different graph.
type Stores = [Indexed; 2];

fn make(rows: u64) -> Stores {
    [DistanceMetric::Euclidean, DistanceMetric::DotProduct].map(|metric| indexed(metric, rows))
}

pub fn small_stores() -> &'static Stores {
    static STORES: OnceLock<Stores> = OnceLock::new();
    STORES.get_or_init(|| make(FEW_ROWS))
}

pub fn large_stores() -> &'static Stores {
    static STORES: OnceLock<Stores> = OnceLock::new();
    STORES.get_or_init(|| make(MANY_ROWS))
}

/// The offset of a slot's table, and the length of the cells.
pub struct Place {
    pub table: std::ops::Range<usize>,
    pub cell_bytes: usize,
}

pub fn place(index: &[u8], slot: usize) -> Option<Place> {
    let word = |at| read_word(index, slot + at) as usize;
    let dimensions = word(52).clamp(1, 8192);
    let (code, bits) = match dimensions {
        ..=128 => {
            let plane = dimensions.next_multiple_of(8);
            (dimensions, (256 / plane).min(6) * plane)
        }
        _ => (dimensions.max(256), dimensions.max(256)),
    };
    let (code, bits) = (code.next_multiple_of(64), bits.next_multiple_of(16));
    let slots = word(64).clamp(2, 1024).next_multiple_of(32);
    let squares = if word(12) == 2 { (4 * slots).next_multiple_of(64) } else { 0 };
    let beside = if word(100) == 1 { 0 } else { 4 * slots + squares + slots * bits / 8 };
    let cell_bytes = 64 + 4 * slots + code + beside;
    let start = word(84).checked_mul(cell_bytes)?.checked_add(CELLS)?;
    let table = start..start.checked_add(word(88))?;
    (table.end <= index.len()).then_some(Place { table, cell_bytes })
}

/// Corrects the checksums of records, tables and slots.
pub fn fix_checksums(index: &mut [u8], with_records: bool) {
    for slot in SLOTS {
        if let Some(Place { table, cell_bytes }) = place(index, slot) {
            if with_records {
                fix_records(index, table.start, cell_bytes);
            }
            let checksum = crc32c(&index[table]);
            put(index, slot + 96, &checksum.to_le_bytes());
        }
        if let Some(covered) = index.get(slot..slot + SLOT - 4) {
            let checksum = crc32c(covered);
            put(index, slot + SLOT - 4, &checksum.to_le_bytes());
        }
    }
}

fn fix_records(index: &mut [u8], table: usize, cell_bytes: usize) {
    let word =
        |index: &[u8], at: usize| read_word(index, table.saturating_add(at.saturating_mul(4))) as usize;
    // The centre, the sample, the orphans, and the pinned links, which are pairs.
    let lists = word(index, 23) + word(index, 24) + word(index, 25) + 2 * word(index, 26);
    for row in 0..word(index, 7).min(index.len() / 4) {
        let cell = word(index, TABLE_WORDS + lists + row);
        if cell == 0 || cell >> 31 != 0 {
            continue;
        }
        let at = CELLS + (cell - 1) * cell_bytes;
        let Some(record) = index.get_mut(at..at + cell_bytes) else { continue };
        let of_row = u32::try_from(row).unwrap().to_le_bytes();
        let parts = [&of_row, &record[..RECORD_CHECKSUM], &record[RECORD_CHECKSUM + 4..]].concat();
        record[RECORD_CHECKSUM..RECORD_CHECKSUM + 4].copy_from_slice(&crc32c(&parts).to_le_bytes());
    }
}

fn put(index: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = index.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}

fn read_word(index: &[u8], at: usize) -> u32 {
    index.get(at..at + 4).map_or(0, |found| u32::from_le_bytes(found.try_into().unwrap()))
}

fn a_value(old: u32, rows: u32, source: &mut Source<'_>) -> u32 {
    match source.byte() % 14 {
        0 => 0,
        1 => 1,
        2 => u32::MAX,
        3 => u32::MAX - 1,
        4 => old.wrapping_add(1),
        5 => old.wrapping_sub(1),
        6 => 1 << 31,
        7 => old | 1 << 31,
        8 => rows,
        9 => rows / 2,
        10 => f32::INFINITY.to_bits(),
        11 => old.wrapping_neg(),
        12 => u32::from(source.short()) % (rows + 100),
        _ => source.word(),
    }
}

fn mutate(index: &mut Vec<u8>, rows: u32, source: &mut Source<'_>) {
    let table = place(index, SLOTS[0]).map_or(CELLS, |place| place.table.start);
    let last = index.len().saturating_sub(1);
    match source.byte() % 16 {
        0..4 => {
            let (at, length) = SLOT_FIELDS[source.below(SLOT_FIELDS.len())];
            let value = u64::from(a_value(read_word(index, at), rows, source));
            let value = if length == 8 && source.one_in(2) { value << 32 | value } else { value };
            // If only one slot changes, the other one is used.
            let slots = if source.one_in(2) { &SLOTS[..1] } else { &SLOTS[..] };
            for slot in slots {
                put(index, slot + at, &value.to_le_bytes()[..length]);
            }
        }
        4..8 => {
            let nth = source.below(TABLE_WORDS);
            let value = a_value(read_word(index, table + 4 * nth), rows, source);
            put(index, table + 4 * nth, &value.to_le_bytes());
            // The slots repeat some words: version, metric, m, m_max, profile, seed, covered rows.
            if let (true, Some(field)) = (source.one_in(2), [8, 12, 60, 64, 100, 72, 76, 56].get(nth)) {
                SLOTS.iter().for_each(|slot| put(index, slot + field, &value.to_le_bytes()));
            }
        }
        8..11 => {
            let at = CELLS.min(last) + source.below(index.len().saturating_sub(CELLS)) / 4 * 4;
            let value = a_value(read_word(index, at), rows, source);
            put(index, at, &value.to_le_bytes());
        }
        11..13 => {
            let at = table.min(last) + source.below(index.len().saturating_sub(table)) / 4 * 4;
            let value = a_value(read_word(index, at), rows, source);
            put(index, at, &value.to_le_bytes());
        }
        13 => {
            let length = source.below(index.len() + 1);
            index.truncate(length);
        }
        14 => {
            let length = index.len() + source.below(65536);
            let value = source.byte();
            index.resize(length, value);
        }
        _ => {
            let from = CELLS + source.below(index.len().saturating_sub(CELLS));
            let to = CELLS + source.below(index.len().saturating_sub(CELLS));
            let copy = index.get(from..from + source.below(4096)).unwrap_or_default().to_vec();
            put(index, to, &copy);
        }
    }
}

/// Puts a mutated index beside its store, opens and searches.
pub fn run(stores: &Stores, scratch: &Scratch, bytes: &[u8], meter: &mut Meter<'_>) -> Tally {
    let mut source = Source(bytes);
    let base = &stores[usize::from(source.byte() % 2)];
    let fixes = source.byte();
    let mut index = base.index.clone();
    for _ in 0..=source.below(4) {
        mutate(&mut index, base.rows, &mut source);
    }
    if fixes % 8 != 0 {
        fix_checksums(&mut index, fixes % 4 != 1);
    }
    scratch.clear();
    let path = scratch.file("store");
    std::fs::write(&path, &base.data).unwrap();
    std::fs::write(index_of(&path), &index).unwrap();
    examine_index(&path, base, &index, meter)
}

fn examine_index(path: &Path, base: &Indexed, index: &[u8], meter: &mut Meter<'_>) -> Tally {
    let read_only = OpenMode { read_only: true, ..OpenMode::default() };
    let store = open(path, read_only, meter).expect("a reader works without an index");
    search_all(&store);
    drop(store);
    let read_back = |path: &Path| std::fs::read(path).unwrap();
    assert!(read_back(path) == base.data && read_back(&index_of(path)) == index, "a reader changed a file");
    match open(path, OpenMode::default(), meter) {
        Err(error) => {
            assert!(error.to_string().len() > 20, "{error}");
            assert!(
                read_back(path) == base.data && read_back(&index_of(path)) == index,
                "a failed open changed a file"
            );
            Tally { opened: 1, refused: 1 }
        }
        Ok(store) => {
            search_all(&store);
            assert!(store.has_index() || !is_fault_injected(), "an injected fault: the index was refused");
            if store.has_index() {
                // The graph continues from the loaded state. If it was refused, rebuilding it would test nothing more.
                store.insert("one more", &vector(64, 999_999)).unwrap();
                store.delete("kkkk4").unwrap();
                store.build_index().expect("the index can be extended");
                search_all(&store);
                store.close().unwrap();
                let config = any_store(OpenMode::default());
                let store = MmapVectorStore::new(path, config).expect("a closed store can be opened");
                assert!(store.contains("one more") && !store.contains("kkkk4") && store.has_index());
            }
            Tally { opened: 2, refused: 0 }
        }
    }
}

/// Checks that hits are live, unique, in order, and have the distances of an exact search.
fn search_all(store: &MmapVectorStore) {
    let (mut results, mut exact) = (SearchResults::default(), SearchResults::default());
    let everything = SearchOptions { exact: true, ..SearchOptions::default() };
    for seed in [17, 4, 12345] {
        let query = vector(64, seed);
        store.search_with(&query, store.len() + 10, &everything, &mut exact).unwrap();
        assert_eq!(exact.hits().len(), store.len());
        let distances: HashMap<u32, f32> = exact.hits().iter().map(|hit| (hit.row, hit.distance)).collect();
        store.search_with(&query, 10, &SearchOptions::default(), &mut results).unwrap();
        let mut last = f32::NEG_INFINITY;
        let mut rows = std::collections::HashSet::new();
        for hit in results.hits() {
            assert!(rows.insert(hit.row), "row {} twice among the hits", hit.row);
            let distance = distances.get(&hit.row).expect("a hit is a live row");
            let is_same = (hit.distance - distance).abs() <= 1e-4 * (1.0 + distance.abs());
            assert!(is_same, "row {}: {} instead of {distance}", hit.row, hit.distance);
            assert!(hit.distance >= last, "the hits are sorted");
            last = hit.distance;
        }
    }
}
