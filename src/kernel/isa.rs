//! The instruction sets that have kernels.

/// An instruction set that has kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// No SIMD code: sums in f64.
    Scalar,
    /// AVX2 with FMA, 8 lanes.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512F, 16 lanes.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// NEON, 4 lanes.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Isa {
    #[cfg(any(test, feature = "bench-internals"))]
    /// The name in tables and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "neon",
        }
    }
}
