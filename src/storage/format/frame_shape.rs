//! The lengths of a frame's sections, its link to the previous frame, and its checksum.

use super::layout::frame;
use super::place::Place;
use crate::checksum::crc32c_append;

/// The fields of the header that determine the lengths of the sections.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) flags: u32,
    pub(super) row_count: u32,
    /// Rows that the frame lists: it deletes or updates them.
    pub(super) listed_count: u32,
    pub(super) key_bytes: u32,
    pub(super) payload_bytes: u64,
}

/// The offset of each section in the frame, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sections {
    pub(super) row_checksums: usize,
    pub(super) key_ends: usize,
    pub(super) tags: usize,
    pub(super) payload_ends: usize,
    pub(super) columns: usize,
    pub(super) listed: usize,
    pub(super) keys: usize,
    pub(super) payloads: usize,
    pub(super) end: usize,
}

impl Shape {
    pub(super) fn is_update(&self) -> bool {
        self.flags & frame::FLAG_UPDATE != 0
    }

    /// The columns that have values in the frame, as bits.
    pub(super) fn columns(&self) -> u32 {
        self.flags >> frame::COLUMNS_SHIFT
    }

    /// How many tags, payloads and values of a column there are, if any.
    pub(super) fn value_count(&self) -> u32 {
        if self.is_update() { self.listed_count } else { self.row_count }
    }

    /// `None` if an update has rows, if another frame has values of columns, and if the frame would be longer than [`frame::MAX_LENGTH_BYTES`].
    pub(super) fn sections(&self) -> Option<Sections> {
        if !(self.flags & frame::FLAG_PAYLOADS != 0 || self.payload_bytes == 0) {
            return None;
        }
        if self.columns() != 0 && !self.is_update() {
            return None;
        }
        if self.is_update() && (self.row_count, self.key_bytes) != (0, 0) {
            return None;
        }
        let rows = self.row_count as usize;
        let values = self.value_count() as usize;
        let flagged = |flag: u32| if self.flags & flag == 0 { 0 } else { values };
        let row_checksums = frame::LENGTH;
        let key_ends = row_checksums.checked_add(rows.checked_mul(4)?)?;
        let tags = key_ends.checked_add(rows.checked_mul(4)?)?;
        let payload_ends = tags.checked_add(flagged(frame::FLAG_TAGS).checked_mul(8)?)?;
        let columns = payload_ends.checked_add(flagged(frame::FLAG_PAYLOADS).checked_mul(8)?)?;
        let column_count = self.columns().count_ones() as usize;
        let listed = columns.checked_add(values.checked_mul(column_count)?.checked_mul(8)?)?;
        let keys = listed.checked_add((self.listed_count as usize).checked_mul(4)?)?;
        let payloads = keys.checked_add(self.key_bytes as usize)?.checked_next_multiple_of(frame::ALIGN)?;
        let end = payloads
            .checked_add(usize::try_from(self.payload_bytes).ok()?)?
            .checked_next_multiple_of(frame::ALIGN)?;
        (end as u64 <= frame::MAX_LENGTH_BYTES).then_some(Sections {
            row_checksums,
            key_ends,
            tags,
            payload_ends,
            columns,
            listed,
            keys,
            payloads,
            end,
        })
    }
}

/// The position of a frame in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameLink {
    pub(crate) sequence: u64,
    /// A random number of the writer's session, so that a frame of an earlier session never follows one of this session.
    pub(crate) session: u64,
    /// The checksum of the previous frame.
    pub(crate) previous: u32,
}

/// The checksum of a frame: it covers everything but itself.
pub(super) fn checksum_of(frame_bytes: &[u8], place: Place) -> u32 {
    let head = crc32c_append(place.seed, frame_bytes.get(..frame::CHECKSUM.offset).unwrap_or_default());
    crc32c_append(head, frame_bytes.get(frame::LENGTH..).unwrap_or_default())
}
