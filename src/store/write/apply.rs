//! Writing: a batch is checked, appended while its keys are looked up, and then published to readers.

use crate::kernel::codes::prefetch;
use crate::storage::{Appender, FrameContent, LogPosition, NewRows};
use crate::store::state::rows::Snapshot;
use crate::store::state::shared_state::{SharedState, check_finite};
use crate::store::write::batch::{WriteBatch, WriteMode, Written};
use crate::store::write::checked_batch::CheckedBatch;
use crate::store::write::plan::BatchPlan;
use crate::{Result, SynaError};

/// A planned batch, as input of the appender.
struct Planned<'a, 'p> {
    state: &'p SharedState,
    plan: &'p mut BatchPlan,
    batch: CheckedBatch<'a>,
    most_rows: usize,
    /// How many rows were passed to the appender.
    listed: usize,
}

impl<'a> NewRows<'a> for Planned<'a, '_> {
    fn most_rows(&self) -> usize {
        self.most_rows
    }

    fn next(&mut self, most: usize, vectors: &mut Vec<&'a [f32]>) {
        let first = self.listed;
        self.plan.pick(&self.batch, self.state, first + most);
        let picked = &self.plan.picked;
        self.listed = picked.len().min(first + most);
        // Each new key becomes a row, in the order of the batch. If all keys so far are new, rows and elements are the
        // same.
        match picked.len() == self.plan.seen {
            true => self.batch.list_vectors(first..self.listed, vectors),
            false => {
                let elements = picked.get(first..self.listed).unwrap_or_default();
                vectors.extend(elements.iter().map(|&element| self.batch.vector(element)));
            }
        }
    }

    /// The error of the first invalid vector, whether or not it becomes a row.
    fn refusal(&self) -> SynaError {
        let internal = || SynaError::Internal { what: "a valid vector was refused".to_owned() };
        check_all_finite(self.state, &self.batch).err().unwrap_or_else(internal)
    }

    fn content(&mut self) -> Result<FrameContent<'_>> {
        // Vectors that become no row are checked too: any invalid vector makes the batch fail.
        if self.plan.picked.len() < self.batch.count {
            check_all_finite(self.state, &self.batch)?;
        }
        self.plan.encode(&self.batch)?;
        Ok(self.plan.content())
    }
}

fn check_all_finite(state: &SharedState, batch: &CheckedBatch<'_>) -> Result<()> {
    (0..batch.count).try_for_each(|position| check_finite(state, position, batch.vector(position)))
}

/// Writes a batch and publishes it.
pub(crate) fn write_batch(
    state: &SharedState,
    appender: &mut Appender,
    plan: &mut BatchPlan,
    batch: &WriteBatch<'_>,
) -> Result<Written> {
    appender.refuse_if_failed()?;
    let batch = CheckedBatch::check(batch, state)?;
    if batch.count == 1 {
        // The vector is prefetched while its key is looked up.
        prefetch(batch.vector(0));
    }
    plan.begin(&batch, state, appender.position().rows)?;
    // Keys are looked up while the rows before them are written. Not in an upsert, where a later element may change an
    // earlier row, and not if the number of rows decides how much space is allocated.
    let at_once = batch.batch.mode == WriteMode::Upsert || !appender.has_room_for(batch.count);
    plan.pick(&batch, state, if at_once { batch.count } else { 1 });
    if plan.picked.is_empty() && plan.deletions.is_empty() {
        check_all_finite(state, &batch)?;
        return Ok(Written::default());
    }
    let most_rows = if at_once { plan.picked.len() } else { batch.count };
    let written = append_batch(state, appender, plan, batch, most_rows);
    written.inspect_err(|_| plan.take_back(state))?;
    Ok(Written { rows: plan.picked.len(), deleted: plan.removed.len() })
}

/// Deletes different live rows in one frame.
pub(crate) fn delete_rows(
    state: &SharedState,
    appender: &mut Appender,
    plan: &mut BatchPlan,
    rows: &[u32],
) -> Result<()> {
    appender.refuse_if_failed()?;
    let batch = CheckedBatch::check(&WriteBatch::default(), state)?;
    plan.clear(appender.position().rows);
    plan.delete_rows(state, rows)?;
    append_batch(state, appender, plan, batch, 0)
}

fn append_batch(
    state: &SharedState,
    appender: &mut Appender,
    plan: &mut BatchPlan,
    batch: CheckedBatch<'_>,
    most_rows: usize,
) -> Result<()> {
    let before = appender.position();
    let row_count = u32::try_from(most_rows).unwrap_or(u32::MAX);
    state.rows.reserve(before.rows, row_count, batch.has_tags(), &plan.deletions)?;
    let written = appender.append(&mut Planned { state, plan, batch, most_rows, listed: 0 })?;
    publish(state, appender, plan, before, written)
}

/// Publishes what was appended after `before`, with its frame at `offset_bytes`. All memory for it was allocated before
/// anything was written.
fn publish(
    state: &SharedState,
    appender: &Appender,
    plan: &BatchPlan,
    before: LogPosition,
    offset_bytes: u64,
) -> Result<()> {
    state.rows.add(&appender.last_frame()?, offset_bytes, before.deletions)?;
    // Lookups by key hold this lock, so they see directory and snapshot of the same moment.
    let mut directory = state.directory_mut();
    if !plan.deletions.is_empty() {
        for ((row, &hash), &replaced) in (before.rows..).zip(&plan.hashes).zip(&plan.replaced) {
            if let Some(old_row) = replaced {
                directory.replace(hash, old_row, row);
            }
        }
        // A row that was replaced is no longer there.
        for &(hash, row) in &plan.removed {
            directory.remove(hash, row);
        }
    }
    let after = appender.position();
    state.published.store(Snapshot { rows: after.rows, deletions: after.deletions });
    Ok(())
}
