//! Where a store lives: links, names, files that somebody else puts in the way, permissions, what killed processes leave.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
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

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_compaction_and_an_index_keep_mode_and_owner() {
    let folder = TempFolder::new("modes");
    let path = folder.file("store");
    make(&path, 20);
    // SAFETY: a system call without arguments.
    let is_root = unsafe { libc::geteuid() } == 0;
    let (mut owner, mut group) = (fs::metadata(&path).unwrap().uid(), fs::metadata(&path).unwrap().gid());
    for wanted in [0o600, 0o640, 0o666] {
        set_mode(&path, wanted);
        if is_root {
            (owner, group) = (1234, 4321);
            std::os::unix::fs::chown(&path, Some(owner), Some(group)).unwrap();
        } else {
            println!("not run: owners are changed by root alone");
        }
        let _ = fs::remove_file(index_of(&path));
        let store = open(&path);
        store.build_index().unwrap();
        let is_as_before = |path: &Path| {
            let found = fs::metadata(path).unwrap();
            assert_eq!((found.uid(), found.gid()), (owner, group), "{}", path.display());
            assert_eq!(mode(path), wanted, "{}", path.display());
        };
        is_as_before(&index_of(&path));
        store.compact(&mut go_on).unwrap();
        store.close().unwrap();
        is_as_before(&path);
        is_as_before(&index_of(&path));
        // A snapshot is as private as the store.
        let copy = folder.file("copy");
        let store = open(&path);
        store.snapshot_to(&copy, &mut go_on).unwrap();
        assert_eq!(mode(&copy) & !wanted, 0);
        fs::remove_file(&copy).unwrap();
        // An index has permissions of its own where it had them before.
        set_mode(&index_of(&path), 0o400);
        store.compact(&mut go_on).unwrap();
        assert_eq!((mode(&path), mode(&index_of(&path))), (wanted, 0o400));
    }
}

/// An access list in the kernel's form: the owner, user 1234, the group, the mask, others.
fn access_list(of_user: u16) -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in
        [(1_u16, 6_u16, u32::MAX), (2, of_user, 1234), (4, 4, u32::MAX), (16, 6, u32::MAX), (32, 0, u32::MAX)]
    {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

fn read_list(path: &Path) -> Option<Vec<u8>> {
    let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    let mut bytes = vec![0; 1024];
    // SAFETY: both strings end with NUL, the buffer has as many bytes as are named.
    let count = unsafe {
        libc::getxattr(
            path.as_ptr(),
            c"system.posix_acl_access".as_ptr(),
            bytes.as_mut_ptr().cast(),
            bytes.len(),
        )
    };
    bytes.truncate(usize::try_from(count).ok()?);
    Some(bytes)
}

fn write_list(path: &Path, name: &std::ffi::CStr, bytes: &[u8]) -> std::io::Result<()> {
    let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: both strings end with NUL, the buffer has as many bytes as are named.
    let result =
        unsafe { libc::setxattr(path.as_ptr(), name.as_ptr(), bytes.as_ptr().cast(), bytes.len(), 0) };
    if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

#[test]
fn a_compaction_keeps_access_lists_and_takes_none_from_the_folder() {
    let folder = TempFolder::new("access-lists");
    let path = folder.file("store");
    make(&path, 20);
    if let Err(error) = write_list(&path, c"system.posix_acl_access", &access_list(4)) {
        println!("not run: no access lists here: {error}");
        return;
    }
    let list = read_list(&path).unwrap();
    let store = open(&path);
    store.build_index().unwrap();
    store.compact(&mut go_on).unwrap();
    store.close().unwrap();
    assert_eq!((read_list(&path), read_list(&index_of(&path))), (Some(list.clone()), Some(list)));
    // New files of this folder would let user 1234 in.
    let plain = folder.file("plain");
    make(&plain, 20);
    set_mode(&plain, 0o660);
    write_list(folder.path(), c"system.posix_acl_default", &access_list(6)).unwrap();
    let store = open(&plain);
    store.build_index().unwrap();
    store.compact(&mut go_on).unwrap();
    store.close().unwrap();
    assert_eq!((read_list(&plain), read_list(&index_of(&plain))), (None, None));
    assert_eq!((mode(&plain), mode(&index_of(&plain))), (0o660, 0o660));
}

#[test]
fn an_empty_file_becomes_a_store() {
    let folder = TempFolder::new("empty");
    let path = folder.file("store");
    fs::write(&path, "").unwrap();
    set_mode(&path, 0o600);
    // An empty file is none that could be read, and none whose dimensions could be taken.
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
    assert_eq!(names(folder.path()), ["store", "store.hnsw"]);
    assert_eq!(mode(&path), 0o600);
    let store = open(&path);
    assert_eq!((store.len(), store.has_index()), (20, true));
    // Nor is an empty index in the way later.
    store.close().unwrap();
    fs::write(index_of(&path), "").unwrap();
    assert!(!open_reader(&path).has_index());
    let store = open(&path);
    store.build_index().unwrap();
    store.close().unwrap();
    assert!(open(&path).has_index());
}

#[test]
fn two_that_open_an_empty_file_at_once_have_one_store() {
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

/// Open files and mappings of this process that belong to files in `folder`.
fn held(folder: &Path) -> (usize, usize) {
    let folder = folder.to_str().unwrap();
    let descriptors = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let leads_there = |entry: &fs::DirEntry| {
        fs::read_link(entry.path()).is_ok_and(|to| to.to_str().unwrap().contains(folder))
    };
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    (descriptors.filter(leads_there).count(), maps.lines().filter(|line| line.contains(folder)).count())
}

#[test]
fn files_that_a_compaction_replaced_are_closed_when_nothing_borrows_from_them() {
    let folder = TempFolder::new("held");
    let path = folder.file("store");
    let store = open(&path);
    insert(&store, 0..40);
    let reader = open_reader(&path);
    let query = Random(5).vector(DIMENSIONS.into());
    let mut results = syna_mmap::SearchResults::default();
    let round = |results: &mut syna_mmap::SearchResults| {
        store.compact(&mut go_on).unwrap();
        assert!(reader.refresh().unwrap());
        // All that copies, or says with an object of its own what it borrows from.
        store.get("7").unwrap().unwrap();
        assert!(store.contains("7") && store.tags("7") == Some(0) && store.len() == 40);
        store.search(&query, 3).unwrap();
        store.search_with(&query, 3, &syna_mmap::SearchOptions::default(), results).unwrap();
        store.cursor(0).advance().unwrap();
        store.stats().unwrap();
        reader.search(&query, 3).unwrap();
        store.upsert("7", &query).unwrap();
        assert_eq!(store.keys().len(), 40);
    };
    round(&mut results);
    round(&mut results);
    let first = held(folder.path());
    for _ in 0..20 {
        round(&mut results);
    }
    assert_eq!(held(folder.path()), first);
    assert_eq!(store.stats().unwrap().replaced_bytes, 0);
    // Results, cursors and slices keep what they borrow from.
    store.search_with(&query, 3, &syna_mmap::SearchOptions::default(), &mut results).unwrap();
    let kept = results.key(0).unwrap().to_owned();
    let mut cursor = store.cursor(0);
    let slice = store.get_slice("3").unwrap();
    let before = slice.to_vec();
    for _ in 0..3 {
        store.compact(&mut go_on).unwrap();
    }
    assert_eq!((results.key(0), slice), (Some(kept.as_str()), &before[..]));
    let row = cursor.advance().unwrap();
    assert_eq!(cursor.entry(row).unwrap().vector.len(), usize::from(DIMENSIONS));
    assert!(store.stats().unwrap().replaced_bytes > 0);
}
