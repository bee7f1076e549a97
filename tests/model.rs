//! Random sequences of operations on a store and on a model of it. A failing sequence is shrunk to its essential steps.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;
use targets::changes::Change;
use targets::elements::ELEMENTS;
use targets::questions::{Condition, Question};
use targets::world::{Operation, World};

fn key() -> impl Strategy<Value = u16> {
    0_u16..60
}

fn keys() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(key(), 0..40)
}

fn condition() -> impl Strategy<Value = Condition> {
    let some = || prop_oneof![2 => Just(0), 1 => any::<u8>()];
    (some(), some(), some(), some()).prop_map(|(tags_any, tags_none, prefix, length)| Condition {
        tags_any,
        tags_none,
        prefix,
        length: length % 8,
    })
}

fn question() -> impl Strategy<Value = Question> {
    let nearest = (any::<u8>(), 0_u16..80, any::<bool>(), condition());
    let within = (any::<u8>(), any::<u16>(), any::<bool>(), condition());
    prop_oneof![
        4 => nearest.prop_map(|(vector, k, exact, condition)| Question::Nearest { vector, k, exact, condition }),
        1 => (key(), 0_u16..80, any::<bool>()).prop_map(|(key, k, exact)| Question::LikeKey { key, k, exact }),
        2 => within.prop_map(|(vector, place, approximate, condition)| {
            Question::Within { vector, place, approximate, condition }
        }),
        1 => (prop::collection::vec(any::<u8>(), 0..6), 0_u16..80, any::<bool>())
            .prop_map(|(vectors, k, exact)| Question::Batch { vectors, k, exact }),
        1 => (0_u16..200).prop_map(|first| Question::Rows { first }),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let update = (keys(), any::<Option<u8>>(), prop::option::of(0_u16..300));
    prop_oneof![
        2 => (keys(), keys(), any::<u8>())
            .prop_map(|(deletions, keys, vector)| Change::Replace { deletions, keys, vector }),
        1 => condition().prop_map(Change::DeleteWhere),
        3 => update.prop_map(|(keys, tags, payload)| Change::Update { keys, tags, payload }),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let write = (keys(), any::<u8>(), any::<bool>(), any::<bool>(), 0_u16..300).prop_map(
        |(keys, vector, upsert, tags, payload)| Operation::Write { keys, vector, upsert, tags, payload },
    );
    prop_oneof![
        8 => (key(), any::<u8>()).prop_map(|(key, vector)| Operation::Insert { key, vector }),
        4 => (keys(), any::<u8>()).prop_map(|(keys, vector)| Operation::InsertBatch { keys, vector }),
        6 => write,
        4 => (key(), any::<u8>()).prop_map(|(key, vector)| Operation::Upsert { key, vector }),
        8 => key().prop_map(|key| Operation::Delete { key }),
        6 => change().prop_map(Operation::Change),
        2 => key().prop_map(|key| Operation::Get { key }),
        12 => question().prop_map(Operation::Ask),
        1 => Just(Operation::Compact),
        2 => (0_u8..6).prop_map(|count| Operation::CompactSteps { count }),
        1 => (0_u16..3000).prop_map(|budget_us| Operation::IndexStep { budget_us }),
        1 => (0_u16..3000, 0_u16..1200).prop_map(|(first, count)| Operation::Bulk { first, count }),
        2 => Just(Operation::Checkpoint),
        1 => Just(Operation::Flush),
        2 => Just(Operation::BuildIndex),
        1 => Just(Operation::Verify),
        2 => Just(Operation::Close),
        2 => Just(Operation::Drop),
        3 => Just(Operation::Kill),
        1 => Just(Operation::Read),
    ]
}

#[test]
fn a_store_matches_its_model() {
    let cases = std::env::var("SYNA_MMAP_MODEL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    // A failing sequence is printed after shrinking. It becomes a separate test, so no seeds file is kept.
    let sequences = (any::<u8>(), prop::collection::vec(operation(), 1..80));
    // The same sequences in every run, unless a seed is set.
    let seed: u64 =
        std::env::var("SYNA_MMAP_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_default();
    println!("SYNA_MMAP_SEED={seed}");
    let rng_seed = RngSeed::Fixed(seed);
    let config =
        Config { cases, rng_seed, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let stores = RefCell::new(BTreeMap::new());
    let outcome = TestRunner::new(config).run(&sequences, |(shape, operations)| {
        let mut world = World::new(shape);
        *stores.borrow_mut().entry(world.element().name()).or_insert(0) += 1;
        operations.iter().for_each(|operation| world.apply(operation));
        world.apply(&Operation::Kill);
        world.compare();
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    println!("stores of each element type: {:?}", stores.borrow());
    assert!(cases < 30 || stores.borrow().len() == ELEMENTS.len(), "an element type was not tested");
}
