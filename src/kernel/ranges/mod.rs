//! Comparing the values of columns with a range: a bit for each value.
//!
//! | file | content |
//! | --- | --- |
//! | `table.rs` | `RangeKernels`: the functions of one instruction set |
//! | `portable.rs` | loops without intrinsics |
//! | `scalar.rs` | the table for a CPU without SIMD |
//! | `avx2.rs`, `avx512.rs`, `neon.rs` | the tables of the instruction sets |
//! | `detect.rs` | selecting the kernels for this CPU |
//!
//! A range of integers is `low` and `span`: a value is in it if `value - low`, modulo 2^64, is at most `span`. So the same
//! comparison serves signed and unsigned integers, whose bits are given as u64.

#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "calls of functions that enable an instruction set, SIMD loads through pointers"
)]
mod avx2;
#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "calls of functions that enable an instruction set, SIMD loads through pointers"
)]
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

pub use table::RangeKernels;
