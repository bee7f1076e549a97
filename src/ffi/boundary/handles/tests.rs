use super::*;
use crate::Result;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

fn table() -> Table<u32> {
    Table::new(Kind::Store)
}

fn get(table: &Table<u32>, token: usize) -> Result<u32> {
    table.read(token, |n| Ok(*n))
}

fn is_invalid<T>(answer: Result<T>) -> bool {
    matches!(answer, Err(SynaError::InvalidHandle { .. }))
}

fn take<T: Send + Sync>(table: &Table<T>, token: usize) -> T {
    match table.remove(token) {
        Ok(Removed::Own(object)) => object,
        _ => panic!("the object is this process's own"),
    }
}

#[test]
fn a_token_is_not_a_pointer_and_finds_its_object() {
    let table = table();
    let tokens: Vec<usize> = (0..1000).map(|n| table.insert(n).unwrap()).collect();
    for (n, &token) in tokens.iter().enumerate() {
        assert_eq!(token % 2, 1);
        assert_eq!(get(&table, token).unwrap() as usize, n);
    }
    let mut sorted = tokens.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), tokens.len());
}

#[test]
fn a_removed_token_is_invalid_and_its_slot_is_used_again() {
    let table = table();
    let first = table.insert(1).unwrap();
    assert_eq!(take(&table, first), 1);
    let second = table.insert(2).unwrap();
    assert_eq!(Kind::Store.parse(first).unwrap().0, Kind::Store.parse(second).unwrap().0);
    assert!(is_invalid(get(&table, first)));
    assert!(is_invalid(table.write(first, |_| Ok(()))));
    assert!(is_invalid(table.remove(first)));
    assert_eq!(get(&table, second).unwrap(), 2);
}

#[test]
fn tokens_that_were_never_issued_are_invalid() {
    let table = table();
    let token = table.insert(1).unwrap();
    let others = (0..usize::BITS).map(|bit| token ^ (1 << bit));
    for wrong in others.chain([0, 1, 5, 0b011, usize::MAX, token + 1, token.wrapping_neg()]) {
        assert!(is_invalid(get(&table, wrong)), "{wrong:#x}");
        assert!(is_invalid(table.remove(wrong)), "{wrong:#x}");
    }
    assert_eq!(get(&table, token).unwrap(), 1);
}

#[test]
fn tokens_of_another_kind_are_invalid() {
    let (stores, results) = (table(), Table::<u32>::new(Kind::Results));
    let (store, result) = (stores.insert(1).unwrap(), results.insert(2).unwrap());
    assert!(is_invalid(get(&stores, result)));
    assert!(is_invalid(get(&results, store)));
    assert!(is_invalid(results.remove(store)));
}

#[test]
fn generations_wrap_from_odd_to_even() {
    assert_eq!(following(0), 1);
    assert_eq!(following(GENERATION_MASK), 0);
    let table = table();
    let token = table.insert(1).unwrap();
    take(&table, token);
    table.slot(0).unwrap().generation.store(GENERATION_MASK - 1, Ordering::Relaxed);
    let last = table.insert(2).unwrap();
    assert_eq!(generation_of(last), GENERATION_MASK);
    assert_eq!(take(&table, last), 2);
    assert_eq!(generation_of(table.insert(3).unwrap()), 1, "the first generation again");
}

#[test]
fn tables_of_two_copies_of_the_library_refuse_each_others_tokens() {
    let (one, other) = (table(), table());
    let of_one: Vec<usize> = (0..100).map(|n| one.insert(n).unwrap()).collect();
    let of_other: Vec<usize> = (0..100).map(|n| other.insert(n).unwrap()).collect();
    for (&one_token, &other_token) in of_one.iter().zip(&of_other) {
        assert!(is_invalid(get(&one, other_token)) && is_invalid(get(&other, one_token)));
    }
}

#[test]
fn the_last_slot_is_the_last_of_the_last_chunk() {
    let Position { chunk, offset, chunk_len } = Layout::position(u64::from(SLOT_LIMIT) - 1);
    assert_eq!((chunk, offset), (CHUNK_COUNT - 1, chunk_len - 1));
}

#[test]
fn a_panic_poisons_the_object_for_all_but_remove() {
    let table = table();
    let token = table.insert(1).unwrap();
    let injected =
        catch_unwind(AssertUnwindSafe(|| table.read(token, |_| -> Result<()> { panic!("injected") })));
    assert!(injected.is_err());
    assert!(matches!(get(&table, token), Err(SynaError::Poisoned { .. })));
    assert!(matches!(table.write(token, |_| Ok(())), Err(SynaError::Poisoned { .. })));
    assert_eq!(take(&table, token), 1);
    let next = table.insert(2).unwrap();
    assert_eq!(get(&table, next).unwrap(), 2, "the slot's next object is not shut");

    let injected =
        catch_unwind(AssertUnwindSafe(|| table.write(next, |_| -> Result<()> { panic!("injected") })));
    assert!(injected.is_err());
    assert!(matches!(get(&table, next), Err(SynaError::Poisoned { .. })));
    assert!(matches!(table.write(next, |_| Ok(())), Err(SynaError::Poisoned { .. })));
    assert_eq!(take(&table, next), 2);
    let last = table.insert(3).unwrap();
    assert_eq!(table.write(last, |n| Ok(*n)).unwrap(), 3);
}

#[test]
fn an_error_does_not_poison_the_object() {
    let table = table();
    let token = table.insert(1).unwrap();
    assert!(matches!(
        table.read(token, |_| -> Result<()> { Err(SynaError::Cancelled) }),
        Err(SynaError::Cancelled)
    ));
    assert_eq!(get(&table, token).unwrap(), 1);
}

#[test]
fn an_object_in_exclusive_use_is_refused_to_others() {
    let table = table();
    let token = table.insert(1).unwrap();
    table
        .write(token, |_| {
            assert!(matches!(get(&table, token), Err(SynaError::InvalidArgument { .. })));
            assert!(matches!(table.write(token, |_| Ok(())), Err(SynaError::InvalidArgument { .. })));
            Ok(())
        })
        .unwrap();
}

#[test]
fn remove_waits_for_running_calls_and_refuses_new_ones() {
    let table = Arc::new(table());
    let token = table.insert(7).unwrap();
    let (inside, is_removed) = (Arc::new(Barrier::new(2)), Arc::new(AtomicBool::new(false)));
    let closer = {
        let (table, inside, is_removed) = (table.clone(), inside.clone(), is_removed.clone());
        thread::spawn(move || {
            inside.wait();
            let object = take(&table, token);
            is_removed.store(true, Ordering::SeqCst);
            object
        })
    };
    table
        .read(token, |_| {
            inside.wait();
            // The closing thread advances the generation before it waits.
            while !is_invalid(get(&table, token)) {
                thread::yield_now();
            }
            thread::sleep(Duration::from_millis(20));
            assert!(!is_removed.load(Ordering::SeqCst));
            Ok(())
        })
        .unwrap();
    assert_eq!(closer.join().unwrap(), 7);
}

#[test]
fn one_of_many_closers_gets_the_object() {
    for _ in 0..200 {
        let table = table();
        let token = table.insert(7).unwrap();
        let got: usize = thread::scope(|scope| {
            let closers: Vec<_> =
                (0..3).map(|_| scope.spawn(|| usize::from(table.remove(token).is_ok()))).collect();
            closers.into_iter().map(|closer| closer.join().unwrap()).sum()
        });
        assert_eq!(got, 1);
    }
}

#[test]
fn many_threads_open_and_close() {
    let table = table();
    thread::scope(|scope| {
        for number in 0..4 {
            let table = &table;
            scope.spawn(move || {
                let mut kept = Vec::new();
                for round in 0..2000 {
                    let n = number * 10_000 + round;
                    kept.push((table.insert(n).unwrap(), n));
                    if round % 3 != 0 {
                        let (token, n) = kept.swap_remove(round as usize % kept.len());
                        assert_eq!(take(table, token), n);
                        assert!(is_invalid(get(table, token)));
                    }
                }
                for (token, n) in kept {
                    assert_eq!(get(table, token).unwrap(), n);
                    assert_eq!(take(table, token), n);
                }
            });
        }
    });
}

#[test]
fn another_process_gets_an_error() {
    let table = table();
    let token = table.insert(1).unwrap();
    table.slot(0).unwrap().process.store(process_mark().wrapping_add(1), Ordering::Relaxed);
    let error = get(&table, token).unwrap_err();
    assert!(error.to_string().contains("parent process"), "{error}");
    assert!(matches!(table.remove(token), Ok(Removed::Inherited(Some(1)))));
    assert!(is_invalid(table.remove(token)));
}
