//! The inner loops over quantised vectors: 8-bit codes, prepared queries, and blocks of 1-bit codes, scanned 32 at a
//! time.
//!
//! ```text
//!   detect.rs    the best table for this CPU, a small Copy struct of functions
//!        |
//!        +-- avx512.rs   AVX-512 with VNNI --+
//!        +-- avx2.rs                         +--> portable.rs   the loops that need no intrinsics, compiled for each
//!        +-- neon.rs                         |
//!        +-- scalar.rs   the reference ------+
//! ```
//!
//! The files, lowest first; each uses only those above it:
//!
//! | file | content |
//! | --- | --- |
//! | `facts.rs` | the results of kernels, and the numbers that records store beside codes |
//! | `table.rs` | `CodeKernels`: the functions of one instruction set, and the calls for the layers above |
//! | `portable.rs` | rotation, encoding, the last step of an estimate: plain loops that are compiled for each instruction set |
//! | `planes.rs` | relative codes of several bits a component, as portable loops |
//! | `table_macro.rs` | the macro that defines the table of one instruction set |
//! | `scalar.rs` | the reference implementation; the fallback for a CPU without SIMD |
//! | `avx2.rs`, `avx512.rs`, `neon.rs` | dot products of bytes, relative codes and scans, with intrinsics; `avx512` uses `avx2` |
//! | `detect.rs` | selecting the kernels for this CPU |
//!
//! # The meaning of the bytes
//!
//! All slices hold a multiple of 64 components, the *code dimensions*. The components after those of the vector are zero.
//!
//! - *8-bit code*: component `i` of the decoded vector is `scale * c_i`, with `c_i = round(v_i * (127 / max))`, ties to
//!   even, and `scale = max / 127`, where `max` is the largest magnitude; byte `i` is `c_i + 128`. A vector whose `scale`
//!   is zero, subnormal or not finite is treated as zero: scale 0, all bytes 128.
//! - *Query*: `q8_i = round(q_i * (63 / max))` as i8 with scale `max / 63`, and `q6_i` in the same way with 31. The
//!   lookup
//!   table has 16 bytes for each group `g` of 4 components; entry `n` is the sum over `j` of
//!   `(bit j of n ? +1 : -1) * q6_{4g+j}`, plus 124, which is in 0..=248.
//! - *Block*: 32 slots of one bit for each component. Group `g` has 16 bytes; its byte `b` holds the 4 bits of slot `b`
//!   in the low
//!   nibble and those of slot `b + 16` in the high nibble.
//! - *Relative code* of a neighbour `v` to its node `c`, both decoded, with `r_i = v_i - c_i`: bit `i` is 1 if
//!   `r_i > 0`, else 0.
//! - *Relative code of p bits*: `u_i` is an odd integer from `1 - 2^p` to `2^p - 1`, the nearest to `r_i / d` for one of
//!   five values of `d`, the one for which `u` and `r` have the smallest angle. Plane `j` has bit `j` of
//!   `(u_i + 2^p - 1) / 2` for each component `i`, of which there are 8 times the bytes of a plane.
//!
//! # Guarantees for all instruction sets
//!
//! All of them compute the same bits, in integers and in f32. Integers are exact. Sums in f32 have 32 chains (component
//! `i` belongs to chain `i % 32`) that are folded in halves, and multiplications and additions are rounded separately.
//! So codes and estimates are the same on every machine.

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "SIMD intrinsics that load and store through pointers")]
mod avx2;
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "SIMD intrinsics that load and store through pointers")]
mod avx512;
mod detect;
#[expect(unsafe_code, reason = "plain data is declared to be plain data")]
mod facts;
#[cfg(target_arch = "aarch64")]
#[expect(unsafe_code, reason = "SIMD intrinsics that load and store through pointers")]
mod neon;
mod planes;
mod portable;
mod scalar;
mod table;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod table_macro;
#[cfg(test)]
mod tests;

pub use super::line::Line;
pub(crate) use super::line::{Prefetch, prefetch, prefetch_line};
pub use facts::{BlockFacts, CodeFacts, QueryFacts, Residual};
pub(crate) use planes::{MOST_COMPONENTS, MOST_PLANES};
pub(crate) use portable::block_of_round;
pub use table::CodeKernels;
