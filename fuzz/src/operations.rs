//! Target: a sequence of operations on a store, compared with a model.

use super::changes::Change;
use super::questions::{Condition, Question};
use super::source::Source;
use super::world::{Operation, World};

/// The longest sequence; longer ones find little more and take long.
const MOST_OPERATIONS: usize = 200;

/// The highest number of rows in one insert: enough for a second extent. `tests/model.rs` has larger stores.
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
        20..24 => Operation::Ask(question(source)),
        24 => Operation::Checkpoint,
        25 => Operation::Flush,
        26 => Operation::BuildIndex,
        27 => Operation::Close,
        28 => Operation::Drop,
        29 => Operation::Kill,
        30 => Operation::Read,
        _ => match source.byte() % 16 {
            0 => Operation::Bulk { first: source.short() % 4096, count: source.short() % MOST_BULK_ROWS },
            1 | 2 => Operation::Compact,
            3 | 4 => Operation::CompactSteps { count: source.byte() % 6 },
            8 | 9 => Operation::Change(Change::Replace {
                deletions: keys(source),
                keys: keys(source),
                vector: source.byte(),
            }),
            10 => Operation::Change(Change::DeleteWhere(condition(source))),
            11..14 => Operation::Change(Change::Update {
                keys: keys(source),
                tags: source.one_in(2).then(|| source.byte()),
                payload: source.one_in(2).then(|| source.byte().into()),
            }),
            5 | 6 => Operation::IndexStep { budget_us: source.byte().into() },
            _ => Operation::Verify,
        },
    }
}

fn question(source: &mut Source<'_>) -> Question {
    let kind = source.byte();
    let (vector, k, exact) = (source.byte(), source.byte().into(), source.one_in(2));
    match kind % 8 {
        0..4 => Question::Nearest { vector, k, exact, condition: condition(source) },
        4 => Question::LikeKey { key: key(source), k, exact },
        5 => Question::Within { vector, place: k, approximate: exact, condition: condition(source) },
        6 => {
            let vectors = (0..source.below(6)).map(|_| source.byte()).collect();
            Question::Batch { vectors, k, exact }
        }
        _ => Question::Rows { first: k },
    }
}

/// Half of all conditions are empty.
fn condition(source: &mut Source<'_>) -> Condition {
    let which = source.byte();
    let mut of = |bit: u8| if which & bit != 0 { source.byte() } else { 0 };
    let all = Condition { tags_any: of(1), tags_none: of(2), prefix: of(4), length: of(8) % 8 };
    if which & 16 != 0 { all } else { Condition::default() }
}

/// Runs the operations that `bytes` encode.
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
