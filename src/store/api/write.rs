//! Writing and deleting rows.

use crate::Result;
use crate::store::api::store::MmapVectorStore;
use crate::store::search::filter::Filter;
use crate::store::search::selection::matching_rows;
use crate::store::write::apply::{delete_rows, write_batch};
use crate::store::write::batch::{
    BatchKeys, BatchPayloads, BatchVectors, RowData, UpdateBatch, WriteBatch, WriteMode, Written,
};
use crate::store::write::update::update_rows;
use crate::store::write::writer::Writer;
use std::sync::Arc;

/// The most deletions of one call for which index work is done. A call that deletes many rows takes no longer because of
/// the index; later writes do the rest of the work.
const COUNTED_DELETIONS: usize = 16;

impl MmapVectorStore {
    /// Stores a vector under a key. If the key exists, it is left unchanged, and the call succeeds.
    /// [`MmapVectorStore::insert_batch`] is many times faster for many vectors.
    ///
    /// # Errors
    /// As [`MmapVectorStore::write`].
    pub fn insert(&self, key: impl AsRef<[u8]>, vector: &[f32]) -> Result<()> {
        self.write(&batch_of(BatchKeys::Bytes(&[key.as_ref()]), &[vector], WriteMode::Insert)).map(|_| ())
    }

    /// Stores many vectors, all or none, and returns how many keys were new. Existing keys are left unchanged. If a key
    /// occurs twice in the batch, the first occurrence counts.
    ///
    /// # Errors
    /// As [`MmapVectorStore::write`].
    pub fn insert_batch(&self, keys: &[&str], vectors: &[&[f32]]) -> Result<usize> {
        Ok(self.write(&batch_of(BatchKeys::Slices(keys), vectors, WriteMode::Insert))?.rows)
    }

    /// Stores a vector under a key and replaces an existing one. The row gets a new number. It has no tags and no
    /// payload, even if the replaced row had some; [`MmapVectorStore::put`] can set them.
    ///
    /// # Errors
    /// As [`MmapVectorStore::write`].
    pub fn upsert(&self, key: impl AsRef<[u8]>, vector: &[f32]) -> Result<()> {
        self.write(&batch_of(BatchKeys::Bytes(&[key.as_ref()]), &[vector], WriteMode::Upsert)).map(|_| ())
    }

    /// Writes one row with its tags and its payload, and returns whether it was written: for [`WriteMode::Insert`], whether
    /// the key was new.
    ///
    /// # Errors
    /// As [`MmapVectorStore::write`].
    pub fn put(
        &self,
        key: impl AsRef<[u8]>,
        vector: &[f32],
        data: &RowData<'_>,
        mode: WriteMode,
    ) -> Result<bool> {
        let (keys, vectors, tags, payloads) = ([key.as_ref()], [vector], [data.tags], [data.payload]);
        let batch = WriteBatch {
            tags: (data.tags != 0).then_some(&tags),
            payloads: match data.payload {
                [] => BatchPayloads::None,
                _ => BatchPayloads::Slices(&payloads),
            },
            ..batch_of(BatchKeys::Bytes(&keys), &vectors, mode)
        };
        Ok(self.write(&batch)?.rows == 1)
    }

    /// Writes a batch of rows and deletions, all or none. When it returns, they survive a kill of the process (with [`crate::Durability::Batch`]
    /// also a power failure), and the next search finds them.
    ///
    /// Searches run meanwhile; writes wait for each other. With automatic indexing, a write also does index work: see
    /// [`crate::MmapVectorConfig::index_threshold`]. A write may also make an automatic checkpoint or save a part of the
    /// index: see [`crate::MmapVectorConfig::checkpoint_interval_secs`]. If this extra work finds no space or no memory, the
    /// failure is logged and the write still succeeds. A failed sync is an error.
    ///
    /// # Errors
    /// [`crate::SynaError::DimensionMismatch`], [`crate::SynaError::InvalidVector`], [`crate::SynaError::InvalidKey`],
    /// [`crate::SynaError::InvalidArgument`], [`crate::SynaError::Limit`], [`crate::SynaError::ReadOnly`]: the store is unchanged.
    /// [`crate::SynaError::NoSpace`], [`crate::SynaError::NoMemory`]: the store is unchanged and remains usable.
    /// [`crate::SynaError::Io`]: it is unknown whether the batch was stored; open the store again to find out.
    /// [`crate::SynaError::Poisoned`] after a failed sync.
    pub fn write(&self, batch: &WriteBatch<'_>) -> Result<Written> {
        let mut writer = self.writer()?;
        let Writer { appender, plan, .. } = &mut *writer;
        // Read under the lock, because a compaction replaces the state under the same lock.
        let state = &self.state();
        let written = write_batch(state, appender, plan, batch)?;
        if written != Written::default() {
            writer.after_write(state, written.rows.max(written.deleted.min(COUNTED_DELETIONS)))?;
        }
        Ok(written)
    }

    /// Sets tags and payloads of existing rows, all or none, and returns how many of the keys exist. The rows keep their
    /// numbers and vectors. A search or a cursor that runs meanwhile may see the old or the new values of each row.
    ///
    /// Cost: one lookup a key and one write, without index work. Disk space: 12 bytes a row for tags, 12 bytes and the
    /// payload for payloads, and 64 bytes for the call, until a compaction. Memory: 24 to 48 bytes for each row whose
    /// payload was updated, until a compaction.
    ///
    /// # Errors
    /// As [`MmapVectorStore::write`]; [`crate::SynaError::InvalidArgument`] for a batch with neither tags nor payloads.
    pub fn update(&self, batch: &UpdateBatch<'_>) -> Result<usize> {
        let mut writer = self.writer()?;
        let state = &self.state();
        let updated = update_rows(state, &mut writer.appender, batch)?;
        if updated > 0 {
            writer.after_write(state, 0)?;
        }
        Ok(updated)
    }

    /// Sets the tags of a key; `false` if the key does not exist. Cost: as [`MmapVectorStore::update`].
    ///
    /// # Errors
    /// As [`MmapVectorStore::update`].
    pub fn set_tags(&self, key: impl AsRef<[u8]>, tags: u64) -> Result<bool> {
        let keys = BatchKeys::Bytes(&[key.as_ref()]);
        Ok(self.update(&UpdateBatch { keys, tags: Some(&[tags]), ..UpdateBatch::default() })? == 1)
    }

    /// Sets the payload of a key; `false` if the key does not exist. An empty payload removes the old one. What was
    /// borrowed of the old payload stays valid. Cost: as [`MmapVectorStore::update`].
    ///
    /// # Errors
    /// As [`MmapVectorStore::update`].
    pub fn set_payload(&self, key: impl AsRef<[u8]>, payload: &[u8]) -> Result<bool> {
        let (keys, payloads) = (BatchKeys::Bytes(&[key.as_ref()]), BatchPayloads::Slices(&[payload]));
        Ok(self.update(&UpdateBatch { keys, payloads, ..UpdateBatch::default() })? == 1)
    }

    /// Deletes a key and its row; `false` if the key does not exist. [`MmapVectorStore::compact`] returns the disk
    /// space of the row.
    ///
    /// # Errors
    /// As [`MmapVectorStore::write`].
    pub fn delete(&self, key: impl AsRef<[u8]>) -> Result<bool> {
        Ok(self.delete_all(BatchKeys::Bytes(&[key.as_ref()]))? == 1)
    }

    /// Deletes many keys and their rows, all or none, and returns how many of the keys existed. Much faster than one call
    /// for each key.
    ///
    /// # Errors
    /// As [`MmapVectorStore::write`].
    pub fn delete_batch(&self, keys: &[&str]) -> Result<usize> {
        self.delete_all(BatchKeys::Slices(keys))
    }

    fn delete_all(&self, keys: BatchKeys<'_>) -> Result<usize> {
        Ok(self.write(&WriteBatch { deletions: keys, ..WriteBatch::default() })?.deleted)
    }

    /// Deletes all rows that meet the conditions, all or none, and returns how many. The conditions are evaluated for the
    /// rows that are live when the call begins; rows that are written meanwhile are not deleted. Without conditions all
    /// rows are deleted.
    ///
    /// Cost: the conditions of every row, then one write. Searches run meanwhile, and other writes until it begins to
    /// delete.
    ///
    /// # Errors
    /// As [`MmapVectorStore::write`].
    pub fn delete_where(&self, filter: &Filter<'_>) -> Result<usize> {
        loop {
            let found_in = self.state();
            let mut rows = matching_rows(&found_in, found_in.published.load(), filter)?;
            let mut writer = self.writer()?;
            let state = &self.state();
            // A compaction in between has renumbered the rows.
            if !Arc::ptr_eq(state, &found_in) {
                continue;
            }
            let now = state.published.load();
            rows.retain(|&row| state.rows.is_live(row, now));
            if rows.is_empty() {
                writer.appender.refuse_if_failed()?;
                return Ok(0);
            }
            let Writer { appender, plan, .. } = &mut *writer;
            delete_rows(state, appender, plan, &rows)?;
            writer.after_write(state, rows.len().min(COUNTED_DELETIONS))?;
            return Ok(rows.len());
        }
    }
}

fn batch_of<'a>(keys: BatchKeys<'a>, vectors: &'a [&'a [f32]], mode: WriteMode) -> WriteBatch<'a> {
    WriteBatch { keys, vectors: BatchVectors::Slices(vectors), mode, ..WriteBatch::default() }
}
