//! How rows get into the index: a tail that writes keep short, steps, builds that tell how far they are.

mod support;

use std::ops::ControlFlow;
use std::time::Duration;
use support::numbered::{assert_found, indexed, insert, vectors};
use support::{Random, TempFolder, quiet, seed};
use syna_mmap::{
    DistanceMetric, IndexProfile, MmapVectorConfig, MmapVectorStore, OpenMode, SearchOptions, SynaError,
};

const DIMENSIONS: u16 = 64;

fn config(threshold: usize, most_unindexed_rows: usize) -> MmapVectorConfig {
    MmapVectorConfig {
        index_threshold: threshold,
        most_unindexed_rows,
        ..quiet(DIMENSIONS, DistanceMetric::Euclidean)
    }
}

#[test]
fn writes_take_rows_into_the_index_a_few_at_a_time() {
    let folder = TempFolder::new("tail");
    let (threshold, bound) = (2_500, 300);
    let rows = vectors(&mut Random(seed(1)), 7_000, DIMENSIONS);
    let store = MmapVectorStore::new(folder.file("store"), config(threshold, bound)).unwrap();
    insert(&store, &rows[..threshold - 1], 0);
    assert!(!store.has_index());
    insert(&store, &rows[threshold - 1..threshold], threshold - 1);
    assert!(store.has_index());
    assert_eq!(indexed(&store), 0, "the write at the threshold has made the whole index");
    let mut most_left = 0;
    for row in threshold..rows.len() {
        let before = indexed(&store);
        insert(&store, &rows[row..=row], row);
        // The very next search finds it, on whichever side it is.
        assert_found(&store, &rows[row..=row], row);
        let (now, left) = (indexed(&store), row + 1 - indexed(&store));
        assert!(now >= before && now - before <= 512, "{before} to {now} in one write");
        // It is the work of 2,500 rows, of which a write does 2 to 4, and then waits for the next batch.
        assert!(row > threshold + 400 || now < threshold, "{now} rows are indexed by {row}");
        assert!(row < threshold + 1_000 || now >= threshold, "{now} rows are indexed by {row}");
        if row >= 2 * threshold {
            most_left = most_left.max(left);
        }
    }
    println!("at most {most_left} rows wait");
    assert!((bound..2 * bound + 1).contains(&most_left), "{most_left} rows wait");
    let count = rows.len();
    // Replaced and deleted rows are part of the tail.
    for row in &rows[..1_000] {
        store.upsert("0", row).unwrap();
        assert!(indexed(&store) + 2 * bound >= count);
    }
    store.upsert("0", &rows[0]).unwrap();
    store.checkpoint().unwrap();
    assert_eq!(indexed(&store), count + 1_001, "a checkpoint covers everything");
    insert(&store, &vectors(&mut Random(9), 200, DIMENSIONS), count);
    store.close().unwrap();
    let store = MmapVectorStore::new(folder.file("store"), config(threshold, bound)).unwrap();
    assert_eq!(indexed(&store), count + 1_201, "a close too, and saves it");
    assert_found(&store, &rows[1..], 1);
    // A batch of many rows brings as much work as it has rows.
    insert(&store, &vectors(&mut Random(10), 3_000, DIMENSIONS), count + 200);
    assert!(indexed(&store) + bound >= count + 4_201);
    store.close().unwrap();
}

#[test]
fn the_same_writes_make_the_same_index_with_any_number_of_threads() {
    let folder = TempFolder::new("same-writes");
    let rows = vectors(&mut Random(seed(8)), 2_000, DIMENSIONS);
    let files = [0, 3].map(|threads| {
        let path = folder.file(&format!("store-{threads}"));
        let store = MmapVectorStore::new(&path, MmapVectorConfig { threads, ..config(600, 100) }).unwrap();
        insert(&store, &rows[..500], 0);
        for (row, vector) in rows.iter().enumerate().skip(500) {
            insert(&store, std::slice::from_ref(vector), row);
            if row % 3 == 0 {
                store.delete(&(row / 2).to_string()).unwrap();
            }
        }
        let left = indexed(&store);
        store.close().unwrap();
        let mut name = path.into_os_string();
        name.push(".hnsw");
        // What comes before the records says which store and log they belong to.
        (left, std::fs::read(name).unwrap()[8192..].to_vec())
    });
    assert!(files[0] == files[1], "an index differs");
}

#[test]
fn a_bound_of_zero_indexes_every_write() {
    let store = MmapVectorStore::in_memory(config(10, 0)).unwrap();
    let rows = vectors(&mut Random(seed(2)), 100, DIMENSIONS);
    for (n, row) in rows.chunks(7).enumerate() {
        insert(&store, row, 7 * n);
        let count = store.len();
        assert_eq!(indexed(&store), if count < 10 { 0 } else { count });
    }
    store.close().unwrap();
}

#[test]
fn steps_make_the_index_that_one_build_makes() {
    let folder = TempFolder::new("steps");
    let rows = vectors(&mut Random(seed(3)), 3_000, DIMENSIONS);
    let files = [None, Some(0), Some(700), Some(50_000)].map(|budget_us| {
        // The store's own number is in the file of its index, so all begin as copies of one.
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
            // Nothing is left to do but checking, then nothing at all.
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
fn rows_that_come_between_steps_are_found_at_once() {
    let store = MmapVectorStore::in_memory(config(0, 0)).unwrap();
    let mut random = Random(seed(4));
    let rows = vectors(&mut random, 6_000, DIMENSIONS);
    insert(&store, &rows[..2_500], 0);
    while store.index_step(Duration::from_millis(5)).unwrap() > 0 {}
    for row in 2_500..6_000 {
        insert(&store, &rows[row..=row], row);
        if row % 3 == 0 {
            store.delete(&format!("{}", row - 2_500)).unwrap();
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
    insert(&store, &vectors(&mut Random(seed(5)), 4_000, DIMENSIONS), 0);
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
    // A batch of 512 takes 50 ms and more; a busy machine may take the processor away for some of the calls.
    let p50 = times[times.len() / 2];
    println!("{} steps of {budget:?}: p50 {p50:?}, most {:?}", times.len(), times.last());
    assert!(times.len() > 20 && p50 < 2 * budget, "{} steps, p50 {p50:?}", times.len());
    store.close().unwrap();
}

#[test]
fn a_build_tells_how_far_it_is_and_can_be_ended() {
    let folder = TempFolder::new("progress");
    let rows = vectors(&mut Random(seed(6)), 4_000, DIMENSIONS);
    let store = MmapVectorStore::new(folder.file("store"), config(0, 0)).unwrap();
    insert(&store, &rows, 0);
    let mut told = Vec::new();
    let cancelled = store.build_index_with(&mut |done, total| {
        told.push((done, total));
        // The store is not locked meanwhile.
        store.upsert("late", &rows[0]).unwrap();
        assert!(store.contains("late"));
        if told.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(cancelled, Err(SynaError::Cancelled)), "{cancelled:?}");
    assert_eq!(told, [(512, 4_000), (1_024, 4_000), (1_536, 4_000)]);
    assert_eq!((store.has_index(), indexed(&store)), (true, 1_536));
    assert_found(&store, &rows[1..], 1);
    store.delete("late").unwrap();
    // Checking the rows at the end can be ended too.
    let late = store.build_index_with(&mut |done, total| {
        if done == total { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(late, Err(SynaError::Cancelled)), "{late:?}");
    let mut last = (0, 0);
    store
        .build_index_with(&mut |done, total| {
            last = (done, total);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(last, (4_003, 4_003));
    assert_eq!(indexed(&store), 4_003);
    store.close().unwrap();
    let reader = config(0, 0);
    let reader = MmapVectorConfig { open: OpenMode { read_only: true, ..Default::default() }, ..reader };
    let store = MmapVectorStore::new(folder.file("store"), reader).unwrap();
    assert_eq!(indexed(&store), 4_003);
    assert_found(&store, &rows, 0);
    assert!(matches!(store.index_step(Duration::ZERO), Err(SynaError::ReadOnly { .. })));
    store.close().unwrap();
}

#[test]
fn threads_that_insert_step_build_and_compact_at_once_lose_nothing() {
    let folder = TempFolder::new("at-once");
    let rows = vectors(&mut Random(seed(7)), 5_000, DIMENSIONS);
    let store = MmapVectorStore::new(folder.file("store"), config(1_000, 200)).unwrap();
    insert(&store, &rows[..2_000], 0);
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let goes_on = || !is_done.load(std::sync::atomic::Ordering::Acquire);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while goes_on() {
                store.index_step(Duration::from_micros(300)).unwrap();
            }
        });
        scope.spawn(|| {
            while goes_on() {
                store.build_index().unwrap();
                store.checkpoint().unwrap();
            }
        });
        scope.spawn(|| {
            while goes_on() {
                store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        for (n, part) in rows[2_000..].chunks(30).enumerate() {
            let first = 2_000 + 30 * n;
            insert(&store, part, first);
            assert_found(&store, part, first);
        }
        is_done.store(true, std::sync::atomic::Ordering::Release);
    });
    assert_found(&store, &rows, 0);
    store.close().unwrap();
    let store = MmapVectorStore::new(folder.file("store"), config(1_000, 200)).unwrap();
    assert_eq!(indexed(&store), 5_000);
    assert_found(&store, &rows, 0);
    let exact = SearchOptions { exact: true, ..Default::default() };
    let mut results = syna_mmap::SearchResults::default();
    store.search_with(&rows[0], 1, &exact, &mut results).unwrap();
    assert_eq!(results.key(0), Some("0"));
    store.close().unwrap();
}

#[test]
fn a_compact_index_finds_every_row_in_less_memory_and_stays_compact() {
    let folder = TempFolder::new("compact-profile");
    let rows = vectors(&mut Random(seed(9)), 2_600, DIMENSIONS);
    let bytes = [IndexProfile::Fast, IndexProfile::Compact].map(|index_profile| {
        let path = folder.file(&format!("{index_profile:?}"));
        let config = MmapVectorConfig { index_profile, ..config(0, 512) };
        let store = MmapVectorStore::new(&path, config).unwrap();
        insert(&store, &rows[..2_300], 0);
        store.build_index().unwrap();
        insert(&store, &rows[2_300..], 2_300);
        assert_found(&store, &rows, 0);
        store.close().unwrap();
        // What the file has stays, whatever is asked for; only a compaction makes it anew.
        let store = MmapVectorStore::new(&path, fast_config()).unwrap();
        store.build_index().unwrap();
        assert_eq!(indexed(&store), 2_600);
        assert_found(&store, &rows, 0);
        store.stats().unwrap().index_bytes
    });
    println!("fast {} bytes, compact {} bytes", bytes[0], bytes[1]);
    assert!(bytes[1] * 3 < bytes[0], "{bytes:?}");
    let store = MmapVectorStore::new(folder.file("Compact"), fast_config()).unwrap();
    store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
    store.build_index().unwrap();
    assert_found(&store, &rows, 0);
    assert!(store.stats().unwrap().index_bytes > bytes[1] * 2);
}

fn fast_config() -> MmapVectorConfig {
    MmapVectorConfig { index_profile: IndexProfile::Fast, ..config(0, 512) }
}

/// A store opened for reading, beside the writer.
fn reader(path: &std::path::Path) -> MmapVectorStore {
    let open = OpenMode { read_only: true, ..OpenMode::default() };
    MmapVectorStore::new(path, MmapVectorConfig { open, ..config(0, 256) }).unwrap()
}

#[test]
fn a_reader_adopts_an_index_that_was_saved_for_rows_it_has_taken_already() {
    let folder = TempFolder::new("saved-between");
    let (path, index) = (folder.file("store"), folder.file("store.hnsw"));
    let rows = vectors(&mut Random(seed(21)), 3_010, DIMENSIONS);
    let store = MmapVectorStore::new(&path, config(0, 256)).unwrap();
    insert(&store, &rows[..2_500], 0);
    let reader = reader(&path);
    insert(&store, &rows[2_500..3_000], 2_500);
    store.build_index().unwrap();
    store.checkpoint().unwrap();
    // The reader looks for an index, and the writer saves one before the reader walks the log.
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
fn a_reader_adopts_an_index_that_it_found_before_the_rows_it_was_saved_for() {
    let folder = TempFolder::new("saved-ahead");
    let (path, copy) = (folder.file("store"), folder.file("copy"));
    let rows = vectors(&mut Random(seed(22)), 3_000, DIMENSIONS);
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
    // The same file, as the writer leaves it.
    let whole = std::fs::read(&path).unwrap();
    let file = std::fs::File::options().write(true).open(&copy).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &whole, 0).unwrap();
    assert!(reader.refresh().unwrap());
    assert!(reader.has_index());
    assert_found(&reader, &rows, 0);
}
