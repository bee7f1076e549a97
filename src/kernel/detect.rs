//! Selecting the kernels for this CPU. Only this file knows all instruction sets.

use super::scalar;
use super::table::Kernels;

impl Kernels {
    /// The fastest kernels for this CPU.
    #[must_use]
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        let best = super::avx512::kernels().or_else(super::avx2::kernels);
        #[cfg(target_arch = "aarch64")]
        let best = super::neon::kernels();
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let best = None;
        best.unwrap_or(scalar::KERNELS)
    }

    #[cfg(any(test, feature = "bench-internals"))]
    /// All kernels that this CPU can run, the slowest first; for tests and benchmarks.
    #[must_use]
    pub fn available() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let fast = [super::avx2::kernels(), super::avx512::kernels()];
        #[cfg(target_arch = "aarch64")]
        let fast = [super::neon::kernels()];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let fast: [Option<Self>; 0] = [];
        std::iter::once(scalar::KERNELS).chain(fast.into_iter().flatten()).collect()
    }
}
