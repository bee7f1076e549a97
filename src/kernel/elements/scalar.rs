//! The table for a CPU without SIMD.

use super::portable;
use super::table::ElementKernels;
use crate::kernel::isa::Isa;

pub(super) const KERNELS: ElementKernels = ElementKernels {
    isa: Isa::Scalar,
    widen_half: |from, into| portable::widen_half(from, into),
    narrow_half: |from, into| portable::narrow_half(from, into),
    widen_byte: |from, scale, into| portable::widen_byte(from, scale, into),
    narrow_byte: |from, into| portable::narrow_byte(from, into),
};
