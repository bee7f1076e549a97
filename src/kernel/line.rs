//! Cache lines as plain data, and prefetch hints, which have no effect on CPUs without such an instruction.

use bytemuck::{Pod, Zeroable};

/// 64 bytes in one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Line(pub [u8; 64]);

// SAFETY: 64 bytes aligned to 64, so no padding; any bits are a byte, zeros among them.
unsafe impl Zeroable for Line {}
// SAFETY: as above; the type is Copy and has neither references nor inner mutability.
unsafe impl Pod for Line {}

/// Prefetches the cache line of an item.
#[inline]
pub(crate) fn prefetch_line<T>(item: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch has no effect that the program can observe and faults at no address; SSE is part of x86-64.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(
            std::ptr::from_ref(item).cast(),
        );
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = item;
}

/// Prefetches all cache lines of `items`.
#[inline]
pub(crate) fn prefetch<T>(items: &[T]) {
    let lines = size_of_val(items).div_ceil(64);
    let step = items.len().div_ceil(lines.max(1)).max(1);
    items.iter().step_by(step).for_each(prefetch_line);
}

/// Lines to prefetch, a few at a time. A CPU core stalls when it has more outstanding requests than it can track (10 to
/// 16 lines), so the requests are spread over other work.
#[derive(Debug, Default)]
pub(crate) struct Prefetch<'a> {
    lines: &'a [Line],
}

impl<'a> Prefetch<'a> {
    pub(crate) fn new(lines: &'a [Line]) -> Self {
        Self { lines }
    }

    /// The lines that were not prefetched yet. The caller prefetches them.
    #[inline]
    pub(crate) fn rest(&mut self) -> &'a [Line] {
        std::mem::take(&mut self.lines)
    }

    /// Prefetches the next `count` lines.
    #[inline]
    pub(crate) fn prefetch(&mut self, count: usize) {
        let (now, later) = self.lines.split_at(count.min(self.lines.len()));
        now.iter().for_each(prefetch_line);
        self.lines = later;
    }
}
