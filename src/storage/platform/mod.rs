//! What differs from platform to platform: allocation ahead, identity, rename, folder sync, signals, fork. One file a platform.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `linux.rs` | Linux and Android |
//! | `folder.rs` | there too: files by their names in an open folder |
//! | `permissions.rs` | there too: mode, owner, group, access list |
//! | `process_mark.rs` | there too: a number that a forked child does not share |
//! | `portable.rs` | anything else: what std has, and zeros written where space cannot be allocated |

#[cfg(any(target_os = "linux", target_os = "android"))]
mod folder;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod permissions;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod process_mark;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use folder::Folder;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::{
    SignalsBlocked, allocate, anonymous_file, begin_sync, detach_mapping, disown, file_exists, identity_of,
    may_be_copied, next_data, read_at, set_length, sync_file, write_at,
};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use permissions::{permissions, set_permissions};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use process_mark::process_mark;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod portable;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use portable::{
    Folder, SignalsBlocked, allocate, anonymous_file, begin_sync, detach_mapping, disown, file_exists,
    identity_of, may_be_copied, next_data, permissions, process_mark, read_at, set_length, set_permissions,
    sync_file, write_at,
};

use crate::storage::medium::MOST_INTERRUPTIONS;
use std::fs::File;
use std::io;
use std::path::Path;

/// A path, or a name in an open folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Where `path` begins, if it is relative.
    pub(crate) folder: Option<&'a Folder>,
    pub(crate) path: &'a Path,
}

/// `file` under a descriptor that is none of the standard three: where the host has closed one of them, the system gives
/// its number to the next file that is opened, and the host's next `printf` would go into it.
#[cfg(unix)]
pub(crate) fn keep_off_standard_streams(file: File) -> io::Result<File> {
    use std::os::fd::AsRawFd;
    // std duplicates to 3 or above, close-on-exec.
    if file.as_raw_fd() > 2 { Ok(file) } else { file.try_clone() }
}

/// Handles are not given out again by number elsewhere.
#[cfg(not(unix))]
pub(crate) fn keep_off_standard_streams(file: File) -> io::Result<File> {
    Ok(file)
}

/// Writes zeros from the file's end to `end_bytes`: how space is had where the file system cannot allocate.
fn write_zeros_to(file: &File, end_bytes: u64) -> io::Result<()> {
    static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
    let mut offset = file.metadata()?.len();
    let mut interruptions = 0;
    while offset < end_bytes {
        let length = usize::try_from(end_bytes - offset).map_or(ZEROS.len(), |rest| rest.min(ZEROS.len()));
        match write_at(file, &[io::IoSlice::new(ZEROS.get(..length).unwrap_or_default())], offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => offset += written as u64,
            Err(error)
                if error.kind() == io::ErrorKind::Interrupted && interruptions < MOST_INTERRUPTIONS =>
            {
                interruptions += 1;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
