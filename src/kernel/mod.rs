//! The inner loops over f32 components: one file for each instruction set, selected once for this CPU.
//!
//! ```text
//!   read path:   a search   --> Kernels       squared_euclidean, dot, tiles of queries and rows --> distances
//!                           --> CodeKernels   prepare the query, estimate 32 neighbours at once --> estimates
//!   write path:  a batch    --> Kernels       first_non_finite                                  --> accepted or refused
//!                the index  --> CodeKernels   rotate, encode, relative                          --> codes in records
//!
//!   detect.rs    the best table for this CPU, a small Copy struct of functions
//!        |
//!        +-- avx512.rs   16 lanes --+
//!        +-- avx2.rs      8 lanes --+--> sweep.rs   the common loop: 4 chains of sums, then the tail
//!        +-- neon.rs      4 lanes --+
//!        +-- scalar.rs   the reference, summed in f64
//! ```
//!
//! The files, lowest first; each uses only those above it:
//!
//! | file | content |
//! | --- | --- |
//! | `isa.rs` | `Isa`: the instruction sets that have kernels |
//! | `line.rs` | `Line`: a cache line as plain data; prefetch hints |
//! | `rows.rs` | stored rows of f32 and of other types |
//! | `table.rs` | `Kernels`: the functions of one instruction set, and the calls for the layers above |
//! | `scalar.rs` | the reference implementation; the fallback for a CPU without SIMD, and f64 sums for the cold paths |
//! | `lanes.rs` | `Lanes`: a vector register; how it is loaded from rows of each type |
//! | `sweep.rs` | the loop, generic over lanes, sums and rows |
//! | `table_macro.rs` | the macro that defines an instruction set's functions |
//! | `avx2.rs`, `avx512.rs`, `neon.rs` | how an instruction set loads, adds, multiplies and folds its lanes |
//! | `detect.rs` | selecting the kernels for this CPU |
//! | `codes/` | the same for quantised vectors |
//! | `elements/` | conversions between f32 and the other types of stored components |
//! | `ranges/` | comparing values of columns with ranges |
//!
//! Guarantees for every instruction set, on which the order of equal distances in a search depends:
//! - a sum over one row, the same sum in a call for four rows, and in a tile of queries and rows are equal bit for bit;
//! - `squared_euclidean(a, b)` and `dot(a, b)` are equal bit for bit to those of `(b, a)`;
//! - `dot_and_square(a, b)` has the bits of `dot(a, b)` and of `dot(b, b)`.
//!
//! Different instruction sets agree only within rounding: with `n` components, summed in at least 16 chains, the error
//! is at most `(n / 16 + 16) * 2^-24` of the sum of the terms' magnitudes, if nothing overflows or underflows.

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
#[cfg_attr(
    all(feature = "bench-internals", not(test)),
    expect(dead_code, reason = "only tests compare instruction sets")
)]
pub(crate) mod elements;
mod isa;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(unsafe_code, reason = "vector registers, which are loaded through pointers")]
mod lanes;
#[expect(unsafe_code, reason = "plain data is declared to be plain data; an instruction without a safe name")]
mod line;
#[cfg(target_arch = "aarch64")]
#[expect(unsafe_code, reason = "SIMD intrinsics and loads through pointers")]
mod neon;
#[cfg_attr(
    all(feature = "bench-internals", not(test)),
    expect(dead_code, reason = "only tests compare instruction sets")
)]
pub(crate) mod ranges;
pub(crate) mod rows;
pub(crate) mod scalar;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(unsafe_code, reason = "the loop of the instruction sets, which loads through pointers")]
mod sweep;
mod table;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod table_macro;
#[cfg(test)]
mod tests;

#[cfg(any(test, feature = "bench-internals"))]
pub use isa::Isa;
pub use table::Kernels;
