//! The table for a CPU without SIMD.

use super::portable;
use super::table::RangeKernels;
use crate::kernel::isa::Isa;

pub(super) const KERNELS: RangeKernels =
    RangeKernels { isa: Isa::Scalar, integers: portable::integers, floats: portable::floats };
