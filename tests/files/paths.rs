//! Symbolic links, renamed folders, and long names.

use crate::support::TempFolder;
use crate::{config, file_names, index_of, insert, keep_going, make, open, open_reader};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use syna_mmap::{MmapVectorStore, SynaError};

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).unwrap().is_symlink()
}

#[test]
fn a_snapshot_named_like_a_compaction_file_is_kept() {
    let folder = TempFolder::new("own-mark");
    let path = folder.file("store");
    let copy = folder.file("store.compact");
    let store = open(&path);
    insert(&store, 0..30);
    store.snapshot_to(&copy, &mut keep_going).unwrap();
    store.close().unwrap();
    let store = open(&path);
    store.compact(&mut keep_going).unwrap();
    store.close().unwrap();
    assert_eq!(file_names(folder.path()), ["store", "store.compact"]);
    assert_eq!(open_reader(&copy).len(), 30);
}

#[test]
fn a_linked_store_is_replaced_at_its_target() {
    let folder = TempFolder::new("links");
    let (here, there) = (folder.file("here"), folder.file("there"));
    fs::create_dir(&here).unwrap();
    fs::create_dir(&there).unwrap();
    let (target, middle, link) = (there.join("real"), there.join("middle"), here.join("link"));
    symlink("real", &middle).unwrap();
    symlink("../there/middle", &link).unwrap();
    // The file is created at the target of the links.
    make(&link, 20);
    assert!(is_link(&link) && is_link(&middle) && target.is_file());
    let reader = open_reader(&link);
    let store = open(&link);
    store.build_index().unwrap();
    for key in 0..10 {
        store.delete(key.to_string()).unwrap();
    }
    store.compact(&mut keep_going).unwrap();
    insert(&store, 20..25);
    store.checkpoint().unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!((reader.len(), reader.has_index()), (15, true));
    store.close().unwrap();
    assert!(is_link(&link) && is_link(&middle));
    assert_eq!(
        (file_names(&here), file_names(&there)),
        (vec!["link".to_owned()], vec!["middle".to_owned(), "real".to_owned(), "real.hnsw".to_owned()])
    );
    for path in [&link, &middle, &target] {
        let store = open(path);
        assert_eq!((store.len(), store.has_index()), (15, true), "{}", path.display());
    }
    // A reader follows a link to a new target.
    make(&there.join("next"), 3);
    fs::remove_file(&link).unwrap();
    symlink("../there/next", &link).unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.len(), 3);
    // A cycle of links is an error.
    symlink("cycle", folder.file("cycle")).unwrap();
    assert!(matches!(MmapVectorStore::new(folder.file("cycle"), config()), Err(SynaError::Io { .. })));
}

#[test]
fn a_linked_index_is_replaced_at_its_target() {
    let folder = TempFolder::new("index-link");
    let (path, elsewhere) = (folder.file("store"), folder.file("elsewhere"));
    fs::create_dir(&elsewhere).unwrap();
    symlink("elsewhere/index", index_of(&path)).unwrap();
    let store = open(&path);
    for keys in [0..20, 20..100] {
        insert(&store, keys);
        store.build_index().unwrap();
    }
    store.compact(&mut keep_going).unwrap();
    store.close().unwrap();
    assert!(is_link(&index_of(&path)));
    assert_eq!(file_names(&elsewhere), ["index"]);
    assert!(open(&path).has_index());
}

#[test]
fn a_folder_can_be_renamed_while_a_store_in_it_is_open() {
    let folder = TempFolder::new("renamed-folder");
    let (before, after) = (folder.file("before"), folder.file("after"));
    fs::create_dir(&before).unwrap();
    let store = open(&before.join("store"));
    insert(&store, 0..20);
    fs::rename(&before, &after).unwrap();
    fs::create_dir(&before).unwrap();
    store.build_index().unwrap();
    store.compact(&mut keep_going).unwrap();
    insert(&store, 20..30);
    store.close().unwrap();
    assert_eq!(
        (file_names(&before), file_names(&after)),
        (vec![], vec!["store".to_owned(), "store.hnsw".to_owned()])
    );
    assert_eq!(open(&after.join("store")).len(), 30);
}

#[test]
fn the_longest_name_works_and_a_longer_one_is_refused() {
    let folder = TempFolder::new("long-names");
    let path = folder.file(&"n".repeat(250));
    let store = open(&path);
    insert(&store, 0..20);
    store.build_index().unwrap();
    store.compact(&mut keep_going).unwrap();
    store.close().unwrap();
    assert!(open(&path).has_index());
    let copy = folder.file(&"s".repeat(255));
    open(&path).snapshot_to(&copy, &mut keep_going).unwrap();
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
    assert_eq!(file_names(folder.path()).len(), 3);
}
