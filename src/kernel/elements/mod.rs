//! Converting vectors between f32 and the types in which a store may keep them: 16-bit floats, and integers with a scale.
//!
//! ```text
//!   write path:  a batch   --> narrow_half, narrow_byte --> the bytes of the row
//!   read path:   a row     --> widen_half, widen_byte   --> f32 in a buffer --> Kernels (sums)
//! ```
//!
//! | file | content |
//! | --- | --- |
//! | `table.rs` | `ElementKernels`: the functions of one instruction set |
//! | `portable.rs` | loops without intrinsics, compiled for each instruction set |
//! | `scalar.rs` | the table for a CPU without SIMD |
//! | `avx2.rs`, `avx512.rs`, `neon.rs` | the tables of the instruction sets; x86-64 converts 16-bit floats by instructions |
//! | `detect.rs` | selecting the kernels for this CPU |
//!
//! # The meaning of the bytes
//!
//! - *Half*: IEEE 754 binary16. A component is rounded to the nearest value, ties to even. From 65,520 on it has none.
//! - *Byte*: component `i` is `scale * c_i`, with `c_i` from -127 to 127: `c_i = round(v_i * (127 / max))`, ties to even,
//!   and `scale = max / 127`, where `max` is the largest magnitude. If 127 / max is not finite or the scale is not a
//!   normal number, both are computed in f64 first. A vector of zeros has the scale 0.
//!
//! All instruction sets compute the same bits.

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "SIMD intrinsics that load and store through pointers")]
mod avx2;
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "SIMD intrinsics that load and store through pointers")]
mod avx512;
mod detect;
#[cfg(target_arch = "aarch64")]
#[expect(unsafe_code, reason = "calls of functions that enable an instruction set")]
mod neon;
mod portable;
mod scalar;
mod table;
#[cfg(test)]
mod tests;

pub use table::ElementKernels;
