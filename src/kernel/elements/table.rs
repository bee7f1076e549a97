//! The table of the functions of one instruction set.

use crate::kernel::isa::Isa;
use crate::kernel::rows::StoredRow;

/// The conversions of one instruction set. The table is copied freely and never changes.
///
/// The slices of a call have the same length. In a release build longer ones are cut to the shortest. Only the file of an
/// instruction set creates its table, after it has checked the CPU, which makes the functions safe to call.
#[derive(Clone, Copy)]
pub struct ElementKernels {
    pub(super) isa: Isa,
    pub(super) widen_half: fn(&[u16], &mut [f32]),
    pub(super) narrow_half: fn(&[f32], &mut [u16]),
    pub(super) widen_byte: fn(&[i8], f32, &mut [f32]),
    pub(super) narrow_byte: fn(&[f32], &mut [i8]) -> f32,
}

impl std::fmt::Debug for ElementKernels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ElementKernels").field("isa", &self.isa).finish_non_exhaustive()
    }
}

impl ElementKernels {
    #[cfg(any(test, feature = "bench-internals"))]
    /// The instruction set of these kernels.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The values of 16-bit floats, exactly.
    #[inline]
    pub fn widen_half(&self, from: &[u16], into: &mut [f32]) {
        debug_assert_eq!(from.len(), into.len());
        (self.widen_half)(from, into);
    }

    /// The nearest 16-bit floats; infinite for components from 65,520 on. The half of NaN is not finite.
    #[inline]
    pub fn narrow_half(&self, from: &[f32], into: &mut [u16]) {
        debug_assert_eq!(from.len(), into.len());
        (self.narrow_half)(from, into);
    }

    /// The products of the integers and the scale, rounded to f32.
    #[inline]
    pub fn widen_byte(&self, from: &[i8], scale: f32, into: &mut [f32]) {
        debug_assert_eq!(from.len(), into.len());
        (self.widen_byte)(from, scale, into);
    }

    /// Integers from -127 to 127, and their scale. The components must be finite.
    #[inline]
    pub fn narrow_byte(&self, from: &[f32], into: &mut [i8]) -> f32 {
        debug_assert_eq!(from.len(), into.len());
        (self.narrow_byte)(from, into)
    }

    /// The components of a row: those that it has as f32, or widened into `buffer`, which has as many.
    #[inline]
    #[must_use]
    pub fn components<'a: 's, 's>(&self, row: StoredRow<'a>, buffer: &'s mut [f32]) -> &'s [f32] {
        match row {
            StoredRow::Floats(floats) => return floats,
            StoredRow::Halves(halves) => self.widen_half(halves.0, buffer),
            StoredRow::Bytes(bytes) => self.widen_byte(bytes.integers, bytes.scale, buffer),
        }
        buffer
    }
}
