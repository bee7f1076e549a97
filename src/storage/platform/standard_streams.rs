//! No file of the library takes the place of a standard stream.

use std::fs::File;
use std::io;

/// `file` under a descriptor that is none of the standard three: where the host has closed one of them, the system gives
/// its number to the next file that is opened, and the host's next `printf` would go into it.
#[cfg(unix)]
pub(in crate::storage) fn keep_off_standard_streams(file: File) -> io::Result<File> {
    use std::os::fd::AsRawFd;
    // std duplicates to 3 or above, close-on-exec.
    if file.as_raw_fd() > 2 { Ok(file) } else { file.try_clone() }
}

/// Handles are not given out again by number elsewhere.
#[cfg(not(unix))]
pub(in crate::storage) fn keep_off_standard_streams(file: File) -> io::Result<File> {
    Ok(file)
}
