//! Mapped bytes: the one file that knows memmap2 and reads memory which the file system writes.
#![expect(unsafe_code, reason = "a mapping is a raw pointer; slices of it are made here and nowhere else")]

use bytemuck::Pod;
use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::io;

/// A read-only mapping of a part of a file. It stays where it is until it is dropped.
///
/// The caller asks only for bytes that are written and will never be written otherwise again (rows and frames below
/// the published counts): the type keeps a raw mapping, so bytes nobody asked for may change under it.
#[derive(Debug)]
pub(crate) struct Region {
    map: MmapRaw,
}

impl Region {
    /// Maps `length_bytes` from `offset_bytes` on; the file has them.
    pub(crate) fn map(file: &File, offset_bytes: u64, length_bytes: u64) -> io::Result<Self> {
        let length =
            usize::try_from(length_bytes).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        let map = MmapOptions::new().offset(offset_bytes).len(length).map_raw_read_only(file)?;
        Ok(Self { map })
    }

    /// `count` values from `offset_bytes` of the region on; `None` where they do not lie in it or are not aligned.
    #[inline]
    pub(crate) fn slice<T: Pod>(&self, offset_bytes: u64, count: usize) -> Option<&[T]> {
        let offset = usize::try_from(offset_bytes).ok()?;
        let length = count.checked_mul(size_of::<T>())?;
        if offset.checked_add(length)? > self.map.len() {
            return None;
        }
        // SAFETY: `offset` is at most the mapping's length (checked above), so the pointer stays in the mapping or
        // one past its end.
        let start = unsafe { self.map.as_ptr().add(offset) };
        if !start.addr().is_multiple_of(align_of::<T>()) {
            return None;
        }
        // SAFETY: the bytes lie in the mapping (checked above), which lives as long as `self`; `start` is aligned and
        // not null; any bytes are a `T` (Pod); nobody writes them while the slice lives, by the type's contract.
        // That the file keeps its length is the file system's part (docs/design.md, out of scope: truncation by
        // others).
        Some(unsafe { std::slice::from_raw_parts(start.cast::<T>(), count) })
    }
}

/// Memory that is read at random: zeroed, and on huge pages where the system has them to give.
#[derive(Debug)]
pub(crate) struct Memory {
    map: memmap2::MmapMut,
    skipped: usize,
}

/// What memory is aligned to, and the least that is worth a mapping of its own: a huge page of x86-64 and aarch64.
const HUGE_PAGE_BYTES: usize = 2 << 20;

impl Memory {
    /// # Errors
    /// Where the system has no memory.
    pub(crate) fn new(bytes: usize) -> io::Result<Self> {
        let spare = if bytes < HUGE_PAGE_BYTES { 0 } else { HUGE_PAGE_BYTES };
        let map = memmap2::MmapMut::map_anon(bytes.checked_add(spare).ok_or(io::ErrorKind::OutOfMemory)?)?;
        let skipped = if spare == 0 { 0 } else { map.as_ptr().align_offset(HUGE_PAGE_BYTES).min(spare) };
        #[cfg(unix)]
        if spare > 0 {
            // A wish: where it is not heard, searches are slower.
            let _ = map.advise_range(memmap2::Advice::HugePage, skipped, bytes);
        }
        Ok(Self { map, skipped })
    }

    /// The first byte, aligned to a page; it stays where it is as long as this lives.
    pub(crate) fn start(&self) -> *mut u8 {
        self.map.as_ptr().wrapping_add(self.skipped).cast_mut()
    }
}
