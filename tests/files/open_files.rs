//! Descriptors and mappings of files that a compaction replaced.

use crate::support::{Random, TempFolder};
use crate::{DIMENSIONS, insert, keep_going, open, open_reader};
use std::fs;
use std::path::Path;

/// The number of open descriptors and of mappings of files in `folder`, in this process.
fn open_files_and_mappings(folder: &Path) -> (usize, usize) {
    let folder = folder.to_str().unwrap();
    let descriptors = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let leads_there = |entry: &fs::DirEntry| {
        fs::read_link(entry.path()).is_ok_and(|to| to.to_str().unwrap().contains(folder))
    };
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    (descriptors.filter(leads_there).count(), maps.lines().filter(|line| line.contains(folder)).count())
}

#[test]
fn replaced_files_are_closed_when_nothing_borrows_from_them() {
    let folder = TempFolder::new("held");
    let path = folder.file("store");
    let store = open(&path);
    insert(&store, 0..40);
    let reader = open_reader(&path);
    let query = Random::new(5).vector(DIMENSIONS.into());
    let mut results = syna_mmap::SearchResults::default();
    let round = |results: &mut syna_mmap::SearchResults| {
        store.compact(&mut keep_going).unwrap();
        assert!(reader.refresh().unwrap());
        // All calls that copy, or that return an object which keeps its memory alive.
        store.get("7").unwrap().unwrap();
        assert!(store.contains("7") && store.tags("7") == Some(0) && store.len() == 40);
        store.search(&query, 3).unwrap();
        store.search_with(&query, 3, &syna_mmap::SearchOptions::default(), results).unwrap();
        store.cursor(0).advance().unwrap();
        store.stats().unwrap();
        reader.search(&query, 3).unwrap();
        store.upsert("7", &query).unwrap();
        assert_eq!(store.keys().unwrap().len(), 40);
    };
    round(&mut results);
    round(&mut results);
    let first = open_files_and_mappings(folder.path());
    for _ in 0..20 {
        round(&mut results);
    }
    assert_eq!(open_files_and_mappings(folder.path()), first);
    assert_eq!(store.stats().unwrap().replaced_bytes, 0);
    // Results, cursors and slices keep the memory that they borrow.
    store.search_with(&query, 3, &syna_mmap::SearchOptions::default(), &mut results).unwrap();
    let kept = results.key(0).unwrap().to_owned();
    let mut cursor = store.cursor(0);
    let slice = store.get_slice("3").unwrap();
    let before = slice.to_vec();
    for _ in 0..3 {
        store.compact(&mut keep_going).unwrap();
    }
    assert_eq!((results.key(0), slice), (Some(kept.as_str()), &before[..]));
    let row = cursor.advance().unwrap();
    assert_eq!(cursor.entry(row).unwrap().vector.unwrap().len(), usize::from(DIMENSIONS));
    assert!(store.stats().unwrap().replaced_bytes > 0);
}
