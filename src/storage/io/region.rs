//! Mapped bytes of a file: the one place that reads memory which the file system writes.
#![expect(unsafe_code, reason = "a mapping is a raw pointer; slices of it are made here and nowhere else")]

use crate::storage::platform;
use bytemuck::Pod;
use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::io;
use std::sync::Arc;

/// A read-only mapping of a part of a file, or a part of one. It stays where it is until the last part is dropped.
///
/// The caller asks only for bytes that are written and will never be written otherwise again (rows and frames below
/// the published counts): the type keeps a raw mapping, so bytes nobody asked for may change under it.
#[derive(Debug)]
pub(crate) struct Region {
    map: Arc<MmapRaw>,
    /// In the mapping.
    start: *const u8,
    /// From `start` on; they lie in the mapping.
    length: usize,
}

// SAFETY: the pointer is into the mapping that `map` keeps, which may be read from any thread; nothing is written by it.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl Region {
    /// Maps `length_bytes` from `offset_bytes` on; the file has them.
    pub(crate) fn map(file: &File, offset_bytes: u64, length_bytes: u64) -> io::Result<Self> {
        let length =
            usize::try_from(length_bytes).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        let map = MmapOptions::new().offset(offset_bytes).len(length).map_raw_read_only(file)?;
        Ok(Self { start: map.as_ptr(), length: map.len(), map: Arc::new(map) })
    }

    /// A part of the same mapping: the system bounds how many a process has. `None` where it does not lie in this region.
    pub(crate) fn part(&self, offset_bytes: u64, length_bytes: u64) -> Option<Self> {
        let offset = usize::try_from(offset_bytes).ok()?;
        let length = usize::try_from(length_bytes).ok()?;
        if offset.checked_add(length)? > self.length {
            return None;
        }
        // SAFETY: `offset` is at most this region's length, so the pointer stays in the mapping or one past its end.
        let start = unsafe { self.start.add(offset) };
        Some(Self { map: Arc::clone(&self.map), start, length })
    }

    /// In a forked child: gives up the mapped file, all of the mapping. What is read here from now on is zeros.
    pub(crate) fn disown(&self) -> io::Result<()> {
        // SAFETY: the mapping is that of this region and its other parts, and lives as long as they. Slices of it may be held
        // by threads of the parent, which do not run here, and by results, of which a child can read nothing.
        unsafe { platform::detach_mapping(self.map.as_mut_ptr(), self.map.len()) }
    }

    /// `count` values from `offset_bytes` of the region on; `None` where they do not lie in it or are not aligned.
    #[inline]
    pub(crate) fn slice<T: Pod>(&self, offset_bytes: u64, count: usize) -> Option<&[T]> {
        let offset = usize::try_from(offset_bytes).ok()?;
        let length = count.checked_mul(size_of::<T>())?;
        if offset.checked_add(length)? > self.length {
            return None;
        }
        // SAFETY: `offset` is at most the region's length (checked above), so the pointer stays in the mapping or
        // one past its end.
        let start = unsafe { self.start.add(offset) };
        if !start.addr().is_multiple_of(align_of::<T>()) {
            return None;
        }
        // SAFETY: the bytes lie in the mapping (checked above), which lives as long as `self`; `start` is aligned and
        // not null; any bytes are a `T` (Pod); nobody writes them while the slice lives, by the type's contract.
        // Nothing here keeps another program from truncating the file (docs/durability.md, "Not protected against").
        Some(unsafe { std::slice::from_raw_parts(start.cast::<T>(), count) })
    }
}
