//! The child's operations, derived from a seed: operation `number` is the same in every process.

use crate::elements::stored;
use crate::support::Random;
use std::ops::ControlFlow;
use std::time::Duration;
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, ColumnValues, MmapVectorStore, Result, SynaError, UpdateBatch,
    Values, WriteBatch, WriteMode,
};

/// Not a multiple of 16, so that rows are padded to their stride.
pub const DIMENSIONS: u16 = 70;

/// Few enough keys that most operations meet an existing one.
const KEYS: usize = 1200;

/// A row as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub key: String,
    pub vector: Vec<f32>,
    pub tags: u64,
    pub payload: Vec<u8>,
}

#[derive(Debug)]
pub enum Operation {
    Write {
        rows: Vec<Row>,
        mode: WriteMode,
        deletions: Vec<String>,
    },
    Delete(String),
    /// Sets tags and payloads.
    Update(Vec<Row>),
    Checkpoint,
    BuildIndex,
    Compact,
    CompactStep,
    Reopen,
}

/// Key lengths vary, so that nothing is aligned by accident; key 0 is the empty key.
fn key(number: usize) -> String {
    if number == 0 {
        return String::new();
    }
    format!("{}{number}", &"abcdefghijklmnopq"[..number % 17])
}

fn row(random: &mut Random) -> Row {
    let key = key(random.below(KEYS));
    let vector = (0..DIMENSIONS).map(|_| (random.next() >> 40) as f32 / 8_388_608.0 - 1.0).collect();
    let tags = if random.below(3) == 0 { random.next() } else { 0 };
    let payload_bytes = match random.below(40) {
        0 => random.below(5000),
        1..10 => random.below(50),
        _ => 0,
    };
    let payload = (0..payload_bytes).map(|_| random.next().to_le_bytes()[0]).collect();
    Row { key, vector, tags, payload }
}

/// Operation `number` of the sequence of `seed`.
pub fn operation(seed: u64, number: u64) -> Operation {
    let mut random = Random::new(seed ^ number.wrapping_mul(0xD6E8_FEB8_6659_FD93));
    let mode = if random.below(2) == 0 { WriteMode::Insert } else { WriteMode::Upsert };
    let mut rows = |count: usize| (0..count).map(|_| row(&mut random)).collect();
    match Random::new(seed.rotate_left(32) ^ number).below(100) {
        0..35 => Operation::Write { rows: rows(1), mode, deletions: Vec::new() },
        35..60 => {
            let count = 2 + usize::try_from(number * 31 % 97).expect("below 97");
            let rows = rows(count);
            let deletions = if number.is_multiple_of(3) { random.below(40) } else { 0 };
            let deletions = (0..deletions).map(|_| key(random.below(KEYS))).collect();
            Operation::Write { rows, mode, deletions }
        }
        // Larger than one piece of the writer's staging buffer.
        60..62 => {
            let count = 1700 + usize::try_from(number * 977 % 800).expect("below 800");
            Operation::Write { rows: rows(count), mode, deletions: Vec::new() }
        }
        62..78 => Operation::Delete(key(random.below(KEYS))),
        78..84 => Operation::Update(rows(1 + usize::try_from(number % 30).expect("below 30"))),
        84..89 => Operation::Checkpoint,
        89..91 => Operation::Compact,
        91..94 => Operation::CompactStep,
        94..98 => Operation::Reopen,
        _ => Operation::BuildIndex,
    }
}

/// Writes `rows` and deletes keys, as one batch.
pub fn write(store: &MmapVectorStore, rows: &[Row], mode: WriteMode, deletions: &[String]) -> Result<usize> {
    let deletions: Vec<&str> = deletions.iter().map(String::as_str).collect();
    let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    let tags: Vec<u64> = rows.iter().map(|row| row.tags).collect();
    let payloads: Vec<&[u8]> = rows.iter().map(|row| row.payload.as_slice()).collect();
    let slices: Vec<&[f32]> = rows.iter().map(|row| row.vector.as_slice()).collect();
    let floats: Vec<f32> = rows.iter().flat_map(|row| row.vector.iter().copied()).collect();
    let bytes: Vec<u8> = rows.iter().flat_map(|row| stored(store.element(), &row.vector)).collect();
    // The forms of a batch take different code paths.
    let vectors = match rows.len() % 3 {
        0 => BatchVectors::RowMajor(&floats),
        1 => BatchVectors::Slices(&slices),
        _ => BatchVectors::StoredRowMajor(&bytes),
    };
    store
        .write(&WriteBatch {
            keys: BatchKeys::Slices(&keys),
            vectors,
            tags: Some(&tags),
            payloads: BatchPayloads::Slices(&payloads),
            columns: &[ColumnValues { column: 0, values: Values::U64(&tags) }],
            mode,
            deletions: BatchKeys::Slices(&deletions),
        })
        .map(|written| written.rows)
}

/// Sets the tags and payloads of `rows`.
fn update(store: &MmapVectorStore, rows: &[Row]) -> Result<()> {
    let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    let tags: Vec<u64> = rows.iter().map(|row| row.tags).collect();
    let payloads: Vec<&[u8]> = rows.iter().map(|row| row.payload.as_slice()).collect();
    let (keys, payloads) = (BatchKeys::Slices(&keys), BatchPayloads::Slices(&payloads));
    let columns = &[ColumnValues { column: 0, values: Values::U64(&tags) }];
    store.update(&UpdateBatch { keys, tags: Some(&tags), payloads, columns }).map(|_| ())
}

/// Runs an operation other than a reopen.
pub fn apply(store: &MmapVectorStore, operation: &Operation) -> Result<()> {
    match operation {
        Operation::Write { rows, mode, deletions } => write(store, rows, *mode, deletions).map(|_| ()),
        Operation::Update(rows) => update(store, rows),
        Operation::Delete(key) => store.delete(key).map(|_| ()),
        Operation::Checkpoint => store.checkpoint(),
        Operation::BuildIndex => store.build_index(),
        Operation::Compact => store.compact(&mut |_, _| ControlFlow::Continue(())),
        Operation::CompactStep => store.compact_step(Duration::ZERO).map(|_| ()),
        Operation::Reopen => {
            Err(SynaError::InvalidArgument { what: "a store does not reopen itself".to_owned() })
        }
    }
}
