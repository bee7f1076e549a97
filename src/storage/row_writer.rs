//! Rows on their way into the file: written, checked and checksummed piece by piece, so that each comes from memory once.

use super::data_file::DataFile;
use super::layout::ROW_ALIGN;
use super::medium::{MOST_SLICES, write_all_at, write_slices_at};
use crate::checksum::crc32c_if_finite;
use crate::{Result, SynaError};
use std::io::IoSlice;
use std::ops::Range;

/// Adds the vectors of some rows of a batch to a list.
type ListVectors<'a, 'f> = &'f dyn Fn(Range<usize>, &mut Vec<&'a [f32]>);

/// The vectors of a batch, in the order of their rows.
pub(crate) struct NewRows<'a, 'f> {
    pub(crate) count: usize,
    /// `dimensions` floats a vector.
    pub(crate) list: ListVectors<'a, 'f>,
    /// What is wrong with a row that has a component which is not finite. Then nothing of the batch is written.
    pub(crate) refusal: &'f dyn Fn(usize) -> SynaError,
}

/// Rows go to the kernel in pieces of this length, which end at multiples of it in the file. Small enough to lie in the
/// cache from their check on, large enough to make a system call cheap. Where a piece ends matters as much as its length:
/// the page cache takes it in as one large folio if it is aligned, as a dozen small ones if not, and those cost a sixth of
/// the speed. Folios of 2 MiB are worse again: a hypervisor takes these away while they are free.
const PIECE_BYTES: usize = 256 * 1024;

/// What fills a row up to its stride.
static ZEROS: [u8; 64] = [0; 64];
const _: () = assert!(ZEROS.len() as u64 == ROW_ALIGN);

impl<'a> NewRows<'a, '_> {
    /// Checks vectors, of the rows from `first` on, and adds their checksums.
    fn check(&self, first: usize, vectors: &[&'a [f32]], checksums: &mut Vec<u32>) -> Result<()> {
        for (place, vector) in (first..).zip(vectors) {
            checksums.push(crc32c_if_finite(vector).ok_or_else(|| (self.refusal)(place))?);
        }
        Ok(())
    }

    /// Checks all of the batch before anything is written; `checksums` gets one checksum a row.
    pub(super) fn check_all(&self, checksums: &mut Vec<u32>) -> Result<()> {
        checksums.clear();
        let mut vectors = Vec::new();
        let mut done = 0;
        while done < self.count {
            let end = self.count.min(done + MOST_SLICES);
            vectors.clear();
            (self.list)(done..end, &mut vectors);
            self.check(done, &vectors, checksums)?;
            done = end;
        }
        Ok(())
    }
}

/// The bytes of one write.
#[derive(Default)]
struct Piece<'a> {
    slices: Vec<IoSlice<'a>>,
    length: usize,
    /// The end of a row that the piece had no room for: of its vector, of its padding.
    rest: [&'a [u8]; 2],
}

impl<'a> Piece<'a> {
    /// Begins the next piece, with what is left of the one before.
    fn begin(&mut self) {
        self.slices.clear();
        self.length = 0;
        for bytes in std::mem::take(&mut self.rest) {
            self.push(bytes);
        }
    }

    fn push(&mut self, bytes: &'a [u8]) {
        if !bytes.is_empty() {
            self.length += bytes.len();
            self.slices.push(IoSlice::new(bytes));
        }
    }

    /// Adds a row, as far as there is room for it in a piece of `most` bytes.
    fn push_row(&mut self, vector: &'a [u8], padding: &'a [u8], most: usize) {
        for (bytes, rest) in [vector, padding].into_iter().zip(0..) {
            let room = most.saturating_sub(self.length);
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.push(now);
            if let Some(rest) = self.rest.get_mut(rest) {
                *rest = later;
            }
        }
    }

    /// Whether the slices lie one behind the other in memory.
    fn is_block(&self) -> bool {
        self.slices.is_sorted_by(|before, after| before.as_ptr_range().end == after.as_ptr())
    }
}

/// Writes a batch from `first_row` on, straight from the caller's memory; `checksums` gets one checksum a row, or has
/// them where the batch `is_checked`.
///
/// The first piece is checked before it is written, so that a small batch that is refused leaves no trace. So are rows
/// that lie scattered, since the kernel copies short slices slowly when they are not in the cache. A piece that is one
/// block is checked afterwards: the kernel's copy brings it into the cache at less cost than the check would.
pub(super) fn write_rows(
    data: &DataFile,
    first_row: u32,
    rows: &NewRows<'_, '_>,
    is_checked: bool,
    checksums: &mut Vec<u32>,
) -> Result<()> {
    let stride_bytes = data.identity.stride_bytes() as usize;
    let padding = stride_bytes - data.identity.dimensions as usize * 4;
    let padding = ZEROS.get(..padding).unwrap_or_default();
    // A row that was cut takes a slice or two as well.
    let most_rows = MOST_SLICES / (1 + usize::from(!padding.is_empty())) - 1;
    if !is_checked {
        checksums.clear();
    }
    let (mut piece, mut vectors) = (Piece::default(), Vec::new());
    let mut done = 0;
    while done < rows.count {
        let (mut at, room) = place_of(data, first_row, done)?;
        let extent_end = done + room.min(rows.count - done);
        let mut left_bytes = (extent_end - done) * stride_bytes;
        while left_bytes > 0 {
            let behind_boundary = usize::try_from(at % PIECE_BYTES as u64).unwrap_or(0);
            let most = if left_bytes <= PIECE_BYTES { left_bytes } else { PIECE_BYTES - behind_boundary };
            piece.begin();
            let first = done;
            done += most.saturating_sub(piece.length).div_ceil(stride_bytes).min(most_rows);
            vectors.clear();
            (rows.list)(first..done, &mut vectors);
            for vector in &vectors {
                piece.push_row(bytemuck::cast_slice(vector), padding, most);
            }
            let checks_first = first == 0 || !piece.is_block();
            if checks_first && !is_checked {
                rows.check(first, &vectors, checksums).inspect_err(|_| erase_rows(data, first_row, first))?;
            }
            write_slices_at(&*data.file, &mut piece.slices, at).map_err(|e| data.io("writing to", e))?;
            if !checks_first && !is_checked {
                rows.check(first, &vectors, checksums).inspect_err(|_| erase_rows(data, first_row, done))?;
            }
            at += piece.length as u64;
            left_bytes = left_bytes.saturating_sub(piece.length);
        }
    }
    Ok(())
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
