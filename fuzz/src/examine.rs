//! Properties of every file, regardless of its content: opening gives a typed error that leaves the file unchanged, or a
//! usable store, in limited time and memory.

use super::bases::thin_graph;
use super::injected::is_fault_injected;
use std::collections::HashSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};
use syna_mmap::{
    ElementType, KeyKind, MmapVectorConfig, MmapVectorStore, OpenMode, Result, SearchOptions, SearchResults,
    SynaError,
};

/// Runs an open and measures its memory; receives the total length of the opened files.
pub type Meter<'m> = dyn FnMut(u64, &mut dyn FnMut()) + 'm;

/// The time limit of an open.
pub const MOST_TIME: Duration = Duration::from_secs(1);

/// The number of rows that are read one by one.
const MOST_ROWS: usize = 1000;

/// How often each outcome occurred.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub opened: u32,
    pub refused: u32,
}

impl Tally {
    fn count(&mut self, opened: Result<MmapVectorStore>) -> Option<MmapVectorStore> {
        match opened {
            Ok(store) => {
                self.opened += 1;
                Some(store)
            }
            Err(error) => {
                self.refused += 1;
                check_error(&error);
                None
            }
        }
    }
}

/// No automatic work, and what identifies the file comes from the file.
pub fn any_store(open: OpenMode) -> MmapVectorConfig {
    MmapVectorConfig {
        dimensions: 0,
        metric_from_file: true,
        element_from_file: true,
        key_kind_from_file: true,
        initial_capacity: 0,
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        hnsw_config: thin_graph(),
        open,
        ..MmapVectorConfig::default()
    }
}

fn files(path: &Path) -> [Option<Vec<u8>>; 2] {
    [fs::read(path).ok(), fs::read(index_of(path)).ok()]
}

pub fn index_of(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".hnsw");
    name.into()
}

/// Opens the store. A slow open is repeated, because the machine may have been busy.
pub fn open(path: &Path, mode: OpenMode, meter: &mut Meter<'_>) -> Result<MmapVectorStore> {
    let length = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    let length_bytes = length(path) + length(&index_of(path));
    for _ in 0..3 {
        let mut opened = None;
        let mut elapsed = Duration::ZERO;
        meter(length_bytes, &mut || {
            let began = Instant::now();
            opened = Some(MmapVectorStore::new(path, any_store(mode)));
            elapsed = began.elapsed();
        });
        if elapsed < MOST_TIME {
            return opened.unwrap();
        }
        println!("{elapsed:?} to open {length_bytes} bytes");
    }
    panic!("opening {length_bytes} bytes takes longer than {MOST_TIME:?}");
}

/// Opens `path` in every mode and uses each store. The last step writes to the file.
pub fn examine(path: &Path, meter: &mut Meter<'_>) -> Tally {
    let mut tally = Tally::default();
    let whole = OpenMode { must_exist: true, ..OpenMode::default() };
    let read_only = OpenMode { read_only: true, ..OpenMode::default() };
    let verify = OpenMode { verify: true, ..read_only };
    let damaged = OpenMode { damaged: true, ..OpenMode::default() };
    let before = files(path);
    salvage(path, meter);
    for mode in [read_only, verify, damaged] {
        if let Some(store) = tally.count(open(path, mode, meter)) {
            look(&store);
        }
    }
    // Once for all of them: reading both files takes much of the time of an input.
    assert!(files(path) == before, "salvage or a read-only open changed a file");
    match tally.count(open(path, whole, meter)) {
        Some(store) => {
            look(&store);
            write(path, store, meter);
        }
        None => assert!(files(path) == before, "a failed open changed a file"),
    }
    tally
}

/// The result of salvage is an intact store, or nothing.
fn salvage(path: &Path, meter: &mut Meter<'_>) {
    let mut name = path.as_os_str().to_owned();
    name.push(".salvaged");
    let to = Path::new(&name);
    match MmapVectorStore::salvage(path, to) {
        Err(error) => {
            check_error(&error);
            assert!(!to.exists(), "a failed salvage leaves no file");
        }
        Ok(report) => {
            let verify = OpenMode { verify: true, must_exist: true, ..OpenMode::default() };
            let store = open(to, verify, meter).expect("the salvaged store is intact");
            assert_eq!(store.len() as u64, report.rows);
            look(&store);
            drop(store);
            let _ = fs::remove_file(to);
        }
    }
}

fn check_error(error: &SynaError) {
    assert!(error.to_string().len() > 20, "{error}");
    let is_fault = is_fault_injected() && matches!(error, SynaError::UnsupportedVersion { .. });
    assert!(!is_fault, "an injected fault: {error}");
    assert!(!matches!(error, SynaError::Internal { .. } | SynaError::Poisoned { .. }), "{error}");
}

/// Reads all content of a store.
fn look(store: &MmapVectorStore) {
    let keys = store.keys_bytes();
    assert_eq!(store.keys().is_ok(), store.key_kind() == KeyKind::Text);
    assert_eq!(keys.len(), store.len(), "as many keys as len() says");
    assert_eq!(keys.is_empty(), store.is_empty());
    for key in keys.iter().take(MOST_ROWS) {
        let view = store.get_view(key).unwrap().expect("a key that is listed has a vector");
        assert_eq!(view.stored.len(), store.vector_bytes());
        let alignment = match view.stored.len() {
            bytes @ ..=32 => bytes.next_power_of_two(),
            _ => 64,
        };
        assert_eq!(view.stored.as_ptr().addr() % alignment, 0);
        assert_eq!(view.vector.is_some(), store.element() == ElementType::F32);
        assert_eq!(view.vector.map(|vector| vector.as_ptr()), store.get_slice(key).map(|it| it.as_ptr()));
        let vector = store.get(key).unwrap().expect("a key that is listed has a vector");
        assert_eq!(vector.len(), usize::from(store.dimensions()));
        assert_eq!(view.values.iter().count(), store.columns().len());
        assert!(store.tags(key).is_some() && store.payload(key).is_some() && store.contains(key));
    }
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len(), "each key once");
    // The report may contain findings; the only error is one that says what is damaged.
    if let Err(error) = store.verify(&mut |_, _| ControlFlow::Continue(())) {
        assert!(matches!(error, SynaError::Corrupt { .. }), "{error}");
    }
    let zeros = vec![0.0; store.dimensions().into()];
    let own = keys.first().and_then(|key| store.get(key).unwrap());
    for query in [Some(zeros), own].into_iter().flatten() {
        for exact in [false, true] {
            search(store, &query, exact);
        }
    }
}

fn search(store: &MmapVectorStore, query: &[f32], exact: bool) {
    let mut results = SearchResults::default();
    let options = SearchOptions { exact, ..SearchOptions::default() };
    match store.search_with(query, 10, &options, &mut results) {
        Ok(()) => {
            assert!(results.hits().len() <= store.len().min(10));
            if exact {
                assert_eq!(results.hits().len(), store.len().min(10));
            }
            let mut rows = HashSet::new();
            for (place, hit) in results.hits().iter().enumerate() {
                assert!(rows.insert(hit.row), "row {} twice among the hits", hit.row);
                let key = results.key_bytes(place).expect("a hit has a key");
                assert!(store.contains(key), "a hit is live");
                assert_eq!(results.vector(place).is_some(), store.element() == ElementType::F32);
                assert_eq!(results.stored(place).map(<[u8]>::len), Some(store.vector_bytes()));
                let components = results.components(place).unwrap().map(|vector| vector.len());
                assert_eq!(components, Some(query.len()));
                assert!(results.payload(place).is_some());
            }
        }
        // A stored vector with NaN can be a query only if it is not checked.
        Err(SynaError::InvalidVector { .. }) if query.iter().any(|x| !x.is_finite()) => {}
        Err(error) => panic!("a search failed: {error}"),
    }
}

/// Acknowledged rows are found after reopening, also in a store that came from a mutated file.
fn write(path: &Path, store: MmapVectorStore, meter: &mut Meter<'_>) {
    let vector = vec![0.25; store.dimensions().into()];
    let key = "a key that no base has";
    let written = store.insert(key, &vector).is_ok() && store.contains(key);
    if let Some(old) = store.keys_bytes().into_iter().find(|old| old != key.as_bytes()) {
        let _ = store.upsert(&old, &vector);
        let _ = store.delete(&old);
    }
    let _ = store.build_index();
    let closed = store.close().is_ok();
    if !(written && closed) {
        return;
    }
    let mode = OpenMode { must_exist: true, ..OpenMode::default() };
    let store = open(path, mode, meter).expect("a store that was written and closed can be opened");
    let found = store.get(key).unwrap().expect("an acknowledged row");
    assert!(found.len() == vector.len() && found.iter().all(|x| (x - 0.25).abs() < 1e-6), "{found:?}");
    look(&store);
}
