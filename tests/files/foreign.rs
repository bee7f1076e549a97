//! Files of other programs at the store's paths, and removed and empty files.

use crate::support::TempFolder;
use crate::{config, file_names, index_of, insert, keep_going, mode, open, open_reader, set_mode};
use std::fs;
use syna_mmap::{MmapVectorConfig, MmapVectorStore, OpenMode, SynaError};

fn assert_io_error<T: std::fmt::Debug>(result: Result<T, SynaError>, part: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, SynaError::Io { .. }) && error.to_string().contains(part), "{error:?}: {error}");
}

#[test]
fn a_different_store_at_the_path_is_not_modified() {
    let folder = TempFolder::new("replaced");
    let (path, other) = (folder.file("store"), folder.file("other"));
    let second = open(&other);
    insert(&second, 100..140);
    second.build_index().unwrap();
    second.close().unwrap();
    let store = open(&path);
    insert(&store, 0..20);
    store.build_index().unwrap();
    assert!(!store.compact_step(std::time::Duration::ZERO).unwrap());
    fs::rename(&other, &path).unwrap();
    fs::rename(index_of(&other), index_of(&path)).unwrap();
    let second = open(&path);
    let bytes = || (fs::read(&path).unwrap(), fs::read(index_of(&path)).unwrap());
    let before = bytes();
    insert(&store, 20..40);
    assert_io_error(store.compact(&mut keep_going), "another file");
    assert_io_error(store.build_index(), "another file");
    assert_io_error(store.checkpoint(), "another file");
    assert_io_error(store.flush(), "another file");
    // The content of memory and of the unnamed file can still be saved.
    store.snapshot_to(folder.file("saved"), &mut keep_going).unwrap();
    assert_io_error(store.close(), "another file");
    assert!(bytes() == before, "the second store's files were changed");
    insert(&second, 140..150);
    second.close().unwrap();
    assert_eq!(open(&path).len(), 50);
    assert_eq!(open(&folder.file("saved")).len(), 40);
    assert_eq!(file_names(folder.path()), ["saved", "store", "store.hnsw"]);
}

#[test]
fn a_removed_file_is_reported() {
    let folder = TempFolder::new("removed");
    let path = folder.file("store");
    let store = open(&path);
    insert(&store, 0..20);
    store.build_index().unwrap();
    fs::remove_file(&path).unwrap();
    insert(&store, 20..30);
    assert_io_error(store.checkpoint(), "removed or renamed");
    assert_io_error(store.flush(), "removed or renamed");
    assert_io_error(store.compact(&mut keep_going), "removed or renamed");
    assert_eq!(store.len(), 30);
    assert_io_error(store.close(), "removed or renamed");
    assert_eq!(file_names(folder.path()), ["store.hnsw"]);
}

#[test]
fn a_foreign_file_at_the_index_path_is_not_modified() {
    let folder = TempFolder::new("foreign-index");
    let path = folder.file("y");
    let store = open(&path);
    insert(&store, 0..20);
    // Another store.
    let other = open(&index_of(&path));
    insert(&other, 0..7);
    other.checkpoint().unwrap();
    assert!(matches!(store.build_index(), Err(SynaError::Corrupt { .. })));
    assert!(matches!(store.checkpoint(), Err(SynaError::Corrupt { .. })));
    insert(&other, 7..9);
    other.close().unwrap();
    assert_eq!(open(&index_of(&path)).len(), 9);
    fs::remove_file(index_of(&path)).unwrap();
    store.checkpoint().unwrap();
    // A file that is not a store replaces the saved index.
    fs::remove_file(index_of(&path)).unwrap();
    fs::write(index_of(&path), "another program's notes").unwrap();
    insert(&store, 20..40);
    assert!(matches!(store.build_index(), Err(SynaError::Corrupt { .. })));
    assert!(matches!(store.close(), Err(SynaError::Corrupt { .. })));
    assert_eq!(fs::read(index_of(&path)).unwrap(), b"another program's notes");
    fs::remove_file(index_of(&path)).unwrap();
    assert_eq!(file_names(folder.path()), ["y"]);
    assert_eq!(open(&path).len(), 40);
}

#[test]
fn an_empty_file_becomes_a_store() {
    let folder = TempFolder::new("empty");
    let path = folder.file("store");
    fs::write(&path, "").unwrap();
    set_mode(&path, 0o600);
    // An empty file cannot be read, and has no dimensions.
    let read_only = OpenMode { read_only: true, ..OpenMode::default() };
    let must_create = OpenMode { must_create: true, ..OpenMode::default() };
    for refused in [
        MmapVectorConfig { open: read_only, ..config() },
        MmapVectorConfig { open: must_create, ..config() },
        MmapVectorConfig { dimensions: 0, ..config() },
    ] {
        assert!(MmapVectorStore::new(&path, refused).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"");
    }
    fs::write(index_of(&path), "").unwrap();
    let must_exist = OpenMode { must_exist: true, ..OpenMode::default() };
    let store = MmapVectorStore::new(&path, MmapVectorConfig { open: must_exist, ..config() }).unwrap();
    assert!(matches!(MmapVectorStore::new(&path, config()), Err(SynaError::Locked { .. })));
    insert(&store, 0..20);
    store.build_index().unwrap();
    store.close().unwrap();
    assert_eq!(file_names(folder.path()), ["store", "store.hnsw"]);
    assert_eq!(mode(&path), 0o600);
    let store = open(&path);
    assert_eq!((store.len(), store.has_index()), (20, true));
    // An empty index file is ignored and replaced.
    store.close().unwrap();
    fs::write(index_of(&path), "").unwrap();
    assert!(!open_reader(&path).has_index());
    let store = open(&path);
    store.build_index().unwrap();
    store.close().unwrap();
    assert!(open(&path).has_index());
}

#[test]
fn two_concurrent_opens_of_an_empty_file_create_one_store() {
    let folder = TempFolder::new("empty-twice");
    for round in 0..50 {
        let path = folder.file(&round.to_string());
        fs::write(&path, "").unwrap();
        let stores: Vec<_> = std::thread::scope(|scope| {
            let opening: Vec<_> =
                (0..2).map(|_| scope.spawn(|| MmapVectorStore::new(&path, config()))).collect();
            opening.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let open: Vec<&MmapVectorStore> = stores.iter().filter_map(|store| store.as_ref().ok()).collect();
        assert!(open.len() <= 1, "two writers");
        for store in open {
            insert(store, 0..1);
            store.checkpoint().unwrap();
        }
        assert!(stores.iter().flatten().count() == 1, "{stores:?}");
    }
}
