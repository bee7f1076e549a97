//! A fault in each target, injected on request, to show that a run without findings would have found one.

use std::hint::black_box;
use std::sync::LazyLock;

/// Whether `SYNA_MMAP_FUZZ_INJECT` is set.
pub fn is_fault_injected() -> bool {
    static IS_FAULT_INJECTED: LazyLock<bool> =
        LazyLock::new(|| std::env::var_os("SYNA_MMAP_FUZZ_INJECT").is_some());
    *IS_FAULT_INJECTED
}

/// Reads freed memory, which only a sanitizer detects.
pub fn read_freed() {
    let freed: *const u8 = {
        let bytes = black_box(vec![7_u8; 64]);
        bytes.as_ptr()
    };
    // SAFETY: none. This is the injected fault.
    black_box(unsafe { freed.read_volatile() });
}
