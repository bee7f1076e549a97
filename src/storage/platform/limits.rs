//! Limits of system calls that hold on all platforms.

/// The most slices that one write takes: Linux's IOV_MAX.
pub(crate) const MOST_SLICES: usize = 1024;

/// After this many interruptions in a row, a call is given up, so that the calling program does not hang.
pub(crate) const MOST_INTERRUPTIONS: u32 = 1000;
