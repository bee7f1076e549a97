//! A file that is read by position, in pieces, up to a limit.

use crc32c::crc32c_append;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

/// Bytes that are read at once.
const PIECE_BYTES: usize = 256 * 1024;
/// The minimum that a short read counts for, because it costs a system call.
const LEAST_COST_BYTES: u64 = 512;

/// A file.
pub struct Source {
    file: File,
    length: u64,
    left_bytes: Cell<u64>,
}

impl Source {
    /// Opens a file of which at most `limit_bytes` are read.
    pub fn open(path: &Path, limit_bytes: u64) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("this is not a file"));
        }
        Ok(Self { file, length: metadata.len(), left_bytes: Cell::new(limit_bytes) })
    }

    pub fn length(&self) -> u64 {
        self.length
    }

    /// Counts bytes that are read, or processed again.
    pub fn charge(&self, bytes: u64) -> io::Result<()> {
        let Some(left) = self.left_bytes.get().checked_sub(bytes) else {
            return Err(io::Error::other("the read limit is reached; see --read-limit"));
        };
        self.left_bytes.set(left);
        Ok(())
    }

    /// Reads from an offset on and returns the number of bytes, which is smaller only at the end of the file.
    pub fn read(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        self.charge((into.len() as u64).max(LEAST_COST_BYTES))?;
        if at >= self.length {
            return Ok(0);
        }
        (&self.file).seek(SeekFrom::Start(at))?;
        let mut count = 0;
        while let Some(rest) = into.get_mut(count..).filter(|rest| !rest.is_empty()) {
            match (&self.file).read(rest) {
                Ok(0) => break,
                Ok(read) => count = count.saturating_add(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }

    /// `N` bytes at an offset; `None` past the end of the file.
    pub fn array<const N: usize>(&self, at: u64) -> io::Result<Option<[u8; N]>> {
        let mut bytes = [0; N];
        Ok((self.read(at, &mut bytes)? == N).then_some(bytes))
    }

    /// Extends `checksum` over a range; `None` past the end of the file.
    pub fn checksum(&self, mut checksum: u32, range: Range<u64>) -> io::Result<Option<u32>> {
        if range.end > self.length {
            return Ok(None);
        }
        let mut buffer = [0; 16 * 1024];
        let mut at = range.start;
        while at < range.end {
            let count = usize::try_from(range.end - at).map_or(buffer.len(), |left| left.min(buffer.len()));
            let Some(piece) = buffer.get_mut(..count) else { break };
            if self.read(at, piece)? != count {
                return Ok(None);
            }
            checksum = crc32c_append(checksum, piece);
            at = at.saturating_add(count as u64);
        }
        Ok(Some(checksum))
    }
}

/// A piece of a file, read ahead. Clones share the piece until one of them moves on.
#[derive(Clone)]
pub struct Window<'s> {
    source: &'s Source,
    start: u64,
    buffer: Rc<Vec<u8>>,
}

impl<'s> Window<'s> {
    /// The longest piece that can be requested.
    pub const MAX_BYTES: u64 = PIECE_BYTES as u64;

    pub fn new(source: &'s Source) -> Self {
        Self { source, start: 0, buffer: Rc::default() }
    }

    pub fn source(&self) -> &'s Source {
        self.source
    }

    /// `count` bytes at an offset; `None` past the end of the file, or if `count` exceeds [`Self::MAX_BYTES`].
    pub fn bytes(&mut self, at: u64, count: u64) -> io::Result<Option<&[u8]>> {
        let Some(end) = at.checked_add(count).filter(|&end| end <= self.source.length) else {
            return Ok(None);
        };
        if count > Self::MAX_BYTES {
            return Ok(None);
        }
        let is_there = at >= self.start && end - self.start <= self.buffer.len() as u64;
        if !is_there {
            let mut buffer = vec![0; PIECE_BYTES];
            let read = self.source.read(at, &mut buffer)?;
            buffer.truncate(read);
            (self.start, self.buffer) = (at, Rc::new(buffer));
        }
        let from = usize::try_from(at - self.start).unwrap_or(usize::MAX);
        let to = usize::try_from(end - self.start).unwrap_or(usize::MAX);
        Ok(self.buffer.get(from..to))
    }

    /// The u32 at an offset; `None` past the end of the file.
    pub fn word(&mut self, at: u64) -> io::Result<Option<u32>> {
        let bytes = self.bytes(at, 4)?.and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        Ok(bytes.map(u32::from_le_bytes))
    }

    /// The u64 at an offset; `None` past the end of the file.
    pub fn long(&mut self, at: u64) -> io::Result<Option<u64>> {
        let bytes = self.bytes(at, 8)?.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
        Ok(bytes.map(u64::from_le_bytes))
    }
}
