//! Salvaging a damaged store.

use crate::Result;
use crate::column::values_of_columns;
use crate::memory;
use crate::storage::{Disk, Storage};
use crate::store::api::store::MmapVectorStore;
use crate::store::config::{MmapVectorConfig, OpenMode};
use crate::store::inner::{Role, lock};
use crate::store::state::key::Key;
use crate::store::state::shared_state::live_rows;
use crate::store::write::batch::{BatchKeys, BatchPayloads, BatchVectors, WriteBatch, WriteMode};
use std::path::Path;
use std::sync::Arc;

/// The result of [`MmapVectorStore::salvage`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SalvageReport {
    /// Live rows in the new file.
    pub rows: u64,
    /// How many other vectors the old file is known to have had at its last checkpoint.
    pub lost: u64,
}

/// Rows of a batch that salvage writes.
const SALVAGE_BATCH_ROWS: usize = 1024;

/// See [`MmapVectorStore::salvage`].
fn salvage(from: &Path, to: &Path) -> Result<SalvageReport> {
    let quiet = MmapVectorConfig {
        dimensions: 0,
        metric_from_file: true,
        key_kind_from_file: true,
        element_from_file: true,
        index_threshold: 0,
        checkpoint_interval_secs: 0,
        ..MmapVectorConfig::default()
    };
    let damaged = OpenMode { damaged: true, must_exist: true, ..OpenMode::default() };
    let old = MmapVectorStore::new(from, MmapVectorConfig { open: damaged, ..quiet.clone() })?;
    let must_create = OpenMode { must_create: true, ..OpenMode::default() };
    let new = MmapVectorStore::new(
        to,
        MmapVectorConfig {
            dimensions: old.dimensions(),
            small_dimensions: true,
            metric: old.metric(),
            metric_from_file: false,
            key_kind: old.key_kind(),
            key_kind_from_file: false,
            element: old.element(),
            element_from_file: false,
            user_block: old.user_block(),
            columns: old.columns(),
            open: must_create,
            ..quiet
        },
    )?;
    let new_data = Arc::clone(&new.state().data);
    let rows = match copy_rows(&old, new) {
        Ok(rows) => rows,
        Err(error) => {
            // An incomplete store is useless, and would block the next attempt.
            let _ = new_data
                .check_place(&Disk)
                .and_then(|()| Disk.remove(&new_data.path).map_err(|error| new_data.io("removing", error)));
            return Err(error);
        }
    };
    let Role::Reader(replayed) = &old.inner.role else { return Ok(SalvageReport { rows, lost: 0 }) };
    let replayed = *lock(replayed)?;
    // Without a superblock only the frames in the file are known.
    let known = if replayed.superblock.is_lost() { replayed.position } else { replayed.superblock.position };
    let promised = u64::from(known.rows.saturating_sub(known.deletions));
    Ok(SalvageReport { rows, lost: promised.saturating_sub(rows) })
}

/// Writes the rows of `old` into `new`, closes `new`, and returns their number.
fn copy_rows(old: &MmapVectorStore, new: MmapVectorStore) -> Result<u64> {
    let state = &old.state();
    let columns = state.data.schema.columns();
    let live = live_rows(state, state.published.load());
    let is_valid = |&row: &u32| state.is_valid(row).is_ok_and(|is_valid| is_valid);
    let rows = memory::collected(live.filter(is_valid))?;
    for piece in rows.chunks(SALVAGE_BATCH_ROWS) {
        let keys = memory::all(piece.iter().map(|&row| state.key(row).map(Key::as_bytes)))?;
        let vectors = memory::all(piece.iter().map(|&row| state.stored(row)))?;
        let tags = memory::collected(piece.iter().map(|&row| state.tags(row)))?;
        let payloads = memory::collected(piece.iter().map(|&row| state.payload(row)))?;
        let bits = |column| piece.iter().map(move |&row| state.rows.values.bits(&state.data, column, row));
        let values = memory::collected((0..columns.len()).flat_map(bits))?;
        let of_column = |column| values.get(column * piece.len()..(column + 1) * piece.len());
        let values = values_of_columns(columns, |column| of_column(column).unwrap_or_default());
        new.write(&WriteBatch {
            keys: BatchKeys::Bytes(&keys),
            vectors: BatchVectors::Stored(&vectors),
            tags: Some(&tags),
            payloads: BatchPayloads::Slices(&payloads),
            columns: values.get(..columns.len()).unwrap_or_default(),
            mode: WriteMode::Upsert,
            ..WriteBatch::default()
        })?;
    }
    new.close()?;
    Ok(rows.len() as u64)
}

impl MmapVectorStore {
    /// Writes the intact rows of the damaged file `from`, with tags and payloads, into the new file `to`. `from` is
    /// only read and stays unchanged.
    ///
    /// A row is intact if its vector matches its checksum and is one of the element type, and the record of its write is intact. If the record of a
    /// deletion or replacement is damaged, the row that it removed is back; if that of an update is damaged, the row has its
    /// earlier tags or payload. The kind of keys and the user block are kept. Rows are renumbered in the old order. The
    /// file may be truncated, and headers of extents may be damaged. It needs one intact superblock or one intact
    /// header of an extent, because these contain the dimensions and the metric; without a superblock, the user block is
    /// lost. The new file has no index.
    ///
    /// # Errors
    /// As [`MmapVectorStore::new`] for both files; `to` must not exist. A new file `to` is removed.
    pub fn salvage(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<SalvageReport> {
        salvage(from.as_ref(), to.as_ref())
    }
}
