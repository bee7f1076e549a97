//! Hints that memory will be read soon; without an effect where there is no such instruction.

use super::line::Line;

/// Brings the cache line of an item near.
#[inline]
pub(crate) fn prefetch_line<T>(item: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing as far as the program can tell, and faults at no address; SSE is part of x86-64.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(
            std::ptr::from_ref(item).cast(),
        );
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = item;
}

/// Brings all cache lines of `items` near.
#[inline]
pub(crate) fn prefetch<T>(items: &[T]) {
    let lines = size_of_val(items).div_ceil(64);
    let step = items.len().div_ceil(lines.max(1)).max(1);
    items.iter().step_by(step).for_each(prefetch_line);
}

/// Lines that are on their way, a few at a time: a core waits when it has asked for more than it can keep account of
/// (10 to 16 lines), so the requests are spread over the work that is done meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Prefetch<'a> {
    lines: &'a [Line],
}

impl<'a> Prefetch<'a> {
    pub(crate) fn new(lines: &'a [Line]) -> Self {
        Self { lines }
    }

    /// The lines that were not asked for yet; the caller does.
    #[inline]
    pub(crate) fn rest(&mut self) -> &'a [Line] {
        std::mem::take(&mut self.lines)
    }

    /// Asks for the next `count` lines.
    #[inline]
    pub(crate) fn prefetch(&mut self, count: usize) {
        let (now, later) = self.lines.split_at(count.min(self.lines.len()));
        now.iter().for_each(prefetch_line);
        self.lines = later;
    }
}
