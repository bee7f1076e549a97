//! The table of the functions of one instruction set.

use crate::kernel::isa::Isa;

/// Values that are compared at a time: one word of bits.
pub(super) const TOGETHER: usize = 64;

/// Comparisons with ranges. The table is copied freely and never changes. Only the file of an instruction set creates its
/// table, after it has checked the CPU, which makes the functions safe to call.
#[derive(Clone, Copy)]
pub struct RangeKernels {
    pub(super) isa: Isa,
    pub(super) integers: fn(&[u64; TOGETHER], u64, u64) -> u64,
    pub(super) floats: fn(&[u64; TOGETHER], f64, f64) -> u64,
}

impl std::fmt::Debug for RangeKernels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RangeKernels").field("isa", &self.isa).finish_non_exhaustive()
    }
}

impl RangeKernels {
    /// Bit `i`: `values[i]` is an integer from `low` to `low + span`, modulo 2^64.
    #[inline]
    #[must_use]
    pub fn integers(&self, values: &[u64; TOGETHER], low: u64, span: u64) -> u64 {
        (self.integers)(values, low, span)
    }

    /// Bit `i`: `values[i]`, the bits of a float, is from `low` to `high`. NaN is in no range, and -0 equals 0.
    #[inline]
    #[must_use]
    pub fn floats(&self, values: &[u64; TOGETHER], low: f64, high: f64) -> u64 {
        (self.floats)(values, low, high)
    }
}
