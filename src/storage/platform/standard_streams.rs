//! Keeps the library's files off the standard streams.

use std::fs::File;
use std::io;

/// Returns `file` under a descriptor that is not one of the standard three. If the program has closed one of them, the
/// system assigns its number to the next opened file, and the program's next `printf` would write into it.
#[cfg(unix)]
pub(in crate::storage) fn keep_off_standard_streams(file: File) -> io::Result<File> {
    use std::os::fd::AsRawFd;
    // std duplicates to 3 or above, with close-on-exec.
    if file.as_raw_fd() > 2 { Ok(file) } else { file.try_clone() }
}

/// Other systems do not reuse the numbers of standard handles.
#[cfg(not(unix))]
pub(in crate::storage) fn keep_off_standard_streams(file: File) -> io::Result<File> {
    Ok(file)
}
