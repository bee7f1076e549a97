//! Writing the rows of a batch: written, checked and checksummed in parts, so that each row is read from memory once.

use super::row_queue::{WriteQueue, write_beside};
use crate::memory;
use crate::storage::file::data_file::DataFile;
use crate::storage::file::extent_header::ExtentHeader;
use crate::storage::format::frame_encode::FrameContent;
use crate::storage::format::layout::{ROW_ALIGN, extent};
use crate::storage::io::medium::write_all_at;
use crate::storage::platform::limits::MOST_SLICES;
use crate::{Result, SynaError};
use std::io::IoSlice;

/// A batch that is being written. Its rows become known one after the other, the rest when all rows are known.
pub(crate) trait NewRows<'a> {
    /// An upper bound of the number of rows. That much space is available before the first row is requested.
    fn most_rows(&self) -> usize;
    /// Appends the stored vectors of the next rows to a list, all of the same length. Fewer than `most`: there are no
    /// more.
    ///
    /// # Errors
    /// Nothing of the batch is stored then.
    fn next(&mut self, most: usize, vectors: &mut Vec<&'a [u8]>) -> Result<()>;
    /// The checksum of a stored vector.
    ///
    /// # Errors
    /// That of a batch with a vector that is refused. Nothing of the batch is stored then.
    fn checksum(&self, vector: &'a [u8]) -> Result<u32>;
    /// All of the batch but its vectors. Called once, after the last row.
    ///
    /// # Errors
    /// Nothing of the batch is stored then.
    fn content(&mut self) -> Result<FrameContent<'_>>;
    /// The values of the columns of all rows, column after column. Called after [`NewRows::content`].
    fn values(&self) -> &[u64];
}

/// Rows are written in parts of this length, which end at multiples of it in the file. It is small enough for the cache
/// between check and write, and large enough to make the cost of a system call small. The alignment matters as much as
/// the length: the page cache stores an aligned part as one large folio, an unaligned one as a dozen small ones, which
/// costs a sixth of the speed. Folios of 2 MiB are slower again, because a hypervisor reclaims them while they are
/// free.
const PIECE_BYTES: usize = 256 * 1024;

/// The padding of a row up to its stride.
static ZEROS: [u8; 64] = [0; 64];
const _: () = assert!(ZEROS.len() as u64 == ROW_ALIGN);

/// After a write that is shorter than this, zeros are written up to the next multiple of it, where the file already has
/// zeros. The page cache then stores all of it as one large folio, and the next rows are written into it.
const AHEAD_BYTES: usize = 64 * 1024;
static AHEAD: [u8; AHEAD_BYTES] = [0; AHEAD_BYTES];

/// The smallest batch for which a thread is started.
const LEAST_BESIDE_BYTES: u64 = 2 << 20;

/// The bytes of one write.
#[derive(Default)]
struct Piece<'a> {
    slices: Vec<IoSlice<'a>>,
    length: usize,
    /// The end of a row that did not fit: of its vector, and of its padding.
    rest: [&'a [u8]; 2],
}

impl<'a> Piece<'a> {
    /// Begins the next part with the rest of the previous one.
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

    /// Appends a row, as far as it fits in a part of `most` bytes.
    fn push_row(&mut self, vector: &'a [u8], padding: &'a [u8], most: usize) {
        for (bytes, rest) in [vector, padding].into_iter().zip(0..) {
            let room = most.saturating_sub(self.length);
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.push(now);
            let rest = self.rest.get_mut(rest);
            debug_assert!(rest.is_some(), "a part has two rests");
            if let Some(rest) = rest {
                *rest = later;
            }
        }
    }

    /// Whether the slices are contiguous in memory.
    fn is_block(&self) -> bool {
        self.slices.is_sorted_by(|before, after| before.as_ptr_range().end == after.as_ptr())
    }
}

/// Where the rows of a batch go: the existing extents, and the one that is added for them.
#[derive(Clone, Copy)]
pub(super) struct Placement<'d> {
    pub(super) data: &'d DataFile,
    /// Its space is allocated after the last extent, but its header is not written yet.
    pub(super) added: Option<ExtentHeader>,
}

impl Placement<'_> {
    /// The offset of a row, and how many rows fit from there to the end of its extent.
    fn place_of(&self, row: u64) -> Result<(u64, usize)> {
        let extents = &self.data.extents;
        let in_added = || {
            let header = self.added?;
            let place = row.checked_sub(header.first_row)?;
            let stride = u64::from(self.data.identity.stride_bytes());
            let at = extents.end_bytes() + extent::DATA + place * stride;
            Some((at, header.capacity.checked_sub(place).filter(|&room| room > 0)?))
        };
        let (at, room) = extents
            .place_of_row(row)
            .or_else(in_added)
            .ok_or_else(|| SynaError::Internal { what: format!("row {row} has no extent") })?;
        Ok((at, usize::try_from(room).unwrap_or(usize::MAX)))
    }
}

/// Why not all rows of a batch were written.
enum Stopped {
    /// The batch was refused. So many of its rows may have been written.
    Refused(SynaError, usize),
    Failed(SynaError),
}

impl From<SynaError> for Stopped {
    fn from(error: SynaError) -> Self {
        Self::Failed(error)
    }
}

/// Writes rows. Reused for the next batch.
#[derive(Debug)]
pub(super) struct RowWriter {
    /// One for each row of the last batch.
    pub(super) checksums: Vec<u32>,
    /// Whether a thread may be started for a batch.
    may_start_thread: bool,
    /// The offset up to which zeros were written after the last row.
    zeroed_until: u64,
}

impl RowWriter {
    pub(super) fn new(may_start_thread: bool) -> Self {
        Self { checksums: Vec::new(), may_start_thread, zeroed_until: 0 }
    }

    /// Writes a batch from `first_row` on, directly from the caller's memory, and calls `finish` when its rows are
    /// known. Some rows may still be in the queue then.
    ///
    /// # Errors
    /// If a row is refused, or `finish` fails, the rows are erased again from the extents that existed before.
    pub(super) fn write<'a, B: NewRows<'a>>(
        &mut self,
        placement: &Placement<'_>,
        first_row: u32,
        batch: &mut B,
        finish: impl FnOnce(&mut B) -> Result<()>,
    ) -> Result<()> {
        let data = placement.data;
        let most_bytes = (batch.most_rows() as u64).saturating_mul(u64::from(data.identity.stride_bytes()));
        let is_beside = self.may_start_thread && most_bytes >= LEAST_BESIDE_BYTES;
        let feed = |queue: &mut WriteQueue<'a, '_>| {
            self.feed(placement, first_row, batch, queue)?;
            finish(batch).map_err(|error| Stopped::Refused(error, self.checksums.len()))
        };
        let result = if is_beside {
            let (written, fed) = write_beside(&*data.file, feed);
            // A refusal comes after all queued writes, so a failed write has priority.
            written.map_err(|error| data.io("writing to", error).into()).and(fed)
        } else {
            feed(&mut WriteQueue::Own(&*data.file))
        };
        result.map_err(|stopped| match stopped {
            Stopped::Failed(error) => error,
            Stopped::Refused(error, written) => {
                erase_rows(data, first_row, written);
                error
            }
        })
    }

    /// Queues the parts of a batch, each of them checked.
    ///
    /// The first part is checked before it is written, so that a small batch with an invalid vector leaves no trace.
    /// Also checked before are rows that are not contiguous, because the kernel copies short slices slowly if they are
    /// not in the cache, and all parts that another thread writes. A contiguous part that is written here is checked
    /// afterwards: the kernel's copy brings it into the cache at less cost than the check would.
    fn feed<'a>(
        &mut self,
        placement: &Placement<'_>,
        first_row: u32,
        batch: &mut impl NewRows<'a>,
        queue: &mut WriteQueue<'a, '_>,
    ) -> std::result::Result<(), Stopped> {
        let data = placement.data;
        let stride_bytes = data.identity.stride_bytes() as usize;
        let padding = stride_bytes - data.identity.vector_bytes() as usize;
        debug_assert!(padding < ZEROS.len(), "a stride has {padding} bytes of padding");
        let padding = ZEROS.get(..padding).unwrap_or_default();
        // A split row needs one or two more slices, the zeros after the rows another one.
        let most_slices = MOST_SLICES / (1 + usize::from(!padding.is_empty())) - 2;
        let most_rows = batch.most_rows();
        self.checksums.clear();
        memory::reserve(&mut self.checksums, most_rows)?;
        let (mut piece, mut vectors) = (Piece::default(), Vec::new());
        let mut done = 0;
        while done < most_rows {
            let (mut at, fitting) = placement.place_of(u64::from(first_row) + done as u64)?;
            let extent_end = at + fitting as u64 * stride_bytes as u64;
            let mut left_bytes = fitting.min(most_rows - done) * stride_bytes;
            while left_bytes > 0 {
                let behind_boundary = usize::try_from(at % PIECE_BYTES as u64).unwrap_or(0);
                let most = if left_bytes <= PIECE_BYTES { left_bytes } else { PIECE_BYTES - behind_boundary };
                piece.begin();
                let first = done;
                let wanted = most.saturating_sub(piece.length).div_ceil(stride_bytes).min(most_slices);
                vectors.clear();
                memory::reserve(&mut vectors, wanted)?;
                memory::reserve(&mut piece.slices, most_slices.min(2 * wanted) + 3)?;
                batch.next(wanted, &mut vectors).map_err(|error| Stopped::Refused(error, first))?;
                done += vectors.len();
                for vector in &vectors {
                    piece.push_row(vector, padding, most);
                }
                let is_last = vectors.len() < wanted;
                if piece.length == 0 {
                    return Ok(());
                }
                let checks_first = first == 0 || queue.is_beside() || !piece.is_block();
                if checks_first {
                    self.check(batch, &vectors).map_err(|error| Stopped::Refused(error, first))?;
                }
                let (length, next) = (piece.length, at + piece.length as u64);
                if length < AHEAD_BYTES && next > self.zeroed_until {
                    self.zeroed_until = next.next_multiple_of(AHEAD_BYTES as u64).min(extent_end);
                    let ahead = usize::try_from(self.zeroed_until - next).unwrap_or(0);
                    debug_assert!(
                        ahead <= AHEAD.len(),
                        "{ahead} bytes to the next multiple of {AHEAD_BYTES}"
                    );
                    piece.push(AHEAD.get(..ahead).unwrap_or_default());
                }
                queue.put(&mut piece.slices, at).map_err(|error| data.io("writing to", error))?;
                if !checks_first {
                    self.check(batch, &vectors).map_err(|error| Stopped::Refused(error, done))?;
                }
                if is_last {
                    return Ok(());
                }
                at = next;
                left_bytes = left_bytes.saturating_sub(length);
            }
        }
        Ok(())
    }

    /// Checks vectors and stores their checksums.
    fn check<'a>(&mut self, batch: &impl NewRows<'a>, vectors: &[&'a [u8]]) -> Result<()> {
        for vector in vectors {
            self.checksums.push(batch.checksum(vector)?);
        }
        Ok(())
    }
}

/// Overwrites the first `count` rows of a refused batch with zeros. They are not visible, and the next batch overwrites
/// them, so an error here has no consequence.
pub(super) fn erase_rows(data: &DataFile, first_row: u32, count: usize) {
    let stride_bytes = data.identity.stride_bytes() as usize;
    let most_rows = (AHEAD_BYTES / stride_bytes).max(1).min(count);
    let placement = Placement { data, added: None };
    let mut done = 0;
    while done < count {
        let Ok((at, room)) = placement.place_of(u64::from(first_row) + done as u64) else { return };
        let now = room.min(most_rows).min(count - done);
        debug_assert!(now * stride_bytes <= AHEAD.len(), "{now} rows are longer than the zeros for them");
        if write_all_at(&*data.file, AHEAD.get(..now * stride_bytes).unwrap_or_default(), at).is_err() {
            return;
        }
        done += now;
    }
}
