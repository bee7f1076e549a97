//! The expected content of a store: the operations replayed in memory, and the comparison.

use crate::elements::stored;
use crate::script::{Operation, Row};
use crate::support::Random;
use std::collections::HashMap;
use syna_mmap::{MmapVectorStore, SearchOptions, SearchResults, Value, WriteMode};

/// Rows in insertion order; `None` for a deleted or replaced row.
#[derive(Debug, Default, Clone)]
pub struct Model {
    rows: Vec<Option<Row>>,
    places: HashMap<String, usize>,
}

impl Model {
    pub fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Write { rows, mode, deletions } => {
                deletions.iter().for_each(|key| self.delete(key));
                self.write(rows, *mode);
            }
            Operation::Delete(key) => self.delete(key),
            Operation::Update(rows) => {
                for new in rows {
                    if let Some(row) = self.places.get(&new.key).and_then(|&place| self.rows[place].as_mut())
                    {
                        (row.tags, row.payload) = (new.tags, new.payload.clone());
                    }
                }
            }
            Operation::Checkpoint
            | Operation::BuildIndex
            | Operation::Compact
            | Operation::CompactStep
            | Operation::Reopen => {}
        }
    }

    fn delete(&mut self, key: &str) {
        if let Some(place) = self.places.remove(key) {
            self.rows[place] = None;
        }
    }

    /// If a key occurs twice, an insert keeps the first occurrence and an upsert the last; both use the first position.
    fn write(&mut self, rows: &[Row], mode: WriteMode) {
        let mut picked: Vec<&Row> = Vec::new();
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for row in rows {
            if mode == WriteMode::Insert && self.places.contains_key(&row.key) {
                continue;
            }
            match seen.get(row.key.as_str()) {
                Some(&earlier) if mode == WriteMode::Upsert => picked[earlier] = row,
                Some(_) => {}
                None => {
                    seen.insert(&row.key, picked.len());
                    picked.push(row);
                }
            }
        }
        for row in picked {
            if let Some(place) = self.places.insert(row.key.clone(), self.rows.len()) {
                self.rows[place] = None;
            }
            self.rows.push(Some(row.clone()));
        }
    }

    pub fn live(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().flatten()
    }

    /// The first difference from a store, bitwise.
    pub fn difference(&self, store: &MmapVectorStore) -> Option<String> {
        let keys: Vec<&str> = self.live().map(|row| row.key.as_str()).collect();
        let found = store.keys().unwrap();
        if keys != found || keys.len() != store.len() {
            let first = keys.iter().zip(&found).position(|(expected, found)| expected != found);
            return Some(format!(
                "{} keys, len {}, {} expected; the first difference at {first:?}",
                found.len(),
                store.len(),
                keys.len()
            ));
        }
        self.live().find_map(|row| {
            let key = &row.key;
            let view = store.get_view(key).unwrap()?;
            let value = view.values.get(0);
            let is_same = view.stored == stored(store.element(), &row.vector)
                && store.tags(key) == Some(row.tags)
                && value == Some(Value::U64(row.tags))
                && store.payload(key) == Some(row.payload.as_slice());
            (!is_same).then(|| format!("the row of {key:?} differs"))
        })
    }

    /// The first of a few rows that a search for its vector, as it was given, does not find.
    pub fn unfindable(&self, store: &MmapVectorStore, random: &mut Random) -> Option<String> {
        let live: Vec<&Row> = self.live().collect();
        let mut results = SearchResults::default();
        let picked = (0..live.len().min(3)).map(|_| live[random.below(live.len())]).collect::<Vec<_>>();
        picked.into_iter().find_map(|row| {
            let is_exact = random.below(2) == 0;
            let options = SearchOptions { exact: is_exact, ..SearchOptions::default() };
            let searched = store.search_with(&row.vector, 3, &options, &mut results);
            let stored = stored(store.element(), &row.vector);
            let is_found = results.key(0) == Some(&row.key) && results.stored(0) == Some(&stored);
            (!is_found).then(|| format!("{:?} is not found by its own vector ({searched:?})", row.key))
        })
    }
}
