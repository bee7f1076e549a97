//! The inner loops over f32 components, one file an instruction set, chosen once for this CPU.
//!
//! ```text
//!   read path:   a search   --> Kernels       squared_euclidean, dot, tiles of queries and rows --> distances
//!                           --> CodeKernels   prepare the query, estimate 32 neighbours at once --> estimates
//!   write path:  a batch    --> Kernels       first_non_finite                                  --> accepted or refused
//!                the index  --> CodeKernels   rotate, encode, relative                          --> codes in records
//!
//!   detect.rs    the best table of this machine, a small Copy struct of functions
//!        |
//!        +-- avx512.rs   16 lanes --+
//!        +-- avx2.rs      8 lanes --+--> sweep.rs   the loop they share: 4 chains of sums, then the tail
//!        +-- neon.rs      4 lanes --+
//!        +-- scalar.rs   the meaning, summed in f64
//! ```
//!
//! The files, lowest first; each uses those above it only:
//!
//! | file | what it is for |
//! | --- | --- |
//! | `isa.rs` | `Isa`: the instruction sets that have kernels |
//! | `line.rs` | `Line`: a cache line as plain data |
//! | `prefetch.rs` | hints that memory will be read soon |
//! | `table.rs` | `Kernels`: the functions of one instruction set, and the calls that the floors above make |
//! | `scalar.rs` | what each sum means; the fallback of a CPU without SIMD, and the f64 sums of the cold paths |
//! | `sweep.rs` | the loop, generic over lanes, sums and rows, and the functions that an instruction set makes of it |
//! | `avx2.rs`, `avx512.rs`, `neon.rs` | how that instruction set loads, adds, multiplies and folds its lanes |
//! | `detect.rs` | which of them this CPU can run |
//! | `codes/` | the same for quantised vectors: a table of its own |
//!
//! What holds for every instruction set, since the ties of a search rest on it:
//! - a sum over one row, the same sum in a call for four rows, and in a tile of queries and rows are equal bit for bit;
//! - `squared_euclidean(a, b)` and `dot(a, b)` are equal bit for bit to those of `(b, a)`;
//! - `dot_and_square(a, b)` has the bits of `dot(a, b)` and of `dot(b, b)`.
//!
//! Two instruction sets agree within rounding only: `n` components, summed in at least 16 chains, are off by at most
//! `(n / 16 + 16) * 2^-24` of the sum of the terms' magnitudes, as long as nothing overflows or underflows.

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "SIMD intrinsics and loads through pointers")]
mod avx2;
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "SIMD intrinsics and loads through pointers")]
mod avx512;
#[cfg_attr(
    not(any(test, feature = "bench-internals")),
    expect(dead_code, reason = "some of it is for tests and benchmarks alone")
)]
pub(crate) mod codes;
mod detect;
mod isa;
#[expect(unsafe_code, reason = "plain data is declared to be plain data")]
mod line;
#[cfg(target_arch = "aarch64")]
#[expect(unsafe_code, reason = "SIMD intrinsics and loads through pointers")]
mod neon;
#[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "an instruction without a safe name"))]
mod prefetch;
pub(crate) mod scalar;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(unsafe_code, reason = "the loop of the instruction sets, which loads through pointers")]
mod sweep;
mod table;
#[cfg(test)]
mod tests;

#[cfg(any(test, feature = "bench-internals"))]
pub use isa::Isa;
pub use table::Kernels;
