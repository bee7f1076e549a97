//! The plan of a batch: which of its elements become rows, and which rows it deletes.

use crate::failpoint::{Failpoint, is_failpoint_set};
use crate::memory;
use crate::storage::{FrameContent, MAX_ROWS};
use crate::store::state::shared_state::SharedState;
use crate::store::write::batch::WriteMode;
use crate::store::write::checked_batch::CheckedBatch;
use crate::{Result, SynaError};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

/// The fewest elements that are processed as a group, so that their slots in the directory can be prefetched.
const LEAST_TOGETHER: usize = 64;

/// In place of a position in `picked`: the row is deleted, and no element has its key so far.
const NOT_REPLACED: usize = usize::MAX;

/// See the module. Reused for the next batch.
#[derive(Debug, Default)]
pub(crate) struct BatchPlan {
    /// The element of each new row, in order.
    pub(crate) picked: Vec<usize>,
    pub(crate) hashes: Vec<u32>,
    /// The row that each new row replaces.
    pub(crate) replaced: Vec<Option<u32>>,
    pub(crate) deletions: Vec<u32>,
    /// The rows of deleted keys, with the hashes of the keys.
    pub(crate) removed: Vec<(u32, u32)>,
    /// For a deleted row, the position in `picked` of the element that replaces it, or [`NOT_REPLACED`].
    replacing: HashMap<u32, usize, foldhash::fast::RandomState>,
    /// How many elements were processed.
    pub(crate) seen: usize,
    /// The first new row.
    first_row: u32,
    /// Hashes of the keys of the current group.
    element_hashes: Vec<u32>,
    key_ends: Vec<u32>,
    key_bytes: Vec<u8>,
    tags: Vec<u64>,
    payload_ends: Vec<u64>,
    payload_bytes: Vec<u8>,
    /// The values of the new rows in every column, column after column.
    pub(crate) values: Vec<u64>,
}

impl BatchPlan {
    /// Discards everything. The next rows are picked from `first_row` on.
    pub(crate) fn clear(&mut self, first_row: u32) {
        self.picked.clear();
        self.hashes.clear();
        self.replaced.clear();
        self.deletions.clear();
        self.removed.clear();
        self.replacing.clear();
        self.seen = 0;
        self.first_row = first_row;
        self.key_ends.clear();
        self.key_bytes.clear();
        self.tags.clear();
        self.payload_ends.clear();
        self.payload_bytes.clear();
        self.values.clear();
    }

    /// Allocates for a batch.
    pub(crate) fn begin(
        &mut self,
        batch: &CheckedBatch<'_>,
        state: &SharedState,
        first_row: u32,
    ) -> Result<()> {
        self.clear(first_row);
        let end = u64::from(first_row) + batch.count as u64;
        if end > MAX_ROWS {
            let what = "rows ever written to one store";
            return Err(SynaError::Limit { what, limit: MAX_ROWS, actual: end });
        }
        state.directory_mut().try_reserve(batch.count)?;
        memory::reserve(&mut self.picked, batch.count)?;
        memory::reserve(&mut self.hashes, batch.count)?;
        memory::reserve(&mut self.replaced, batch.count)?;
        let replaced = if batch.batch.mode == WriteMode::Upsert { batch.count } else { 0 };
        let most = replaced.saturating_add(batch.deletion_count).min(state.directory().len());
        memory::reserve(&mut self.deletions, most)?;
        self.replacing.try_reserve(most).map_err(|_| memory::refused::<(u32, usize)>(most))?;
        self.delete_keys(batch, state)
    }

    /// Finds the rows of the keys to delete. They stay in the directory until the batch is published.
    fn delete_keys(&mut self, batch: &CheckedBatch<'_>, state: &SharedState) -> Result<()> {
        memory::reserve(&mut self.removed, batch.deletion_count)?;
        let directory = state.directory();
        let mut begin = 0;
        while begin < batch.deletion_count {
            let group = begin..batch.deletion_count.min(begin + LEAST_TOGETHER);
            begin = group.end;
            self.element_hashes.clear();
            self.element_hashes.extend(group.clone().map(|at| state.hasher.hash(batch.deleted_key(at))));
            for (place, (at, &hash)) in group.zip(&self.element_hashes).enumerate() {
                directory.prefetch(&self.element_hashes, place);
                let Some(row) = state.find_in(&directory, batch.deleted_key(at), hash) else { continue };
                if self.replacing.insert(row, NOT_REPLACED).is_none() {
                    self.deletions.push(row);
                    self.removed.push((hash, row));
                }
            }
        }
        Ok(())
    }

    /// Plans the deletion of different live rows, after [`BatchPlan::clear`].
    pub(crate) fn delete_rows(&mut self, state: &SharedState, rows: &[u32]) -> Result<()> {
        memory::reserve(&mut self.deletions, rows.len())?;
        memory::reserve(&mut self.removed, rows.len())?;
        self.deletions.extend_from_slice(rows);
        for &row in rows {
            self.removed.push((state.hasher.hash(state.rows.key(&state.data, row)?), row));
        }
        Ok(())
    }

    /// Processes elements until `most` of them, or a few more, are picked to become rows, or none is left. New keys are
    /// added to the directory at once, with rows that no reader sees before they are published;
    /// [`BatchPlan::take_back`] removes them again.
    pub(crate) fn pick(&mut self, batch: &CheckedBatch<'_>, state: &SharedState, most: usize) {
        while self.picked.len() < most && self.seen < batch.count {
            let group = (most - self.picked.len()).max(LEAST_TOGETHER).min(batch.count - self.seen);
            self.pick_group(batch, state, self.seen..self.seen + group);
            self.seen += group;
        }
    }

    fn pick_group(&mut self, batch: &CheckedBatch<'_>, state: &SharedState, group: Range<usize>) {
        self.element_hashes.clear();
        self.element_hashes.extend(group.clone().map(|position| state.hasher.hash(batch.key(position))));
        let mut directory = state.directory_mut();
        let first_row = self.first_row;
        for (place, (position, &hash)) in group.zip(&self.element_hashes).enumerate() {
            directory.prefetch(&self.element_hashes, place);
            let key = batch.key(position);
            let picked = &self.picked;
            let has_key = |there: u32| match there.checked_sub(first_row) {
                None => state.has_key(there, key),
                Some(_) if is_failpoint_set(Failpoint::MissDuplicates) => false,
                Some(place) => picked.get(place as usize).is_some_and(|&earlier| batch.key(earlier) == key),
            };
            // `begin` has checked that the row numbers do not overflow.
            let row = first_row + u32::try_from(self.picked.len()).unwrap_or(0);
            let replaced = directory.add_new(hash, row, has_key);
            if let Some(there) = replaced {
                let is_upsert = batch.batch.mode == WriteMode::Upsert;
                if !is_upsert && self.replacing.is_empty() {
                    continue;
                }
                let earlier = match there.checked_sub(first_row) {
                    Some(place) => Some(place as usize),
                    None => match self.replacing.entry(there) {
                        Entry::Occupied(mut deleted) if *deleted.get() == NOT_REPLACED => {
                            deleted.insert(self.picked.len());
                            None
                        }
                        Entry::Occupied(place) => Some(*place.get()),
                        Entry::Vacant(_) if !is_upsert => continue,
                        Entry::Vacant(free) => {
                            free.insert(self.picked.len());
                            self.deletions.push(there);
                            None
                        }
                    },
                };
                if let Some(earlier) = earlier {
                    // An upsert keeps the last occurrence of a key, at the position of the first.
                    if let Some(cell) = self.picked.get_mut(earlier).filter(|_| is_upsert) {
                        *cell = position;
                    }
                    continue;
                }
            }
            self.picked.push(position);
            self.hashes.push(hash);
            self.replaced.push(replaced);
        }
    }

    /// Removes the new keys from the directory, after a failed write.
    pub(crate) fn take_back(&self, state: &SharedState) {
        let mut directory = state.directory_mut();
        for ((row, &hash), replaced) in (self.first_row..).zip(&self.hashes).zip(&self.replaced) {
            if replaced.is_none() {
                directory.remove(hash, row);
            }
        }
    }

    /// Encodes the sections of the frame.
    pub(crate) fn encode(&mut self, batch: &CheckedBatch<'_>) -> Result<()> {
        let too_long = |actual| SynaError::Limit {
            what: "bytes of keys in one batch (split it)",
            limit: 1 << 30,
            actual,
        };
        memory::reserve(&mut self.key_ends, self.picked.len())?;
        for &position in &self.picked {
            memory::reserve(&mut self.key_bytes, batch.key(position).len())?;
            self.key_bytes.extend_from_slice(batch.key(position));
            let end =
                u32::try_from(self.key_bytes.len()).map_err(|_| too_long(self.key_bytes.len() as u64))?;
            self.key_ends.push(end);
        }
        let is_tagged = |&position: &usize| batch.tags(position) != 0;
        if batch.has_tags() && self.picked.iter().any(is_tagged) && !is_failpoint_set(Failpoint::LoseTags) {
            memory::reserve(&mut self.tags, self.picked.len())?;
            self.tags.extend(self.picked.iter().map(|&position| batch.tags(position)));
        }
        if batch.has_payloads() && self.picked.iter().any(|&position| !batch.payload(position).is_empty()) {
            let positions = self.picked.iter().copied();
            batch.copy_payloads(positions, &mut self.payload_ends, &mut self.payload_bytes)?;
        }
        batch.values.copy_all(&self.picked, &mut self.values)?;
        if is_failpoint_set(Failpoint::LoseValues) {
            self.values.fill(0);
        }
        Ok(())
    }

    pub(crate) fn content(&self) -> FrameContent<'_> {
        FrameContent {
            first_row: self.first_row,
            key_ends: &self.key_ends,
            key_bytes: &self.key_bytes,
            tags: &self.tags,
            payload_ends: &self.payload_ends,
            payload_bytes: &self.payload_bytes,
            updated_columns: 0,
            updated_values: &[],
            deletions: &self.deletions,
            updates: &[],
        }
    }
}
