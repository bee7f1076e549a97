//! Systems without a file of their own: what std offers. Not run anywhere yet.

use super::file_types::{Access, FileIdentity, FolderSyncError, PathKind, Permissions};
use super::standard_streams::keep_off_standard_streams;
use super::zeros::write_zeros_to;
use rand::TryRng;
use rand::rngs::SysRng;
use std::fs::{File, Metadata};
use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The error of the system when a new file has the name of an existing one.
pub(crate) fn file_exists() -> io::Error {
    const ERROR_FILE_EXISTS: i32 = 80;
    io::Error::from_raw_os_error(if cfg!(windows) { ERROR_FILE_EXISTS } else { libc::EEXIST })
}

#[cfg(unix)]
pub(crate) fn read_at(file: &File, into: &mut [u8], offset_bytes: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, offset_bytes)
}

/// Does nothing: only Linux has a call for it.
pub(crate) fn begin_sync(_: &File, _offset_bytes: u64, _length_bytes: u64) {}

/// Does nothing: only Linux has this advice.
pub(crate) fn request_huge_pages(_: &[u8]) {}

/// Writes only the first slice, as a short write may. std can write several slices only at the file position, which
/// threads share.
pub(crate) fn write_at(file: &File, from: &[IoSlice<'_>], offset_bytes: u64) -> io::Result<usize> {
    let Some(first) = from.iter().find(|slice| !slice.is_empty()) else { return Ok(0) };
    write_one_at(file, first, offset_bytes)
}

#[cfg(unix)]
fn write_one_at(file: &File, from: &[u8], offset_bytes: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::write_at(file, from, offset_bytes)
}

#[cfg(windows)]
pub(crate) fn read_at(file: &File, into: &mut [u8], offset_bytes: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, into, offset_bytes)
}

#[cfg(windows)]
fn write_one_at(file: &File, from: &[u8], offset_bytes: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, from, offset_bytes)
}

#[cfg(unix)]
pub(crate) fn identity_of(metadata: &Metadata) -> FileIdentity {
    use std::os::unix::fs::MetadataExt;
    FileIdentity { device: metadata.dev(), inode: metadata.ino() }
}

/// std offers no file index on Windows. An open file cannot be replaced there, so none is needed.
#[cfg(windows)]
pub(crate) fn identity_of(_: &Metadata) -> FileIdentity {
    FileIdentity { device: 0, inode: 0 }
}

/// The process id. A system call on some systems. If ids are reused, an ancestor may have had the same one.
pub(crate) fn process_mark() -> u32 {
    std::process::id()
}

/// Does nothing: not every system has signal masks for threads.
#[derive(Debug)]
pub(crate) struct SignalsBlocked;

impl SignalsBlocked {
    pub(crate) fn new() -> Self {
        Self
    }
}

/// Not implemented.
pub(crate) fn disown(_: &File) -> io::Result<()> {
    Ok(())
}

/// Not implemented.
///
/// # Safety
/// As on Linux.
#[expect(unsafe_code, reason = "the same signature as on Linux")]
pub(crate) unsafe fn detach_mapping(_: *mut u8, _: usize) -> io::Result<()> {
    Ok(())
}

pub(crate) fn allocate(file: &File, offset_bytes: u64, length_bytes: u64) -> io::Result<()> {
    write_zeros_to(file, offset_bytes.saturating_add(length_bytes), write_at)
}

/// A temporary file that is removed when it is closed.
pub(crate) fn anonymous_file() -> io::Result<File> {
    let mut random = [0; 8];
    SysRng.try_fill_bytes(&mut random).map_err(io::Error::from)?;
    let name = format!("syna-mmap-{:016x}.tmp", u64::from_le_bytes(random));
    let path = std::env::temp_dir().join(name);
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(windows)]
    {
        const DELETE_ON_CLOSE: u32 = 0x0400_0000;
        std::os::windows::fs::OpenOptionsExt::custom_flags(&mut options, DELETE_ON_CLOSE);
    }
    let file = options.open(&path)?;
    #[cfg(not(windows))]
    std::fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(unix)]
pub(crate) fn permissions(file: &File) -> io::Result<Permissions> {
    use std::os::unix::fs::MetadataExt;
    let found = file.metadata()?;
    let mode = u32::from(found.mode()) & 0o777;
    Ok(Permissions { mode, owner: found.uid(), group: found.gid(), access_list: None })
}

/// Sets the permissions as far as the process may, never more than these.
#[cfg(unix)]
pub(crate) fn set_permissions(file: &File, wanted: &Permissions) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let found = file.metadata()?;
    if (found.uid(), found.gid()) != (wanted.owner, wanted.group)
        && fchown(file, Some(wanted.owner), Some(wanted.group)).is_err()
    {
        // The result is checked below.
        let _ = fchown(file, None, Some(wanted.group));
    }
    let has_group = file.metadata()?.gid() == wanted.group;
    let mode = if has_group { wanted.mode } else { wanted.mode & !0o070 };
    file.set_permissions(std::fs::Permissions::from_mode(mode.into()))
}

/// On Windows a file gets the permissions of its folder.
#[cfg(windows)]
pub(crate) fn permissions(_: &File) -> io::Result<Permissions> {
    Ok(Permissions { mode: 0, owner: 0, group: 0, access_list: None })
}

#[cfg(windows)]
pub(crate) fn set_permissions(_: &File, _: &Permissions) -> io::Result<()> {
    Ok(())
}

pub(crate) fn sync_file(file: &File) -> io::Result<()> {
    file.sync_data()
}

/// No such file system is known here.
pub(crate) fn may_be_copied(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// Holes are not reported here.
pub(crate) fn next_data(file: &File, offset_bytes: u64) -> io::Result<Option<Range<u64>>> {
    let end = file.metadata()?.len();
    Ok((offset_bytes < end).then_some(offset_bytes..end))
}

pub(crate) fn set_length(file: &File, length_bytes: u64) -> io::Result<()> {
    file.set_len(length_bytes)
}

/// A folder, by its path.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

/// A path, or a name in an open folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The base of `path`, if it is relative.
    pub(crate) folder: Option<&'a Folder>,
    pub(crate) path: &'a Path,
}

impl Folder {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned() })
    }

    /// Windows has no folder sync: its journal orders names.
    pub(crate) fn sync(&self, _name: &Path) -> Result<(), FolderSyncError> {
        if cfg!(windows) {
            return Ok(());
        }
        let folder = File::open(&self.path).map_err(FolderSyncError::NotBegun)?;
        folder.sync_all().map_err(FolderSyncError::Failed)
    }
}

impl Place<'_> {
    fn in_folder(&self, name: &Path) -> PathBuf {
        self.folder.map_or_else(|| name.to_owned(), |folder| folder.path.join(name))
    }

    /// The kind of the path. Links are not followed.
    pub(crate) fn kind(&self) -> io::Result<PathKind> {
        match std::fs::symlink_metadata(self.in_folder(self.path)) {
            Ok(found) if found.is_file() => Ok(PathKind::File(identity_of(&found))),
            Ok(found) if found.is_dir() => Ok(PathKind::Folder),
            Ok(_) => Ok(PathKind::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(PathKind::Missing),
            Err(error) => Err(error),
        }
    }

    /// The length of the file; `None` if there is none.
    pub(crate) fn length_bytes(&self) -> io::Result<Option<u64>> {
        match std::fs::symlink_metadata(self.in_folder(self.path)) {
            Ok(found) => Ok(found.is_file().then(|| found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The target of a symbolic link; an error if the path is not one.
    pub(crate) fn read_link(&self) -> io::Result<PathBuf> {
        std::fs::read_link(self.in_folder(self.path))
    }

    pub(crate) fn open(&self, access: Access) -> io::Result<File> {
        let is_new = matches!(access, Access::CreateNew | Access::CreatePrivate);
        let mut options = std::fs::OpenOptions::new();
        #[cfg(unix)]
        if access == Access::CreatePrivate {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        options.read(true).write(access != Access::Read).create_new(is_new);
        keep_off_standard_streams(options.open(self.in_folder(self.path))?)
    }

    /// Renames the file to `to` in the same folder; fails with `AlreadyExists` if that file exists.
    pub(crate) fn rename_new(&self, to: &Path) -> io::Result<()> {
        std::fs::hard_link(self.in_folder(self.path), self.in_folder(to))?;
        self.remove()
    }

    /// Renames the file to `to` in the same folder and replaces a file of that name.
    pub(crate) fn replace(&self, to: &Path) -> io::Result<()> {
        std::fs::rename(self.in_folder(self.path), self.in_folder(to))
    }

    pub(crate) fn remove(&self) -> io::Result<()> {
        std::fs::remove_file(self.in_folder(self.path))
    }
}
