//! Copying live rows into a new file, part by part, while the old one is searched and written to.
//!
//! The frames of the old file are read in order, so that each vector is compared with its checksum before it gets a new
//! one. A damaged vector does not get a valid checksum.

use super::updates::Updates;
use crate::column::{Column, ColumnValues, MAX_COLUMNS, values_of_columns};
use crate::memory;
use crate::storage::{Appender, DataFile, Frame, FrameWalk, Storage, StorageFile, begin_copy, row_offset};
use crate::store::config::MmapVectorConfig;
use crate::store::open::appender::new_appender;
use crate::store::state::rows::Snapshot;
use crate::store::state::shared_state::SharedState;
use crate::store::write::apply::{delete_rows, write_batch};
use crate::store::write::batch::{
    BatchKeys, BatchPayloads, BatchVectors, UpdateBatch, WriteBatch, WriteMode,
};
use crate::store::write::plan::BatchPlan;
use crate::store::write::update::update_rows;
use crate::{Result, SynaError};
use std::path::Path;
use std::sync::Arc;

/// Rows of a part. Small in tests, so that there are many parts.
const PIECE_ROWS: usize = if cfg!(test) { 16 } else { 1024 };
/// Bytes of keys and payloads at which a part ends: far below the limit of a batch.
const PIECE_BYTES: usize = 4 << 20;

/// A new file that is being filled.
#[derive(Debug)]
pub(crate) struct Copier {
    pub(crate) state: Arc<SharedState>,
    pub(crate) appender: Appender,
    plan: BatchPlan,
    /// The last frame whose rows were processed.
    walk: FrameWalk,
    /// Old rows below this were processed.
    next: u32,
    /// The last frame whose updates were collected.
    updates_end: FrameWalk,
    updates: Updates,
    /// Old rows that were updated after they were copied.
    late_updates: Vec<u32>,
    /// The old row of each new row.
    old_rows: Vec<u32>,
}

/// The rows of one part.
#[derive(Default)]
struct Piece<'a> {
    rows: Vec<u32>,
    keys: Vec<&'a [u8]>,
    /// As they are stored.
    vectors: Vec<&'a [u8]>,
    tags: Vec<u64>,
    payloads: Vec<&'a [u8]>,
    /// The values of the rows, one list for each column.
    values: Vec<Vec<u64>>,
    bytes: usize,
}

impl Copier {
    /// Makes `file`, a new file that will be named `path`, an empty store, with space for the rows of a snapshot. `sequence`
    /// is the number of the snapshot's last frame.
    pub(crate) fn begin(
        storage: &Arc<dyn Storage>,
        file: Arc<dyn StorageFile>,
        path: &Path,
        old: &SharedState,
        snapshot: Snapshot,
        sequence: u64,
    ) -> Result<Self> {
        let superblock = begin_copy(&**storage, &*file, path, &old.data)?;
        let extents =
            crate::storage::map_extents(&*file, path, &superblock, crate::storage::Damage::Refused)?;
        let data =
            Arc::new(DataFile::new(path.to_owned(), file, &superblock, old.data.schema.clone(), extents));
        let position = superblock.position;
        // The space is reserved from the snapshot, not from the configuration.
        let config = MmapVectorConfig { initial_capacity: 0, ..MmapVectorConfig::default() };
        let mut copier = Self {
            state: Arc::new(SharedState::new(Arc::clone(&data))),
            appender: new_appender(storage, data, superblock, position, &config)?,
            plan: BatchPlan::default(),
            walk: FrameWalk::new(),
            next: 0,
            updates_end: FrameWalk::new(),
            updates: Updates::default(),
            late_updates: Vec::new(),
            old_rows: Vec::new(),
        };
        copier.collect_updates(old, sequence)?;
        let (rows, log_bytes) = needed_room(old, snapshot, &copier.updates)?;
        copier.appender.reserve_exactly(rows, log_bytes)?;
        Ok(copier)
    }

    /// Collects the updates of tags and payloads up to frame `sequence` of the old log, which was written completely.
    pub(crate) fn collect_updates(&mut self, old: &SharedState, sequence: u64) -> Result<()> {
        while self.updates_end.sequence() < sequence {
            let frame = self.updates_end.next(&old.data).ok_or_else(|| SynaError::Internal {
                what: format!("frame {} is missing", self.updates_end.sequence() + 1),
            })?;
            self.updates.add(&frame, self.updates_end.last_offset())?;
            for row in frame.updates().filter(|&row| row < self.next) {
                memory::push(&mut self.late_updates, row)?;
            }
        }
        Ok(())
    }

    /// The number of old rows that were not processed yet.
    pub(crate) fn left(&self, snapshot: Snapshot) -> u32 {
        snapshot.rows.saturating_sub(self.next)
    }

    /// Copies the next part of the rows that are live in `snapshot`.
    ///
    /// # Errors
    /// [`SynaError::Corrupt`] if a vector differs from its checksum; those of [`write_batch`].
    pub(crate) fn copy_piece(&mut self, old: &SharedState, snapshot: Snapshot) -> Result<()> {
        let mut piece = Piece::default();
        let mut walk = self.walk;
        // The next part begins again with the frame that was only partly copied.
        let mut before = walk;
        let mut next = self.next;
        while next < snapshot.rows && piece.has_room() {
            before = walk;
            let frame = walk
                .next(&old.data)
                .ok_or_else(|| SynaError::Internal { what: format!("no frame holds row {next}") })?;
            while next < walk.rows() && piece.has_room() {
                if old.rows.is_live(next, snapshot) {
                    piece.add(old, &frame, next, &self.updates)?;
                }
                next += 1;
            }
        }
        let count = piece.rows.len();
        self.old_rows
            .try_reserve(count)
            .map_err(|_| SynaError::NoMemory { needed_bytes: 4 * count as u64 })?;
        if count > 0 {
            let columns = piece.columns(old.data.schema.columns());
            let batch = piece.batch(&columns);
            let written = write_batch(&self.state, &mut self.appender, &mut self.plan, &batch)?;
            if written.rows != count {
                return Err(SynaError::Internal {
                    what: format!("{} of {count} rows were copied", written.rows),
                });
            }
        }
        self.old_rows.append(&mut piece.rows);
        self.walk = if next < walk.rows() { before } else { walk };
        self.next = next;
        Ok(())
    }

    /// Deletes copied rows that were deleted or replaced in the old file by `snapshot`.
    pub(crate) fn drop_dead(&mut self, old: &SharedState, snapshot: Snapshot) -> Result<()> {
        let now = self.state.published.load();
        let is_dead = |&(new, &old_row): &(u32, &u32)| {
            self.state.is_visible(new, now) && !old.rows.is_live(old_row, snapshot)
        };
        let dead = memory::collected((0..).zip(&self.old_rows).filter(is_dead).map(|(new, _)| new))?;
        for part in dead.chunks(1 << 16) {
            delete_rows(&self.state, &mut self.appender, &mut self.plan, part)?;
        }
        Ok(())
    }

    /// Updates copied rows as they were updated in the old file since. No write may be in progress there.
    pub(crate) fn update_late(&mut self, old: &SharedState, snapshot: Snapshot) -> Result<()> {
        let mut rows = std::mem::take(&mut self.late_updates);
        rows.sort_unstable();
        rows.dedup();
        rows.retain(|&row| old.rows.is_live(row, snapshot));
        let mut rest = rows.as_slice();
        while !rest.is_empty() {
            let mut piece = Piece::default();
            while let [row, others @ ..] = rest
                && piece.has_room()
            {
                piece.add_metadata(*row, old.key(*row)?.as_bytes(), old.tags(*row), old.payload(*row))?;
                piece.add_values(&old.data, |column| old.rows.values.bits(&old.data, column.into(), *row))?;
                rest = others;
            }
            let columns = piece.columns(old.data.schema.columns());
            update_rows(&self.state, &mut self.appender, &piece.update(&columns))?;
        }
        Ok(())
    }

    pub(crate) fn into_parts(self) -> (Arc<SharedState>, Appender) {
        (self.state, self.appender)
    }
}

impl<'a> Piece<'a> {
    fn has_room(&self) -> bool {
        self.rows.len() < PIECE_ROWS && self.bytes < PIECE_BYTES
    }

    fn add(&mut self, old: &'a SharedState, frame: &Frame<'a>, row: u32, updates: &Updates) -> Result<()> {
        let position = row - frame.first_row();
        let vector = old.stored(row)?;
        if old.data.extents.row_checksum(row) != Some(frame.row_checksum(position)) {
            let what = format!("row {row} differs from its checksum; use salvage to save the intact rows");
            return Err(old.data.corrupt(row_offset(&old.data, row), what));
        }
        memory::push(&mut self.vectors, vector)?;
        let (tags, payload) = updates.values(&old.data, frame, row)?;
        self.add_metadata(row, old.key(row)?.as_bytes(), tags, payload)?;
        self.add_values(&old.data, |column| updates.value(&old.data, column, row))
    }

    fn add_values(&mut self, data: &DataFile, value: impl Fn(u8) -> u64) -> Result<()> {
        let columns = data.identity.columns;
        let missing = usize::from(columns).saturating_sub(self.values.len());
        memory::reserve(&mut self.values, missing)?;
        self.values.resize(columns.into(), Vec::new());
        for (column, values) in (0..columns).zip(&mut self.values) {
            memory::push(values, value(column))?;
        }
        Ok(())
    }

    /// The values as those of a store with these columns, which are those of the piece.
    fn columns(&self, columns: &[Column]) -> [ColumnValues<'_>; MAX_COLUMNS] {
        values_of_columns(columns, |column| self.values.get(column).map_or(&[], Vec::as_slice))
    }

    fn add_metadata(&mut self, row: u32, key: &'a [u8], tags: u64, payload: &'a [u8]) -> Result<()> {
        memory::push(&mut self.rows, row)?;
        memory::push(&mut self.keys, key)?;
        memory::push(&mut self.tags, tags)?;
        memory::push(&mut self.payloads, payload)?;
        self.bytes += key.len() + payload.len();
        Ok(())
    }

    fn update<'p>(&'p self, columns: &'p [ColumnValues<'p>]) -> UpdateBatch<'p> {
        UpdateBatch {
            keys: BatchKeys::Bytes(&self.keys),
            tags: Some(&self.tags),
            payloads: BatchPayloads::Slices(&self.payloads),
            columns: columns.get(..self.values.len()).unwrap_or_default(),
        }
    }

    /// An upsert, because a copied row may have been replaced by a later one.
    fn batch<'p>(&'p self, columns: &'p [ColumnValues<'p>]) -> WriteBatch<'p> {
        WriteBatch {
            keys: BatchKeys::Bytes(&self.keys),
            vectors: BatchVectors::Stored(&self.vectors),
            tags: Some(&self.tags),
            payloads: BatchPayloads::Slices(&self.payloads),
            columns: columns.get(..self.values.len()).unwrap_or_default(),
            mode: WriteMode::Upsert,
            ..WriteBatch::default()
        }
    }
}

/// How many rows of a snapshot are live, and the most bytes that their frames take.
fn needed_room(old: &SharedState, snapshot: Snapshot, updates: &Updates) -> Result<(u64, u64)> {
    const FRAME_BYTES: u64 = 64 + 2 * 16;
    let (mut rows, mut bytes, mut has_tags, mut has_payloads) = (0_u64, 0, false, false);
    let mut walk = FrameWalk::new();
    let mut next = 0;
    while next < snapshot.rows {
        let lost = || SynaError::Internal { what: format!("no frame holds row {next}") };
        let frame = walk.next(&old.data).ok_or_else(lost)?;
        while next < walk.rows().min(snapshot.rows) {
            if old.rows.is_live(next, snapshot) {
                let position = next - frame.first_row();
                rows += 1;
                let (tags, payload) = updates.values(&old.data, &frame, next)?;
                has_tags |= tags != 0;
                has_payloads |= !payload.is_empty();
                bytes += (frame.key(position).1.len() + payload.len()) as u64;
            }
            next += 1;
        }
    }
    // The checksum and the end of the key; the tags; the end of the payload.
    let row_bytes = 8 + u64::from(has_tags) * 8 + u64::from(has_payloads) * 8;
    let pieces = rows / PIECE_ROWS as u64 + bytes / PIECE_BYTES as u64 + 1;
    Ok((rows, bytes + rows * row_bytes + pieces * FRAME_BYTES))
}
