//! Where the payloads of the rows are in the file.
//!
//! Memory: 16 bytes for each frame that contains payloads, and 24 to 48 bytes for each row whose payload was updated. A
//! compaction writes updated payloads into the frames of their rows.

use crate::append_table::AppendTable;
use crate::storage::{DataFile, Frame};
use crate::sync::{AtomicU32, AtomicU64, Ordering, RwLock};
use crate::{Result, memory};
use std::collections::HashMap;
use std::sync::PoisonError;

/// A frame that contains the payloads of its rows.
#[derive(Debug, Default)]
struct PayloadFrame {
    first_row: AtomicU32,
    offset_bytes: AtomicU64,
}

/// The frame of an update, and the position of a payload in it.
type UpdatedPlace = (u64, u32);

/// See the module. The writer adds frames; readers look up rows of published frames.
#[derive(Debug, Default)]
pub(crate) struct PayloadTable {
    frames: AppendTable<PayloadFrame, 4>,
    frame_count: AtomicU32,
    updated: RwLock<HashMap<u32, UpdatedPlace, foldhash::fast::RandomState>>,
    /// The number of rows in `updated`. While it is 0, lookups take no lock.
    updated_count: AtomicU32,
}

impl PayloadTable {
    /// Allocates what [`PayloadTable::add`] will need for one frame with `updated_rows` updated payloads.
    pub(crate) fn reserve(&self, updated_rows: usize) -> Result<()> {
        self.frames.get_or_grow(self.frame_count.load(Ordering::Relaxed) as usize)?;
        if updated_rows > 0 {
            let mut updated = self.updated.write().unwrap_or_else(PoisonError::into_inner);
            updated
                .try_reserve(updated_rows)
                .map_err(|_| memory::refused::<(u32, UpdatedPlace)>(updated_rows))?;
        }
        Ok(())
    }

    /// Adds a frame that contains payloads and begins at `offset_bytes` in the file.
    pub(crate) fn add(&self, frame: &Frame<'_>, offset_bytes: u64) -> Result<()> {
        if frame.is_update() {
            self.reserve(frame.updates().count())?;
            let mut updated = self.updated.write().unwrap_or_else(PoisonError::into_inner);
            updated.extend((0..).zip(frame.updates()).map(|(position, row)| (row, (offset_bytes, position))));
            self.updated_count.store(u32::try_from(updated.len()).unwrap_or(u32::MAX), Ordering::Release);
            return Ok(());
        }
        let count = self.frame_count.load(Ordering::Relaxed);
        let entry = self.frames.get_or_grow(count as usize)?;
        entry.first_row.store(frame.first_row(), Ordering::Relaxed);
        entry.offset_bytes.store(offset_bytes, Ordering::Relaxed);
        self.frame_count.store(count + 1, Ordering::Release);
        Ok(())
    }

    /// The number of frames, and the first row and the offset of the newest one.
    #[cfg(all(loom, test))]
    pub(super) fn newest_frame(&self) -> (u32, u32, u64) {
        let count = self.frame_count.load(Ordering::Acquire);
        let newest = self.frames.get(count as usize - 1).unwrap();
        (count, newest.first_row.load(Ordering::Relaxed), newest.offset_bytes.load(Ordering::Relaxed))
    }

    /// The payload of a published row; empty if there is none.
    pub(crate) fn payload<'d>(&self, data: &'d DataFile, row: u32) -> &'d [u8] {
        let place = self.updated_place(data, row).or_else(|| self.original_place(data, row));
        place.map_or(&[], |(frame, position)| frame.payload(position))
    }

    fn updated_place<'d>(&self, data: &'d DataFile, row: u32) -> Option<(Frame<'d>, u32)> {
        if self.updated_count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let (offset_bytes, position) =
            *self.updated.read().unwrap_or_else(PoisonError::into_inner).get(&row)?;
        Some((data.known_frame(offset_bytes)?, position))
    }

    /// The frame that contains the row, if it has payloads, and the row's position in it.
    fn original_place<'d>(&self, data: &'d DataFile, row: u32) -> Option<(Frame<'d>, u32)> {
        let entry = |at: u32| self.frames.get(at as usize);
        let (mut low, mut high) = (0, self.frame_count.load(Ordering::Acquire));
        while low < high {
            let middle = low + (high - low) / 2;
            if entry(middle)?.first_row.load(Ordering::Relaxed) <= row {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let found = entry(low.checked_sub(1)?)?;
        let frame = data.known_frame(found.offset_bytes.load(Ordering::Relaxed))?;
        let position = row.checked_sub(frame.first_row())?;
        (position < frame.row_count()).then_some((frame, position))
    }
}
