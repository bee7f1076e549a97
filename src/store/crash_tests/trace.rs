//! A random run of a store, and its expected contents after each batch.

use super::Random;
use super::change::{Change, Contents, Row, row};
use crate::storage::simulated::{Mark, Operation, Simulated};
use crate::{
    BatchKeys, BatchVectors, Column, ColumnKind, DistanceMetric, Durability, ElementType, KeyKind,
    MmapVectorConfig, MmapVectorStore, Result, SynaError, UserBlock, WriteBatch, WriteMode,
};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A recorded run of a store.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) path: PathBuf,
    pub(super) config: MmapVectorConfig,
    pub(super) operations: Vec<Operation>,
    pub(super) history: History,
}

/// What was submitted, beginning with nothing.
#[derive(Debug, Clone)]
pub(super) struct History {
    /// The contents after each number of batches.
    pub(super) after: Vec<Contents>,
    /// The change of each batch; `None` for the first element.
    pub(super) submissions: Vec<Option<Change>>,
    /// The user versions that were set: each is the number of batches then.
    pub(super) versions: Vec<usize>,
}

pub(super) fn config_of(random: &mut Random) -> MmapVectorConfig {
    let dimensions = [64, 27, 70, 2][random.below(4)];
    // Half of the stores have f32. Chosen by other random numbers, so that the rest of a run does not depend on it.
    let elements = [ElementType::F32, ElementType::F16, ElementType::I8, ElementType::F32];
    let mut others = random.clone();
    let element = elements[others.below(4)];
    let column = |name, kind| Column::new(name, kind).unwrap();
    let columns = [
        column("time", ColumnKind::I64),
        column("tenant", ColumnKind::U64),
        column("price", ColumnKind::F64),
    ];
    // Half of the stores have columns.
    let columns = columns[..[0, 0, 1, 3][others.below(4)]].to_vec();
    MmapVectorConfig {
        dimensions,
        small_dimensions: true,
        metric: DistanceMetric::Euclidean,
        element,
        columns,
        initial_capacity: [0, 100, 100_000][random.below(3)],
        index_threshold: [0, 0, 60][random.below(3)],
        // `record` makes checkpoints due.
        checkpoint_interval_secs: 1 << 20,
        key_kind: if random.below(3) == 0 { KeyKind::Bytes } else { KeyKind::Text },
        durability: if random.below(4) == 0 { Durability::Batch } else { Durability::Process },
        ..MmapVectorConfig::default()
    }
}

/// A store and the batches that were submitted to it. Each is marked in the record.
pub(super) struct Writing<'a> {
    pub(super) disk: &'a Simulated,
    pub(super) store: MmapVectorStore,
    pub(super) after: Vec<Contents>,
    /// The change of each batch; `None` for the first element.
    pub(super) submissions: Vec<Option<Change>>,
    /// The user versions that were set: each is the number of batches then.
    pub(super) versions: Vec<usize>,
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
        let versions = vec![usize::try_from(store.user_block().user_version).unwrap()];
        Self { disk, store, after, submissions, versions, durability }
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

    /// Submits a change.
    pub(super) fn change(&mut self, change: &Change) -> Result<()> {
        let before = self.now();
        if change.is_nothing(&before) {
            return change.submit(&self.store, &before);
        }
        let result = self.submit(change.applied_to(&before), |store| change.submit(store, &before));
        if let Some(last) = self.submissions.last_mut() {
            *last = Some(change.clone());
        }
        result
    }

    /// A row with a random key for this store.
    pub(super) fn row(&self, random: &mut Random) -> Row {
        row(random, &self.store)
    }

    /// Writes the same rows and one more with the key of the first and an invalid vector. An insert creates no row for
    /// it, so it is checked after the others were written.
    fn refused(&self, rows: &[Row], mode: WriteMode) -> Result<()> {
        let keys: Vec<&[u8]> = rows.iter().chain(rows.first()).map(|row| row.key.as_slice()).collect();
        let mut vectors: Vec<&[f32]> = rows.iter().map(|row| row.vector.as_slice()).collect();
        let wrong = vec![f32::NAN; self.store.dimensions().into()];
        vectors.push(&wrong);
        let mut stored: Vec<&[u8]> = rows.iter().map(|row| row.stored.as_slice()).collect();
        // No vector of any type.
        let wrong = vec![0xFF; self.store.vector_bytes()];
        stored.push(&wrong);
        let written = self.store.write(&WriteBatch {
            keys: BatchKeys::Bytes(&keys),
            vectors: match rows.len().is_multiple_of(2) {
                true => BatchVectors::Stored(&stored),
                false => BatchVectors::Slices(&vectors),
            },
            mode,
            ..WriteBatch::default()
        });
        match written {
            Err(SynaError::InvalidVector { .. } | SynaError::InvalidStored { .. }) => Ok(()),
            Err(other) => Err(other),
            Ok(written) => panic!("ACCEPTED: {} rows of a batch with an invalid vector", written.rows),
        }
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
        match random.below(if has_compactions { 13 } else { 10 }) {
            0..8 => {
                let change = Change::random(random, &self.store, rows_at_most);
                if let Change::Write { rows, mode, .. } = &change
                    && rows.len().is_multiple_of(5)
                {
                    self.refused(rows, *mode)?;
                }
                self.change(&change)
            }
            8 => self.checkpoint(),
            9 => self.set_version(),
            10 => self.compact(),
            _ => self.compact_a_little(1 + random.below(4)),
        }
    }

    /// Sets the user version to the number of batches, which makes them durable.
    pub(super) fn set_version(&mut self) -> Result<()> {
        let batches = self.after.len() - 1;
        self.versions.push(batches);
        let user_version = u32::try_from(batches).unwrap();
        self.store.set_user_block(UserBlock { user_version, ..UserBlock::default() })?;
        self.mark_durable();
        Ok(())
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
    let Writing { store, after, submissions, versions, .. } = writing;
    store.abandon();
    Trace { path, config, operations: disk.operations(), history: History { after, submissions, versions } }
}
