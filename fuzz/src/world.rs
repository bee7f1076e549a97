//! A store and a model of it: after every operation both have the same content.

use super::bases::{thin_graph, vector};
use super::changes::Change;
use super::elements::{ELEMENTS, components, stored};
use super::examine::index_of;
use super::injected::is_fault_injected;
use super::questions::Question;
use super::scratch::Scratch;
use super::values::{two_columns, values_of};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;
use syna_mmap::{
    DistanceMetric, ElementType, Finding, MmapVectorConfig, MmapVectorStore, OpenMode, Problem, SearchResults,
};

/// An operation; keys and vectors are numbers, so that they often collide.
#[derive(Debug, Clone)]
pub enum Operation {
    Insert {
        key: u16,
        vector: u8,
    },
    InsertBatch {
        keys: Vec<u16>,
        vector: u8,
    },
    Write {
        keys: Vec<u16>,
        vector: u8,
        upsert: bool,
        tags: bool,
        payload: u16,
    },
    Upsert {
        key: u16,
        vector: u8,
    },
    /// Many new rows at once.
    Bulk {
        first: u16,
        count: u16,
    },
    Delete {
        key: u16,
    },
    Change(Change),
    Get {
        key: u16,
    },
    Ask(Question),
    Checkpoint,
    Flush,
    BuildIndex,
    IndexStep {
        budget_us: u16,
    },
    Compact,
    /// Steps of a compaction; other operations may come between them.
    CompactSteps {
        count: u8,
    },
    Verify,
    Close,
    Drop,
    /// The process is killed: the next one finds what is in the files.
    Kill,
    /// Another process opens the file for reading.
    Read,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Increments with each row.
    pub(super) number: u64,
    /// Its components as they are stored.
    pub(super) vector: Vec<f32>,
    pub(super) stored: Vec<u8>,
    pub(super) tags: u64,
    pub(super) payload: Vec<u8>,
}

/// The store and its model.
#[derive(Debug)]
pub struct World {
    scratch: Scratch,
    generation: u32,
    config: MmapVectorConfig,
    store: Option<MmapVectorStore>,
    pub(super) model: HashMap<String, Row>,
    pub(super) next_number: u64,
    results: SearchResults,
}

/// Keys of all short lengths, and some long ones.
pub(super) fn key_of(number: u16) -> String {
    let length = [0, 1, 3, 7, 15, 16, 40, 300][usize::from(number % 8)];
    if number == 0 { String::new() } else { format!("{}é{number}", "k".repeat(length)) }
}

impl World {
    /// An empty store; `shape` selects dimensions, metric, element type, columns and the index threshold.
    pub fn new(shape: u8) -> Self {
        let dimensions = [64, 27, 70, 2][usize::from(shape % 4)];
        let metric = [DistanceMetric::Cosine, DistanceMetric::Euclidean, DistanceMetric::DotProduct]
            [usize::from(shape / 4 % 3)];
        let config = MmapVectorConfig {
            dimensions,
            small_dimensions: true,
            metric,
            element: ELEMENTS[usize::from(shape / 72 % 3)],
            columns: if (shape / 7).is_multiple_of(2) { Vec::new() } else { two_columns() },
            initial_capacity: [0, 1000][usize::from(shape / 12 % 2)],
            index_threshold: [0, 30, 2050][usize::from(shape / 24 % 3)],
            checkpoint_interval_secs: 0,
            hnsw_config: thin_graph(),
            ..MmapVectorConfig::default()
        };
        let mut world = Self {
            scratch: Scratch::new(),
            generation: 0,
            config,
            store: None,
            model: HashMap::new(),
            next_number: 0,
            results: SearchResults::default(),
        };
        world.open();
        world
    }

    fn path(&self) -> PathBuf {
        self.scratch.file(&format!("store{}", self.generation))
    }

    fn open(&mut self) {
        self.store = Some(MmapVectorStore::new(self.path(), self.config.clone()).unwrap());
        self.compare();
    }

    pub(super) fn store(&self) -> &MmapVectorStore {
        self.store.as_ref().unwrap()
    }

    pub(super) fn model(&self) -> &HashMap<String, Row> {
        &self.model
    }

    pub fn element(&self) -> ElementType {
        self.config.element
    }

    pub(super) fn metric(&self) -> DistanceMetric {
        self.config.metric
    }

    /// The number of rows ever written, deleted ones included.
    pub(super) fn rows_ever(&self) -> u64 {
        self.next_number
    }

    /// A vector by its number; some numbers have special vectors.
    pub(super) fn vector(&self, number: u8) -> Vec<f32> {
        let is_half = self.config.element == ElementType::F16;
        match number {
            0 => vec![0.0; self.config.dimensions.into()],
            1 => vec![-0.0; self.config.dimensions.into()],
            2 => vec![if is_half { 65_519.0 } else { 1e18 }; self.config.dimensions.into()],
            3 => vec![if is_half { 1e-7 } else { 1e-30 }; self.config.dimensions.into()],
            number => vector(self.config.dimensions, number.into()),
        }
    }

    /// Runs one operation on both.
    pub fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Insert { key, vector } => {
                let (key, vector) = (key_of(*key), self.vector(*vector));
                self.store().insert(&key, &vector).unwrap();
                self.put(key, vector, 0, vec![], false);
            }
            Operation::Upsert { key, vector } => {
                let (key, vector) = (key_of(*key), self.vector(*vector));
                self.store().upsert(&key, &vector).unwrap();
                self.put(key, vector, 0, vec![], true);
            }
            Operation::InsertBatch { keys, vector } => {
                let keys: Vec<String> = keys.iter().map(|&key| key_of(key)).collect();
                self.insert_batch(keys, u64::from(*vector));
            }
            Operation::Bulk { first, count } => {
                let keys =
                    (0..count % 1200).map(|i| format!("bulk{}", u32::from(*first) + u32::from(i))).collect();
                self.insert_batch(keys, 1000 + u64::from(*first));
            }
            Operation::Write { keys, vector, upsert, tags, payload } => {
                self.write(keys, *vector, *upsert, *tags, *payload);
            }
            Operation::Delete { key } => {
                let key = key_of(*key);
                let was_there = self.model.contains_key(&key);
                if !is_fault_injected() {
                    self.model.remove(&key);
                }
                assert_eq!(self.store().delete(&key).unwrap(), was_there, "deleting {key:?}");
            }
            Operation::Change(change) => self.change(change),
            Operation::Get { key } => self.get(&key_of(*key)),
            Operation::Ask(question) => {
                let mut results = std::mem::take(&mut self.results);
                self.ask(question, &mut results);
                self.results = results;
            }
            Operation::Checkpoint => {
                self.store().checkpoint().unwrap();
                assert!(!self.store().is_dirty());
            }
            Operation::Flush => self.store().flush().unwrap(),
            Operation::BuildIndex => {
                self.store().build_index().unwrap();
                assert!(self.store().has_index());
            }
            Operation::IndexStep { budget_us } => {
                let left = self.store().index_step(Duration::from_micros((*budget_us).into())).unwrap();
                assert!(self.store().has_index() && left as u64 <= self.next_number);
            }
            Operation::Compact => {
                self.store().compact(&mut |_, _| ControlFlow::Continue(())).unwrap();
                self.compare();
            }
            Operation::CompactSteps { count } => {
                for _ in 0..*count {
                    self.store().compact_step(Duration::ZERO).unwrap();
                }
            }
            Operation::Verify => {
                let mut go_on = |_, _| ControlFlow::Continue(());
                let report = self.store().verify(&mut go_on).unwrap();
                // A kill after a compaction leaves the index of the file before it.
                let is_expected = |found: &Finding| found.problem == Problem::IgnoredIndex;
                assert!(report.findings.iter().all(is_expected), "{report:?}");
            }
            Operation::Close => {
                self.store.take().unwrap().close().unwrap();
                self.open();
            }
            Operation::Drop => {
                self.store = None;
                self.open();
            }
            Operation::Kill => self.kill(),
            Operation::Read => self.read(),
        }
        assert_eq!(self.store().len(), self.model.len());
    }

    pub(super) fn put(&mut self, key: String, vector: Vec<f32>, tags: u64, payload: Vec<u8>, replace: bool) {
        if replace || !self.model.contains_key(&key) {
            let stored = stored(self.element(), &vector);
            let vector = components(self.element(), vector.len(), &stored);
            self.model.insert(key, Row { number: self.next_number, vector, stored, tags, payload });
        }
        self.next_number += 1;
    }

    fn insert_batch(&mut self, keys: Vec<String>, seed: u64) {
        let vectors: Vec<Vec<f32>> =
            (0..keys.len() as u64).map(|i| vector(self.config.dimensions, seed * 7919 + i)).collect();
        let slices: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
        let before = self.model.len();
        let new =
            self.store().insert_batch(&keys.iter().map(String::as_str).collect::<Vec<_>>(), &slices).unwrap();
        for (key, vector) in keys.into_iter().zip(vectors) {
            self.put(key, vector, 0, vec![], false);
        }
        assert_eq!(new, self.model.len() - before, "new keys of a batch");
    }

    fn get(&self, key: &str) {
        let (store, row) = (self.store(), self.model.get(key));
        assert_eq!(store.contains(key), row.is_some(), "{key:?}");
        assert_eq!(store.tags(key), row.map(|row| row.tags));
        assert_eq!(store.payload(key), row.map(|row| row.payload.as_slice()));
        let bits = |vector: &[f32]| vector.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let vector = row.map(|row| bits(&row.vector));
        assert_eq!(store.get(key).unwrap().as_deref().map(bits), vector, "{key:?}");
        let view = store.get_view(key).unwrap();
        assert_eq!(view.map(|view| view.stored), row.map(|row| row.stored.as_slice()), "{key:?}");
        let is_f32 = self.element() == ElementType::F32;
        assert_eq!(store.get_slice(key).map(bits), vector.filter(|_| is_f32), "{key:?}");
        let values = view.map(|view| view.values.iter().collect::<Vec<_>>());
        let has_columns = !self.config.columns.is_empty();
        let expected = row.map(|row| if has_columns { values_of(row.tags, &row.payload) } else { vec![] });
        assert_eq!(values, expected, "{key:?}");
    }

    /// Compares the keys in order, and every row.
    pub fn compare(&self) {
        let mut keys: Vec<(&String, u64)> = self.model.iter().map(|(key, row)| (key, row.number)).collect();
        keys.sort_by_key(|(_, number)| *number);
        assert!(
            self.store().keys().unwrap().iter().eq(keys.iter().map(|(key, _)| *key)),
            "different keys, or a different order"
        );
        self.model.keys().for_each(|key| self.get(key));
    }

    fn kill(&mut self) {
        let old = self.path();
        self.generation += 1;
        let new = self.path();
        std::fs::copy(&old, &new).unwrap();
        if index_of(&old).exists() {
            std::fs::copy(index_of(&old), index_of(&new)).unwrap();
        }
        self.store = None;
        let _ = std::fs::remove_file(index_of(&old));
        std::fs::remove_file(old).unwrap();
        self.open();
    }

    fn read(&mut self) {
        let open = OpenMode { read_only: true, verify: true, ..OpenMode::default() };
        let config = MmapVectorConfig { open, ..self.config.clone() };
        let reader = MmapVectorStore::new(self.path(), config).unwrap();
        let writer = self.store.replace(reader);
        self.compare();
        assert!(self.store().insert("x", &self.vector(9)).is_err(), "a reader cannot write");
        self.store = writer;
    }
}
