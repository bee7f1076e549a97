//! Where a store lives: links, names, files that somebody else puts in the way, permissions, what killed processes leave.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use support::{Random, TempFolder, quiet};
use syna_mmap::{DistanceMetric, HnswConfig, MmapVectorConfig, MmapVectorStore, OpenMode, SynaError};

const DIMENSIONS: u16 = 64;

fn go_on(_: u64, _: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn config() -> MmapVectorConfig {
    MmapVectorConfig {
        initial_capacity: 0,
        hnsw_config: HnswConfig { ef_construction: 12, ..HnswConfig::with_m(4) },
        ..quiet(DIMENSIONS, DistanceMetric::Euclidean)
    }
}

fn open(path: &Path) -> MmapVectorStore {
    MmapVectorStore::new(path, config()).unwrap()
}

fn open_reader(path: &Path) -> MmapVectorStore {
    let open = OpenMode { read_only: true, ..OpenMode::default() };
    MmapVectorStore::new(path, MmapVectorConfig { open, ..config() }).unwrap()
}

fn insert(store: &MmapVectorStore, keys: std::ops::Range<usize>) {
    let mut random = Random(keys.start as u64);
    for key in keys {
        store.insert(&key.to_string(), &random.vector(DIMENSIONS.into())).unwrap();
    }
}

/// A store at `path` with keys `0..count` that is closed again.
fn make(path: &Path, count: usize) {
    let store = open(path);
    insert(&store, 0..count);
    store.close().unwrap();
}

fn index_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.hnsw", path.display()))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).unwrap().is_symlink()
}

fn says<T: std::fmt::Debug>(result: Result<T, SynaError>, part: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, SynaError::Io { .. }) && error.to_string().contains(part), "{error:?}: {error}");
}

#[test]
fn a_snapshot_under_the_name_of_the_former_compaction_file_stays() {
    let folder = TempFolder::new("own-mark");
    let path = folder.file("store");
    let copy = folder.file("store.compact");
    let store = open(&path);
    insert(&store, 0..30);
    store.snapshot_to(&copy, &mut go_on).unwrap();
    store.close().unwrap();
    let store = open(&path);
    store.compact(&mut go_on).unwrap();
    store.close().unwrap();
    assert_eq!(names(folder.path()), ["store", "store.compact"]);
    assert_eq!(open_reader(&copy).len(), 30);
}

#[test]
fn a_store_behind_links_is_replaced_where_it_is() {
    let folder = TempFolder::new("links");
    let (here, there) = (folder.file("here"), folder.file("there"));
    fs::create_dir(&here).unwrap();
    fs::create_dir(&there).unwrap();
    let (target, middle, link) = (there.join("real"), there.join("middle"), here.join("link"));
    symlink("real", &middle).unwrap();
    symlink("../there/middle", &link).unwrap();
    // The file is made behind the links.
    make(&link, 20);
    assert!(is_link(&link) && is_link(&middle) && target.is_file());
    let reader = open_reader(&link);
    let store = open(&link);
    store.build_index().unwrap();
    for key in 0..10 {
        store.delete(&key.to_string()).unwrap();
    }
    store.compact(&mut go_on).unwrap();
    insert(&store, 20..25);
    store.checkpoint().unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!((reader.len(), reader.has_index()), (15, true));
    store.close().unwrap();
    assert!(is_link(&link) && is_link(&middle));
    assert_eq!(
        (names(&here), names(&there)),
        (vec!["link".to_owned()], vec!["middle".to_owned(), "real".to_owned(), "real.hnsw".to_owned()])
    );
    for path in [&link, &middle, &target] {
        let store = open(path);
        assert_eq!((store.len(), store.has_index()), (15, true), "{}", path.display());
    }
    // A reader follows a link that leads elsewhere by then.
    make(&there.join("next"), 3);
    fs::remove_file(&link).unwrap();
    symlink("../there/next", &link).unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.len(), 3);
    // One that leads in a circle is an error.
    symlink("circle", folder.file("circle")).unwrap();
    assert!(matches!(MmapVectorStore::new(folder.file("circle"), config()), Err(SynaError::Io { .. })));
}

#[test]
fn an_index_behind_a_link_is_replaced_where_it_is() {
    let folder = TempFolder::new("index-link");
    let (path, elsewhere) = (folder.file("store"), folder.file("elsewhere"));
    fs::create_dir(&elsewhere).unwrap();
    symlink("elsewhere/index", index_of(&path)).unwrap();
    let store = open(&path);
    for keys in [0..20, 20..100] {
        insert(&store, keys);
        store.build_index().unwrap();
    }
    store.compact(&mut go_on).unwrap();
    store.close().unwrap();
    assert!(is_link(&index_of(&path)));
    assert_eq!(names(&elsewhere), ["index"]);
    assert!(open(&path).has_index());
}

#[test]
fn a_folder_may_be_renamed_while_a_store_in_it_is_open() {
    let folder = TempFolder::new("renamed-folder");
    let (before, after) = (folder.file("before"), folder.file("after"));
    fs::create_dir(&before).unwrap();
    let store = open(&before.join("store"));
    insert(&store, 0..20);
    fs::rename(&before, &after).unwrap();
    fs::create_dir(&before).unwrap();
    store.build_index().unwrap();
    store.compact(&mut go_on).unwrap();
    insert(&store, 20..30);
    store.close().unwrap();
    assert_eq!((names(&before), names(&after)), (vec![], vec!["store".to_owned(), "store.hnsw".to_owned()]));
    assert_eq!(open(&after.join("store")).len(), 30);
}

#[test]
fn a_store_that_took_the_place_is_not_touched() {
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
    says(store.compact(&mut go_on), "another file");
    says(store.build_index(), "another file");
    says(store.checkpoint(), "another file");
    says(store.flush(), "another file");
    // What is in memory and in the nameless file can still be saved.
    store.snapshot_to(folder.file("saved"), &mut go_on).unwrap();
    says(store.close(), "another file");
    assert!(bytes() == before, "the second store's files were changed");
    insert(&second, 140..150);
    second.close().unwrap();
    assert_eq!(open(&path).len(), 50);
    assert_eq!(open(&folder.file("saved")).len(), 40);
    assert_eq!(names(folder.path()), ["saved", "store", "store.hnsw"]);
}

#[test]
fn a_store_whose_file_was_removed_says_so() {
    let folder = TempFolder::new("removed");
    let path = folder.file("store");
    let store = open(&path);
    insert(&store, 0..20);
    store.build_index().unwrap();
    fs::remove_file(&path).unwrap();
    insert(&store, 20..30);
    says(store.checkpoint(), "removed or renamed");
    says(store.flush(), "removed or renamed");
    says(store.compact(&mut go_on), "removed or renamed");
    assert_eq!(store.len(), 30);
    says(store.close(), "removed or renamed");
    assert_eq!(names(folder.path()), ["store.hnsw"]);
}

#[test]
fn a_foreign_file_under_the_name_of_the_index_is_not_touched() {
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
    // A file that is no store, in the place of an index that was saved.
    fs::remove_file(index_of(&path)).unwrap();
    fs::write(index_of(&path), "somebody's notes").unwrap();
    insert(&store, 20..40);
    assert!(matches!(store.build_index(), Err(SynaError::Corrupt { .. })));
    assert!(matches!(store.close(), Err(SynaError::Corrupt { .. })));
    assert_eq!(fs::read(index_of(&path)).unwrap(), b"somebody's notes");
    fs::remove_file(index_of(&path)).unwrap();
    assert_eq!(names(folder.path()), ["y"]);
    assert_eq!(open(&path).len(), 40);
}

#[test]
fn a_name_as_long_as_the_index_leaves_room_for_works_and_a_longer_one_is_refused() {
    let folder = TempFolder::new("long-names");
    let path = folder.file(&"n".repeat(250));
    let store = open(&path);
    insert(&store, 0..20);
    store.build_index().unwrap();
    store.compact(&mut go_on).unwrap();
    store.close().unwrap();
    assert!(open(&path).has_index());
    let copy = folder.file(&"s".repeat(255));
    open(&path).snapshot_to(&copy, &mut go_on).unwrap();
    for length in [251, 255] {
        let long = folder.file(&"l".repeat(length));
        let refused = MmapVectorStore::new(&long, config());
        let error = refused.unwrap_err();
        assert!(error.to_string().contains("shorter name"), "{error}");
        assert!(!long.exists());
    }
    let error = MmapVectorStore::new(&copy, config()).unwrap_err();
    assert!(error.to_string().contains("shorter name"), "{error}");
    assert_eq!(open_reader(&copy).len(), 20);
    assert_eq!(names(folder.path()).len(), 3);
}
