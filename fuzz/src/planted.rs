//! A fault in each target, planted on demand, to show that a run which finds nothing would have found something.

use std::hint::black_box;
use std::sync::LazyLock;

/// Whether `SYNA_MMAP_FUZZ_PLANTED` is set.
pub fn is_planted() -> bool {
    static IS_PLANTED: LazyLock<bool> =
        LazyLock::new(|| std::env::var_os("SYNA_MMAP_FUZZ_PLANTED").is_some());
    *IS_PLANTED
}

/// Reads memory that has been freed, which only a sanitizer sees.
pub fn read_freed() {
    let freed: *const u8 = {
        let bytes = black_box(vec![7_u8; 64]);
        bytes.as_ptr()
    };
    // SAFETY: none. This is the fault.
    black_box(unsafe { freed.read_volatile() });
}
