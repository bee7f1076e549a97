//! `Lanes`: a vector register. `Stored`: how the loop of `sweep.rs` loads stored rows of each type into registers.

use super::rows::{Bytes, Halves};

/// One vector register of f32.
///
/// # Safety
/// Methods that load nothing require only the instruction set. They are inlined where it is enabled.
pub(super) trait Lanes: Copy {
    /// Components in a register.
    const LANES: usize;
    /// All lanes 0.
    unsafe fn zero() -> Self;
    /// The `LANES` components at `from`.
    ///
    /// # Safety
    /// The CPU has the instruction set, and `LANES` components are readable at `from`, which is aligned for f32.
    unsafe fn load(from: *const f32) -> Self;
    /// The first `count` components at `from`, and 0 in the other lanes. Memory after them is not read.
    ///
    /// # Safety
    /// The CPU has the instruction set, `0 < count < LANES`; `count` components are readable at `from`, aligned for f32.
    unsafe fn load_first(from: *const f32, count: usize) -> Self;
    /// `value` in all lanes.
    unsafe fn splat(value: f32) -> Self;
    /// The values of the `LANES` halves at `from`.
    ///
    /// # Safety
    /// As [`Lanes::load`], for halves.
    unsafe fn load_halves(from: *const u16) -> Self;
    /// The `LANES` integers at `from` as f32.
    ///
    /// # Safety
    /// As [`Lanes::load`], for bytes.
    unsafe fn load_bytes(from: *const i8) -> Self;
    /// `self * factor`.
    unsafe fn multiply(self, factor: Self) -> Self;
    /// `self + other`.
    unsafe fn add(self, other: Self) -> Self;
    /// `self - other`.
    unsafe fn subtract(self, other: Self) -> Self;
    /// `self * factor + addend`, rounded once.
    unsafe fn multiply_add(self, factor: Self, addend: Self) -> Self;
    /// The sum of all lanes.
    unsafe fn fold(self) -> f32;
}

/// A row from which registers of f32 are loaded.
pub(super) trait Stored<V: Lanes>: Copy {
    /// What loads need: a pointer, and what is the same for the whole row.
    type From: Copy;
    /// Components.
    fn length(self) -> usize;
    /// # Safety
    /// The CPU has the instruction set of `V`.
    unsafe fn from(self) -> Self::From;
    /// The `LANES` components from index `at` on.
    ///
    /// # Safety
    /// The CPU has the instruction set of `V`, and the row has these components.
    unsafe fn load(from: Self::From, at: usize) -> V;
    /// The `count` components from index `at` on, and 0 in the other lanes. Memory after them is not read.
    ///
    /// # Safety
    /// The CPU has the instruction set of `V`, `0 < count < LANES`, and the row has these components.
    unsafe fn load_first(from: Self::From, at: usize, count: usize) -> V;
}

impl<V: Lanes> Stored<V> for &[f32] {
    type From = *const f32;

    #[inline(always)]
    fn length(self) -> usize {
        self.len()
    }

    #[inline(always)]
    unsafe fn from(self) -> *const f32 {
        self.as_ptr()
    }

    #[inline(always)]
    unsafe fn load(from: *const f32, at: usize) -> V {
        // SAFETY: these are the caller's obligations; a slice is aligned for f32.
        unsafe { V::load(from.add(at)) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, at: usize, count: usize) -> V {
        // SAFETY: as above.
        unsafe { V::load_first(from.add(at), count) }
    }
}

/// The most lanes of a register.
const MOST_LANES: usize = 16;

impl<V: Lanes> Stored<V> for Halves<'_> {
    type From = *const u16;

    #[inline(always)]
    fn length(self) -> usize {
        self.0.len()
    }

    #[inline(always)]
    unsafe fn from(self) -> *const u16 {
        self.0.as_ptr()
    }

    #[inline(always)]
    unsafe fn load(from: *const u16, at: usize) -> V {
        // SAFETY: these are the caller's obligations; a slice is aligned for u16.
        unsafe { V::load_halves(from.add(at)) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const u16, at: usize, count: usize) -> V {
        let mut lanes = [0; MOST_LANES];
        // SAFETY: the caller guarantees `count` components from `at` on; less than LANES fit in `lanes`, a local array that
        // does not overlap them and has the LANES components that are loaded.
        unsafe {
            core::ptr::copy_nonoverlapping(from.add(at), lanes.as_mut_ptr(), count);
            V::load_halves(lanes.as_ptr())
        }
    }
}

impl<V: Lanes> Stored<V> for Bytes<'_> {
    type From = (*const i8, V);

    #[inline(always)]
    fn length(self) -> usize {
        self.integers.len()
    }

    #[inline(always)]
    unsafe fn from(self) -> (*const i8, V) {
        // SAFETY: the caller has the instruction set of V.
        (self.integers.as_ptr(), unsafe { V::splat(self.scale) })
    }

    #[inline(always)]
    unsafe fn load((from, scale): (*const i8, V), at: usize) -> V {
        // SAFETY: these are the caller's obligations.
        unsafe { V::load_bytes(from.add(at)).multiply(scale) }
    }

    #[inline(always)]
    unsafe fn load_first((from, scale): (*const i8, V), at: usize, count: usize) -> V {
        let mut lanes = [0; MOST_LANES];
        // SAFETY: as for halves.
        unsafe {
            core::ptr::copy_nonoverlapping(from.add(at), lanes.as_mut_ptr(), count);
            V::load_bytes(lanes.as_ptr()).multiply(scale)
        }
    }
}
