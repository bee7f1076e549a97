//! Allocating space in the file before anything is written there, all of it or none.

use super::appender::Appender;
use crate::storage::file::extent_header::{ExtentHeader, ExtentKind, MAX_ROWS};
use crate::storage::file::growth;
use crate::storage::file::log_head::heads;
use crate::storage::io::medium::write_all_at;
use crate::{Result, SynaError};
use std::sync::Arc;

impl Appender {
    /// Whether `rows` more rows fit in the existing extents.
    pub(crate) fn has_room_for(&self, rows: usize) -> bool {
        u64::from(self.position.rows) + rows as u64 <= self.data.extents.row_capacity()
    }

    /// Adds an extent with space for at least `needed` rows or bytes of frames, or more if the disk has it.
    pub(super) fn grow(&mut self, kind: ExtentKind, needed: u64) -> Result<()> {
        let header = self.take_space(kind, needed)?;
        self.add_extent(header)
    }

    /// Allocates the space for such an extent.
    pub(super) fn take_space(&mut self, kind: ExtentKind, needed: u64) -> Result<ExtentHeader> {
        let data = Arc::clone(&self.data);
        let mut ahead = growth::ahead(&data.identity, &data.extents, kind, self.planned_rows);
        loop {
            let header = growth::next_extent(&data.identity, &data.extents, kind, needed.max(ahead));
            match self.allocate_behind_extents(header.length_bytes) {
                // The disk may have space for what is needed, though not for what is planned.
                Err(SynaError::NoSpace { .. }) if ahead > needed && self.is_clean => ahead /= 4,
                result => return result.map(|()| header),
            }
        }
    }

    /// Writes the header of an extent whose space is allocated, and maps it. On an error the file has its old length.
    pub(super) fn add_extent(&mut self, header: ExtentHeader) -> Result<()> {
        let data = &*self.data;
        let at = data.extents.end_bytes();
        let added = write_all_at(&*data.file, &header.encode(&data.identity, at), at)
            .and_then(|()| data.file.map(at, header.length_bytes));
        match added {
            Ok(region) => data.extents.push(header, region),
            Err(error) => {
                let error = with_needed_bytes(data.io("growing", error), header.length_bytes);
                self.give_space_back();
                Err(error)
            }
        }
    }

    /// Allocates space after the last extent, all of it or none.
    fn allocate_behind_extents(&mut self, length_bytes: u64) -> Result<()> {
        let data = &*self.data;
        let allocated = data.file.allocate(data.extents.end_bytes(), length_bytes);
        let failed = |error| with_needed_bytes(data.io("growing", error), length_bytes);
        allocated.map_err(failed).inspect_err(|_| self.give_space_back())
    }

    /// Truncates the file after the last extent. If this fails, the next write finds the file too long and truncates it.
    pub(super) fn give_space_back(&mut self) {
        self.is_clean = self.data.file.truncate(self.data.extents.end_bytes()).is_ok();
    }

    /// Allocates, in an empty file, exactly so much space for rows and frames.
    pub(crate) fn reserve_exactly(&mut self, rows: u64, log_bytes: u64) -> Result<()> {
        self.clear_leftovers()?;
        let data = Arc::clone(&self.data);
        if rows > 0 {
            let vectors = growth::exact_extent(&data.identity, &data.extents, rows);
            self.allocate_behind_extents(vectors.length_bytes)?;
            self.add_extent(vectors)?;
            let log = growth::next_extent(&data.identity, &data.extents, ExtentKind::Log, log_bytes);
            self.allocate_behind_extents(log.length_bytes)?;
            self.add_extent(log)?;
        }
        Ok(())
    }

    /// Allocates space for `rows` rows in total, and for their frames, estimated.
    pub(crate) fn reserve(&mut self, rows: u64) -> Result<()> {
        self.refuse_if_failed()?;
        if rows > MAX_ROWS {
            return Err(SynaError::Limit { what: "rows in one store", limit: MAX_ROWS, actual: rows });
        }
        self.clear_leftovers()?;
        let data = Arc::clone(&self.data);
        let missing_rows = rows.saturating_sub(data.extents.row_capacity());
        let log_bytes = growth::log_bytes_for(rows.saturating_sub(u64::from(self.position.rows)));
        let missing_log = log_bytes.saturating_sub(self.log_room());
        if missing_rows == 0 {
            return Ok(());
        }
        let extent = |kind, missing: u64, ahead: u64| {
            (missing > 0)
                .then(|| growth::next_extent(&data.identity, &data.extents, kind, missing.max(ahead)))
        };
        let ahead = |kind| growth::ahead_of_reserve(&data.identity, &data.extents, kind, self.planned_rows);
        let generous = [ahead(ExtentKind::Vectors), ahead(ExtentKind::Log)];
        // The disk may have space for what is requested, though not for more.
        for [rows_ahead, log_ahead] in [generous, [0, 0]] {
            let vectors = extent(ExtentKind::Vectors, missing_rows, rows_ahead);
            let log = extent(ExtentKind::Log, missing_log, log_ahead);
            // Allocated together, because an extent that was added stays, and the vectors must not get space without
            // the log.
            let length_bytes = vectors.iter().chain(&log).map(|header| header.length_bytes).sum();
            match self.allocate_behind_extents(length_bytes) {
                Err(SynaError::NoSpace { .. }) if rows_ahead > 0 && self.is_clean => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    for header in vectors.into_iter().chain(log) {
                        self.add_extent(ExtentHeader { ordinal: data.extents.count(), ..header })?;
                    }
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The extent and the offset of the current frame. A head that is skipped is wiped, because leftovers of a failed
    /// write there could be mistaken for this frame.
    pub(super) fn place_for_frame(&mut self) -> Result<(u32, u64)> {
        let length = self.frame.len() as u64;
        let mut first = self.position.extent;
        loop {
            for head in heads(&self.data, &self.position, first) {
                if length <= head.room_bytes {
                    return Ok((head.ordinal, head.offset_bytes));
                }
                head.wipe(&self.data)?;
            }
            first = self.data.extents.count();
            self.grow(ExtentKind::Log, length)?;
        }
    }

    /// The bytes of frames that fit in the log.
    fn log_room(&self) -> u64 {
        heads(&self.data, &self.position, self.position.extent).map(|head| head.room_bytes).sum()
    }
}

/// Adds the requested bytes to a `NoSpace` error.
fn with_needed_bytes(error: SynaError, bytes: u64) -> SynaError {
    match error {
        SynaError::NoSpace { path, source, .. } => SynaError::NoSpace { path, needed_bytes: bytes, source },
        other => other,
    }
}
