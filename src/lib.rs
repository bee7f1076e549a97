//! An embedded vector store in one memory-mapped file.
#![deny(unsafe_code)]
#![warn(missing_docs)]
#![deny(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::undocumented_unsafe_blocks
)]

#[cfg_attr(
    not(any(test, feature = "bench-internals")),
    expect(dead_code, reason = "used by the floors above")
)]
mod checksum;
#[cfg_attr(
    not(any(test, feature = "bench-internals")),
    expect(dead_code, reason = "used by the floors above")
)]
mod distance;
#[expect(dead_code, reason = "used by the floors above")]
mod error;
#[cfg_attr(
    not(any(test, feature = "bench-internals")),
    expect(dead_code, reason = "used by the floors above")
)]
mod kernel;
mod metric;

pub use error::{Result, SynaError};
pub use metric::DistanceMetric;

/// What the benchmarks of this crate measure; no part of its API, and gone without notice.
#[cfg(feature = "bench-internals")]
#[doc(hidden)]
pub mod bench_support {
    pub use crate::checksum::{crc32c, crc32c_append};
    pub use crate::distance::PreparedQuery;
    pub use crate::kernel::{Isa, Kernels};
}
