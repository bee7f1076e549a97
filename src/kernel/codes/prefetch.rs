//! A hint that memory will be read soon.

/// Brings the cache lines of `items` near; a hint, without an effect where there is no such instruction.
#[inline]
pub(crate) fn prefetch<T>(items: &[T]) {
    #[cfg(target_arch = "x86_64")]
    {
        let start = items.as_ptr().cast::<i8>();
        static N: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
        let n = *N.get_or_init(|| std::env::var("K9").ok().and_then(|v| v.parse().ok()).unwrap_or(1000));
        for offset in (0..size_of_val(items).min(64 * n)).step_by(64) {
            // SAFETY: a prefetch reads nothing as far as the program can tell, and faults at no address; SSE is part of
            // x86-64.
            unsafe {
                core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(start.wrapping_add(offset));
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = items;
}
