//! Frames: the log records. A frame holds one batch, without its vectors.
//!
//! ```text
//! header 64 | row checksums u32 x n | key ends u32 x n | tags u64 x n ? | payload ends u64 x n ? |
//!           | values of columns u64 x d ? | listed rows u32 x d | key bytes | zeros to 16 | payload bytes | zeros to 16 |
//! ```
//! The listed rows are deleted. In an update, which has no rows of its own (n = 0), they get the d tags, payloads
//! and values of columns.
//!
//! The checksum of a frame covers all of it, including the checksum of the previous frame: this is the chain. Its
//! initial value depends on the store and on the offset of the frame ([`Place`]).

#[cfg(test)]
mod tests;

use super::frame_shape::{FrameLink, Sections, Shape, checksum_of};
use super::layout::{bytes, frame};
use super::place::Place;
use crate::failpoint::{Failpoint, is_failpoint_set};
use std::ops::Range;

/// The length in a frame's header, if the header is one of this place and the length fits in `room_bytes`.
pub(crate) fn claimed_length(header: &[u8], place: Place, room_bytes: u64) -> Option<usize> {
    known_length(header).filter(|&length| place.is_of(header, frame::PLACE) && length as u64 <= room_bytes)
}

/// The same, for a frame that was checked when it was written or replayed.
pub(crate) fn known_length(header: &[u8]) -> Option<usize> {
    if header.get(..frame::MAGIC.end())? != frame::MAGIC_BYTES {
        return None;
    }
    let length = bytes::read_u32(header, frame::LENGTH_BYTES);
    let is_possible = (frame::LENGTH as u64..=frame::MAX_LENGTH_BYTES).contains(&u64::from(length));
    is_possible.then(|| usize::try_from(length).ok())?
}

/// A frame whose checksum and structure were checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    bytes: &'a [u8],
    sections: Sections,
}

impl<'a> Frame<'a> {
    /// Checks `bytes`, whose length is that in the header at `place`. `Err` says what is wrong.
    pub(crate) fn check(bytes: &'a [u8], place: Place) -> std::result::Result<Self, &'static str> {
        Self::check_summed(bytes, place, checksum_of(bytes, place))
    }

    /// The same, with the checksum of all of `bytes`. Reads no more bytes than the counts require, however long the
    /// frame is.
    pub(crate) fn check_summed(
        bytes: &'a [u8],
        place: Place,
        checksum: u32,
    ) -> std::result::Result<Self, &'static str> {
        let is_whole = bytes.len() >= frame::LENGTH
            && place.is_of(bytes, frame::PLACE)
            && (checksum == bytes::read_u32(bytes, frame::CHECKSUM)
                || is_failpoint_set(Failpoint::IgnoreFrameChecksum));
        if !is_whole {
            return Err("the frame's checksum is wrong");
        }
        let shape = Shape {
            flags: bytes::read_u32(bytes, frame::FLAGS),
            row_count: bytes::read_u32(bytes, frame::ROW_COUNT),
            listed_count: bytes::read_u32(bytes, frame::LISTED_COUNT),
            key_bytes: bytes::read_u32(bytes, frame::KEY_BYTES),
            payload_bytes: bytes::read_u64(bytes, frame::PAYLOAD_BYTES),
        };
        let known = frame::FLAG_TAGS | frame::FLAG_PAYLOADS | frame::FLAG_UPDATE;
        if shape.flags & !known & ((1 << frame::COLUMNS_SHIFT) - 1) != 0 {
            return Err("the frame has unknown flags");
        }
        let sections = shape.sections().ok_or("the frame's counts are too large")?;
        if sections.end != bytes.len() {
            return Err("the frame's counts do not add up to its length");
        }
        let found = Self { bytes, sections };
        found.check_ends(&shape)?;
        Ok(found)
    }

    /// Checks that ends do not decrease, that the last one is the end of its section, and that keys are not too long.
    /// No two rows have the empty key, row 0 is not deleted twice, and updated rows ascend: otherwise a section of zeros,
    /// which may be a hole, would be valid.
    fn check_ends(&self, shape: &Shape) -> std::result::Result<(), &'static str> {
        let (mut key_end, mut empty_keys) = (0, 0);
        for position in 0..shape.row_count as usize {
            let next = self.word(self.sections.key_ends, position);
            if next < key_end || next - key_end > u32::from(u16::MAX) {
                return Err("a frame's key has an impossible length");
            }
            empty_keys += u32::from(next == key_end);
            if empty_keys > 1 {
                return Err("a frame has the empty key twice");
            }
            key_end = next;
        }
        if key_end != shape.key_bytes {
            return Err("a frame's keys do not fill their section");
        }
        if self.deletions().filter(|&row| row == 0).nth(1).is_some() {
            return Err("a frame deletes row 0 twice");
        }
        if !self.updates().zip(self.updates().skip(1)).all(|(row, next)| row < next) {
            return Err("the rows of an update do not ascend");
        }
        if self.has_payloads() {
            let mut payload_end = 0;
            for position in 0..shape.value_count() as usize {
                let next = self.long(self.sections.payload_ends, position);
                if next < payload_end {
                    return Err("a frame's payload has an impossible length");
                }
                payload_end = next;
            }
            if payload_end != shape.payload_bytes {
                return Err("a frame's payloads do not fill their section");
            }
        }
        Ok(())
    }

    /// A frame that was checked when it was written or replayed, read again from the mapping.
    pub(crate) fn known(bytes: &'a [u8]) -> Option<Self> {
        let shape = Shape {
            flags: bytes::read_u32(bytes, frame::FLAGS),
            row_count: bytes::read_u32(bytes, frame::ROW_COUNT),
            listed_count: bytes::read_u32(bytes, frame::LISTED_COUNT),
            key_bytes: bytes::read_u32(bytes, frame::KEY_BYTES),
            payload_bytes: bytes::read_u64(bytes, frame::PAYLOAD_BYTES),
        };
        shape
            .sections()
            .filter(|sections| sections.end == bytes.len())
            .map(|sections| Self { bytes, sections })
    }

    fn word(&self, section: usize, position: usize) -> u32 {
        let at = section + 4 * position;
        self.bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
    }

    fn long(&self, section: usize, position: usize) -> u64 {
        let at = section + 8 * position;
        self.bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
    }

    pub(crate) fn link(&self) -> FrameLink {
        FrameLink {
            sequence: bytes::read_u64(self.bytes, frame::SEQUENCE),
            session: bytes::read_u64(self.bytes, frame::SESSION),
            previous: bytes::read_u32(self.bytes, frame::PREVIOUS),
        }
    }

    pub(crate) fn checksum(&self) -> u32 {
        bytes::read_u32(self.bytes, frame::CHECKSUM)
    }

    pub(crate) fn length_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(crate) fn first_row(&self) -> u32 {
        bytes::read_u32(self.bytes, frame::FIRST_ROW)
    }

    pub(crate) fn row_count(&self) -> u32 {
        bytes::read_u32(self.bytes, frame::ROW_COUNT)
    }

    pub(crate) fn is_update(&self) -> bool {
        bytes::read_u32(self.bytes, frame::FLAGS) & frame::FLAG_UPDATE != 0
    }

    fn listed_count(&self) -> u32 {
        bytes::read_u32(self.bytes, frame::LISTED_COUNT)
    }

    pub(crate) fn deletion_count(&self) -> u32 {
        if self.is_update() { 0 } else { self.listed_count() }
    }

    pub(crate) fn has_tags(&self) -> bool {
        bytes::read_u32(self.bytes, frame::FLAGS) & frame::FLAG_TAGS != 0
    }

    pub(crate) fn has_payloads(&self) -> bool {
        bytes::read_u32(self.bytes, frame::FLAGS) & frame::FLAG_PAYLOADS != 0
    }

    pub(crate) fn row_checksum(&self, position: u32) -> u32 {
        self.word(self.sections.row_checksums, position as usize)
    }

    /// The offset of key `position` in the frame, and its bytes.
    pub(crate) fn key(&self, position: u32) -> (usize, &'a [u8]) {
        let position = position as usize;
        let start =
            position.checked_sub(1).map_or(0, |before| self.word(self.sections.key_ends, before)) as usize;
        let end = self.word(self.sections.key_ends, position) as usize;
        let at = self.sections.keys + start;
        (at, self.bytes.get(at..self.sections.keys + end).unwrap_or_default())
    }

    /// The range of the keys in the file, of a frame that begins at `offset_bytes`.
    pub(crate) fn key_range(&self, offset_bytes: u64) -> Range<u64> {
        offset_bytes + self.sections.keys as u64..offset_bytes + self.sections.payloads as u64
    }

    /// The offset of each key in the frame, and its length.
    pub(crate) fn key_places(&self) -> impl ExactSizeIterator<Item = (usize, u32)> + use<'_, 'a> {
        let ends = self.bytes.get(self.sections.key_ends..self.sections.tags).unwrap_or_default();
        let mut start = 0_u32;
        ends.as_chunks::<4>().0.iter().map(move |&end| {
            let end = u32::from_le_bytes(end);
            let place = (self.sections.keys + start as usize, end.wrapping_sub(start));
            start = end;
            place
        })
    }

    /// The first key that is not valid UTF-8. All keys are validated in one pass.
    pub(crate) fn first_invalid_key(&self) -> Option<u32> {
        let blob = self.bytes.get(self.sections.keys..self.sections.payloads).unwrap_or_default();
        let is_continuation = |key: &[u8]| key.first().is_some_and(|byte| byte & 0xC0 == 0x80);
        let are_whole = (0..self.row_count()).all(|position| !is_continuation(self.key(position).1));
        if are_whole && std::str::from_utf8(blob).is_ok() {
            return None;
        }
        (0..self.row_count()).find(|&position| std::str::from_utf8(self.key(position).1).is_err())
    }

    /// The tags of row `position` of the frame, or of its updated row.
    pub(crate) fn tags(&self, position: u32) -> u64 {
        if self.has_tags() { self.long(self.sections.tags, position as usize) } else { 0 }
    }

    /// The payload of row `position` of the frame, or of its updated row.
    pub(crate) fn payload(&self, position: u32) -> &'a [u8] {
        if !self.has_payloads() {
            return &[];
        }
        let position = position as usize;
        let place =
            |end: u64| usize::try_from(end).ok().and_then(|end| self.sections.payloads.checked_add(end));
        let start = position.checked_sub(1).map_or(0, |before| self.long(self.sections.payload_ends, before));
        let end = self.long(self.sections.payload_ends, position);
        match (place(start), place(end)) {
            (Some(start), Some(end)) => self.bytes.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The columns that the update has values of, as bits.
    pub(crate) fn updated_columns(&self) -> u32 {
        bytes::read_u32(self.bytes, frame::FLAGS) >> frame::COLUMNS_SHIFT
    }

    /// The value of updated row `position` in a column that the update has values of.
    pub(crate) fn updated_value(&self, column: usize, position: u32) -> u64 {
        let earlier = self.updated_columns() & ((1 << column) - 1);
        let place = earlier.count_ones() as usize * self.listed_count() as usize + position as usize;
        self.long(self.sections.columns, place)
    }

    /// The rows that the batch deletes.
    pub(crate) fn deletions(&self) -> impl Iterator<Item = u32> + use<'_, 'a> {
        (0..self.deletion_count() as usize).map(|position| self.word(self.sections.listed, position))
    }

    /// The rows whose tags, payloads or values the batch updates, ascending.
    pub(crate) fn updates(&self) -> impl ExactSizeIterator<Item = u32> + use<'_, 'a> {
        let count = if self.is_update() { self.listed_count() } else { 0 };
        (0..count as usize).map(|position| self.word(self.sections.listed, position))
    }
}
