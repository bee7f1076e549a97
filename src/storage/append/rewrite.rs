//! Writing again what recovery found after the checkpoint: the same bytes to the same places.
//!
//! The kernel forgets which pages a failed sync did not write, so the page cache proves nothing about the disk. Bytes
//! that are written again are dirty again, and the next sync covers all of them.

use crate::storage::file::data_file::DataFile;
use crate::storage::file::extents::{Extent, ExtentKind};
use crate::storage::format::superblock::{LogPosition, Superblock, slot_offset};
use crate::storage::io::medium::{read_exact_at, write_all_at};
use crate::{Result, memory};
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
        copy_onto_itself(data, bytes_between(data, found, unsynced_tail))?;
    }
    Ok(())
}

/// The part of an extent that was written between two positions of the log.
fn bytes_between(data: &DataFile, found: &Extent, positions: &Range<LogPosition>) -> Range<u64> {
    let stride = u64::from(data.identity.stride_bytes());
    let place = |at: &LogPosition| match found.header.kind {
        ExtentKind::Vectors => {
            let rows = u64::from(at.rows).saturating_sub(found.header.first_row).min(found.header.capacity);
            found.data_bytes() + rows * stride
        }
        ExtentKind::Log if at.head == 0 || found.header.ordinal > at.extent => found.data_bytes(),
        ExtentKind::Log if found.header.ordinal == at.extent => at.head,
        ExtentKind::Log => found.data_bytes() + found.header.capacity,
    };
    place(&positions.start)..place(&positions.end)
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
