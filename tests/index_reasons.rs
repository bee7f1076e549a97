//! The log and `verify` state why an index file is ignored.

mod support;

use std::fs;
use std::ops::ControlFlow;
use std::sync::Mutex;
use support::{Random, TempFolder, quiet};
use syna_mmap::{DistanceMetric, MmapVectorConfig, MmapVectorStore, OpenMode, Problem};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.level() <= log::Level::Warn {
            LINES.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

#[test]
fn the_log_and_verify_say_why_an_index_file_is_ignored() {
    log::set_logger(&Logger).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    let folder = TempFolder::new("index-reasons");
    let (path, index) = (folder.file("store"), folder.file("store.hnsw"));
    let open = || MmapVectorStore::new(&path, quiet(64, DistanceMetric::Euclidean)).unwrap();
    let mut random = Random::new(1);
    let mut grow = |rows: std::ops::Range<usize>| {
        let store = open();
        for row in rows {
            store.insert(row.to_string(), &random.vector(64)).unwrap();
        }
        store.build_index().unwrap();
        store.close().unwrap();
    };
    // Returns the messages of an open, and whether the store then has an index. `verify` must report the same reason.
    let opened = || {
        LINES.lock().unwrap().clear();
        let store = open();
        let logged = LINES.lock().unwrap().join("\n");
        let findings = store.verify(&mut |_, _| ControlFlow::Continue(())).unwrap().findings;
        match &findings[..] {
            [] => assert_eq!(logged, ""),
            [found] => {
                assert_eq!(
                    (found.problem, found.row, &found.key[..]),
                    (Problem::IgnoredIndex, None, &b""[..])
                );
                let reason = found.message.strip_prefix("the index file is not used: ").unwrap();
                assert!(logged.contains(&format!("ignoring index file: {reason};")), "{logged}; {reason}");
            }
            _ => panic!("{findings:?}"),
        }
        (logged, store.has_index())
    };
    grow(0..50);
    let (backup, early) = (fs::read(&path).unwrap(), fs::read(&index).unwrap());
    grow(50..90);
    let late = fs::read(&index).unwrap();
    assert_eq!(opened(), (String::new(), true));
    // An older index is valid: it covers fewer rows.
    fs::write(&index, &early).unwrap();
    assert_eq!(opened(), (String::new(), true));
    // Damages the table, which both slots refer to.
    let mut damaged = early.clone();
    let at = damaged.len() / 2;
    damaged[at..].fill(0xEE);
    fs::write(&index, &damaged).unwrap();
    let (said, has_index) = opened();
    assert!(!has_index && said.contains("ignoring index file: neither slot"), "{said}");
    // An older data file is restored.
    fs::write(&path, &backup).unwrap();
    fs::write(&index, &late).unwrap();
    let (said, has_index) = opened();
    assert!(!has_index && said.contains("ignoring index file: it was saved at frame 90"), "{said}");
    assert!(said.contains("which the log does not have; the index will be rebuilt"), "{said}");
    // A reader says it too. A save of the index removes the finding.
    let mode = OpenMode { read_only: true, ..OpenMode::default() };
    let config = MmapVectorConfig { open: mode, ..quiet(64, DistanceMetric::Euclidean) };
    let problems = |store: &MmapVectorStore| -> Vec<Problem> {
        let report = store.verify(&mut |_, _| ControlFlow::Continue(())).unwrap();
        report.findings.iter().map(|found| found.problem).collect()
    };
    let reader = MmapVectorStore::new(&path, config).unwrap();
    assert_eq!(problems(&reader), [Problem::IgnoredIndex]);
    let store = open();
    store.build_index().unwrap();
    assert_eq!(problems(&store), []);
    assert!(reader.refresh().is_ok() && reader.has_index());
    assert_eq!(problems(&reader), []);
    store.close().unwrap();
    assert_eq!(opened(), (String::new(), true));
    // The index of a store that was removed is no problem of a new store.
    fs::remove_file(&path).unwrap();
    assert_eq!(opened(), (String::new(), false));
}

/// A power failure can take the last writes and leave an index that was saved after them. A compaction gives the file a new
/// id, so the index then belongs neither to the file nor to the writes that are left. It is still an index of this store.
#[test]
fn an_index_that_is_ahead_of_the_data_is_replaced_after_a_compaction() {
    let folder = TempFolder::new("index-ahead");
    let (path, early) = (folder.file("store"), folder.file("early"));
    let config = quiet(64, DistanceMetric::Euclidean);
    let store = MmapVectorStore::new(&path, config.clone()).unwrap();
    let mut random = Random::new(2);
    let mut insert = |store: &MmapVectorStore, rows: std::ops::Range<usize>| {
        for row in rows {
            store.insert(row.to_string(), &random.vector(64)).unwrap();
        }
    };
    insert(&store, 0..60);
    store.checkpoint().unwrap();
    fs::copy(&path, &early).unwrap();
    insert(&store, 60..90);
    store.build_index().unwrap();
    store.close().unwrap();
    fs::copy(&early, &path).unwrap();
    let store = MmapVectorStore::new(&path, config.clone()).unwrap();
    assert_eq!((store.len(), store.has_index()), (60, false));
    store.delete("7").unwrap();
    store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
    store.build_index().unwrap();
    store.checkpoint().unwrap();
    store.close().unwrap();
    assert!(MmapVectorStore::new(&path, config).unwrap().has_index());
}
