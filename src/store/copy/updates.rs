//! The updates of tags, payloads and values in a log that is being copied.

use crate::memory;
use crate::storage::{DataFile, Frame};
use crate::store::state::values::columns_of;
use crate::{Result, SynaError};
use std::collections::HashMap;

/// The frame of an update, and the position of a row in it.
type Place = (u64, u32);

/// The last updates of a row.
#[derive(Debug, Clone, Copy, Default)]
struct LastUpdates {
    tags: Option<u64>,
    payload: Option<Place>,
}

/// The last updates of each row, up to a position in the log. Memory: 40 to 80 bytes for each updated row, and
/// 20 to 40 for each updated value, while the copy is made.
#[derive(Debug, Default)]
pub(crate) struct Updates {
    rows: HashMap<u32, LastUpdates, foldhash::fast::RandomState>,
    /// The last updates of values, by row and column.
    values: HashMap<(u32, u8), u64, foldhash::fast::RandomState>,
}

impl Updates {
    /// Adds the next frame of the log, which is at `offset_bytes`.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`].
    pub(crate) fn add(&mut self, frame: &Frame<'_>, offset_bytes: u64) -> Result<()> {
        let count = frame.updates().count();
        self.rows.try_reserve(count).map_err(|_| memory::refused::<(u32, LastUpdates)>(count))?;
        for (position, row) in (0..).zip(frame.updates()) {
            let last = self.rows.entry(row).or_default();
            if frame.has_tags() {
                last.tags = Some(frame.tags(position));
            }
            if frame.has_payloads() {
                last.payload = Some((offset_bytes, position));
            }
        }
        let columns = frame.updated_columns();
        let count = count.saturating_mul(columns.count_ones() as usize);
        self.values.try_reserve(count).map_err(|_| memory::refused::<((u32, u8), u64)>(count))?;
        for column in columns_of(columns) {
            for (position, row) in (0..).zip(frame.updates()) {
                self.values.insert((row, column), frame.updated_value(column.into(), position));
            }
        }
        Ok(())
    }

    /// The bits of a row's value in a column: the one that was written with the row, or that of its last update.
    pub(crate) fn value(&self, data: &DataFile, column: u8, row: u32) -> u64 {
        let written = || data.extents.values(column.into(), row)?.first().copied();
        self.values.get(&(row, column)).copied().or_else(written).unwrap_or(0)
    }

    /// The tags and the payload of a row: those in its own frame, or of its last updates.
    pub(crate) fn values<'d>(
        &self,
        data: &'d DataFile,
        frame: &Frame<'d>,
        row: u32,
    ) -> Result<(u64, &'d [u8])> {
        let position = row - frame.first_row();
        let last = self.rows.get(&row).copied().unwrap_or_default();
        let payload = match last.payload {
            None => frame.payload(position),
            Some((offset_bytes, position)) => {
                let lost = || SynaError::Internal { what: format!("no frame updates row {row}") };
                data.known_frame(offset_bytes).ok_or_else(lost)?.payload(position)
            }
        };
        Ok((last.tags.unwrap_or_else(|| frame.tags(position)), payload))
    }
}
