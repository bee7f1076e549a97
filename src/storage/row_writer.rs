//! Rows on their way into the file: written, checked and checksummed piece by piece, so that each comes from memory once.

use super::data_file::DataFile;
use super::layout::ROW_ALIGN;
use super::medium::{MOST_SLICES, write_all_at, write_slices_at};
use crate::checksum::crc32c;
use crate::{Result, SynaError};
use std::io::IoSlice;
use std::ops::Range;

/// The vectors of a batch, in the order of their rows.
pub(crate) struct NewRows<'a, 'f> {
    pub(crate) count: usize,
    /// The vector of a row of the batch: `dimensions` floats.
    pub(crate) vector: &'f dyn Fn(usize) -> &'a [f32],
    /// Whether a row may be written. If one may not, none of the batch is.
    pub(crate) check: &'f dyn Fn(usize) -> Result<()>,
}

/// Rows go to the kernel in pieces of this length: small enough to lie in the cache from their check on, large enough
/// to make a system call cheap.
const PIECE_BYTES: usize = 512 * 1024;

/// What fills a row up to its stride.
static ZEROS: [u8; 64] = [0; 64];
const _: () = assert!(ZEROS.len() as u64 == ROW_ALIGN);

/// Writes a batch from `first_row` on, straight from the caller's memory; `checksums` gets one checksum a row.
///
/// The first piece is checked before it is written, so that a small batch that is refused leaves no trace. So are rows
/// that lie scattered, since the kernel copies short slices slowly when they are not in the cache. A piece that is one
/// block is checked afterwards: the kernel's copy brings it into the cache at less cost than the check would.
pub(super) fn write_rows(
    data: &DataFile,
    first_row: u32,
    rows: &NewRows<'_, '_>,
    checksums: &mut Vec<u32>,
) -> Result<()> {
    let stride_bytes = data.identity.stride_bytes() as usize;
    let padding = stride_bytes - data.identity.dimensions as usize * 4;
    let padding = ZEROS.get(..padding).unwrap_or_default();
    let slices_a_row = 1 + usize::from(!padding.is_empty());
    let most_rows = (PIECE_BYTES / stride_bytes).clamp(1, MOST_SLICES / slices_a_row);
    let mut slices = Vec::with_capacity(rows.count.min(most_rows) * slices_a_row);
    checksums.clear();
    let mut check = |piece: Range<usize>| {
        for place in piece {
            (rows.check)(place)?;
            checksums.push(crc32c(bytemuck::cast_slice((rows.vector)(place))));
        }
        Ok(())
    };
    let mut done = 0;
    while done < rows.count {
        let (at, room) = place_of(data, first_row, done)?;
        let end = done + room.min(most_rows).min(rows.count - done);
        slices.clear();
        for place in done..end {
            slices.push(IoSlice::new(bytemuck::cast_slice((rows.vector)(place))));
            if !padding.is_empty() {
                slices.push(IoSlice::new(padding));
            }
        }
        let checks_first = done == 0 || !is_block(&slices);
        if checks_first {
            check(done..end).inspect_err(|_| erase_rows(data, first_row, done))?;
        }
        write_slices_at(&*data.file, &mut slices, at).map_err(|error| data.io("writing to", error))?;
        if !checks_first {
            check(done..end).inspect_err(|_| erase_rows(data, first_row, end))?;
        }
        done = end;
    }
    Ok(())
}

/// Whether slices lie one behind the other in memory.
fn is_block(slices: &[IoSlice<'_>]) -> bool {
    slices.is_sorted_by(|before, after| before.as_ptr_range().end == after.as_ptr())
}

/// Makes zeros of the first `count` rows of a batch that is not to be, as they were before it. They are out of sight, and
/// the next batch overwrites them: an error here has no consequence.
pub(super) fn erase_rows(data: &DataFile, first_row: u32, count: usize) {
    let stride_bytes = data.identity.stride_bytes() as usize;
    let most_rows = (PIECE_BYTES / stride_bytes).max(1).min(count);
    let zeros = vec![0; most_rows * stride_bytes];
    let mut done = 0;
    while done < count {
        let Ok((at, room)) = place_of(data, first_row, done) else { return };
        let now = room.min(most_rows).min(count - done);
        if write_all_at(&*data.file, zeros.get(..now * stride_bytes).unwrap_or_default(), at).is_err() {
            return;
        }
        done += now;
    }
}

/// Where in the file the `place`-th row from `first_row` on goes, and how many rows fit there.
fn place_of(data: &DataFile, first_row: u32, place: usize) -> Result<(u64, usize)> {
    let row = u64::from(first_row) + place as u64;
    let (at, room) = data
        .extents
        .place_of_row(row)
        .ok_or_else(|| SynaError::Internal { what: format!("row {row} has no extent") })?;
    Ok((at, usize::try_from(room).unwrap_or(usize::MAX)))
}
