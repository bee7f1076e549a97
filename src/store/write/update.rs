//! Updating tags, payloads and values of columns of existing rows, without their vectors.

use crate::memory;
use crate::storage::{Appender, FrameContent, NewRows};
use crate::store::state::shared_state::SharedState;
use crate::store::write::batch::{UpdateBatch, WriteBatch};
use crate::store::write::checked_batch::CheckedBatch;
use crate::{Result, SynaError};

/// The rows of an update, ascending, and what they get.
#[derive(Default)]
struct Update {
    rows: Vec<u32>,
    tags: Vec<u64>,
    payload_ends: Vec<u64>,
    payload_bytes: Vec<u8>,
    /// The columns that get values, as bits, and the values, column after column.
    columns: u16,
    values: Vec<u64>,
}

impl Update {
    /// Finds the rows of the keys, and copies what they get.
    fn of(batch: &CheckedBatch<'_>, state: &SharedState) -> Result<Self> {
        // The row of each key that exists, and the key's position in the batch.
        let mut found: Vec<(u32, usize)> = memory::with_room(batch.count)?;
        let directory = state.directory();
        for position in 0..batch.count {
            let key = batch.key(position);
            let row = state.find_in(&directory, key, state.hasher.hash(key));
            found.extend(row.map(|row| (row, position)));
        }
        drop(directory);
        found.sort_unstable();
        // Of a key that occurs twice, the last position remains.
        found.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            if is_same {
                kept.1 = next.1;
            }
            is_same
        });
        let mut update = Self { rows: memory::with_room(found.len())?, ..Self::default() };
        update.rows.extend(found.iter().map(|&(row, _)| row));
        if batch.batch.tags.is_some() {
            memory::reserve(&mut update.tags, found.len())?;
            update.tags.extend(found.iter().map(|&(_, position)| batch.tags(position)));
        }
        if batch.has_payloads() {
            let positions = found.iter().map(|&(_, position)| position);
            batch.copy_payloads(positions, &mut update.payload_ends, &mut update.payload_bytes)?;
        }
        update.columns = batch.values.columns();
        if update.columns != 0 {
            let positions = memory::collected(found.iter().map(|&(_, position)| position))?;
            batch.values.copy_given(&positions, &mut update.values)?;
        }
        Ok(update)
    }
}

/// An update as input of the appender.
struct Planned<'p> {
    update: &'p Update,
    first_row: u32,
}

impl<'a> NewRows<'a> for Planned<'_> {
    fn most_rows(&self) -> usize {
        0
    }

    fn next(&mut self, _most: usize, _vectors: &mut Vec<&'a [u8]>) -> Result<()> {
        Ok(())
    }

    fn checksum(&self, _vector: &'a [u8]) -> Result<u32> {
        Err(SynaError::Internal { what: "an update has a row".to_owned() })
    }

    fn content(&mut self) -> Result<FrameContent<'_>> {
        Ok(FrameContent {
            first_row: self.first_row,
            key_ends: &[],
            key_bytes: &[],
            tags: &self.update.tags,
            payload_ends: &self.update.payload_ends,
            payload_bytes: &self.update.payload_bytes,
            updated_columns: self.update.columns,
            updated_values: &self.update.values,
            deletions: &[],
            updates: &self.update.rows,
        })
    }

    fn values(&self) -> &[u64] {
        &[]
    }
}

/// Writes an update as one frame. Returns how many rows it updates.
pub(crate) fn update_rows(
    state: &SharedState,
    appender: &mut Appender,
    batch: &UpdateBatch<'_>,
) -> Result<usize> {
    appender.refuse_if_failed()?;
    let &UpdateBatch { keys, tags, payloads, columns } = batch;
    // Checked as deletions are: without vectors.
    let batch = CheckedBatch::check_update(
        &WriteBatch { keys, tags, payloads, columns, ..WriteBatch::default() },
        state,
    )?;
    if tags.is_none() && !batch.has_payloads() && columns.is_empty() {
        return Err(SynaError::argument("an update needs tags, payloads or values of columns"));
    }
    let update = Update::of(&batch, state)?;
    if update.rows.is_empty() {
        return Ok(0);
    }
    let column_count = update.columns.count_ones();
    state.rows.reserve_updates(&update.rows, tags.is_some(), batch.has_payloads(), column_count)?;
    let before = appender.position();
    let offset_bytes = appender.append(&mut Planned { update: &update, first_row: before.rows })?;
    state.rows.add(&appender.last_frame()?, offset_bytes, before.deletions)?;
    Ok(update.rows.len())
}
