//! Saved indexes that a reader adopts.

use crate::support::numbered::{assert_found, indexed, insert, vectors};
use crate::support::{Random, TempFolder, seed};
use crate::{DIMENSIONS, config};
use syna_mmap::{MmapVectorConfig, MmapVectorStore, OpenMode};

/// Opens the store for reading, beside the writer.
fn reader(path: &std::path::Path) -> MmapVectorStore {
    let open = OpenMode { read_only: true, ..OpenMode::default() };
    MmapVectorStore::new(path, MmapVectorConfig { open, ..config(0, 256) }).unwrap()
}

#[test]
fn a_reader_adopts_an_index_of_rows_that_it_already_has() {
    let folder = TempFolder::new("saved-between");
    let (path, index) = (folder.file("store"), folder.file("store.hnsw"));
    let rows = vectors(&mut Random::new(seed(21)), 3_010, DIMENSIONS);
    let store = MmapVectorStore::new(&path, config(0, 256)).unwrap();
    insert(&store, &rows[..2_500], 0);
    let reader = reader(&path);
    insert(&store, &rows[2_500..3_000], 2_500);
    store.build_index().unwrap();
    store.checkpoint().unwrap();
    // The reader looks for an index, and the writer saves one before the reader reads the log.
    std::fs::rename(&index, folder.file("aside")).unwrap();
    insert(&store, &rows[3_000..], 3_000);
    assert!(reader.refresh().unwrap() && !reader.has_index());
    std::fs::rename(folder.file("aside"), &index).unwrap();
    reader.refresh().unwrap();
    assert!(reader.has_index());
    assert_eq!(indexed(&reader), 3_000);
    assert_found(&reader, &rows, 0);
}

#[test]
fn a_reader_adopts_an_index_whose_rows_it_reads_later() {
    let folder = TempFolder::new("saved-ahead");
    let (path, copy) = (folder.file("store"), folder.file("copy"));
    let rows = vectors(&mut Random::new(seed(22)), 3_000, DIMENSIONS);
    let store = MmapVectorStore::new(&path, config(0, 256)).unwrap();
    insert(&store, &rows[..2_950], 0);
    store.checkpoint().unwrap();
    std::fs::copy(&path, &copy).unwrap();
    insert(&store, &rows[2_950..], 2_950);
    store.build_index().unwrap();
    store.close().unwrap();
    std::fs::copy(folder.file("store.hnsw"), folder.file("copy.hnsw")).unwrap();
    let reader = reader(&copy);
    assert!(!reader.has_index() && reader.len() == 2_950);
    // The same file, as written by the writer.
    let whole = std::fs::read(&path).unwrap();
    let file = std::fs::File::options().write(true).open(&copy).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &whole, 0).unwrap();
    assert!(reader.refresh().unwrap());
    assert!(reader.has_index());
    assert_found(&reader, &rows, 0);
}
