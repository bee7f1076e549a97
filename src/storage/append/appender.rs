//! Writing to a data file: rows, then the frame; at a checkpoint a sync, then the superblock.
//!
//! No position advances before its bytes are in the file, so after a failure the next attempt starts at the same place.
//! The caller publishes the row count that decides what readers see.

use super::rewrite::write_again;
use super::row_writer::{NewRows, Placement, RowWriter, erase_rows};
use super::value_writer::write_values;
use crate::failpoint::{Failpoint, is_failpoint_set};
use crate::short_path::ShortPath;
use crate::storage::file::data_file::DataFile;
use crate::storage::file::extent_header::{ExtentKind, MAX_ROWS};
use crate::storage::file::log_head::wipe_taken;
use crate::storage::format::frame::Frame;
use crate::storage::format::frame_encode;
use crate::storage::format::frame_shape::FrameLink;
use crate::storage::format::place::Place;
use crate::storage::format::superblock::{LogPosition, Superblock, slot_offset};
use crate::storage::io::medium::{Storage, write_all_at};
use crate::storage::platform::file_types::FolderSyncError;
use crate::{Result, SynaError};
use std::ops::Range;
use std::sync::Arc;

/// The writer of one file. There is one at a time.
#[derive(Debug)]
pub(crate) struct Appender {
    storage: Arc<dyn Storage>,
    pub(super) data: Arc<DataFile>,
    /// The newest superblock, as the file shows it.
    superblock: Superblock,
    pub(super) position: LogPosition,
    /// The part of the log that recovery found after the checkpoint; `None` after it and the newest slot were written
    /// again and synced. After a failed sync the page cache may show bytes that are not on the disk.
    unsynced_tail: Option<Range<LogPosition>>,
    /// The last frame that survives a power failure.
    durable_sequence: u64,
    session: u64,
    /// The expected number of rows, for the size of extents.
    pub(super) planned_rows: u64,
    /// Whether no leftovers are where new bytes will go; see `clear_leftovers`.
    pub(super) is_clean: bool,
    /// Whether the file's name was synced in this session.
    is_name_safe: bool,
    /// Set when a sync failed. It is unknown then what is on the disk, so nothing more is written.
    failed: Option<String>,
    rows: RowWriter,
    pub(super) frame: Vec<u8>,
}

/// Logs that the store is disabled, and returns the reason.
fn disable(what: &str, data: &DataFile, error: &std::io::Error) -> String {
    let path = data.path.display();
    log::error!("{what} {path} failed ({error}); the store refuses writes until it is opened again");
    format!("{what} {} failed ({error})", ShortPath::in_text(&data.path))
}

impl Appender {
    /// A writer that continues after `position`, which a replay has returned.
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        data: Arc<DataFile>,
        superblock: Superblock,
        position: LogPosition,
        session: u64,
        planned_rows: u64,
        may_start_threads: bool,
    ) -> Self {
        Self {
            storage,
            data,
            superblock,
            position,
            unsynced_tail: Some(superblock.position..position),
            durable_sequence: superblock.position.sequence,
            session,
            planned_rows,
            is_clean: false,
            is_name_safe: false,
            failed: None,
            rows: RowWriter::new(may_start_threads),
            frame: Vec::new(),
        }
    }

    pub(crate) fn position(&self) -> LogPosition {
        self.position
    }

    /// The newest superblock, as the file shows it.
    pub(crate) fn superblock(&self) -> &Superblock {
        &self.superblock
    }

    /// The number of the last write, over the store's life.
    pub(crate) fn last_write(&self) -> u64 {
        self.superblock.write_count(&self.position)
    }

    /// The number of the last write that survives a power failure.
    pub(crate) fn last_durable_write(&self) -> u64 {
        self.superblock.sequence_base.wrapping_add(self.durable_sequence)
    }

    /// Whether anything was written since the last checkpoint.
    pub(crate) fn is_dirty(&self) -> bool {
        self.position.sequence != self.superblock.position.sequence
            || self.data.user_block() != self.superblock.user_block
    }

    /// # Errors
    /// [`SynaError::Poisoned`] after a failed sync.
    pub(crate) fn refuse_if_failed(&self) -> Result<()> {
        match &self.failed {
            None => Ok(()),
            Some(cause) => Err(SynaError::Poisoned { cause: cause.clone() }),
        }
    }

    /// Writes one batch and returns the offset of its frame. On an error no position has advanced.
    ///
    /// # Errors
    /// Also those of the batch; the space for its rows is unchanged then.
    pub(crate) fn append<'a>(&mut self, batch: &mut impl NewRows<'a>) -> Result<u64> {
        self.refuse_if_failed()?;
        let too_many = |what, actual| SynaError::Limit { what, limit: MAX_ROWS, actual };
        let most_end = u64::from(self.position.rows) + batch.most_rows() as u64;
        if most_end > MAX_ROWS {
            return Err(too_many("rows ever written to one store", most_end));
        }
        let link = FrameLink {
            sequence: self.position.sequence + 1,
            session: self.session,
            previous: self.position.chain,
        };
        self.clear_leftovers()?;
        // The extent is added after its rows were written: a refused batch takes no disk space.
        let added = match most_end.saturating_sub(self.data.extents.row_capacity()) {
            0 => None,
            missing => Some(self.take_space(ExtentKind::Vectors, missing)?),
        };
        let (frame, before) = (&mut self.frame, self.position);
        let (mut deletions, mut encoded) = (before.deletions, 0);
        let finish = |batch: &mut _| {
            let content = NewRows::content(batch)?;
            encoded = content.key_ends.len();
            let count = u64::from(before.deletions) + content.deletions.len() as u64;
            deletions =
                u32::try_from(count).map_err(|_| too_many("rows ever deleted from one store", count))?;
            frame_encode::encode(&content, link, frame)
        };
        let written = self.rows.write(&Placement { data: &self.data, added }, before.rows, batch, finish);
        if written.is_err() && added.is_some() {
            self.give_space_back();
        }
        written?;
        let count = self.rows.checksums.len();
        if count != encoded {
            erase_rows(&self.data, before.rows, count);
            return Err(SynaError::Internal { what: format!("{count} rows have {encoded} keys") });
        }
        if let Some(header) = added {
            self.add_extent(header)?;
        }
        let rows_end = u64::from(before.rows) + count as u64;
        let covered = self.data.extents.cover_rows(rows_end);
        let checksums = &mut self.rows.checksums;
        let place = covered
            .and_then(|()| write_values(&self.data, before.rows, batch.values(), checksums))
            .and_then(|()| self.place_for_frame());
        let (ordinal, at) = place.inspect_err(|_| erase_rows(&self.data, before.rows, count))?;
        let chain =
            frame_encode::finish(&mut self.frame, &self.rows.checksums, Place::new(&self.data.identity, at));
        let written =
            write_all_at(&*self.data.file, &self.frame, at).map_err(|e| self.data.io("writing to", e));
        if !is_failpoint_set(Failpoint::AdvanceOnFailure) {
            written?;
        }
        self.position = LogPosition {
            sequence: link.sequence,
            chain,
            extent: ordinal,
            head: at + self.frame.len() as u64,
            rows: before.rows + u32::try_from(count).unwrap_or(u32::MAX),
            deletions,
        };
        Ok(at)
    }

    /// The frame that [`Appender::append`] has just written, from memory: its pages of the mapping are not there yet.
    pub(crate) fn last_frame(&self) -> Result<Frame<'_>> {
        let what = "the frame that was just written is missing";
        Frame::known(&self.frame).ok_or_else(|| SynaError::Internal { what: what.to_owned() })
    }

    /// Before the first write: removes the leftovers of a power failure or a failed write from where new bytes will go.
    ///
    /// A frame may have lost its rows, or an extent the previous one. Recovery ended there. But after the next write
    /// they could look valid, and discarded writes would come back instead of the new ones.
    pub(super) fn clear_leftovers(&mut self) -> Result<()> {
        if self.is_clean {
            return Ok(());
        }
        let data = Arc::clone(&self.data);
        let mut is_changed =
            !is_failpoint_set(Failpoint::LeaveStaleHeads) && wipe_taken(&data, &self.position)?;
        let end = data.extents.end_bytes();
        let length = data.file.length_bytes().map_err(|e| data.io("reading", e))?;
        if length > end && !is_failpoint_set(Failpoint::LeaveStaleExtents) {
            data.file.truncate(end).map_err(|e| data.io("truncating", e))?;
            is_changed = true;
        }
        if is_changed {
            self.sync_file()?;
        }
        self.is_clean = true;
        Ok(())
    }

    /// Makes every batch so far survive a power failure.
    ///
    /// # Errors
    /// If the sync itself fails: [`SynaError::Io`] once and [`SynaError::Poisoned`] from then on. Linux forgets which
    /// pages were not written, so a second sync would succeed and prove nothing.
    pub(crate) fn sync(&mut self) -> Result<()> {
        self.refuse_if_failed()?;
        if self.durable_sequence == self.position.sequence && self.unsynced_tail.is_none() {
            return Ok(());
        }
        if let Some(unsynced_tail) =
            self.unsynced_tail.as_ref().filter(|_| !is_failpoint_set(Failpoint::ForgetRewrite))
        {
            write_again(&self.data, &self.superblock, unsynced_tail)?;
        }
        self.sync_file()?;
        if !self.is_name_safe {
            self.sync_name()?;
        }
        self.unsynced_tail = None;
        self.durable_sequence = self.position.sequence;
        Ok(())
    }

    /// Makes sure that this file still has its name after a power failure: a compaction, or the creation of the file,
    /// may have failed just before its own sync of the folder.
    ///
    /// # Errors
    /// [`SynaError::Io`]. If the sync failed, the store refuses writes, because the file may have no name after a power
    /// failure. If it could not be started, it is due again.
    pub(crate) fn sync_name(&mut self) -> Result<()> {
        if !is_failpoint_set(Failpoint::SkipNameSync) {
            self.storage.sync_folder(&self.data.path).map_err(|error| {
                if let FolderSyncError::Failed(error) = &error {
                    self.failed = Some(disable("syncing the folder of", &self.data, error));
                }
                self.data.not_durable("syncing the folder of", error.into())
            })?;
        }
        self.is_name_safe = true;
        Ok(())
    }

    fn sync_file(&mut self) -> Result<()> {
        self.data.file.sync().map_err(|error| {
            if !is_failpoint_set(Failpoint::RetrySync) {
                self.failed = Some(disable("syncing", &self.data, &error));
            }
            self.data.not_durable("syncing", error)
        })
    }

    /// Syncs, then writes the older slot, which names what was synced, then syncs the slot.
    pub(crate) fn checkpoint(&mut self) -> Result<()> {
        self.refuse_if_failed()?;
        if !self.is_dirty() {
            return if self.is_name_safe { Ok(()) } else { self.sync_name() };
        }
        if !is_failpoint_set(Failpoint::SkipDataSync) && !is_failpoint_set(Failpoint::SlotBeforeData) {
            self.sync()?;
        }
        let before = self.superblock;
        self.write_slot()?;
        let is_synced = match is_failpoint_set(Failpoint::SlotBeforeData) {
            true => self.sync().and_then(|()| self.sync_file()),
            false => self.sync_file(),
        };
        // The slot may not be on the disk, so it is due again.
        is_synced.inspect_err(|_| self.superblock = before)
    }

    /// Writes the current state to the older slot.
    fn write_slot(&mut self) -> Result<()> {
        let superblock = Superblock {
            generation: self.superblock.generation + 1,
            position: self.position,
            extent_count: self.data.extents.count(),
            extents_end: self.data.extents.end_bytes(),
            user_block: match is_failpoint_set(Failpoint::KeepUserBlock) {
                true => self.superblock.user_block,
                false => self.data.user_block(),
            },
            ..self.superblock
        };
        write_all_at(&*self.data.file, &superblock.encode(), slot_offset(superblock.generation))
            .map_err(|e| self.data.io("writing to", e))?;
        self.superblock = superblock;
        Ok(())
    }

    /// Asks the system to start writing the bytes so far to the disk.
    pub(crate) fn begin_sync(&self) {
        self.data.file.begin_sync(0, self.data.extents.end_bytes());
    }

    /// Writes the bytes so far to the disk, so that [`Appender::seal`] takes less time.
    pub(crate) fn sync_ahead(&mut self) -> Result<()> {
        self.sync_file()
    }

    /// Completes a file that has no name yet, so that it can replace another one. `last_write`: the number of the last
    /// write that it contains. Afterwards all of it is on the disk, and both slots name it.
    pub(crate) fn seal(&mut self, last_write: u64) -> Result<()> {
        self.refuse_if_failed()?;
        self.superblock.sequence_base = last_write.wrapping_sub(self.position.sequence);
        for _ in 0..2 {
            self.write_slot()?;
        }
        // No other process knows the file, so the order of slots and data does not matter.
        if !is_failpoint_set(Failpoint::SealWithoutSync) {
            self.sync_file()?;
        }
        self.unsynced_tail = None;
        self.durable_sequence = self.position.sequence;
        Ok(())
    }
}
