//! Incremental indexing with a time budget.

use crate::support::numbered::{assert_found, indexed, insert, vectors};
use crate::support::{Random, TempFolder, seed};
use crate::{DIMENSIONS, config};
use std::time::Duration;
use syna_mmap::MmapVectorStore;

#[test]
fn steps_give_the_same_index_as_one_build() {
    let folder = TempFolder::new("steps");
    let rows = vectors(&mut Random::new(seed(3)), 3_000, DIMENSIONS);
    let files = [None, Some(0), Some(700), Some(50_000)].map(|budget_us| {
        // The store id is in the index file, so all stores are copies of one.
        let path = folder.file(&format!("store-{budget_us:?}"));
        if folder.file("first").exists() {
            std::fs::copy(folder.file("first"), &path).unwrap();
        } else {
            let store = MmapVectorStore::new(folder.file("first"), config(0, 0)).unwrap();
            insert(&store, &rows, 0);
            store.close().unwrap();
            std::fs::copy(folder.file("first"), &path).unwrap();
        }
        let store = MmapVectorStore::new(&path, config(0, 0)).unwrap();
        if let Some(budget_us) = budget_us {
            let mut before = rows.len();
            let mut steps = 0;
            while before > 0 {
                let left = store.index_step(Duration::from_micros(budget_us)).unwrap();
                assert!(left <= before && store.has_index());
                assert_eq!(indexed(&store), rows.len() - left);
                before = left;
                steps += 1;
                if steps % 997 == 0 {
                    assert_found(&store, &rows[..50], 0);
                }
            }
            println!("{steps} steps of {budget_us} us");
            assert!(steps > 3_000_000 / (budget_us + 1_000) / 10, "{steps} steps");
            // Only checks of older rows are left, then nothing.
            for _ in 0..1_000 {
                assert_eq!(store.index_step(Duration::from_millis(20)).unwrap(), 0);
            }
        }
        store.build_index().unwrap();
        assert_found(&store, &rows, 0);
        store.close().unwrap();
        let mut name = path.into_os_string();
        name.push(".hnsw");
        std::fs::read(name).unwrap()
    });
    assert!(files.iter().all(|file| *file == files[0]), "an index differs");
}

#[test]
fn rows_written_between_steps_are_found() {
    let store = MmapVectorStore::in_memory(config(0, 0)).unwrap();
    let mut random = Random::new(seed(4));
    let rows = vectors(&mut random, 6_000, DIMENSIONS);
    insert(&store, &rows[..2_500], 0);
    while store.index_step(Duration::from_millis(5)).unwrap() > 0 {}
    for row in 2_500..6_000 {
        insert(&store, &rows[row..=row], row);
        if row % 3 == 0 {
            store.delete(format!("{}", row - 2_500)).unwrap();
        }
        store.index_step(Duration::from_micros(100)).unwrap();
        assert_found(&store, &rows[row..=row], row);
        let earlier = row - 1_000;
        assert_found(&store, &rows[earlier..=earlier], earlier);
    }
    while store.index_step(Duration::from_millis(5)).unwrap() > 0 {}
    assert_eq!(indexed(&store), 6_000);
    assert_found(&store, &rows[3_500..], 3_500);
    store.close().unwrap();
}

#[test]
fn steps_keep_to_their_budget() {
    let store = MmapVectorStore::in_memory(config(0, 0)).unwrap();
    insert(&store, &vectors(&mut Random::new(seed(5)), 4_000, DIMENSIONS), 0);
    let budget = Duration::from_millis(2);
    let mut times = Vec::new();
    loop {
        let begin = std::time::Instant::now();
        let left = store.index_step(budget).unwrap();
        times.push(begin.elapsed());
        if left == 0 {
            break;
        }
    }
    times.sort_unstable();
    // A batch of 512 takes 50 ms and more. On a busy machine some calls are preempted.
    let p50 = times[times.len() / 2];
    println!("{} steps of {budget:?}: p50 {p50:?}, most {:?}", times.len(), times.last());
    assert!(times.len() > 20 && p50 < 2 * budget, "{} steps, p50 {p50:?}", times.len());
    store.close().unwrap();
}
