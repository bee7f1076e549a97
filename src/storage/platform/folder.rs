//! Linux and Android: files by their names in an open folder.
#![expect(unsafe_code, reason = "system calls that std does not have")]

use super::file_types::{Access, FileIdentity, FolderSyncError, PathKind};
use super::linux::{ask_for_limit, identity_of, retry};
use super::standard_streams::keep_off_standard_streams;
use std::ffi::{CString, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// An open folder. It stays the same one if it, or a folder above it, is renamed or replaced.
#[derive(Debug)]
pub(crate) struct Folder {
    file: File,
    /// The folder can be traversed but not read, so it cannot be synced either.
    is_path_only: bool,
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
        let open = |flags| open_file(libc::AT_FDCWD, path, libc::O_DIRECTORY | flags, 0);
        match open(libc::O_RDONLY) {
            Ok(file) => Ok(Self { file, is_path_only: false }),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Ok(Self { file: open(libc::O_PATH)?, is_path_only: true })
            }
            Err(error) => Err(error),
        }
    }

    /// Syncs the names in the folder. `name`: that of a file in it.
    pub(crate) fn sync(&self, name: &Path) -> Result<(), FolderSyncError> {
        if !self.is_path_only {
            // SAFETY: a system call on a number; the descriptor is open as long as `self` is borrowed.
            match retry(|| unsafe { libc::fsync(self.file.as_raw_fd()) }) {
                Err(error) if is_unsupported(&error) => {}
                synced => return synced.map_err(FolderSyncError::Failed),
            }
        }
        // Some file systems cannot sync folders (CIFS, vboxsf), and a folder may not be readable: then the whole file
        // system is synced.
        let file =
            open_file(self.file.as_raw_fd(), name, libc::O_RDONLY, 0).map_err(FolderSyncError::NotBegun)?;
        // SAFETY: a system call on a number; the descriptor is open as long as `file` lives.
        match retry(|| unsafe { libc::syncfs(file.as_raw_fd()) }) {
            // There is no other call to try.
            Err(error) if is_unsupported(&error) => Ok(()),
            synced => synced.map_err(FolderSyncError::Failed),
        }
    }
}

/// Whether a call failed because the file system does not support it. Some containers and Android return EPERM or EACCES.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EINVAL | libc::ENOSYS | libc::EOPNOTSUPP | libc::EPERM | libc::EACCES | libc::EBADF)
    )
}

fn text(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

impl Place<'_> {
    fn folder_descriptor(&self) -> libc::c_int {
        self.folder.map_or(libc::AT_FDCWD, |folder| folder.file.as_raw_fd())
    }

    /// The kind of the path. Links are not followed.
    pub(crate) fn kind(&self) -> io::Result<PathKind> {
        let Some(found) = self.look()? else { return Ok(PathKind::Missing) };
        Ok(match found.st_mode & libc::S_IFMT {
            libc::S_IFREG => PathKind::File(FileIdentity { device: found.st_dev, inode: found.st_ino }),
            libc::S_IFDIR => PathKind::Folder,
            _ => PathKind::Other,
        })
    }

    /// The length of the file; `None` if there is none.
    pub(crate) fn length_bytes(&self) -> io::Result<Option<u64>> {
        let found = self.look()?.filter(|found| found.st_mode & libc::S_IFMT == libc::S_IFREG);
        Ok(found.map(|found| u64::try_from(found.st_size).unwrap_or(0)))
    }

    fn look(&self) -> io::Result<Option<libc::stat64>> {
        let path = text(self.path)?;
        let mut found = MaybeUninit::<libc::stat64>::uninit();
        let looked = retry(|| {
            // SAFETY: the path is a NUL-terminated string, the other pointer is to writable memory for the struct; both
            // live across the call, which keeps neither.
            unsafe {
                libc::fstatat64(
                    self.folder_descriptor(),
                    path.as_ptr(),
                    found.as_mut_ptr(),
                    libc::AT_SYMLINK_NOFOLLOW,
                )
            }
        });
        match looked {
            // SAFETY: the call succeeded, so it has filled the struct.
            Ok(()) => Ok(Some(unsafe { found.assume_init() })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The target of a symbolic link; an error if the path is not one.
    pub(crate) fn read_link(&self) -> io::Result<PathBuf> {
        let path = text(self.path)?;
        let mut target = vec![0_u8; libc::PATH_MAX.unsigned_abs() as usize];
        // SAFETY: the path is a NUL-terminated string, the buffer has as many bytes as are named; both live across the
        // call, which keeps neither.
        let length = unsafe {
            libc::readlinkat(
                self.folder_descriptor(),
                path.as_ptr(),
                target.as_mut_ptr().cast(),
                target.len(),
            )
        };
        let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
        target.truncate(length);
        Ok(OsString::from_vec(target).into())
    }

    pub(crate) fn open(&self, access: Access) -> io::Result<File> {
        let (flags, mode) = match access {
            Access::Read => (libc::O_RDONLY, 0),
            Access::ReadWrite => (libc::O_RDWR, 0),
            Access::CreateNew => (libc::O_RDWR | libc::O_CREAT | libc::O_EXCL, 0o666),
            Access::CreatePrivate => (libc::O_RDWR | libc::O_CREAT | libc::O_EXCL, 0o600),
        };
        if access != Access::Read {
            ask_for_limit();
        }
        open_file(self.folder_descriptor(), self.path, flags, mode)
    }

    /// Renames the file to `to` in the same folder; fails with `AlreadyExists` if that file exists.
    ///
    /// `renameat2` with `RENAME_NOREPLACE`; if the file system does not support it, a hard link; if it has none, an
    /// empty file of that name is created first, so that no other process can create it.
    pub(crate) fn rename_new(&self, to: &Path) -> io::Result<()> {
        let (folder, from_text, to_text) = (self.folder_descriptor(), text(self.path)?, text(to)?);
        // SAFETY: both pointers are NUL-terminated strings that live across the call; the call keeps neither.
        let renamed = retry(|| unsafe {
            let flags = libc::RENAME_NOREPLACE;
            let number = libc::SYS_renameat2;
            let answer = libc::syscall(number, folder, from_text.as_ptr(), folder, to_text.as_ptr(), flags);
            libc::c_int::from(answer != 0)
        });
        match renamed {
            Err(error) if is_unsupported(&error) => {}
            renamed => return renamed,
        }
        // SAFETY: as above.
        match retry(|| unsafe { libc::linkat(folder, from_text.as_ptr(), folder, to_text.as_ptr(), 0) }) {
            Ok(()) => return self.remove(),
            Err(error) if is_unsupported(&error) || error.raw_os_error() == Some(libc::EMLINK) => {}
            Err(error) => return Err(error),
        }
        let to = Place { folder: self.folder, path: to };
        let reserved = to.open(Access::CreateNew)?;
        // Another process that opens the empty file meanwhile makes it a store, under its lock. Then the name belongs
        // to that process.
        match reserved.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::AlreadyExists.into()),
            Ok(()) if to.kind()? != PathKind::File(identity_of(&reserved.metadata()?)) => {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            Ok(()) => self.replace(to.path),
            Err(TryLockError::Error(error)) => Err(error),
        }
        .inspect_err(|_| {
            let _ = to.remove();
        })
    }

    /// Renames the file to `to` in the same folder and replaces a file of that name.
    pub(crate) fn replace(&self, to: &Path) -> io::Result<()> {
        let (folder, from_text, to_text) = (self.folder_descriptor(), text(self.path)?, text(to)?);
        // SAFETY: both pointers are NUL-terminated strings that live across the call; the call keeps neither.
        retry(|| unsafe { libc::renameat(folder, from_text.as_ptr(), folder, to_text.as_ptr()) })
    }

    pub(crate) fn remove(&self) -> io::Result<()> {
        let path = text(self.path)?;
        // SAFETY: the pointer is a NUL-terminated string that lives across the call, which does not keep it.
        retry(|| unsafe { libc::unlinkat(self.folder_descriptor(), path.as_ptr(), 0) })
    }
}

fn open_file(folder: libc::c_int, path: &Path, flags: libc::c_int, mode: libc::c_uint) -> io::Result<File> {
    let path = text(path)?;
    let mut descriptor = -1;
    retry(|| {
        // SAFETY: the pointer is a NUL-terminated string that lives across the call, which does not keep it.
        descriptor = unsafe { libc::openat64(folder, path.as_ptr(), flags | libc::O_CLOEXEC, mode) };
        descriptor.min(0)
    })?;
    // SAFETY: the system has just given out this descriptor, to nobody else.
    keep_off_standard_streams(unsafe { File::from_raw_fd(descriptor) })
}
