//! Memory without a file, for what is read at random.

use std::io;

/// Memory that is read at random: zeroed, and on huge pages where the system has them to give.
#[derive(Debug)]
pub(crate) struct HugePages {
    map: memmap2::MmapMut,
    skipped: usize,
}

/// What memory is aligned to, and the least that is worth a mapping of its own: a huge page of x86-64 and aarch64.
const HUGE_PAGE_BYTES: usize = 2 << 20;

impl HugePages {
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
