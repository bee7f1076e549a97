//! Writing: a batch is checked whole, planned against the directory, appended, and only then shown to readers.

use super::batch::{WriteBatch, WriteMode};
use super::checked_batch::{CheckedBatch, check_finite};
use super::core::Core;
use super::rows::Snapshot;
use crate::planted::{Fault, is_planted};
use crate::storage::{Appender, FrameContent, MAX_ROWS, NewRows};
use crate::{Result, SynaError};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

/// What a batch comes to: which of its elements become rows, and which rows they replace. Reused from batch to batch.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The element that each new row comes from, in order.
    picked: Vec<usize>,
    hashes: Vec<u32>,
    /// The row that each new row replaces.
    replaced: Vec<Option<u32>>,
    deletions: Vec<u32>,
    /// The place in `picked` of what replaces a row.
    replacing: HashMap<u32, usize, foldhash::fast::RandomState>,
    /// Of every element's key.
    element_hashes: Vec<u32>,
    key_ends: Vec<u32>,
    key_bytes: Vec<u8>,
    tags: Vec<u64>,
    payload_ends: Vec<u64>,
    payload_bytes: Vec<u8>,
}

impl Plan {
    fn clear(&mut self) {
        self.picked.clear();
        self.hashes.clear();
        self.replaced.clear();
        self.deletions.clear();
        self.replacing.clear();
        self.key_ends.clear();
        self.key_bytes.clear();
        self.tags.clear();
        self.payload_ends.clear();
        self.payload_bytes.clear();
    }

    /// Picks the elements that become rows, from `first_row` on. New keys enter the directory at once, under rows that
    /// no reader sees before they are published; [`Plan::take_back`] takes them out again.
    fn pick(&mut self, batch: &CheckedBatch<'_>, core: &Core, first_row: u32) -> Result<()> {
        self.clear();
        let too_many = || SynaError::Limit {
            what: "rows ever written to one store",
            limit: MAX_ROWS,
            actual: u64::from(first_row) + batch.count as u64,
        };
        let count = u32::try_from(batch.count).map_err(|_| too_many())?;
        first_row.checked_add(count).filter(|&end| u64::from(end) <= MAX_ROWS).ok_or_else(too_many)?;
        self.element_hashes.clear();
        self.element_hashes.extend((0..batch.count).map(|position| core.hasher.hash(batch.key(position))));
        let mut directory = core.directory_mut();
        directory.try_reserve(batch.count)?;
        self.picked.reserve(batch.count);
        self.hashes.reserve(batch.count);
        self.replaced.reserve(batch.count);
        let mut row = first_row;
        for (position, &hash) in self.element_hashes.iter().enumerate() {
            directory.look_ahead(&self.element_hashes, position);
            let key = batch.key(position);
            let picked = &self.picked;
            let has_key = |there: u32| match there.checked_sub(first_row) {
                None => core.has_key(there, key),
                Some(_) if is_planted(Fault::MissDuplicates) => false,
                Some(place) => picked.get(place as usize).is_some_and(|&earlier| batch.key(earlier) == key),
            };
            let replaced = directory.add_new(hash, row, has_key);
            if let Some(there) = replaced {
                if batch.batch.mode == WriteMode::Insert {
                    continue;
                }
                // An upsert keeps the last of a key's occurrences, in the place of the first.
                let earlier = match there.checked_sub(first_row) {
                    Some(place) => Some(place as usize),
                    None => match self.replacing.entry(there) {
                        Entry::Occupied(place) => Some(*place.get()),
                        Entry::Vacant(free) => {
                            free.insert(self.picked.len());
                            None
                        }
                    },
                };
                if let Some(earlier) = earlier {
                    if let Some(cell) = self.picked.get_mut(earlier) {
                        *cell = position;
                    }
                    continue;
                }
            }
            self.picked.push(position);
            self.hashes.push(hash);
            self.replaced.push(replaced);
            self.deletions.extend(replaced);
            row += 1;
        }
        Ok(())
    }

    /// Takes the new keys out of the directory again, since their rows were not written.
    fn take_back(&self, core: &Core, first_row: u32) {
        let mut directory = core.directory_mut();
        for ((row, &hash), replaced) in (first_row..).zip(&self.hashes).zip(&self.replaced) {
            if replaced.is_none() {
                directory.remove(hash, row);
            }
        }
    }

    /// Lays out the sections of the frame.
    fn lay_out(&mut self, batch: &CheckedBatch<'_>) -> Result<()> {
        let too_long = |actual| SynaError::Limit {
            what: "bytes of keys in one batch (split it)",
            limit: 1 << 30,
            actual,
        };
        self.key_ends.reserve(self.picked.len());
        for &position in &self.picked {
            self.key_bytes.extend_from_slice(batch.key(position));
            let end =
                u32::try_from(self.key_bytes.len()).map_err(|_| too_long(self.key_bytes.len() as u64))?;
            self.key_ends.push(end);
        }
        if batch.has_tags()
            && self.picked.iter().any(|&position| batch.tags(position) != 0)
            && !is_planted(Fault::LoseTags)
        {
            self.tags.extend(self.picked.iter().map(|&position| batch.tags(position)));
        }
        if batch.has_payloads() && self.picked.iter().any(|&position| !batch.payload(position).is_empty()) {
            for &position in &self.picked {
                self.payload_bytes.extend_from_slice(batch.payload(position));
                self.payload_ends.push(self.payload_bytes.len() as u64);
            }
        }
        Ok(())
    }

    fn content(&self, first_row: u32) -> FrameContent<'_> {
        FrameContent {
            first_row,
            key_ends: &self.key_ends,
            key_bytes: &self.key_bytes,
            tags: &self.tags,
            payload_ends: &self.payload_ends,
            payload_bytes: &self.payload_bytes,
            deletions: &self.deletions,
        }
    }
}

fn no_row(place: usize) -> SynaError {
    SynaError::Internal { what: format!("there is no row {place} in a batch without rows") }
}

const NO_ROWS: NewRows<'_, '_> = NewRows { count: 0, list: &|_, _| {}, refusal: &no_row };

/// Writes a batch and shows it to readers; returns how many rows it made.
pub(super) fn write_batch(
    core: &Core,
    appender: &mut Appender,
    plan: &mut Plan,
    batch: &WriteBatch<'_>,
) -> Result<usize> {
    appender.refuse_if_failed()?;
    let batch = CheckedBatch::check(batch, core)?;
    let first_row = appender.position().rows;
    plan.pick(&batch, core, first_row)?;
    let written = write_picked(core, appender, plan, &batch);
    written.inspect_err(|_| plan.take_back(core, first_row))?;
    Ok(plan.picked.len())
}

fn write_picked(
    core: &Core,
    appender: &mut Appender,
    plan: &mut Plan,
    batch: &CheckedBatch<'_>,
) -> Result<()> {
    // What becomes no row is looked at too: a batch with a bad vector is refused, whichever it is.
    if plan.picked.len() < batch.count {
        for position in 0..batch.count {
            check_finite(core, position, batch.vector(position))?;
        }
    }
    if plan.picked.is_empty() {
        return Ok(());
    }
    plan.lay_out(batch)?;
    let count = plan.picked.len();
    let picked = |places: Range<usize>| plan.picked.get(places).unwrap_or_default();
    // Each key that is new makes a row, in the order of the batch: where all are, rows are elements.
    let list = &|places: Range<usize>, vectors: &mut Vec<_>| match count == batch.count {
        true => batch.list_vectors(places, vectors),
        false => vectors.extend(picked(places).iter().map(|&element| batch.vector(element))),
    };
    let refusal = &|place: usize| {
        let element = plan.picked.get(place).copied().unwrap_or(0);
        let internal = || SynaError::Internal { what: "a vector was refused for nothing".to_owned() };
        check_finite(core, element, batch.vector(element)).err().unwrap_or_else(internal)
    };
    commit(core, appender, plan, &NewRows { count, list, refusal })
}

/// Deletes the row of a key; `false` where there is no such key.
pub(super) fn delete_key(core: &Core, appender: &mut Appender, plan: &mut Plan, key: &str) -> Result<bool> {
    appender.refuse_if_failed()?;
    let Some(row) = core.find(key) else { return Ok(false) };
    plan.clear();
    plan.deletions.push(row);
    commit(core, appender, plan, &NO_ROWS)?;
    let hash = core.hasher.hash(key.as_bytes());
    core.directory_mut().remove(hash, row);
    Ok(true)
}

/// Deletes live rows, all at one stroke.
pub(super) fn delete_rows(core: &Core, appender: &mut Appender, plan: &mut Plan, rows: &[u32]) -> Result<()> {
    appender.refuse_if_failed()?;
    plan.clear();
    plan.deletions.extend_from_slice(rows);
    commit(core, appender, plan, &NO_ROWS)?;
    let mut directory = core.directory_mut();
    for &row in rows {
        directory.remove(core.hasher.hash(core.rows.key(&core.data, row)?), row);
    }
    Ok(())
}

/// Appends what the plan says and publishes it. Whatever needs memory is allocated before anything is written.
fn commit(core: &Core, appender: &mut Appender, plan: &Plan, rows: &NewRows<'_, '_>) -> Result<()> {
    let before = appender.position();
    let row_count = u32::try_from(plan.picked.len()).unwrap_or(u32::MAX);
    core.rows.reserve(before.rows, row_count, !plan.tags.is_empty(), &plan.deletions)?;
    let offset_bytes = appender.append(rows, &plan.content(before.rows))?;
    // Not from the mapping, whose pages nobody has touched yet.
    let frame = appender.last_frame().ok_or_else(|| SynaError::Internal {
        what: "a frame that was just written is not there".to_owned(),
    })?;
    core.rows.add(&frame, offset_bytes, before.deletions)?;
    // Readers that look a key up hold this lock, so they see directory and snapshot of one moment.
    let mut directory = core.directory_mut();
    if !plan.deletions.is_empty() {
        for ((row, &hash), &replaced) in (before.rows..).zip(&plan.hashes).zip(&plan.replaced) {
            if let Some(old_row) = replaced {
                directory.replace(hash, old_row, row);
            }
        }
    }
    let after = appender.position();
    core.published.store(Snapshot { rows: after.rows, deletions: after.deletions });
    Ok(())
}

#[cfg(test)]
mod tests;
