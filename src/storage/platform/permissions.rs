//! Linux and Android: mode, owner, group and access control list of a file.
#![expect(unsafe_code, reason = "system calls that std does not have")]

use super::file_types::Permissions;
use super::linux::retry;
use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

const ACCESS_LIST: &CStr = c"system.posix_acl_access";
/// Enough for 8,000 entries.
const MOST_LIST_BYTES: usize = 64 * 1024;

pub(crate) fn permissions(file: &File) -> io::Result<Permissions> {
    let found = file.metadata()?;
    let (mode, owner, group) = (found.mode() & 0o777, found.uid(), found.gid());
    Ok(Permissions { mode, owner, group, access_list: access_list(file) })
}

/// Sets the permissions as far as the process may, never more than these.
pub(crate) fn set_permissions(file: &File, wanted: &Permissions) -> io::Result<()> {
    let found = file.metadata()?;
    if (found.uid(), found.gid()) != (wanted.owner, wanted.group)
        && fchown(file, Some(wanted.owner), Some(wanted.group)).is_err()
    {
        // The result is checked below.
        let _ = fchown(file, None, Some(wanted.group));
    }
    let has_group = file.metadata()?.gid() == wanted.group;
    let has_list = match &wanted.access_list {
        Some(list) => has_group && set_access_list(file, list).is_ok(),
        None => remove_access_list(file),
    };
    let mode = if has_group && has_list { wanted.mode } else { without_group(wanted.mode) };
    match file.set_permissions(std::fs::Permissions::from_mode(mode)) {
        // Some file systems have one mode for all files.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::EOPNOTSUPP | libc::ENOSYS)) => {
            Ok(())
        }
        set => set,
    }
}

/// A mode in which the group has no more permissions than others: for a file of another group, or without its access
/// list.
fn without_group(mode: u32) -> u32 {
    mode & !0o070 | (mode & (mode << 3) & 0o070)
}

fn access_list(file: &File) -> Option<Vec<u8>> {
    // SAFETY: the name is a NUL-terminated string; without a buffer the call returns the length of the list; the
    // descriptor is open as long as `file` is borrowed.
    let length = unsafe { libc::fgetxattr(file.as_raw_fd(), ACCESS_LIST.as_ptr(), std::ptr::null_mut(), 0) };
    let mut list = vec![0_u8; usize::try_from(length).ok().filter(|&length| length <= MOST_LIST_BYTES)?];
    // SAFETY: the name is a NUL-terminated string, and the buffer has the length that is passed; both live across the
    // call, which keeps neither; the descriptor is open as long as `file` is borrowed.
    let length = unsafe {
        libc::fgetxattr(file.as_raw_fd(), ACCESS_LIST.as_ptr(), list.as_mut_ptr().cast(), list.len())
    };
    list.truncate(usize::try_from(length).ok()?);
    Some(list)
}

fn set_access_list(file: &File, list: &[u8]) -> io::Result<()> {
    // SAFETY: as in `access_list`.
    retry(|| unsafe {
        libc::fsetxattr(file.as_raw_fd(), ACCESS_LIST.as_ptr(), list.as_ptr().cast(), list.len(), 0)
    })
}

/// Removes an access list that the folder has set. Returns whether there is none afterwards.
fn remove_access_list(file: &File) -> bool {
    // SAFETY: as in `access_list`.
    let removed = retry(|| unsafe { libc::fremovexattr(file.as_raw_fd(), ACCESS_LIST.as_ptr()) });
    removed.is_ok() || access_list(file).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_group_gets_no_more_than_others() {
        for (mode, expected) in
            [(0o660, 0o600), (0o640, 0o600), (0o664, 0o644), (0o606, 0o606), (0o777, 0o777)]
        {
            assert_eq!(without_group(mode), expected, "{mode:o}");
        }
    }
}
