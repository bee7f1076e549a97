//! The inner loops over quantised vectors: 8-bit codes, prepared queries, and blocks of 1-bit codes scanned 32 at once.
//!
//! ```text
//!   detect.rs    the best table of this machine, a small Copy struct of functions
//!        |
//!        +-- avx512.rs   AVX-512 with VNNI --+
//!        +-- avx2.rs                         +--> portable.rs   the loops that need no intrinsics, compiled for each
//!        +-- neon.rs                         |
//!        +-- scalar.rs   the meaning --------+
//! ```
//!
//! The files, lowest first; each uses those above it only:
//!
//! | file | what it is for |
//! | --- | --- |
//! | `facts.rs` | what a kernel hands back, and what lies beside codes in records |
//! | `table.rs` | `CodeKernels`: the functions of one instruction set, and the calls that the floors above make |
//! | `portable.rs` | rotation, encoding, the finish of an estimate: plain loops that each instruction set compiles for itself |
//! | `table_macro.rs` | the macro that makes the table of one instruction set |
//! | `scalar.rs` | what the other loops mean; the fallback of a CPU without SIMD |
//! | `avx2.rs`, `avx512.rs`, `neon.rs` | dot products of bytes, relative codes and scans, in intrinsics; `avx512` uses `avx2` |
//! | `detect.rs` | which of them this CPU can run |
//!
//! # What the bytes mean
//!
//! All slices hold a multiple of 64 components, the *code dimensions*; what lies behind the vector's own is zero.
//!
//! - *8-bit code*: component `i` of the decoded vector is `scale * c_i`, with `c_i = round(v_i * (127 / max))`, ties to
//!   even, and `scale = max / 127`, where `max` is the largest magnitude; byte `i` is `c_i + 128`. A vector whose `scale`
//!   is zero, subnormal or not finite is taken for zero: scale 0, all bytes 128.
//! - *Query*: `q8_i = round(q_i * (63 / max))` as i8 with scale `max / 63`, and `q6_i` in the same way with 31. The lookup
//!   table has 16 bytes for each group `g` of 4 components; entry `n` is the sum over `j` of
//!   `(bit j of n ? +1 : -1) * q6_{4g+j}`, plus 124, which lies in 0..=248.
//! - *Block*: 32 slots of one bit a component. Group `g` has 16 bytes; byte `b` of them holds the 4 bits of slot `b` in its
//!   low nibble and those of slot `b + 16` in its high nibble.
//! - *Relative code* of a neighbour `v` to its node `c`, both decoded, `r_i = v_i - c_i`: bit `i` says `r_i > 0`; a tie is a 0.
//!
//! # What holds for every instruction set
//!
//! All of them give the same bits, in integers and in f32: integers are exact, and what is summed in f32 is summed in 32
//! chains (component `i` goes to chain `i % 32`) that are folded in halves, with a multiplication and an addition rounded
//! each for itself. So codes and estimates are the same on every machine.

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
mod portable;
mod scalar;
mod table;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod table_macro;
#[cfg(test)]
mod tests;

pub use super::line::Line;
pub(crate) use super::prefetch::{Prefetch, prefetch, prefetch_line};
pub use facts::{BlockFacts, CodeFacts, QueryFacts, Residual};
pub(crate) use portable::block_of_round;
pub use table::CodeKernels;
