//! Bytes of a file as memory: mapped, given by the caller, or copied. The only code that reads memory which the file
//! system writes.
#![expect(unsafe_code, reason = "a mapping is a raw pointer; slices of it are made here and nowhere else")]

use super::huge_pages::HugePages;
use crate::storage::platform;
use bytemuck::Pod;
use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::io;
use std::sync::Arc;

/// The owner of bytes in memory that never change.
pub(crate) type GivenBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// What keeps the bytes of a region where they are.
enum Backing {
    Mapped(MmapRaw),
    Given { _owner: GivenBytes },
    Copied { _memory: HugePages },
}

/// Read-only bytes of a part of a file, or a part of such bytes. They do not move until the last part is dropped.
///
/// The caller requests only bytes that are written and never written again (rows and frames below the published
/// counts). The type keeps a raw mapping, so other bytes may change at any time.
pub(crate) struct Region {
    backing: Arc<Backing>,
    /// In the bytes of `backing`.
    start: *const u8,
    /// Bytes from `start` on, all in `backing`.
    length: usize,
}

// SAFETY: the pointer is into the bytes that `backing` keeps, which may be read from any thread; nothing is written by
// it.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl std::fmt::Debug for Region {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Region").field("start", &self.start).field("length", &self.length).finish()
    }
}

fn length_of(length_bytes: u64) -> io::Result<usize> {
    usize::try_from(length_bytes).map_err(|_| io::ErrorKind::OutOfMemory.into())
}

impl Region {
    /// Maps `length_bytes` from `offset_bytes` on. The file must have them.
    pub(crate) fn map(file: &File, offset_bytes: u64, length_bytes: u64) -> io::Result<Self> {
        let length = length_of(length_bytes)?;
        let map = MmapOptions::new().offset(offset_bytes).len(length).map_raw_read_only(file)?;
        Ok(Self { start: map.as_ptr(), length: map.len(), backing: Arc::new(Backing::Mapped(map)) })
    }

    /// `length_bytes` from `offset_bytes` on, of bytes in memory.
    ///
    /// # Errors
    /// `UnexpectedEof` if there are not as many.
    pub(crate) fn given(owner: &GivenBytes, offset_bytes: u64, length_bytes: u64) -> io::Result<Self> {
        let eof = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let offset = usize::try_from(offset_bytes).map_err(|_| eof())?;
        let whole = (**owner).as_ref();
        let bytes = whole.get(offset..).and_then(|rest| rest.get(..length_of(length_bytes).ok()?));
        let bytes = bytes.ok_or_else(eof)?;
        // The slice is borrowed from the owner, which this region keeps and never changes or moves.
        let backing = Arc::new(Backing::Given { _owner: Arc::clone(owner) });
        Ok(Self { start: bytes.as_ptr(), length: bytes.len(), backing })
    }

    /// As many bytes as `read` fills, in new memory that is aligned to a page.
    ///
    /// # Errors
    /// Those of `read`; if the system has no memory.
    pub(crate) fn copied(
        length_bytes: u64,
        read: impl FnOnce(&mut [u8]) -> io::Result<()>,
    ) -> io::Result<Self> {
        let length = length_of(length_bytes)?;
        let memory = HugePages::new(length)?;
        let start = memory.start();
        // SAFETY: the memory has `length` initialized bytes, and nothing else refers to it yet.
        read(unsafe { std::slice::from_raw_parts_mut(start, length) })?;
        Ok(Self { start, length, backing: Arc::new(Backing::Copied { _memory: memory }) })
    }

    /// Whether the first byte is aligned to `alignment` bytes.
    pub(crate) fn is_aligned_to(&self, alignment: usize) -> bool {
        self.start.addr().is_multiple_of(alignment)
    }

    /// A part of the same mapping, because the system limits the number of mappings. `None` if it is not inside this
    /// region.
    pub(crate) fn part(&self, offset_bytes: u64, length_bytes: u64) -> Option<Self> {
        let offset = usize::try_from(offset_bytes).ok()?;
        let length = usize::try_from(length_bytes).ok()?;
        if offset.checked_add(length)? > self.length {
            return None;
        }
        // SAFETY: `offset` is at most this region's length, so the pointer stays in its bytes or one past their end.
        let start = unsafe { self.start.add(offset) };
        Some(Self { backing: Arc::clone(&self.backing), start, length })
    }

    /// In a forked child: releases the mapped file, for the whole mapping. Its bytes read as zeros afterwards.
    pub(crate) fn disown(&self) -> io::Result<()> {
        let Backing::Mapped(map) = &*self.backing else { return Ok(()) };
        // SAFETY: the mapping is that of this region and its other parts, and lives as long as they. Slices of it may
        // be held by threads of the parent, which do not run here, and by results, which cannot be read in a child.
        unsafe { platform::detach_mapping(map.as_mut_ptr(), map.len()) }
    }

    /// `count` values from `offset_bytes` of the region on; `None` if they are not inside it or not aligned.
    #[inline]
    pub(crate) fn slice<T: Pod>(&self, offset_bytes: u64, count: usize) -> Option<&[T]> {
        let offset = usize::try_from(offset_bytes).ok()?;
        let length = count.checked_mul(size_of::<T>())?;
        if offset.checked_add(length)? > self.length {
            return None;
        }
        // SAFETY: `offset` is at most the region's length (checked above), so the pointer stays in its bytes or one
        // past their end.
        let start = unsafe { self.start.add(offset) };
        if !start.addr().is_multiple_of(align_of::<T>()) {
            return None;
        }
        // SAFETY: the bytes are in those that `backing` keeps (checked above), as long as `self` lives; `start` is
        // aligned and not null; any bytes are a valid `T` (Pod); they are not written while the slice lives, by the
        // type's contract. That other programs do not truncate the file is outside what the library can check
        // (docs/durability.md, "Not protected against").
        Some(unsafe { std::slice::from_raw_parts(start.cast::<T>(), count) })
    }
}
