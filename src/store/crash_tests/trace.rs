//! A random run of a store, and its expected contents after each batch.

use super::Random;
use crate::storage::simulated::{Mark, Operation, Simulated};
use crate::{
    BatchKeys, BatchPayloads, BatchVectors, DistanceMetric, Durability, MmapVectorConfig, MmapVectorStore,
    Result, SynaError, WriteBatch, WriteMode,
};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A row as it was submitted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) vector: Vec<f32>,
    pub(super) tags: u64,
    pub(super) payload: Vec<u8>,
}

/// A write that can be submitted again.
pub(super) type Submission = (Vec<Row>, WriteMode);

/// The expected contents of a store: live rows in insertion order.
pub(super) type Contents = Vec<Arc<Row>>;

/// A recorded run of a store.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) path: PathBuf,
    pub(super) config: MmapVectorConfig,
    pub(super) operations: Vec<Operation>,
    pub(super) history: History,
}

/// The submitted batches, beginning with none.
#[derive(Debug, Clone)]
pub(super) struct History {
    /// The contents after each number of batches.
    pub(super) after: Vec<Contents>,
    /// The write of each batch; `None` for a deletion, and for the first element.
    pub(super) submissions: Vec<Option<Submission>>,
}

pub(super) fn config_of(random: &mut Random) -> MmapVectorConfig {
    let dimensions = [64, 65, 70, 96][random.below(4)];
    MmapVectorConfig {
        dimensions,
        metric: DistanceMetric::Euclidean,
        initial_capacity: [0, 100, 100_000][random.below(3)],
        index_threshold: [0, 0, 60][random.below(3)],
        // `record` makes checkpoints due.
        checkpoint_interval_secs: 1 << 20,
        durability: if random.below(4) == 0 { Durability::Batch } else { Durability::Process },
        ..MmapVectorConfig::default()
    }
}

pub(super) fn row(random: &mut Random, dimensions: u16) -> Row {
    let key = format!("{}{}", "k".repeat(random.below(17)), random.below(60));
    let vector =
        (0..dimensions).map(|_| f32::from(u16::try_from(random.below(1000)).unwrap()) / 7.0).collect();
    let tags = if random.below(3) == 0 { random.next() } else { 0 };
    let payload = vec![u8::try_from(random.below(256)).unwrap(); random.below(4) * random.below(900)];
    Row { key, vector, tags, payload }
}

/// The contents after a batch.
fn written(before: &Contents, rows: &[Row], mode: WriteMode) -> Contents {
    let mut after = before.clone();
    match mode {
        WriteMode::Insert => {
            for row in rows {
                if !after.iter().any(|there| there.key == row.key) {
                    after.push(Arc::new(row.clone()));
                }
            }
        }
        WriteMode::Upsert => {
            // A new row has the position of the first occurrence of its key in the batch, and the content of the last.
            let mut new: Contents = Vec::new();
            for row in rows {
                match new.iter_mut().find(|there| there.key == row.key) {
                    Some(there) => *there = Arc::new(row.clone()),
                    None => new.push(Arc::new(row.clone())),
                }
            }
            after.retain(|there| !new.iter().any(|row| row.key == there.key));
            after.extend(new);
        }
    }
    after
}

/// A store and the batches that were submitted to it. Each is marked in the record.
pub(super) struct Writing<'a> {
    pub(super) disk: &'a Simulated,
    pub(super) store: MmapVectorStore,
    pub(super) after: Vec<Contents>,
    /// The write of each batch; `None` for a deletion, and for the first element.
    pub(super) submissions: Vec<Option<Submission>>,
    pub(super) durability: Durability,
}

impl<'a> Writing<'a> {
    pub(super) fn new(
        disk: &'a Simulated,
        store: MmapVectorStore,
        after: Vec<Contents>,
        durability: Durability,
    ) -> Self {
        let submissions = after.iter().map(|_| None).collect();
        Self { disk, store, after, submissions, durability }
    }

    fn now(&self) -> Contents {
        self.after.last().cloned().unwrap_or_default()
    }

    /// Runs one write after which the contents are `next`.
    fn submit(&mut self, next: Contents, write: impl FnOnce(&MmapVectorStore) -> Result<()>) -> Result<()> {
        self.after.push(next);
        self.submissions.resize(self.after.len(), None);
        let batches = self.after.len() - 1;
        self.disk.mark(Mark::Submitted(batches));
        let before = self.store.sequence();
        let result = write(&self.store);
        if matches!(result, Err(SynaError::NoSpace { .. } | SynaError::NoMemory { .. })) {
            assert_eq!(self.store.sequence(), before, "WRITTEN: a write that returned NoSpace or NoMemory");
        }
        result?;
        self.disk.mark(Mark::Acknowledged(batches));
        if self.durability == Durability::Batch {
            self.disk.mark(Mark::Durable(batches));
        }
        Ok(())
    }

    pub(super) fn write(&mut self, rows: &[Row], mode: WriteMode) -> Result<()> {
        let next = written(&self.now(), rows, mode);
        let is_nothing = mode == WriteMode::Insert && next.len() == self.now().len();
        let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        let vectors: Vec<f32> = rows.iter().flat_map(|row| row.vector.iter().copied()).collect();
        let tags: Vec<u64> = rows.iter().map(|row| row.tags).collect();
        let payloads: Vec<&[u8]> = rows.iter().map(|row| row.payload.as_slice()).collect();
        let batch = WriteBatch {
            keys: BatchKeys::Slices(&keys),
            vectors: BatchVectors::RowMajor(&vectors),
            tags: Some(&tags),
            payloads: BatchPayloads::Slices(&payloads),
            mode,
        };
        let distinct: std::collections::BTreeSet<&str> = keys.iter().copied().collect();
        let expected = match mode {
            WriteMode::Insert => next.len() - self.now().len(),
            WriteMode::Upsert => distinct.len(),
        };
        let write = |store: &MmapVectorStore| {
            let count = store.write(&batch)?;
            assert_eq!(count, expected, "MISCOUNTED: the number of rows of a batch");
            Ok(())
        };
        if is_nothing {
            return write(&self.store);
        }
        let submission = Some((rows.to_vec(), mode));
        let result = self.submit(next, write);
        if let Some(last) = self.submissions.last_mut() {
            *last = submission;
        }
        result
    }

    /// Writes the same rows and one more with the key of the first and an invalid vector. An insert creates no row for
    /// it, so it is checked after the others were written.
    fn refused(&self, rows: &[Row], mode: WriteMode) -> Result<()> {
        let keys: Vec<&str> = rows.iter().chain(rows.first()).map(|row| row.key.as_str()).collect();
        let mut vectors: Vec<&[f32]> = rows.iter().map(|row| row.vector.as_slice()).collect();
        let wrong = vec![f32::NAN; self.store.dimensions().into()];
        vectors.push(&wrong);
        let written = self.store.write(&WriteBatch {
            keys: BatchKeys::Slices(&keys),
            vectors: BatchVectors::Slices(&vectors),
            tags: None,
            payloads: BatchPayloads::None,
            mode,
        });
        match written {
            Err(SynaError::InvalidVector { .. }) => Ok(()),
            Err(other) => Err(other),
            Ok(count) => panic!("ACCEPTED: {count} rows of a batch with an invalid vector"),
        }
    }

    pub(super) fn delete(&mut self, key: &str) -> Result<()> {
        let mut next = self.now();
        next.retain(|row| row.key != key);
        if next.len() == self.now().len() {
            return self.store.delete(key).map(|_| ());
        }
        self.submit(next, |store| store.delete(key).map(|_| ()))
    }

    /// Marks everything submitted so far as durable.
    pub(super) fn mark_durable(&self) {
        self.disk.mark(Mark::Durable(self.after.len() - 1));
    }

    pub(super) fn checkpoint(&mut self) -> Result<()> {
        self.store.checkpoint()?;
        self.mark_durable();
        Ok(())
    }

    /// One random write, of at most `rows_at_most` rows.
    pub(super) fn step(&mut self, random: &mut Random, rows_at_most: usize) -> Result<()> {
        self.step_in(random, rows_at_most, true)
    }

    /// As [`Writing::step`], with or without compactions.
    pub(super) fn step_in(
        &mut self,
        random: &mut Random,
        rows_at_most: usize,
        has_compactions: bool,
    ) -> Result<()> {
        let dimensions = self.store.dimensions();
        match random.below(if has_compactions { 13 } else { 10 }) {
            0..6 => {
                let count = 1 + random.below(rows_at_most);
                let rows: Vec<Row> = (0..count).map(|_| row(random, dimensions)).collect();
                let mode = if random.below(2) == 0 { WriteMode::Insert } else { WriteMode::Upsert };
                if count.is_multiple_of(5) {
                    self.refused(&rows, mode)?;
                }
                self.write(&rows, mode)
            }
            6..8 => {
                let key = row(random, dimensions).key;
                self.delete(&key)
            }
            8..10 => self.checkpoint(),
            10 => self.compact(),
            _ => self.compact_a_little(1 + random.below(4)),
        }
    }

    /// A whole compaction, or the rest of one that was begun.
    pub(super) fn compact(&mut self) -> Result<()> {
        self.store.compact(&mut |_, _| ControlFlow::Continue(()))?;
        self.mark_durable();
        Ok(())
    }

    /// Some steps of a compaction, so that writes come in between.
    pub(super) fn compact_a_little(&mut self, steps: usize) -> Result<()> {
        for _ in 0..steps {
            if self.store.compact_step(Duration::ZERO)? {
                self.mark_durable();
            }
        }
        Ok(())
    }
}

/// Records a random run of a store in `folder`, on a simulated disk.
pub(super) fn record(seed: u64, folder: &Path) -> Trace {
    let mut random = Random::new(seed);
    let disk = Simulated::new(seed);
    let path = folder.join("store");
    let config = config_of(&mut random);
    let open = || MmapVectorStore::open_on(Arc::new(disk.clone()), &path, config.clone()).unwrap();
    let mut writing = Writing::new(&disk, open(), vec![vec![]], config.durability);
    writing.mark_durable();
    let steps = 8 + random.below(18);
    // Every trace has growth over several extents and one checkpoint.
    let large = random.below(steps);
    // In some runs automatic checkpoints become due.
    let mut dues = Random::new(!seed);
    let has_dues = dues.below(3) == 0;
    for step in 0..steps {
        if has_dues && dues.below(5) == 0 {
            writing.store.make_checkpoint_due();
        }
        writing.step(&mut random, if step == large { 400 } else { 12 }).unwrap();
        match random.below(12) {
            0 => {
                writing.store.close().unwrap();
                disk.mark(Mark::Durable(writing.after.len() - 1));
                writing.store = open();
            }
            1 => {
                writing.store.abandon();
                writing.store = open();
            }
            2 if config.index_threshold > 0 => {
                writing.store.build_index().unwrap();
                writing.mark_durable();
            }
            _ => {}
        }
    }
    writing.checkpoint().unwrap();
    writing.step(&mut random, 12).unwrap();
    let Writing { store, after, submissions, .. } = writing;
    store.abandon();
    Trace { path, config, operations: disk.operations(), history: History { after, submissions } }
}
