//! Writes of many keys at once: batches with deletions, deletions by conditions, updates of tags and payloads.

use super::elements::stored;
use super::questions::Condition;
use super::values::BatchValues;
use super::world::{World, key_of};
use std::collections::HashMap;
use syna_mmap::{
    BatchKeys, BatchPayloads, BatchVectors, SearchOptions, UpdateBatch, WriteBatch, WriteMode, Written,
};

/// See the module. Keys are numbers, as in [`Operation`](super::world::Operation).
#[derive(Debug, Clone)]
pub enum Change {
    /// Inserts rows after deletions, in one batch.
    Replace {
        deletions: Vec<u16>,
        keys: Vec<u16>,
        vector: u8,
    },
    DeleteWhere(Condition),
    /// Sets tags if there are some, and payloads if there is a length.
    Update {
        keys: Vec<u16>,
        tags: Option<u8>,
        payload: Option<u16>,
    },
}

impl World {
    pub(super) fn change(&mut self, change: &Change) {
        match change {
            Change::Replace { deletions, keys, vector } => self.replace(deletions, keys, *vector),
            Change::DeleteWhere(condition) => {
                let before = self.model.len();
                self.model.retain(|key, row| !condition.passes(key, row));
                let deleted = condition
                    .with(&SearchOptions::default(), |options| self.store().delete_where(&options.filter))
                    .unwrap();
                assert_eq!(deleted, before - self.model.len(), "rows deleted by {condition:?}");
            }
            Change::Update { keys, tags, payload } => self.update(keys, *tags, *payload),
        }
    }

    pub(super) fn write(&mut self, keys: &[u16], first: u8, upsert: bool, tags: bool, payload: u16) {
        let keys: Vec<String> = keys.iter().map(|&key| key_of(key)).collect();
        let vectors: Vec<Vec<f32>> =
            (0..keys.len()).map(|i| self.vector(first.wrapping_add(i as u8))).collect();
        let tag = |i: usize| if tags { u64::from(first) << (i % 57) } else { 0 };
        let all_tags: Vec<u64> = (0..keys.len()).map(tag).collect();
        let payloads: Vec<Vec<u8>> =
            (0..keys.len()).map(|i| vec![first; (usize::from(payload) * i) % 5000]).collect();
        let slices: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
        let values = BatchValues::new(&all_tags, &payloads);
        let floats = vectors.concat();
        let bytes: Vec<u8> = vectors.iter().flat_map(|vector| stored(self.element(), vector)).collect();
        let batch = WriteBatch {
            keys: BatchKeys::Slices(&keys.iter().map(String::as_str).collect::<Vec<_>>()),
            vectors: match first.is_multiple_of(3) {
                true => BatchVectors::StoredRowMajor(&bytes),
                false => BatchVectors::RowMajor(&floats),
            },
            tags: tags.then_some(&all_tags),
            payloads: if payload > 0 { BatchPayloads::Slices(&slices) } else { BatchPayloads::None },
            columns: &values.given(self.store(), tags, payload > 0),
            mode: if upsert { WriteMode::Upsert } else { WriteMode::Insert },
            ..WriteBatch::default()
        };
        self.store().write(&batch).unwrap();
        // Rows of a batch are ordered by the first occurrence of their key.
        let mut numbers: HashMap<String, u64> = HashMap::new();
        for (i, (key, vector)) in keys.into_iter().zip(vectors).enumerate() {
            let payload = if payload > 0 { payloads[i].clone() } else { vec![] };
            let number = *numbers.entry(key.clone()).or_insert(self.next_number);
            self.put(key.clone(), vector, all_tags[i], payload, upsert);
            if upsert {
                self.model.get_mut(&key).unwrap().number = number;
            }
        }
    }

    fn replace(&mut self, deletions: &[u16], keys: &[u16], first: u8) {
        let deletions: Vec<String> = deletions.iter().map(|&key| key_of(key)).collect();
        let keys: Vec<String> = keys.iter().map(|&key| key_of(key)).collect();
        let vectors: Vec<Vec<f32>> =
            (0..keys.len()).map(|i| self.vector(first.wrapping_add(i as u8))).collect();
        let floats = vectors.concat();
        let rows: Vec<Vec<u8>> = vectors.iter().map(|vector| stored(self.element(), vector)).collect();
        let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
        let written = self
            .store()
            .write(&WriteBatch {
                keys: BatchKeys::Slices(&keys.iter().map(String::as_str).collect::<Vec<_>>()),
                vectors: match first.is_multiple_of(3) {
                    true => BatchVectors::Stored(&rows),
                    false => BatchVectors::RowMajor(&floats),
                },
                mode: WriteMode::Insert,
                deletions: BatchKeys::Slices(&deletions.iter().map(String::as_str).collect::<Vec<_>>()),
                ..WriteBatch::default()
            })
            .unwrap();
        let before = self.model.len();
        deletions.iter().for_each(|key| drop(self.model.remove(key)));
        let (deleted, left) = (before - self.model.len(), self.model.len());
        for (key, vector) in keys.into_iter().zip(vectors) {
            self.put(key, vector, 0, vec![], false);
        }
        assert_eq!(written, Written { rows: self.model.len() - left, deleted }, "a batch with deletions");
    }

    fn update(&mut self, keys: &[u16], tags: Option<u8>, payload: Option<u16>) {
        let keys: Vec<String> = keys.iter().map(|&key| key_of(key)).collect();
        let new_tags: Vec<u64> =
            (0..keys.len()).map(|i| u64::from(tags.unwrap_or_default()) << (i % 57)).collect();
        let length = usize::from(payload.unwrap_or_default());
        let payloads: Vec<Vec<u8>> = (0..keys.len()).map(|i| vec![i as u8; length * i % 3000]).collect();
        let slices: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
        let values = BatchValues::new(&new_tags, &payloads);
        let updated = self.store().update(&UpdateBatch {
            keys: BatchKeys::Slices(&keys.iter().map(String::as_str).collect::<Vec<_>>()),
            tags: tags.map(|_| new_tags.as_slice()),
            payloads: if payload.is_some() { BatchPayloads::Slices(&slices) } else { BatchPayloads::None },
            columns: &values.given(self.store(), tags.is_some(), payload.is_some()),
        });
        if tags.is_none() && payload.is_none() {
            assert!(updated.is_err(), "an update of nothing");
            return;
        }
        let mut there = std::collections::HashSet::new();
        for ((key, new_tags), payload_bytes) in keys.iter().zip(new_tags).zip(payloads) {
            let Some(row) = self.model.get_mut(key) else { continue };
            there.insert(key);
            if tags.is_some() {
                row.tags = new_tags;
            }
            if payload.is_some() {
                row.payload = payload_bytes;
            }
        }
        assert_eq!(updated.unwrap(), there.len(), "updated rows");
    }
}
