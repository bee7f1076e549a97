//! Selecting the kernels for this CPU.

use super::table::Kernels;

/// Defines the selection among the tables of a type, from the files of the instruction sets beside that of the call.
macro_rules! selection_of {
    ($kernels:ty) => {
        impl $kernels {
            /// All kernels that this CPU can run, the slowest first.
            fn runnable() -> impl DoubleEndedIterator<Item = Self> {
                #[cfg(target_arch = "x86_64")]
                let fast = [super::avx2::kernels(), super::avx512::kernels()];
                #[cfg(target_arch = "aarch64")]
                let fast = [super::neon::kernels()];
                #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
                let fast: [Option<Self>; 0] = [];
                std::iter::once(super::scalar::KERNELS).chain(fast.into_iter().flatten())
            }

            /// The fastest kernels for this CPU.
            #[must_use]
            pub fn detect() -> Self {
                Self::runnable().next_back().unwrap_or(super::scalar::KERNELS)
            }

            #[cfg(any(test, feature = "bench-internals"))]
            /// All kernels that this CPU can run, the slowest first; for tests and benchmarks.
            #[must_use]
            pub fn available() -> Vec<Self> {
                Self::runnable().collect()
            }
        }
    };
}
pub(super) use selection_of;

selection_of!(Kernels);
