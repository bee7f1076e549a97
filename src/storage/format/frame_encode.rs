//! Encoding frames.

use super::frame_shape::{FrameLink, Sections, Shape, checksum_of};
use super::layout::{bytes, frame};
use super::place::Place;
use crate::{Result, SynaError};

/// The content of a frame. Slices have one element for each new or updated row unless noted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameContent<'a> {
    pub(crate) first_row: u32,
    /// The end of each key in `key_bytes`.
    pub(crate) key_ends: &'a [u32],
    pub(crate) key_bytes: &'a [u8],
    /// Empty if no row has tags; of an update: if tags stay as they are.
    pub(crate) tags: &'a [u64],
    /// The end of each payload in `payload_bytes`; empty if no row has a payload; of an update: if payloads stay as they are.
    pub(crate) payload_ends: &'a [u64],
    pub(crate) payload_bytes: &'a [u8],
    /// Of an update: the columns that it has values of, as bits.
    pub(crate) updated_columns: u16,
    /// The values of these columns for the updated rows, column after column.
    pub(crate) updated_values: &'a [u64],
    /// The rows that the batch deletes.
    pub(crate) deletions: &'a [u32],
    /// The rows that the batch updates, ascending. If there are any, it has neither new rows nor deletions.
    pub(crate) updates: &'a [u32],
}

/// Encodes a frame into `out`, without its place and the checksums. Those of the rows are known only after the rows
/// were written.
///
/// # Errors
/// [`SynaError::Limit`] if the frame would be longer than 1 GiB.
pub(crate) fn encode(content: &FrameContent<'_>, link: FrameLink, out: &mut Vec<u8>) -> Result<()> {
    let too_long = |actual: usize| SynaError::Limit {
        what: "bytes of keys and payloads in one batch (split it)",
        limit: frame::MAX_LENGTH_BYTES,
        actual: actual as u64,
    };
    let total = content.key_bytes.len().saturating_add(content.payload_bytes.len());
    let narrow = |count: usize| u32::try_from(count).map_err(|_| too_long(total));
    let shape = Shape {
        flags: u32::from(!content.tags.is_empty()) * frame::FLAG_TAGS
            + u32::from(!content.payload_ends.is_empty()) * frame::FLAG_PAYLOADS
            + u32::from(!content.updates.is_empty()) * frame::FLAG_UPDATE
            + (u32::from(content.updated_columns) << frame::COLUMNS_SHIFT),
        row_count: narrow(content.key_ends.len())?,
        listed_count: narrow(content.deletions.len() + content.updates.len())?,
        key_bytes: narrow(content.key_bytes.len())?,
        payload_bytes: content.payload_bytes.len() as u64,
    };
    let sections = shape.sections().ok_or_else(|| too_long(total))?;
    out.clear();
    out.try_reserve(sections.end).map_err(|_| SynaError::NoMemory { needed_bytes: sections.end as u64 })?;
    out.extend_from_slice(&header_of(&shape, &sections, content.first_row, link));
    out.resize(sections.key_ends, 0);
    out.extend_from_slice(bytemuck::cast_slice(content.key_ends));
    out.extend_from_slice(bytemuck::cast_slice(content.tags));
    out.extend_from_slice(bytemuck::cast_slice(content.payload_ends));
    out.extend_from_slice(bytemuck::cast_slice(content.updated_values));
    out.extend_from_slice(bytemuck::cast_slice(content.deletions));
    out.extend_from_slice(bytemuck::cast_slice(content.updates));
    out.extend_from_slice(content.key_bytes);
    out.resize(sections.payloads, 0);
    out.extend_from_slice(content.payload_bytes);
    out.resize(sections.end, 0);
    Ok(())
}

/// Writes the place, the rows' checksums and then the frame's checksum into an encoded frame. Returns the frame's
/// checksum.
pub(crate) fn finish(frame_bytes: &mut [u8], row_checksums: &[u32], at: Place) -> u32 {
    let row_checksums = bytemuck::cast_slice(row_checksums);
    if let Some(place) = frame_bytes.get_mut(frame::LENGTH..frame::LENGTH + row_checksums.len()) {
        place.copy_from_slice(row_checksums);
    }
    at.write(frame_bytes, frame::PLACE);
    let checksum = checksum_of(frame_bytes, at);
    bytes::write(frame_bytes, frame::CHECKSUM, &checksum.to_le_bytes());
    checksum
}

fn header_of(shape: &Shape, sections: &Sections, first_row: u32, link: FrameLink) -> [u8; frame::LENGTH] {
    // `sections` has checked that no frame is longer than 2^30 bytes.
    let length = u32::try_from(sections.end).unwrap_or(u32::MAX);
    let mut header = [0; frame::LENGTH];
    bytes::write(&mut header, frame::MAGIC, &frame::MAGIC_BYTES);
    bytes::write(&mut header, frame::FLAGS, &shape.flags.to_le_bytes());
    bytes::write(&mut header, frame::LENGTH_BYTES, &length.to_le_bytes());
    bytes::write(&mut header, frame::SEQUENCE, &link.sequence.to_le_bytes());
    bytes::write(&mut header, frame::SESSION, &link.session.to_le_bytes());
    bytes::write(&mut header, frame::FIRST_ROW, &first_row.to_le_bytes());
    bytes::write(&mut header, frame::ROW_COUNT, &shape.row_count.to_le_bytes());
    bytes::write(&mut header, frame::LISTED_COUNT, &shape.listed_count.to_le_bytes());
    bytes::write(&mut header, frame::KEY_BYTES, &shape.key_bytes.to_le_bytes());
    bytes::write(&mut header, frame::PAYLOAD_BYTES, &shape.payload_bytes.to_le_bytes());
    bytes::write(&mut header, frame::PREVIOUS, &link.previous.to_le_bytes());
    header
}
