//! Snapshots, and damaged rows, which neither a compaction nor a snapshot copies.

use crate::support::{Random, TempFolder, seed};
use crate::{DIMENSIONS, config, contents, fragmented, keep_going, rows, write};
use std::ops::ControlFlow;
use syna_mmap::{MmapVectorConfig, MmapVectorStore, OpenMode, SynaError};

#[test]
fn a_damaged_row_is_not_copied() {
    let folder = TempFolder::new("damaged");
    let path = folder.file("store");
    let store = MmapVectorStore::new(&path, config()).unwrap();
    write(&store, &rows(&mut Random::new(5), 0..50));
    store.close().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[32_768 + 4096 + 17 * 320] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let store = MmapVectorStore::new(&path, config()).unwrap();
    let error = store.compact(&mut keep_going).unwrap_err();
    assert!(matches!(error, SynaError::Corrupt { .. }) && error.to_string().contains("row 17"), "{error}");
    let copy = folder.file("copy");
    assert!(matches!(store.snapshot_to(&copy, &mut keep_going), Err(SynaError::Corrupt { .. })));
    assert!(!copy.exists());
    assert_eq!((store.len(), std::fs::read_dir(folder.path()).unwrap().count()), (50, 1));
}

#[test]
fn a_snapshot_is_an_independent_store() {
    let folder = TempFolder::new("snapshot");
    let (path, copy) = (folder.file("store"), folder.file("copy"));
    let store = fragmented(&path, &mut Random::new(seed(6)));
    let before = contents(&store);
    let seq = store.stats().unwrap().last_seq;
    let mut is_first = true;
    store
        .snapshot_to(&copy, &mut |_, _| {
            // Rows that are written or deleted during the snapshot are unaffected in the copy.
            if std::mem::take(&mut is_first) {
                store.insert("late", &[1.0; DIMENSIONS as usize]).unwrap();
                store.delete(&before[0].0).unwrap();
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    let other = MmapVectorStore::new(&copy, config()).unwrap();
    assert_eq!(contents(&other), before);
    assert_eq!(other.stats().unwrap().durable_seq, seq);
    assert_eq!(other.verify(&mut keep_going).unwrap().findings, []);
    other.insert("own", &[2.0; DIMENSIONS as usize]).unwrap();
    other.close().unwrap();
    assert!(!store.contains("own") && store.contains("late"));
    assert!(matches!(store.snapshot_to(&copy, &mut keep_going), Err(SynaError::Io { .. })));
    let third = folder.file("third");
    let stopped = store.snapshot_to(&third, &mut |done, _| match done {
        0 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    });
    assert!(matches!(stopped, Err(SynaError::Cancelled)) && !third.exists());
    store.close().unwrap();
    let open = OpenMode { read_only: true, ..OpenMode::default() };
    let reader = MmapVectorStore::new(&path, MmapVectorConfig { open, ..config() }).unwrap();
    reader.snapshot_to(&third, &mut keep_going).unwrap();
    assert_eq!(contents(&MmapVectorStore::new(&third, config()).unwrap()), contents(&reader));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "a temporary file was left");
    // The copy of an empty store is empty.
    let empty = MmapVectorStore::new(folder.file("empty"), config()).unwrap();
    empty.compact(&mut keep_going).unwrap();
    empty.snapshot_to(folder.file("nothing"), &mut keep_going).unwrap();
    assert!(MmapVectorStore::new(folder.file("nothing"), config()).unwrap().is_empty());
    empty.insert("first", &[1.0; DIMENSIONS as usize]).unwrap();
    assert_eq!(empty.keys().unwrap(), ["first"]);
}
