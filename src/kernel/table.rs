//! The table of the functions of one instruction set.

use super::isa::Isa;
use super::rows::{ByteRows, FourRows, HalfRows, RowType, StoredRow};

/// A sum over one pair of vectors.
pub(super) type One = fn(&[f32], &[f32]) -> f32;
/// A sum over one vector and each of four rows. The rows are passed by reference: a copy of the array between two calls
/// stalls the following loads, which was measured as 5 of 11 ns a row at 128 dimensions.
pub(super) type OneOfFour = fn(&[f32], &[&[f32]; 4]) -> [f32; 4];
/// Two sums over one pair of vectors.
pub(super) type Two = fn(&[f32], &[f32]) -> (f32, f32);
/// Two sums over one vector and each of four rows.
pub(super) type TwoOfFour = fn(&[f32], &[&[f32]; 4]) -> [(f32, f32); 4];

/// A sum over each of four vectors and each of four rows: `[query][row]`.
pub(super) type Tile = fn(&[&[f32]; 4], &[&[f32]; 4]) -> [[f32; 4]; 4];

/// Two sums over one vector and each of four stored rows.
pub(super) type TwoOfFourStored<T> = for<'a> fn(&[f32], &[<T as RowType>::Row<'a>; 4]) -> [(f32, f32); 4];

/// The sums over a vector of f32 and stored rows of another type.
pub(super) struct StoredKernels<T: RowType> {
    pub(super) squared_euclidean: for<'a> fn(&[f32], T::Row<'a>) -> f32,
    pub(super) dot: for<'a> fn(&[f32], T::Row<'a>) -> f32,
    pub(super) dot_and_square: for<'a> fn(&[f32], T::Row<'a>) -> (f32, f32),
    pub(super) squared_euclidean_4: for<'a> fn(&[f32], &[T::Row<'a>; 4]) -> [f32; 4],
    pub(super) dot_4: for<'a> fn(&[f32], &[T::Row<'a>; 4]) -> [f32; 4],
    pub(super) dot_and_square_4: TwoOfFourStored<T>,
}

// Derived implementations would require them of the type parameter.
impl<T: RowType> Clone for StoredKernels<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: RowType> Copy for StoredKernels<T> {}

/// The kernels of one instruction set. The table is copied freely and never changes.
///
/// All vectors of a call have the same length, 0 or more components, at any address that is aligned for f32. In a
/// release build, vectors of different lengths are cut to the shortest: a wrong call gives a wrong distance, not an
/// out-of-bounds read. Nothing here panics in a release build.
///
/// Only the file of an instruction set creates its table, after it has checked the CPU. This makes the functions in it
/// safe to call.
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
    pub(super) halves: StoredKernels<HalfRows>,
    pub(super) bytes: StoredKernels<ByteRows>,
}

impl std::fmt::Debug for Kernels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kernels").field("isa", &self.isa).finish_non_exhaustive()
    }
}

impl Kernels {
    #[cfg(any(test, feature = "bench-internals"))]
    /// The instruction set of these kernels.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The sum of the squared differences of `a` and `b`.
    #[cfg(any(test, feature = "bench-internals"))]
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
    #[cfg(any(test, feature = "bench-internals"))]
    #[inline]
    #[must_use]
    pub fn squared_euclidean_4(&self, a: &[f32], rows: [&[f32]; 4]) -> [f32; 4] {
        debug_assert!(rows.iter().all(|row| row.len() == a.len()));
        (self.squared_euclidean_4)(a, &rows)
    }

    /// [`Kernels::dot`] of `a` and each of four rows.
    #[cfg(any(test, feature = "bench-internals"))]
    #[inline]
    #[must_use]
    pub fn dot_4(&self, a: &[f32], rows: [&[f32]; 4]) -> [f32; 4] {
        debug_assert!(rows.iter().all(|row| row.len() == a.len()));
        (self.dot_4)(a, &rows)
    }

    /// [`Kernels::dot_and_square`] of `a` and each of four rows.
    #[cfg(any(test, feature = "bench-internals"))]
    #[inline]
    #[must_use]
    pub fn dot_and_square_4(&self, a: &[f32], rows: [&[f32]; 4]) -> [(f32, f32); 4] {
        debug_assert!(rows.iter().all(|row| row.len() == a.len()));
        (self.dot_and_square_4)(a, &rows)
    }

    /// [`Kernels::squared_euclidean_4`] for rows at distant addresses that are not in the cache. All four are read side
    /// by side, which is 1.15 times as fast then, and slower for rows in a near cache.
    #[inline]
    #[must_use]
    pub fn squared_euclidean_streams(&self, a: &[f32], rows: [&[f32]; 4]) -> [f32; 4] {
        debug_assert!(rows.iter().all(|row| row.len() == a.len()));
        (self.squared_euclidean_streams)(a, &rows)
    }

    /// [`Kernels::dot_4`], in the same way.
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

    /// The index of the first component that is NaN or infinite. All of `a` is read.
    #[inline]
    #[must_use]
    pub fn first_non_finite(&self, a: &[f32]) -> Option<usize> {
        (self.first_non_finite)(a)
    }

    /// [`Kernels::squared_euclidean`] of `a` and a stored row.
    #[inline]
    #[must_use]
    pub fn squared_euclidean_to(&self, a: &[f32], row: StoredRow<'_>) -> f32 {
        debug_assert_eq!(a.len(), row.len());
        match row {
            StoredRow::Floats(row) => (self.squared_euclidean)(a, row),
            StoredRow::Halves(row) => (self.halves.squared_euclidean)(a, row),
            StoredRow::Bytes(row) => (self.bytes.squared_euclidean)(a, row),
        }
    }

    /// [`Kernels::dot`] of `a` and a stored row.
    #[inline]
    #[must_use]
    pub fn dot_to(&self, a: &[f32], row: StoredRow<'_>) -> f32 {
        debug_assert_eq!(a.len(), row.len());
        match row {
            StoredRow::Floats(row) => (self.dot)(a, row),
            StoredRow::Halves(row) => (self.halves.dot)(a, row),
            StoredRow::Bytes(row) => (self.bytes.dot)(a, row),
        }
    }

    /// [`Kernels::dot_and_square`] of `a` and a stored row.
    #[inline]
    #[must_use]
    pub fn dot_and_square_to(&self, a: &[f32], row: StoredRow<'_>) -> (f32, f32) {
        debug_assert_eq!(a.len(), row.len());
        match row {
            StoredRow::Floats(row) => (self.dot_and_square)(a, row),
            StoredRow::Halves(row) => (self.halves.dot_and_square)(a, row),
            StoredRow::Bytes(row) => (self.bytes.dot_and_square)(a, row),
        }
    }

    /// [`Kernels::squared_euclidean_to`] four rows.
    #[inline]
    #[must_use]
    pub fn squared_euclidean_to_4(&self, a: &[f32], rows: &FourRows<'_>) -> [f32; 4] {
        match rows {
            FourRows::Floats(rows) => (self.squared_euclidean_4)(a, rows),
            FourRows::Halves(rows) => (self.halves.squared_euclidean_4)(a, rows),
            FourRows::Bytes(rows) => (self.bytes.squared_euclidean_4)(a, rows),
        }
    }

    /// [`Kernels::dot_to`] four rows.
    #[inline]
    #[must_use]
    pub fn dot_to_4(&self, a: &[f32], rows: &FourRows<'_>) -> [f32; 4] {
        match rows {
            FourRows::Floats(rows) => (self.dot_4)(a, rows),
            FourRows::Halves(rows) => (self.halves.dot_4)(a, rows),
            FourRows::Bytes(rows) => (self.bytes.dot_4)(a, rows),
        }
    }

    /// [`Kernels::dot_and_square_to`] four rows.
    #[inline]
    #[must_use]
    pub fn dot_and_square_to_4(&self, a: &[f32], rows: &FourRows<'_>) -> [(f32, f32); 4] {
        match rows {
            FourRows::Floats(rows) => (self.dot_and_square_4)(a, rows),
            FourRows::Halves(rows) => (self.halves.dot_and_square_4)(a, rows),
            FourRows::Bytes(rows) => (self.bytes.dot_and_square_4)(a, rows),
        }
    }
}
