//! The table of functions of one instruction set, and its choice.

use super::scalar;

/// An instruction set that has kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// No SIMD of ours: sums in f64.
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

/// A sum over one pair of vectors.
pub(super) type One = fn(&[f32], &[f32]) -> f32;
/// A sum over one vector and each of four rows. The rows come by reference: a copy of them between two calls stalls the
/// loads behind it, which was measured as 5 of 11 ns a row at 128 dimensions.
pub(super) type OneOfFour = fn(&[f32], &[&[f32]; 4]) -> [f32; 4];
/// Two sums over one pair of vectors.
pub(super) type Two = fn(&[f32], &[f32]) -> (f32, f32);
/// Two sums over one vector and each of four rows.
pub(super) type TwoOfFour = fn(&[f32], &[&[f32]; 4]) -> [(f32, f32); 4];

/// A sum over each of four vectors and each of four rows: `[query][row]`.
pub(super) type Tile = fn(&[&[f32]; 4], &[&[f32]; 4]) -> [[f32; 4]; 4];

/// The kernels of one instruction set; copied freely, never changed.
///
/// All vectors of a call have the same length, 0 or more components at any address an f32 may have. In a release build
/// the shortest of them counts where they differ, so that a mistake above is a wrong distance and not a read out of bounds.
/// Nothing here panics in a release build.
///
/// A table is only made by the file of its instruction set, after that file has asked the CPU: that is what makes the
/// functions in it safe to call.
#[derive(Clone, Copy)]
pub struct Kernels {
    pub(super) isa: Isa,
    pub(super) squared_euclidean: One,
    pub(super) dot: One,
    pub(super) dot_and_square: Two,
    pub(super) squared_euclidean_4: OneOfFour,
    pub(super) dot_4: OneOfFour,
    pub(super) dot_and_square_4: TwoOfFour,
    pub(super) squared_euclidean_streams: OneOfFour,
    pub(super) dot_streams: OneOfFour,
    pub(super) squared_euclidean_tile: Tile,
    pub(super) dot_tile: Tile,
    pub(super) first_non_finite: fn(&[f32]) -> Option<usize>,
}

impl std::fmt::Debug for Kernels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kernels").field("isa", &self.isa).finish_non_exhaustive()
    }
}

impl Kernels {
    /// The fastest kernels that this CPU has.
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
    /// Every kernel that this CPU can run, the slowest first; for tests and benchmarks.
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

    #[cfg(any(test, feature = "bench-internals"))]
    /// The instruction set of these kernels.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The sum of the squared differences of `a` and `b`.
    #[inline]
    #[must_use]
    pub fn squared_euclidean(&self, a: &[f32], b: &[f32]) -> f32 {
        debug_assert_eq!(a.len(), b.len());
        (self.squared_euclidean)(a, b)
    }

    /// The sum of the products of `a` and `b`.
    #[inline]
    #[must_use]
    pub fn dot(&self, a: &[f32], b: &[f32]) -> f32 {
        debug_assert_eq!(a.len(), b.len());
        (self.dot)(a, b)
    }

    /// `a . b` and `b . b`, in one pass over `b`.
    #[inline]
    #[must_use]
    pub fn dot_and_square(&self, a: &[f32], b: &[f32]) -> (f32, f32) {
        debug_assert_eq!(a.len(), b.len());
        (self.dot_and_square)(a, b)
    }

    /// [`Kernels::squared_euclidean`] of `a` and each of four rows.
    #[inline]
    #[must_use]
    pub fn squared_euclidean_4(&self, a: &[f32], rows: [&[f32]; 4]) -> [f32; 4] {
        debug_assert!(rows.iter().all(|row| row.len() == a.len()));
        (self.squared_euclidean_4)(a, &rows)
    }

    /// [`Kernels::dot`] of `a` and each of four rows.
    #[inline]
    #[must_use]
    pub fn dot_4(&self, a: &[f32], rows: [&[f32]; 4]) -> [f32; 4] {
        debug_assert!(rows.iter().all(|row| row.len() == a.len()));
        (self.dot_4)(a, &rows)
    }

    /// [`Kernels::dot_and_square`] of `a` and each of four rows.
    #[inline]
    #[must_use]
    pub fn dot_and_square_4(&self, a: &[f32], rows: [&[f32]; 4]) -> [(f32, f32); 4] {
        debug_assert!(rows.iter().all(|row| row.len() == a.len()));
        (self.dot_and_square_4)(a, &rows)
    }

    /// [`Kernels::squared_euclidean_4`] for rows far from each other that are read from memory: all four side by side, as
    /// streams, which is faster then (1.15 times) and slower for rows in a near cache.
    #[inline]
    #[must_use]
    pub fn squared_euclidean_streams(&self, a: &[f32], rows: [&[f32]; 4]) -> [f32; 4] {
        debug_assert!(rows.iter().all(|row| row.len() == a.len()));
        (self.squared_euclidean_streams)(a, &rows)
    }

    /// [`Kernels::dot_4`] in the same way.
    #[inline]
    #[must_use]
    pub fn dot_streams(&self, a: &[f32], rows: [&[f32]; 4]) -> [f32; 4] {
        debug_assert!(rows.iter().all(|row| row.len() == a.len()));
        (self.dot_streams)(a, &rows)
    }

    /// [`Kernels::squared_euclidean`] of each of four queries and each of four rows: `[query][row]`.
    #[inline]
    #[must_use]
    pub fn squared_euclidean_tile(&self, queries: [&[f32]; 4], rows: [&[f32]; 4]) -> [[f32; 4]; 4] {
        debug_assert!(queries.iter().chain(&rows).all(|vector| vector.len() == queries[0].len()));
        (self.squared_euclidean_tile)(&queries, &rows)
    }

    /// [`Kernels::dot`] of each of four queries and each of four rows: `[query][row]`.
    #[inline]
    #[must_use]
    pub fn dot_tile(&self, queries: [&[f32]; 4], rows: [&[f32]; 4]) -> [[f32; 4]; 4] {
        debug_assert!(queries.iter().chain(&rows).all(|vector| vector.len() == queries[0].len()));
        (self.dot_tile)(&queries, &rows)
    }

    /// The place of the first component that is NaN or infinite; all of `a` is read in any case.
    #[inline]
    #[must_use]
    pub fn first_non_finite(&self, a: &[f32]) -> Option<usize> {
        (self.first_non_finite)(a)
    }
}
