//! Reading frames, with read-ahead.
//!
//! The length of a frame is not trusted before its checksum was compared. The claimed bytes may be a hole in the file,
//! which costs an attacker nothing. So holes in long frames are not read, and a long frame needs no more memory than a
//! short one.

use super::data_file::DataFile;
use super::log_head::Head;
use crate::checksum::{crc32c_append, crc32c_append_zeros};
use crate::storage::format::frame::{Frame, claimed_length};
use crate::storage::format::layout::{bytes, frame};
use crate::storage::format::place::Place;
use crate::storage::io::medium::read_exact_at;
use std::io;
use std::ops::Range;

/// The most bytes read ahead. Longer frames are accessed in the mapping.
const READ_AHEAD: usize = 1 << 20;
/// The most bytes of keys in holes. A user may have keys of zeros, and a copy of the file may be sparse.
const MOST_HOLE_OF_KEYS: u64 = 1 << 20;

/// See the module.
pub(super) struct LogReader<'a> {
    data: &'a DataFile,
    buffer: Vec<u8>,
    /// The offset of the buffer in the file.
    start: u64,
    /// Whether a long frame was read with its holes, because its checksum did not match without.
    were_holes_read: bool,
}

impl<'a> LogReader<'a> {
    pub(super) fn new(data: &'a DataFile) -> Self {
        Self { data, buffer: Vec::new(), start: u64::MAX, were_holes_read: false }
    }

    /// The header at a head, which has space for one. After the end of the file: zeros.
    pub(super) fn header(&mut self, head: &Head) -> io::Result<&[u8]> {
        self.short(head, frame::LENGTH)
    }

    /// The complete frame at a head, which has space for a header. `Err` says why there is none.
    pub(super) fn frame(&mut self, head: &Head) -> io::Result<Result<Frame<'_>, &'static str>> {
        let place = Place::new(&self.data.identity, head.offset_bytes);
        let Some(length) = claimed_length(self.header(head)?, place, head.room_bytes) else {
            return Ok(Err("no frame begins here"));
        };
        if length <= READ_AHEAD {
            return Ok(Frame::check(self.short(head, length)?, place));
        }
        let range = head.offset_bytes..head.offset_bytes + length as u64;
        let Some(bytes) = self.data.extents.bytes(range.start, length) else {
            return Ok(Err("the frame is not inside an extent"));
        };
        let mut header = [0; frame::LENGTH];
        header.copy_from_slice(self.header(head)?);
        let stored = bytes::read_u32(&header, frame::CHECKSUM);
        let mut checksum = self.long_checksum(&header, place, &range, true)?;
        // The file system reports the holes. After one mismatch they are not relied on.
        if checksum != stored && !std::mem::replace(&mut self.were_holes_read, true) {
            checksum = self.long_checksum(&header, place, &range, false)?;
        }
        let found = Frame::check_summed(bytes, place, checksum);
        Ok(match found {
            Ok(frame) if self.hole_bytes(&frame.key_range(range.start))? > MOST_HOLE_OF_KEYS => {
                Err("the frame's keys are a hole in the file")
            }
            found => found,
        })
    }

    /// The frame that [`LogReader::frame`] has returned for a head.
    pub(super) fn known(&mut self, head: &Head, length: usize) -> io::Result<Option<Frame<'_>>> {
        if length <= READ_AHEAD {
            return Ok(Frame::known(self.short(head, length)?));
        }
        Ok(self.data.extents.bytes(head.offset_bytes, length).and_then(Frame::known))
    }

    /// The first `count` bytes at a head, which has that much space, from the buffer. After the end of the file: zeros,
    /// because a writer that could not map an extent has removed it meanwhile.
    fn short(&mut self, head: &Head, count: usize) -> io::Result<&[u8]> {
        let offset = head.offset_bytes;
        let is_there = offset >= self.start && offset + count as u64 <= self.start + self.buffer.len() as u64;
        if !is_there {
            let ahead = usize::try_from(head.room_bytes).map_or(READ_AHEAD, |room| room.min(READ_AHEAD));
            self.fill(offset, ahead)?;
        }
        let at = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        Ok(self.buffer.get(at..at.saturating_add(count)).unwrap_or_default())
    }

    /// Reads bytes of the file into the buffer.
    fn fill(&mut self, offset_bytes: u64, count: usize) -> io::Result<()> {
        self.start = u64::MAX;
        self.buffer.clear();
        self.buffer.try_reserve(count).map_err(|_| io::ErrorKind::OutOfMemory)?;
        self.buffer.resize(count, 0);
        match read_exact_at(&*self.data.file, &mut self.buffer, offset_bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            read => read?,
        }
        self.start = offset_bytes;
        Ok(())
    }

    /// The checksum of a frame, read in parts. If `are_holes_believed`, known holes are not read.
    fn long_checksum(
        &mut self,
        header: &[u8; frame::LENGTH],
        place: Place,
        range: &Range<u64>,
        are_holes_believed: bool,
    ) -> io::Result<u32> {
        let mut checksum = crc32c_append(place.seed, &header[..frame::CHECKSUM.offset]);
        let mut at = range.start + frame::LENGTH as u64;
        while at < range.end {
            let data = match are_holes_believed {
                true => self.data.file.next_data(at)?.unwrap_or(range.end..range.end),
                false => at..range.end,
            };
            let start = data.start.clamp(at, range.end);
            checksum = crc32c_append_zeros(checksum, usize::try_from(start - at).unwrap_or(0));
            at = start;
            let end = data.end.clamp(at, range.end);
            while at < end {
                let count = usize::try_from(end - at).map_or(READ_AHEAD, |left| left.min(READ_AHEAD));
                self.fill(at, count)?;
                checksum = crc32c_append(checksum, &self.buffer);
                at += count as u64;
            }
        }
        Ok(checksum)
    }

    /// The bytes of a range that are known to be holes.
    fn hole_bytes(&self, range: &Range<u64>) -> io::Result<u64> {
        let (mut at, mut holes) = (range.start, 0);
        while at < range.end {
            let data = self.data.file.next_data(at)?.unwrap_or(range.end..range.end);
            holes += data.start.clamp(at, range.end) - at;
            at = data.end.max(at + 1);
        }
        Ok(holes)
    }
}
