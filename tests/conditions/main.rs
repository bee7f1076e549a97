//! Conditions on columns, compared with a loop over all rows.

mod plain;
#[path = "../support/mod.rs"]
mod support;

use plain::{Plain, config, fill, meets, update, with_conditions, write};
use std::ops::ControlFlow;
use support::{Random, TempFolder, quiet};
use syna_mmap::{
    BatchKeys, ColumnTest, ColumnValues, Condition, DistanceMetric, Entry, Filter, MmapVectorStore,
    SearchOptions, SearchResults, SynaError, UpdateBatch, Value, Values,
};

/// Compares conditions, alone and with other filters, with a loop over all rows.
fn compare(store: &MmapVectorStore, random: &mut Random) {
    let plain: Vec<Plain> = (0..=random.below(4)).map(|_| Plain::random(random)).collect();
    let query = random.vector(store.dimensions().into());
    let tags_any = [0, 0, 3][random.below(3)];
    let bitmap: Vec<u64> = (0..store.stats().unwrap().rows.div_ceil(64)).map(|_| random.next()).collect();
    let rows = (random.below(3) == 0).then_some(&bitmap[..]);
    let is_expected = |entry: &Entry<'_>| {
        let is_in = rows.is_none_or(|words| words[entry.row as usize / 64] >> (entry.row % 64) & 1 == 1);
        meets(&plain, entry) && is_in && (tags_any == 0 || entry.tags & tags_any != 0)
    };
    let expected: Vec<u32> =
        store.iterate(0).map(|entry| entry.unwrap()).filter(is_expected).map(|entry| entry.row).collect();
    with_conditions(&plain, |conditions| {
        let filter = Filter { conditions, tags_any, rows, ..Filter::default() };
        assert_eq!(store.rows_where(&filter).unwrap(), expected, "{plain:?}");
        assert_eq!(store.count_where(&filter).unwrap(), expected.len(), "{plain:?}");
        let prepared = store.prepare_filter(&Filter { conditions, tags_any, ..Filter::default() }).unwrap();
        for _ in 0..2 {
            let filter = Filter { prepared: Some(&prepared), rows, ..Filter::default() };
            assert_eq!(store.rows_where(&filter).unwrap(), expected, "{plain:?}");
        }
        // Half of the conditions prepared, half of them given.
        let halves = Filter { conditions, prepared: Some(&prepared), rows, ..Filter::default() };
        let filter = if random.below(2) == 0 { halves } else { filter };
        let mut results = SearchResults::default();
        let all = SearchOptions { exact: true, filter, ..SearchOptions::default() };
        store.search_with(&query, store.len(), &all, &mut results).unwrap();
        let mut found: Vec<u32> = results.hits().iter().map(|hit| hit.row).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{plain:?}");
        store.search_range(&query, f32::INFINITY, &all, &mut results).unwrap();
        assert_eq!(results.hits().len(), expected.len(), "{plain:?}");
        // Through the index: as many hits as there are, each of which meets the conditions.
        let options = SearchOptions { filter, ..SearchOptions::default() };
        store.search_with(&query, 10, &options, &mut results).unwrap();
        assert_eq!(results.hits().len(), expected.len().min(10), "{plain:?}");
        assert!(results.hits().iter().all(|hit| expected.binary_search(&hit.row).is_ok()), "{plain:?}");
        store.search_batch(&query.repeat(3), 10, &options, &mut results).unwrap();
        for query in 0..3 {
            let hits = results.hits_of(query);
            assert_eq!(hits.len(), expected.len().min(10), "{plain:?}");
            assert!(hits.iter().all(|hit| expected.binary_search(&hit.row).is_ok()), "{plain:?}");
        }
        // With a callback, which sees the values.
        let test = |entry: &Entry<'_>| {
            assert!(meets(&plain, entry), "{entry:?} {plain:?}");
            entry.row.is_multiple_of(2)
        };
        let filter = Filter { callback: Some(&test), ..filter };
        let even = expected.iter().filter(|row| row.is_multiple_of(2)).count();
        assert_eq!(store.count_where(&filter).unwrap(), even, "{plain:?}");
    });
}

#[test]
fn conditions_select_the_rows_that_a_loop_selects() {
    let mut random = Random::new(support::seed(7));
    for dimensions in [3, 67] {
        let store = MmapVectorStore::in_memory(config(dimensions)).unwrap();
        fill(&store, &mut random, 0..700);
        // Rows that are deleted, replaced and behind the index.
        store.delete("key3").unwrap();
        fill(&store, &mut random, 600..2500);
        store.build_index().unwrap();
        fill(&store, &mut random, 2400..2500);
        for _ in 0..support::size("SYNA_MMAP_CONDITIONS", 500, 60) {
            compare(&store, &mut random);
        }
    }
}

#[test]
fn conditions_hold_after_a_reopen_and_a_compaction() {
    let mut random = Random::new(11);
    let folder = TempFolder::in_memory("conditions");
    let path = folder.file("store");
    // 16 rows of 3,136 bytes are a block: extents do not end at multiples of 64 rows.
    let store = MmapVectorStore::new(&path, config(784)).unwrap();
    for first in [0, 100, 130, 131] {
        fill(&store, &mut random, first..first + 90);
        compare(&store, &mut random);
    }
    store.close().unwrap();
    let store = MmapVectorStore::new(&path, config(784)).unwrap();
    (0..20).for_each(|_| compare(&store, &mut random));
    store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
    (0..20).for_each(|_| compare(&store, &mut random));
}

#[test]
fn a_prepared_filter_follows_inserts_updates_and_compactions() {
    let mut random = Random::new(17);
    let store = MmapVectorStore::in_memory(config(67)).unwrap();
    let plain: Vec<Vec<Plain>> =
        (0..12).map(|_| (0..=random.below(3)).map(|_| Plain::random(&mut random)).collect()).collect();
    let prepare = |plain: &Vec<Plain>| {
        with_conditions(plain, |conditions| {
            let filter = Filter { conditions, tags_none: 4, ..Filter::default() };
            store.prepare_filter(&filter).unwrap()
        })
    };
    let prepared: Vec<_> = plain.iter().map(prepare).collect();
    let check = || {
        for (plain, prepared) in plain.iter().zip(&prepared) {
            let meets = |entry: &Entry<'_>| entry.tags & 4 == 0 && meets(plain, entry);
            let all = store.iterate(0).map(|entry| entry.unwrap());
            let expected: Vec<u32> = all.filter(meets).map(|entry| entry.row).collect();
            let filter = Filter { prepared: Some(prepared), ..Filter::default() };
            assert_eq!(store.rows_where(&filter).unwrap(), expected, "{plain:?}");
        }
    };
    check();
    for step in 0..12 {
        // Rows of the same word, one batch after the other.
        for first in [step * 37, step * 37 + 3, step * 37 + 20] {
            write(&store, &mut random, first..first + 11);
            check();
        }
        update(&store, &mut random, step * 37..step * 37 + 31);
        check();
        let key = format!("key{}", step * 37);
        let columns = &[ColumnValues { column: 1, values: Values::U64(&[7]) }];
        let keys = BatchKeys::Slices(&[&key]);
        store.update(&UpdateBatch { keys, columns, ..UpdateBatch::default() }).unwrap();
        check();
        store.set_tags(&key, random.next() & 7).unwrap();
        check();
        if step % 5 == 4 {
            store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
            check();
        }
    }
    // Another store with the same columns, and one with others.
    let other = MmapVectorStore::in_memory(config(67)).unwrap();
    fill(&other, &mut random, 0..10);
    let filter = Filter { prepared: Some(&prepared[0]), ..Filter::default() };
    let meets = |entry: &Entry<'_>| entry.tags & 4 == 0 && meets(&plain[0], entry);
    let expected = other.iterate(0).map(|entry| entry.unwrap()).filter(meets).count();
    assert_eq!(other.count_where(&filter).unwrap(), expected);
    check();
    let without = MmapVectorStore::in_memory(quiet(67, DistanceMetric::Euclidean)).unwrap();
    let refused = without.count_where(&filter);
    assert!(matches!(refused, Err(SynaError::InvalidArgument { .. })), "{refused:?}");
    let callback = |_: &Entry<'_>| true;
    for filter in [
        Filter { callback: Some(&callback), ..Filter::default() },
        Filter { rows: Some(&[1]), ..Filter::default() },
        Filter { key_prefix: b"k", ..Filter::default() },
        filter,
    ] {
        let refused = store.prepare_filter(&filter).map(|_| ());
        assert!(matches!(refused, Err(SynaError::InvalidArgument { .. })), "{refused:?}");
    }
}

#[test]
fn threads_share_a_prepared_filter_while_rows_are_written() {
    let mut random = Random::new(3);
    let store = MmapVectorStore::in_memory(config(67)).unwrap();
    fill(&store, &mut random, 0..100);
    let conditions = [Condition::new(0, ColumnTest::AtLeast(Value::I64(0)))];
    let filter = Filter { conditions: &conditions, ..Filter::default() };
    let prepared = store.prepare_filter(&filter).unwrap();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut results = SearchResults::default();
                let filter = Filter { prepared: Some(&prepared), ..Filter::default() };
                let options = SearchOptions { filter, exact: true, ..SearchOptions::default() };
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    store.search_with(&[0.0; 67], 10, &options, &mut results).unwrap();
                    // Every key of a batch is there from the first moment on, and is never deleted.
                    assert_eq!(results.hits().len(), 10);
                }
            });
        }
        for step in 1..40 {
            fill(&store, &mut random, step * 50..step * 50 + 80);
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let by_prepared = Filter { prepared: Some(&prepared), ..Filter::default() };
    assert_eq!(store.rows_where(&by_prepared).unwrap(), store.rows_where(&filter).unwrap());
}

#[test]
fn delete_where_and_iteration_take_conditions() {
    let mut random = Random::new(5);
    let store = MmapVectorStore::in_memory(config(67)).unwrap();
    fill(&store, &mut random, 0..500);
    let conditions = [Condition::new(0, ColumnTest::AtLeast(Value::I64(7)))];
    let filter = Filter { conditions: &conditions, ..Filter::default() };
    let there = store.count_where(&filter).unwrap();
    assert!(there > 50, "{there}");
    assert_eq!(store.delete_where(&filter).unwrap(), there);
    assert_eq!((store.len(), store.count_where(&filter).unwrap()), (500 - there, 0));
}

#[test]
fn invalid_conditions_are_refused() {
    let store = MmapVectorStore::in_memory(config(67)).unwrap();
    store.insert("a", &[1.0; 67]).unwrap();
    for (column, test, part) in [
        (3, ColumnTest::Equal(Value::I64(1)), "names column 3"),
        (1, ColumnTest::Equal(Value::I64(1)), "\"tenant\" must be u64, not i64"),
        (2, ColumnTest::Between(Value::F64(1.0), Value::F64(f64::NAN)), "is NaN"),
        (2, ColumnTest::In(Values::F64(&[1.0, f64::NAN])), "value 1 of the list"),
        (0, ColumnTest::In(Values::U64(&[])), "values of i64, not u64"),
    ] {
        let conditions = [Condition::new(column, test)];
        let filter = Filter { conditions: &conditions, ..Filter::default() };
        let mut results = SearchResults::default();
        let options = SearchOptions { filter, ..SearchOptions::default() };
        let refused = [
            store.count_where(&filter).map(|_| ()),
            store.delete_where(&filter).map(|_| ()),
            store.search_with(&[1.0; 67], 1, &options, &mut results),
            store.search_batch(&[1.0; 67], 1, &options, &mut results),
            store.search_range(&[1.0; 67], 1.0, &options, &mut results),
        ];
        for refused in refused {
            let error = refused.expect_err(part);
            assert!(matches!(error, SynaError::InvalidArgument { .. }), "{error:?}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }
    assert_eq!(store.len(), 1);
}
