//! Anonymous memory for random access.

use crate::storage::platform::request_huge_pages;
use std::io;

/// Zeroed memory for random access, on huge pages if the system provides them.
#[derive(Debug)]
pub(crate) struct HugePages {
    map: memmap2::MmapMut,
    skipped: usize,
}

/// The alignment of the memory, and the least for which huge pages are requested: a huge page of x86-64 and aarch64.
const HUGE_PAGE_BYTES: usize = 2 << 20;

impl HugePages {
    /// # Errors
    /// If the system has no memory.
    pub(crate) fn new(bytes: usize) -> io::Result<Self> {
        let spare = if bytes < HUGE_PAGE_BYTES { 0 } else { HUGE_PAGE_BYTES };
        let map = memmap2::MmapMut::map_anon(bytes.checked_add(spare).ok_or(io::ErrorKind::OutOfMemory)?)?;
        let skipped = if spare == 0 { 0 } else { map.as_ptr().align_offset(HUGE_PAGE_BYTES).min(spare) };
        if spare > 0
            && let Some(used) = map.get(skipped..skipped + bytes)
        {
            request_huge_pages(used);
        }
        Ok(Self { map, skipped })
    }

    /// The first byte, aligned to a page. It does not move.
    pub(crate) fn start(&self) -> *mut u8 {
        self.map.as_ptr().wrapping_add(self.skipped).cast_mut()
    }
}
