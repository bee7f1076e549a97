//! The size of new extents: small at first, doubling up to the planned rows, later an eighth of the existing size.

use super::extent_header::{ExtentHeader, ExtentKind};
use super::extents::Extents;
use crate::storage::format::layout::{EXTENT_ALIGN, extent};
use crate::storage::format::superblock::Identity;

/// The most bytes allocated ahead of need.
const MOST_AHEAD_BYTES: u64 = 256 << 20;
/// Reserved space at least doubles the existing space up to this size.
const DOUBLED_BYTES: u64 = 4 << 20;
/// The length of the first log extent, with its header.
const FIRST_LOG_BYTES: u64 = 16 << 10;

/// How far ahead of need the next extent is allocated: rows, or bytes of frames.
pub(crate) fn ahead(identity: &Identity, extents: &Extents, kind: ExtentKind, planned_rows: u64) -> u64 {
    match kind {
        ExtentKind::Vectors => {
            let there = extents.row_capacity();
            let ahead = if there < planned_rows { there.min(planned_rows - there) } else { there / 8 };
            ahead.min(MOST_AHEAD_BYTES / u64::from(identity.row_bytes()))
        }
        ExtentKind::Log => {
            let logs = extents.iter().filter(|found| found.header.kind == ExtentKind::Log);
            let there: u64 = logs.map(|found| found.header.length_bytes).sum();
            let planned = log_bytes_for(planned_rows);
            let ahead = if there < planned { there.min(planned - there) } else { there / 4 };
            ahead.clamp(FIRST_LOG_BYTES, MOST_AHEAD_BYTES) - extent::DATA
        }
    }
}

/// The same for [`crate::storage::Appender::reserve`]. A program may reserve a little more each time, so rows at least
/// double up to [`DOUBLED_BYTES`]: a file then has few extents and mappings.
pub(crate) fn ahead_of_reserve(
    identity: &Identity,
    extents: &Extents,
    kind: ExtentKind,
    planned_rows: u64,
) -> u64 {
    let ahead = ahead(identity, extents, kind, planned_rows);
    match kind {
        ExtentKind::Vectors => {
            ahead.max(extents.row_capacity().min(DOUBLED_BYTES / u64::from(identity.row_bytes())))
        }
        ExtentKind::Log => ahead,
    }
}

/// The next extent of a kind, with space for at least `room` more rows or bytes of frames.
pub(crate) fn next_extent(
    identity: &Identity,
    extents: &Extents,
    kind: ExtentKind,
    room: u64,
) -> ExtentHeader {
    match kind {
        ExtentKind::Vectors => exact_extent(identity, extents, room),
        ExtentKind::Log => {
            let length_bytes = (extent::DATA + room).next_multiple_of(EXTENT_ALIGN);
            ExtentHeader {
                kind,
                ordinal: extents.count(),
                length_bytes,
                first_row: 0,
                capacity: length_bytes - extent::DATA,
            }
        }
    }
}

/// A vector extent of `rows` rows, rounded up to whole blocks.
pub(crate) fn exact_extent(identity: &Identity, extents: &Extents, rows: u64) -> ExtentHeader {
    let capacity = rows.max(1).next_multiple_of(u64::from(identity.block_rows()));
    let data_bytes = (capacity * u64::from(identity.row_bytes())).next_multiple_of(EXTENT_ALIGN);
    ExtentHeader {
        kind: ExtentKind::Vectors,
        ordinal: extents.count(),
        length_bytes: extent::DATA + data_bytes,
        first_row: extents.row_capacity(),
        capacity,
    }
}

/// Bytes of frames to reserve for `rows` rows: batches with keys of about 32 bytes, without tags and payloads.
pub(crate) fn log_bytes_for(rows: u64) -> u64 {
    rows.saturating_mul(40).saturating_add(4096)
}
