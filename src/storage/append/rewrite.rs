//! Writing again what recovery found after the checkpoint: the same bytes to the same places.
//!
//! The kernel forgets which pages a failed sync did not write, so the page cache proves nothing about the disk. Bytes
//! that are written again are dirty again, and the next sync covers all of them.

use crate::storage::file::data_file::DataFile;
use crate::storage::file::extent_header::ExtentKind;
use crate::storage::file::extents::Extent;
use crate::storage::format::superblock::{LogPosition, Superblock, slot_offset};
use crate::storage::io::medium::{read_exact_at, write_all_at};
use crate::{Result, memory};
use std::cmp::Ordering;
use std::ops::Range;

/// Bytes that are read and written at a time.
const PIECE_BYTES: u64 = 512 * 1024;

/// Writes the newest slot, the headers of later extents, and the rows and frames of `unsynced_tail` again.
pub(super) fn write_again(
    data: &DataFile,
    newest: &Superblock,
    unsynced_tail: &Range<LogPosition>,
) -> Result<()> {
    let io = |error| data.not_durable("writing again to", error);
    write_all_at(&*data.file, &newest.encode(), slot_offset(newest.generation)).map_err(io)?;
    for found in data.extents.iter().skip(newest.extent_count as usize) {
        let header = found.header.encode(&data.identity, found.offset_bytes);
        write_all_at(&*data.file, &header, found.offset_bytes).map_err(io)?;
    }
    for found in data.extents.iter() {
        for range in ranges_between(data, found, unsynced_tail) {
            copy_onto_itself(data, range)?;
        }
    }
    Ok(())
}

/// The parts of an extent that were written between two positions of the log: frames, or vectors and the values of each
/// column.
fn ranges_between(
    data: &DataFile,
    found: &Extent,
    positions: &Range<LogPosition>,
) -> impl Iterator<Item = Range<u64>> {
    let header = &found.header;
    let row = |at: &LogPosition| u64::from(at.rows).saturating_sub(header.first_row).min(header.capacity);
    let frame = |at: &LogPosition| match header.ordinal.cmp(&at.extent) {
        _ if at.head == 0 => 0,
        Ordering::Greater => 0,
        Ordering::Equal => at.head - found.data_bytes(),
        Ordering::Less => header.capacity,
    };
    let stride = u64::from(data.identity.stride_bytes());
    let (places, width, columns) = match header.kind {
        ExtentKind::Vectors => {
            (row(&positions.start)..row(&positions.end), stride, u64::from(data.identity.columns))
        }
        ExtentKind::Log => (frame(&positions.start)..frame(&positions.end), 1, 0),
    };
    let start = found.data_bytes();
    let first = start + places.start * width..start + places.end * width;
    let value = move |column, place| found.offset_bytes + header.value_offset(stride, column, place);
    let values = move |column| value(column, places.start)..value(column, places.end);
    std::iter::once(first).chain((0..columns).map(values))
}

fn copy_onto_itself(data: &DataFile, range: Range<u64>) -> Result<()> {
    let mut piece = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let count = (range.end - at).min(PIECE_BYTES);
        piece.clear();
        memory::reserve(&mut piece, usize::try_from(count).unwrap_or(0))?;
        piece.resize(usize::try_from(count).unwrap_or(0), 0);
        read_exact_at(&*data.file, &mut piece, at).map_err(|error| data.not_durable("reading", error))?;
        write_all_at(&*data.file, &piece, at).map_err(|error| data.not_durable("writing again to", error))?;
        at += count;
    }
    Ok(())
}
