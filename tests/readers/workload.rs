//! The writes of the writer process, derived from a seed, and the content of the store after each of them.

use crate::elements::stored;
use crate::support::Random;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;
use syna_mmap::{BatchKeys, BatchPayloads, BatchVectors, MmapVectorStore, WriteBatch, WriteMode};

/// Not a multiple of 16, so that rows are padded to their stride.
pub const DIMENSIONS: u16 = 70;
const KEYS: usize = 400;

#[derive(Debug, Clone, PartialEq)]
struct Row {
    key: String,
    vector: Vec<f32>,
    tags: u64,
    payload: Vec<u8>,
}

/// A sequence of writes, and the rows that they leave, in order.
pub struct Workload {
    seed: u64,
    writes: u64,
    /// In insertion order.
    rows: BTreeMap<u64, Row>,
    places: BTreeMap<String, u64>,
    next: u64,
}

fn row(random: &mut Random, key: String) -> Row {
    let vector = (0..DIMENSIONS).map(|_| (random.next() >> 40) as f32 / 8_388_608.0 - 1.0).collect();
    let tags = if random.below(3) == 0 { random.next() } else { 0 };
    let payload = vec![random.next().to_le_bytes()[0]; random.below(3) * random.below(200)];
    Row { key, vector, tags, payload }
}

impl Workload {
    pub fn new(seed: u64) -> Self {
        Self { seed, writes: 0, rows: BTreeMap::new(), places: BTreeMap::new(), next: 0 }
    }

    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// The next write, applied to the model and to the store if there is one. It always changes something.
    pub fn write(&mut self, store: Option<&MmapVectorStore>) {
        let mut random = Random::new(self.seed ^ (self.writes + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93));
        let key = |number: usize| format!("{}{number}", &"abcdefghijklmnopq"[..number % 17]);
        if random.below(4) == 0
            && let Some((key, place)) =
                self.places.iter().nth(random.below(KEYS)).map(|(k, p)| (k.clone(), *p))
        {
            self.places.remove(&key);
            self.rows.remove(&place);
            if let Some(store) = store {
                assert!(store.delete(&key).unwrap());
            }
        } else {
            let first = random.below(KEYS);
            let most = if random.below(10) == 0 { 60 } else { 6 };
            let count = 1 + random.below(most);
            let batch: Vec<Row> =
                (first..first + count).map(|number| row(&mut random, key(number % KEYS))).collect();
            if let Some(store) = store {
                write_batch(store, &batch);
            }
            for row in batch {
                if let Some(place) = self.places.insert(row.key.clone(), self.next) {
                    self.rows.remove(&place);
                }
                self.rows.insert(self.next, row);
                self.next += 1;
            }
        }
        self.writes += 1;
    }

    /// The first difference from a store, bitwise.
    pub fn difference(&self, store: &MmapVectorStore) -> Option<String> {
        if store.len() != self.rows.len() {
            return Some(format!("{} rows instead of {}", store.len(), self.rows.len()));
        }
        let mut found = store.iterate(0);
        for row in self.rows.values() {
            let Some(entry) = found.next() else { return Some(format!("no row for {:?}", row.key)) };
            let entry = entry.unwrap();
            let is_same = entry.key == row.key
                && entry.tags == row.tags
                && entry.payload == row.payload
                && entry.stored == stored(store.element(), &row.vector);
            if !is_same {
                return Some(format!("row {} is {:?}, not {:?} as written", entry.row, entry.key, row.key));
            }
        }
        found.next().map(|entry| format!("an extra row: {entry:?}"))
    }

    pub fn any_row(&self, random: &mut Random) -> Option<(String, Vec<f32>)> {
        let row = self.rows.values().nth(random.below(self.rows.len().max(1)))?;
        Some((row.key.clone(), row.vector.clone()))
    }
}

fn write_batch(store: &MmapVectorStore, batch: &[Row]) {
    let keys: Vec<&str> = batch.iter().map(|row| row.key.as_str()).collect();
    let vectors: Vec<&[f32]> = batch.iter().map(|row| row.vector.as_slice()).collect();
    let tags: Vec<u64> = batch.iter().map(|row| row.tags).collect();
    let payloads: Vec<&[u8]> = batch.iter().map(|row| row.payload.as_slice()).collect();
    let written = store.write(&WriteBatch {
        keys: BatchKeys::Slices(&keys),
        vectors: BatchVectors::Slices(&vectors),
        tags: Some(&tags),
        payloads: BatchPayloads::Slices(&payloads),
        mode: WriteMode::Upsert,
        ..WriteBatch::default()
    });
    assert_eq!(written.unwrap().rows, batch.len());
}

/// A compaction, in steps or in one call.
pub fn compact(workload: &Workload, store: &MmapVectorStore) {
    if workload.writes.is_multiple_of(2000) {
        while !store.compact_step(Duration::from_micros(500)).unwrap() {}
    } else {
        store.compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
    }
}
