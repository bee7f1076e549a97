//! NEON. The plain loops, which the compiler vectorizes.

use super::portable;
use super::table::{RangeKernels, TOGETHER};
use crate::kernel::isa::Isa;

#[target_feature(enable = "neon")]
fn integers(values: &[u64; TOGETHER], low: u64, span: u64) -> u64 {
    portable::integers(values, low, span)
}

#[target_feature(enable = "neon")]
fn floats(values: &[u64; TOGETHER], low: f64, high: f64) -> u64 {
    portable::floats(values, low, high)
}

/// The kernels of this instruction set; `None` if this CPU does not have it.
pub(super) fn kernels() -> Option<RangeKernels> {
    std::arch::is_aarch64_feature_detected!("neon").then_some(RangeKernels {
        isa: Isa::Neon,
        // SAFETY: the CPU has NEON: the table is only created if it was detected.
        integers: |values, low, span| unsafe { integers(values, low, span) },
        // SAFETY: as above.
        floats: |values, low, high| unsafe { floats(values, low, high) },
    })
}
