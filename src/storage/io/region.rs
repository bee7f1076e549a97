//! Mapped bytes of a file: the only code that reads memory which the file system writes.
#![expect(unsafe_code, reason = "a mapping is a raw pointer; slices of it are made here and nowhere else")]

use crate::storage::platform;
use bytemuck::Pod;
use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::io;
use std::sync::Arc;

/// A read-only mapping of a part of a file, or a part of such a mapping. It does not move until the last part is dropped.
///
/// The caller requests only bytes that are written and never written again (rows and frames below the published
/// counts). The type keeps a raw mapping, so other bytes may change at any time.
#[derive(Debug)]
pub(crate) struct Region {
    map: Arc<MmapRaw>,
    /// In the mapping.
    start: *const u8,
    /// Bytes from `start` on, all in the mapping.
    length: usize,
}

// SAFETY: the pointer is into the mapping that `map` keeps, which may be read from any thread; nothing is written by it.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl Region {
    /// Maps `length_bytes` from `offset_bytes` on. The file must have them.
    pub(crate) fn map(file: &File, offset_bytes: u64, length_bytes: u64) -> io::Result<Self> {
        let length =
            usize::try_from(length_bytes).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        let map = MmapOptions::new().offset(offset_bytes).len(length).map_raw_read_only(file)?;
        Ok(Self { start: map.as_ptr(), length: map.len(), map: Arc::new(map) })
    }

    /// A part of the same mapping, because the system limits the number of mappings. `None` if it is not inside this
    /// region.
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

    /// In a forked child: releases the mapped file, for the whole mapping. Its bytes read as zeros afterwards.
    pub(crate) fn disown(&self) -> io::Result<()> {
        // SAFETY: the mapping is that of this region and its other parts, and lives as long as they. Slices of it may
        // be held by threads of the parent, which do not run here, and by results, which cannot be read in a child.
        unsafe { platform::detach_mapping(self.map.as_mut_ptr(), self.map.len()) }
    }

    /// `count` values from `offset_bytes` of the region on; `None` if they are not inside it or not aligned.
    #[inline]
    pub(crate) fn slice<T: Pod>(&self, offset_bytes: u64, count: usize) -> Option<&[T]> {
        let offset = usize::try_from(offset_bytes).ok()?;
        let length = count.checked_mul(size_of::<T>())?;
        if offset.checked_add(length)? > self.length {
            return None;
        }
        // SAFETY: `offset` is at most the region's length (checked above), so the pointer stays in the mapping or one
        // past its end.
        let start = unsafe { self.start.add(offset) };
        if !start.addr().is_multiple_of(align_of::<T>()) {
            return None;
        }
        // SAFETY: the bytes are in the mapping (checked above), which lives as long as `self`; `start` is aligned and
        // not null; any bytes are a valid `T` (Pod); they are not written while the slice lives, by the type's
        // contract. That other programs do not truncate the file is outside what the library can check
        // (docs/durability.md, "Not protected against").
        Some(unsafe { std::slice::from_raw_parts(start.cast::<T>(), count) })
    }
}
