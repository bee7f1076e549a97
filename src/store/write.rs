//! Writing: a batch is checked whole, planned against the directory, appended, and only then shown to readers.

use super::batch::{BatchKeys, BatchPayloads, BatchVectors, WriteBatch, WriteMode};
use super::core::Core;
use super::directory::spread;
use super::rows::Snapshot;
use crate::checksum::crc32c;
use crate::planted::{Fault, is_planted};
use crate::storage::{Appender, FrameContent, Vectors};
use crate::{Result, SynaError};
use hashbrown::HashTable;

/// The longest key.
pub const MAX_KEY_BYTES: usize = 65_535;
/// The longest payload.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 20;

/// A batch whose shape and every value have been checked.
#[derive(Debug, Clone, Copy)]
struct CheckedBatch<'a> {
    batch: WriteBatch<'a>,
    count: usize,
    dimensions: usize,
}

impl<'a> CheckedBatch<'a> {
    /// Checks everything that can be known without the store's rows. `row_checksums` gets one checksum an element:
    /// they are taken here, while the vector is in the cache.
    fn check(batch: &WriteBatch<'a>, core: &Core, row_checksums: &mut Vec<u32>) -> Result<Self> {
        let dimensions = core.data.identity.dimensions;
        let count = match batch.keys {
            BatchKeys::Slices(keys) => keys.len(),
            BatchKeys::Packed { bytes, offsets } => check_offsets(offsets, bytes, "key_offsets")?,
        };
        let checked = Self { batch: *batch, count, dimensions: dimensions as usize };
        match batch.vectors {
            BatchVectors::Slices(vectors) => check_count(vectors.len(), count, "vectors")?,
            BatchVectors::RowMajor(floats) => {
                if count.checked_mul(dimensions as usize) != Some(floats.len()) {
                    let actual = floats.len().checked_div(count).unwrap_or(floats.len()) as u64;
                    return Err(SynaError::DimensionMismatch { expected: dimensions, actual });
                }
            }
        }
        if let Some(tags) = batch.tags {
            check_count(tags.len(), count, "tags")?;
        }
        match batch.payloads {
            BatchPayloads::None => {}
            BatchPayloads::Slices(payloads) => check_count(payloads.len(), count, "payloads")?,
            BatchPayloads::Packed { bytes, offsets } => {
                check_count(check_offsets(offsets, bytes, "payload_offsets")?, count, "payloads")?;
            }
        }
        row_checksums.clear();
        for position in 0..count {
            checked.check_row(core, position, dimensions)?;
            row_checksums.push(crc32c(bytemuck::cast_slice(checked.vector(position))));
        }
        Ok(checked)
    }

    fn check_row(&self, core: &Core, position: usize, dimensions: u32) -> Result<()> {
        let key = self.key(position);
        if key.len() > MAX_KEY_BYTES {
            let what = format!("it has {} bytes, the most is {MAX_KEY_BYTES}", key.len());
            return Err(SynaError::InvalidKey { position, what });
        }
        // A str is UTF-8 by its type, and ASCII by a look.
        if matches!(self.batch.keys, BatchKeys::Packed { .. })
            && !key.is_ascii()
            && let Err(error) = std::str::from_utf8(key)
        {
            return Err(SynaError::InvalidKey { position, what: format!("it is no UTF-8 ({error})") });
        }
        let vector = self.vector(position);
        if vector.len() != self.dimensions {
            return Err(SynaError::DimensionMismatch { expected: dimensions, actual: vector.len() as u64 });
        }
        check_finite(core, position, vector)?;
        let payload_bytes = self.payload(position).len();
        if payload_bytes > MAX_PAYLOAD_BYTES {
            return Err(SynaError::Limit {
                what: "bytes in a payload",
                limit: MAX_PAYLOAD_BYTES as u64,
                actual: payload_bytes as u64,
            });
        }
        Ok(())
    }

    fn key(&self, position: usize) -> &'a [u8] {
        match self.batch.keys {
            BatchKeys::Slices(keys) => keys.get(position).copied().unwrap_or_default().as_bytes(),
            BatchKeys::Packed { bytes, offsets } => packed(bytes, offsets, position),
        }
    }

    fn vector(&self, position: usize) -> &'a [f32] {
        match self.batch.vectors {
            BatchVectors::Slices(vectors) => vectors.get(position).copied().unwrap_or_default(),
            BatchVectors::RowMajor(floats) => {
                floats.get(position * self.dimensions..(position + 1) * self.dimensions).unwrap_or_default()
            }
        }
    }

    fn tags(&self, position: usize) -> u64 {
        self.batch.tags.and_then(|tags| tags.get(position)).copied().unwrap_or(0)
    }

    fn payload(&self, position: usize) -> &'a [u8] {
        match self.batch.payloads {
            BatchPayloads::None => &[],
            BatchPayloads::Slices(payloads) => payloads.get(position).copied().unwrap_or_default(),
            BatchPayloads::Packed { bytes, offsets } => packed(bytes, offsets, position),
        }
    }
}

/// Element `position` of bytes whose offsets were checked.
fn packed<'a>(bytes: &'a [u8], offsets: &[u64], position: usize) -> &'a [u8] {
    let at = |which: usize| offsets.get(which).and_then(|&offset| usize::try_from(offset).ok());
    match (at(position), at(position + 1)) {
        (Some(start), Some(end)) => bytes.get(start..end).unwrap_or_default(),
        _ => &[],
    }
}

fn check_count(actual: usize, expected: usize, what: &str) -> Result<()> {
    if actual == expected {
        return Ok(());
    }
    Err(SynaError::argument(format!("{expected} keys came with {actual} {what}; give one for each key")))
}

/// The number of elements that the offsets bound.
fn check_offsets(offsets: &[u64], bytes: &[u8], name: &str) -> Result<usize> {
    let Some(&first) = offsets.first() else { return Ok(0) };
    if first != 0 {
        return Err(SynaError::argument(format!("{name}[0] is {first}, it has to be 0")));
    }
    if let Some(back) = offsets.windows(2).position(|pair| pair.first() > pair.last()) {
        return Err(SynaError::argument(format!(
            "{name}[{}] is less than {name}[{back}]; offsets never go back",
            back + 1
        )));
    }
    if offsets.last().is_some_and(|&last| last > bytes.len() as u64) {
        return Err(SynaError::argument(format!(
            "the last of {name} lies behind the {} bytes given",
            bytes.len()
        )));
    }
    Ok(offsets.len() - 1)
}

pub(super) fn check_finite(core: &Core, position: usize, vector: &[f32]) -> Result<()> {
    match core.kernels.first_non_finite(vector) {
        None => Ok(()),
        Some(component) => {
            let value = vector.get(component).copied().unwrap_or(f32::NAN);
            Err(SynaError::InvalidVector { position, component, value })
        }
    }
}

/// What a batch comes to: which of its elements become rows, and which rows they replace. Reused from batch to batch.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The element that each new row comes from, in order.
    picked: Vec<usize>,
    hashes: Vec<u32>,
    /// The row that each new row replaces.
    replaced: Vec<Option<u32>>,
    deletions: Vec<u32>,
    /// Places in `picked` by key, to find keys that occur twice.
    seen: HashTable<u32>,
    /// Of every element's vector, picked or not.
    element_checksums: Vec<u32>,
    /// Of every element's key.
    element_hashes: Vec<u32>,
    row_checksums: Vec<u32>,
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
        self.seen.clear();
        self.row_checksums.clear();
        self.key_ends.clear();
        self.key_bytes.clear();
        self.tags.clear();
        self.payload_ends.clear();
        self.payload_bytes.clear();
    }

    /// Picks the elements that become rows.
    fn pick(&mut self, batch: &CheckedBatch<'_>, core: &Core) -> Result<()> {
        self.clear();
        // All hashes first: the look-ups that follow then wait for memory side by side.
        self.element_hashes.clear();
        self.element_hashes.extend((0..batch.count).map(|position| core.hasher.hash(batch.key(position))));
        let directory = core.directory();
        let is_upsert = batch.batch.mode == WriteMode::Upsert;
        for (position, &hash) in self.element_hashes.iter().enumerate() {
            let key = batch.key(position);
            let existing = core.find_in(&directory, key, hash);
            if existing.is_some() && !is_upsert {
                continue;
            }
            let place = u32::try_from(self.picked.len()).map_err(|_| SynaError::Limit {
                what: "rows in one batch",
                limit: u64::from(u32::MAX),
                actual: batch.count as u64,
            })?;
            if batch.count > 1 && !is_planted(Fault::MissDuplicates) {
                let picked = &self.picked;
                let hashes = &self.hashes;
                let is_same = |&place: &u32| {
                    picked.get(place as usize).is_some_and(|&earlier| batch.key(earlier) == key)
                };
                let rehash = |&place: &u32| spread(hashes.get(place as usize).copied().unwrap_or(0));
                match self.seen.entry(spread(hash), is_same, rehash) {
                    hashbrown::hash_table::Entry::Occupied(earlier) => {
                        // An insert keeps the first of a key's occurrences, an upsert the last.
                        if is_upsert && let Some(cell) = self.picked.get_mut(*earlier.get() as usize) {
                            *cell = position;
                        }
                        continue;
                    }
                    hashbrown::hash_table::Entry::Vacant(free) => {
                        free.insert(place);
                    }
                }
            }
            self.picked.push(position);
            self.hashes.push(hash);
            self.replaced.push(existing);
            self.deletions.extend(existing);
        }
        Ok(())
    }

    /// Lays out the sections of the frame.
    fn lay_out(&mut self, batch: &CheckedBatch<'_>) -> Result<()> {
        let too_long = |actual| SynaError::Limit {
            what: "bytes of keys in one batch (split it)",
            limit: 1 << 30,
            actual,
        };
        for &position in &self.picked {
            self.row_checksums.extend(self.element_checksums.get(position));
            self.key_bytes.extend_from_slice(batch.key(position));
            let end =
                u32::try_from(self.key_bytes.len()).map_err(|_| too_long(self.key_bytes.len() as u64))?;
            self.key_ends.push(end);
        }
        if self.picked.iter().any(|&position| batch.tags(position) != 0) && !is_planted(Fault::LoseTags) {
            self.tags.extend(self.picked.iter().map(|&position| batch.tags(position)));
        }
        if self.picked.iter().any(|&position| !batch.payload(position).is_empty()) {
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
            row_checksums: &self.row_checksums,
            key_ends: &self.key_ends,
            key_bytes: &self.key_bytes,
            tags: &self.tags,
            payload_ends: &self.payload_ends,
            payload_bytes: &self.payload_bytes,
            deletions: &self.deletions,
        }
    }
}

/// Writes a batch and shows it to readers; returns how many rows it made.
pub(super) fn write_batch(
    core: &Core,
    appender: &mut Appender,
    plan: &mut Plan,
    batch: &WriteBatch<'_>,
) -> Result<usize> {
    appender.refuse_if_failed()?;
    let batch = CheckedBatch::check(batch, core, &mut plan.element_checksums)?;
    plan.pick(&batch, core)?;
    if plan.picked.is_empty() {
        return Ok(0);
    }
    plan.lay_out(&batch)?;
    let count = plan.picked.len();
    match batch.batch.vectors {
        BatchVectors::RowMajor(floats) if count == batch.count => {
            commit(core, appender, plan, Vectors::RowMajor(floats))?
        }
        _ => {
            let scattered: Vec<&[f32]> = plan.picked.iter().map(|&position| batch.vector(position)).collect();
            commit(core, appender, plan, Vectors::Scattered(&scattered))?;
        }
    }
    Ok(count)
}

/// Deletes the row of a key; `false` where there is no such key.
pub(super) fn delete_key(core: &Core, appender: &mut Appender, plan: &mut Plan, key: &str) -> Result<bool> {
    appender.refuse_if_failed()?;
    let Some(row) = core.find(key) else { return Ok(false) };
    plan.clear();
    plan.deletions.push(row);
    commit(core, appender, plan, Vectors::RowMajor(&[]))?;
    let hash = core.hasher.hash(key.as_bytes());
    core.directory_mut().remove(hash, row);
    Ok(true)
}

/// Appends what the plan says and publishes it. Whatever needs memory is allocated before anything is written.
fn commit(core: &Core, appender: &mut Appender, plan: &Plan, vectors: Vectors<'_>) -> Result<()> {
    let before = appender.position();
    let row_count = u32::try_from(plan.picked.len()).unwrap_or(u32::MAX);
    if before.rows.checked_add(row_count).is_some() {
        core.rows.reserve(before.rows, row_count, &plan.deletions)?;
    }
    core.directory_mut().try_reserve(plan.picked.len())?;
    let offset_bytes = appender.append(vectors, &plan.content(before.rows))?;
    let frame = core.data.known_frame(offset_bytes).ok_or_else(|| SynaError::Internal {
        what: "a frame that was just written is not there".to_owned(),
    })?;
    core.rows.add(&frame, offset_bytes, before.deletions)?;
    // Readers that look a key up hold this lock, so they see directory and snapshot of one moment.
    let mut directory = core.directory_mut();
    for ((row, &hash), &replaced) in (before.rows..).zip(&plan.hashes).zip(&plan.replaced) {
        match replaced {
            Some(old_row) => directory.replace(hash, old_row, row),
            None => directory.add(hash, row),
        }
    }
    let after = appender.position();
    core.published.store(Snapshot { rows: after.rows, deletions: after.deletions });
    Ok(())
}
