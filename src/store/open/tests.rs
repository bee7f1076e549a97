//! Reading the index while the log is replayed.

use crate::storage::{Access, Disk, Identity, Storage, Temporary, write_all_at};
use crate::store::crash_tests::scratch_folder;
use crate::store::upkeep::index_slot::unfinished_mark;
use crate::{DistanceMetric, MmapVectorConfig, MmapVectorStore};
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn open(path: &Path, threads: usize) -> MmapVectorStore {
    let config = MmapVectorConfig {
        dimensions: 64,
        metric: DistanceMetric::Euclidean,
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        threads,
        ..MmapVectorConfig::default()
    };
    MmapVectorStore::new(path, config).unwrap()
}

fn insert(store: &MmapVectorStore, numbers: std::ops::Range<u16>) {
    for number in numbers {
        let vector: Vec<f32> = (0..64).map(|i| f32::from(number * 7 % 251) * f32::from(i % 9u16)).collect();
        store.insert(number.to_string(), &vector).unwrap();
    }
}

#[test]
fn an_index_read_during_the_replay_is_used_if_it_matches() {
    let folder = scratch_folder("read-beside");
    let (path, other) = (folder.join("store"), folder.join("other"));
    let index_of = |path: &Path| crate::store::upkeep::index_file::path_of(path);
    let store = open(&path, 0);
    insert(&store, 0..40);
    store.build_index().unwrap();
    store.close().unwrap();
    let early = fs::read(index_of(&path)).unwrap();
    fs::copy(&path, &other).unwrap();
    // Two histories with a common beginning.
    for (path, numbers) in [(&path, 40..60), (&other, 60..80)] {
        let store = open(path, 0);
        insert(&store, numbers);
        store.build_index().unwrap();
        store.close().unwrap();
    }
    let (own, foreign) = (fs::read(index_of(&path)).unwrap(), fs::read(index_of(&other)).unwrap());
    let mut damaged = own.clone();
    // Damages the last table; the one before it stays intact.
    let table = damaged.len() / 8 * 7;
    damaged[table..].iter_mut().step_by(16).for_each(|byte| *byte ^= 1);
    // The index file, and how many rows it covers.
    for (index, covered) in [(&own, Some(60)), (&early, Some(40)), (&foreign, None), (&damaged, Some(40))] {
        for threads in [0, 2] {
            fs::write(index_of(&path), index).unwrap();
            let store = open(&path, threads);
            assert_eq!(store.stats().unwrap().indexed_rows, covered.unwrap_or(0), "{threads} threads");
            assert_eq!((store.has_index(), store.len()), (covered.is_some(), 60));
            for number in [0, 39, 59u16] {
                let vector = store.get(number.to_string()).unwrap().unwrap();
                assert_eq!(store.search(&vector, 1).unwrap()[0].score, 0.0);
            }
            store.abandon();
        }
    }
}

#[test]
fn leftovers_of_a_killed_index_save_are_removed() {
    let folder = scratch_folder("killed-save");
    let path = folder.join("store");
    let count = || fs::read_dir(&*folder).unwrap().count();
    let store = open(&path, 0);
    insert(&store, 0..40);
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    let index = crate::store::upkeep::index_file::path_of(&path);
    let create = || Temporary::create(&storage, &index, Access::CreateNew).unwrap();
    // Killed before anything was written, later, and just before the rename; also one of another store.
    let identity = store.state().data.identity;
    let other = Identity { store_id: [7; 16], ..identity };
    create().abandon();
    for identity in [&identity, &other] {
        let begun = create();
        write_all_at(&**begun.file(), &unfinished_mark(identity), 0).unwrap();
        begun.file().allocate(0, 100_000).unwrap();
        begun.abandon();
    }
    store.build_index().unwrap();
    let whole = create();
    write_all_at(&**whole.file(), &fs::read(&index).unwrap(), 0).unwrap();
    whole.abandon();
    assert_eq!(count(), 6);
    // One of a process that still runs.
    let living = create();
    store.close().unwrap();
    let store = open(&path, 0);
    assert_eq!(count(), 4, "store, index, the file of the other store, that of the running process");
    assert!(store.has_index());
    drop(living);
    assert_eq!(count(), 3);
}
