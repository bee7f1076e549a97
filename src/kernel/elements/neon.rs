//! NEON. The plain loops: the conversion instructions have no stable intrinsics in Rust 1.95.

use super::portable;
use super::table::ElementKernels;
use crate::kernel::isa::Isa;

#[target_feature(enable = "neon")]
fn widen_half(from: &[u16], into: &mut [f32]) {
    portable::widen_half(from, into);
}

#[target_feature(enable = "neon")]
fn narrow_half(from: &[f32], into: &mut [u16]) {
    portable::narrow_half(from, into);
}

#[target_feature(enable = "neon")]
fn widen_byte(from: &[i8], scale: f32, into: &mut [f32]) {
    portable::widen_byte(from, scale, into);
}

#[target_feature(enable = "neon")]
fn narrow_byte(from: &[f32], into: &mut [i8]) -> f32 {
    portable::narrow_byte(from, into)
}

/// The kernels of this instruction set; `None` if this CPU does not have it.
pub(super) fn kernels() -> Option<ElementKernels> {
    std::arch::is_aarch64_feature_detected!("neon").then_some(ElementKernels {
        isa: Isa::Neon,
        // SAFETY: the CPU has NEON: the table is only created if it was detected.
        widen_half: |from, into| unsafe { widen_half(from, into) },
        // SAFETY: as above.
        narrow_half: |from, into| unsafe { narrow_half(from, into) },
        // SAFETY: as above.
        widen_byte: |from, scale, into| unsafe { widen_byte(from, scale, into) },
        // SAFETY: as above.
        narrow_byte: |from, into| unsafe { narrow_byte(from, into) },
    })
}
