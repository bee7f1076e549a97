//! Vectors: where a row is, and whether it matches its frame.

use super::extents::{Extent, Kind};
use super::fields::Identity;
use super::frame::Frame;
use super::source::{Source, Window};
use crc32c::{crc32c, crc32c_append};
use std::io;

/// The rows of a file, and which of them are deleted.
pub struct Vectors<'s> {
    identity: Identity,
    /// Vector extents, by their first row.
    extents: Vec<Extent>,
    window: Window<'s>,
    /// One for each column.
    values: Vec<Window<'s>>,
    /// One bit a row, up to the last deleted row.
    deleted: Vec<u64>,
}

impl<'s> Vectors<'s> {
    pub fn new(source: &'s Source, identity: Identity, extents: &[Extent]) -> Self {
        let mut extents: Vec<Extent> = extents.iter().filter(|e| e.kind == Kind::Vectors).copied().collect();
        extents.sort_by_key(|extent| extent.first_row);
        let values = (0..identity.columns).map(|_| Window::new(source)).collect();
        Self { identity, extents, window: Window::new(source), values, deleted: Vec::new() }
    }

    fn extent_of(&self, row: u64) -> Option<&Extent> {
        extent_of(&self.extents, row)
    }

    /// The offset of a row's vector.
    fn offset_of(&self, row: u64) -> Option<u64> {
        let extent = self.extent_of(row)?;
        let in_extent = (row - extent.first_row).checked_mul(self.identity.stride_bytes().into())?;
        extent.data_at().checked_add(in_extent)
    }

    /// Whether all rows of a frame are in vector extents.
    pub fn has_room_for(&self, frame: &Frame) -> bool {
        let mut row = u64::from(frame.first_row);
        while row < frame.rows_end() {
            let Some(extent) = self.extent_of(row) else { return false };
            row = extent.first_row.saturating_add(extent.capacity);
        }
        true
    }

    /// How many rows of a valid frame do not match their checksums, and offset and number of the first one.
    pub fn differing(&mut self, frame: &Frame, log: &Window<'s>) -> io::Result<(u64, Option<(u64, u64)>)> {
        let (mut count, mut first) = (0, None);
        let Some(sections) = frame.sections() else { return Ok((0, None)) };
        let mut checksums = log.clone();
        let bytes = u64::from(self.identity.vector_bytes());
        for (position, row) in (0..).zip(u64::from(frame.first_row)..frame.rows_end()) {
            let expected = checksums.word(sections.row_checksums.saturating_add(4 * position))?;
            let Some(at) = self.offset_of(row) else { continue };
            let mut computed = self.window.bytes(at, bytes)?.map(crc32c);
            for (column, values) in (0..).zip(&mut self.values) {
                let value = offset_of_value(&self.extents, self.identity, column, row);
                let value = match value {
                    Some(at) => values.bytes(at, 8)?,
                    None => None,
                };
                computed = computed.zip(value).map(|(checksum, value)| crc32c_append(checksum, value));
            }
            if computed.is_none() || computed != expected {
                count += 1;
                first = first.or(Some((at, row)));
            }
        }
        Ok((count, first))
    }

    /// Marks the rows that a frame deletes, and checks those that it updates. `Err` says which row is invalid.
    pub fn delete_or_update(&mut self, frame: &Frame, log: &Window<'s>) -> io::Result<Result<(), String>> {
        let Some(sections) = frame.sections() else { return Ok(Ok(())) };
        let mut listed = log.clone();
        let mut found = Ok(());
        let does = if frame.is_update() { "updates" } else { "deletes" };
        let mut before = None;
        for position in 0..u64::from(frame.listed_count) {
            let at = sections.listed.saturating_add(4 * position);
            let Some(row) = listed.word(at)? else { break };
            if row >= frame.first_row {
                found = Err(format!("it {does} row {row}, which is not before its first row"));
                continue;
            }
            if frame.is_update() {
                if before >= Some(row) {
                    found = Err(format!("it updates row {row} after a row that is not lower"));
                }
                before = Some(row);
                let place = usize::try_from(row / 64).unwrap_or(usize::MAX);
                if self.deleted.get(place).is_some_and(|bits| bits >> (row % 64) & 1 == 1) {
                    found = Err(format!("it updates row {row}, which was deleted before"));
                }
                continue;
            }
            // At most 512 MiB: one bit for each row number below this frame's first row.
            let (place, bit) = (usize::try_from(row / 64).unwrap_or(usize::MAX), 1_u64 << (row % 64));
            if place >= self.deleted.len() {
                self.deleted.resize(place.saturating_add(1), 0);
            }
            let Some(bits) = self.deleted.get_mut(place) else { break };
            if *bits & bit != 0 {
                found = Err(format!("it deletes row {row}, which was deleted before"));
            }
            *bits |= bit;
        }
        Ok(found)
    }
}

/// The extent of a row, of extents by their first row.
fn extent_of(extents: &[Extent], row: u64) -> Option<&Extent> {
    let behind = extents.partition_point(|extent| extent.first_row <= row);
    let extent = extents.get(behind.checked_sub(1)?)?;
    (row - extent.first_row < extent.capacity).then_some(extent)
}

/// The offset of a row's value in a column: behind the vectors of its extent, column after column.
fn offset_of_value(extents: &[Extent], identity: Identity, column: u64, row: u64) -> Option<u64> {
    let extent = extent_of(extents, row)?;
    let vectors = extent.capacity.checked_mul(identity.stride_bytes().into())?;
    let place = column.checked_mul(extent.capacity)?.checked_add(row - extent.first_row)?;
    extent.data_at().checked_add(vectors)?.checked_add(place.checked_mul(8)?)
}
