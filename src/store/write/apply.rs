//! Writing: a batch is checked, appended while its keys are looked up, and then published to readers.

use crate::checksum::crc32c;
use crate::kernel::codes::prefetch;
use crate::storage::{Appender, FrameContent, LogPosition, NewRows};
use crate::store::state::rows::Snapshot;
use crate::store::state::shared_state::SharedState;
use crate::store::state::vector_format::at_position;
use crate::store::write::batch::{WriteBatch, WriteMode, Written};
use crate::store::write::checked_batch::CheckedBatch;
use crate::store::write::checked_vectors::Given;
use crate::store::write::plan::BatchPlan;
use crate::{Result, SynaError, memory};

/// A planned batch, as input of the appender.
struct Planned<'a, 'p> {
    state: &'p SharedState,
    plan: &'p mut BatchPlan,
    batch: CheckedBatch<'a>,
    most_rows: usize,
    /// How many rows were passed to the appender.
    listed: usize,
    /// Space for the vectors that are converted and were not passed yet.
    room: &'a mut [u8],
}

impl<'a> Planned<'a, '_> {
    /// The stored form of an element's vector, in `room` if it is converted.
    fn stored(&mut self, element: usize) -> Result<&'a [u8]> {
        match self.batch.vectors.at(element) {
            Given::Floats(vector) if self.batch.vectors.is_converted() => {
                let format = &self.state.vectors;
                let (into, rest) =
                    std::mem::take(&mut self.room)
                        .split_at_mut_checked(format.vector_bytes)
                        .ok_or_else(|| SynaError::Internal { what: "no space for a vector".to_owned() })?;
                self.room = rest;
                format.encode(vector, into).map_err(|_| self.refusal())?;
                Ok(into)
            }
            given => Ok(given.bytes()),
        }
    }

    /// The error of the first invalid vector, whether or not it becomes a row.
    fn refusal(&self) -> SynaError {
        let internal = || SynaError::Internal { what: "a valid vector was refused".to_owned() };
        check_all(self.state, &self.batch).err().unwrap_or_else(internal)
    }
}

impl<'a> NewRows<'a> for Planned<'a, '_> {
    fn most_rows(&self) -> usize {
        self.most_rows
    }

    fn next(&mut self, most: usize, vectors: &mut Vec<&'a [u8]>) -> Result<()> {
        let first = self.listed;
        self.plan.pick(&self.batch, self.state, first + most);
        self.listed = self.plan.picked.len().min(first + most);
        // Each new key becomes a row, in the order of the batch. If all keys so far are new, rows and elements are the
        // same.
        if self.plan.picked.len() == self.plan.seen && !self.batch.vectors.is_converted() {
            self.batch.vectors.list_bytes(first..self.listed, vectors);
            return Ok(());
        }
        for row in first..self.listed {
            let Some(&element) = self.plan.picked.get(row) else { break };
            vectors.push(self.stored(element)?);
        }
        Ok(())
    }

    fn checksum(&self, vector: &'a [u8]) -> Result<u32> {
        match self.batch.vectors.is_converted() {
            true => Ok(crc32c(vector)),
            false => self.state.vectors.checksum(vector).ok_or_else(|| self.refusal()),
        }
    }

    fn content(&mut self) -> Result<FrameContent<'_>> {
        // Vectors that become no row are checked too: any invalid vector makes the batch fail.
        if self.plan.picked.len() < self.batch.count {
            check_all(self.state, &self.batch)?;
        }
        self.plan.encode(&self.batch)?;
        Ok(self.plan.content())
    }

    fn values(&self) -> &[u64] {
        &self.plan.values
    }
}

/// Checks the components of all vectors.
fn check_all(state: &SharedState, batch: &CheckedBatch<'_>) -> Result<()> {
    (0..batch.count).try_for_each(|position| {
        let checked = match batch.vectors.at(position) {
            Given::Floats(vector) => state.vectors.check(vector),
            Given::Stored(vector) => state.vectors.check_stored(vector),
        };
        checked.map_err(|error| at_position(error, position))
    })
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
        prefetch(batch.vectors.at(0).bytes());
    }
    plan.begin(&batch, state, appender.position().rows)?;
    // Keys are looked up while the rows before them are written. Not in an upsert, where a later element may change an
    // earlier row, and not if the number of rows decides how much space is allocated.
    let at_once = batch.batch.mode == WriteMode::Upsert || !appender.has_room_for(batch.count);
    plan.pick(&batch, state, if at_once { batch.count } else { 1 });
    if plan.picked.is_empty() && plan.deletions.is_empty() {
        check_all(state, &batch)?;
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
    // Its elements are aligned as the components of any type.
    let vector_elements = state.vectors.vector_bytes.div_ceil(4);
    let converted = if batch.vectors.is_converted() { most_rows.saturating_mul(vector_elements) } else { 0 };
    let mut room = memory::filled(0_u32, converted)?;
    let room = bytemuck::cast_slice_mut(&mut room);
    let written = appender.append(&mut Planned { state, plan, batch, most_rows, listed: 0, room })?;
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
