//! Limits of system calls that hold on all platforms.

/// The most slices that one write takes: Linux's IOV_MAX.
pub(crate) const MOST_SLICES: usize = 1024;

/// A call that is interrupted this often in a row is given up: a host must not hang in one of ours.
pub(crate) const MOST_INTERRUPTIONS: u32 = 1000;
