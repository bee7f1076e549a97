//! Target: a life of a store, next to a model of it.

use super::source::Source;
use super::world::{Operation, World};

/// The longest life; longer ones find little more and take long.
const MOST_OPERATIONS: usize = 200;

/// The most rows that come at once: enough for a second extent. `tests/model.rs` has the large stores.
const MOST_BULK_ROWS: u16 = 150;

fn keys(source: &mut Source<'_>) -> Vec<u16> {
    (0..source.below(40)).map(|_| key(source)).collect()
}

fn key(source: &mut Source<'_>) -> u16 {
    u16::from(source.byte()) % 60
}

fn operation(source: &mut Source<'_>) -> Operation {
    match source.byte() % 32 {
        0..5 => Operation::Insert { key: key(source), vector: source.byte() },
        5..8 => Operation::InsertBatch { keys: keys(source), vector: source.byte() },
        8..13 => Operation::Write {
            keys: keys(source),
            vector: source.byte(),
            upsert: source.one_in(2),
            tags: source.one_in(2),
            payload: source.byte().into(),
        },
        13..15 => Operation::Upsert { key: key(source), vector: source.byte() },
        15..19 => Operation::Delete { key: key(source) },
        19 => Operation::Get { key: key(source) },
        20..24 => {
            Operation::Search { vector: source.byte(), k: source.byte().into(), exact: source.one_in(2) }
        }
        24 => Operation::Checkpoint,
        25 => Operation::Flush,
        26 => Operation::BuildIndex,
        27 => Operation::Close,
        28 => Operation::Drop,
        29 => Operation::Kill,
        30 => Operation::Read,
        _ if source.one_in(8) => {
            Operation::Bulk { first: source.short() % 4096, count: source.short() % MOST_BULK_ROWS }
        }
        _ => Operation::Verify,
    }
}

/// Lives the life that `bytes` tell of.
pub fn run(bytes: &[u8]) {
    let mut source = Source(bytes);
    let mut world = World::new(source.byte());
    for _ in 0..MOST_OPERATIONS {
        if source.is_empty() {
            break;
        }
        world.apply(&operation(&mut source));
    }
    world.apply(&Operation::Kill);
    world.compare();
}
