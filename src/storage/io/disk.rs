//! The [`Storage`] of the real file system.

use super::medium::{Storage, StorageFile};
use super::region::Region;
use crate::storage::platform::file_types::{Access, FileIdentity, FolderSyncError, PathKind, Permissions};
use crate::storage::platform::standard_streams::keep_off_standard_streams;
use crate::storage::platform::{self, Folder, Place};
use rand::TryRng;
use rand::rngs::SysRng;
use std::fs::{File, TryLockError};
use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::{Path, PathBuf, is_separator};
use std::sync::Arc;

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Disk;

impl Disk {
    /// Wraps an open file. Every file that the library opens passes through here.
    pub(crate) fn open_file(file: File) -> io::Result<Arc<dyn StorageFile>> {
        Ok(Arc::new(DiskFile { file: keep_off_standard_streams(file)? }))
    }
}

/// The most symbolic links that are followed, as in Linux.
const MOST_LINKS: u32 = 40;

/// Follows the symbolic links at the end of a path. A path that ends with a separator is refused: appending to it would
/// not give the name of the index file.
pub(super) fn follow_links(path: &Path, read: impl Fn(&Path) -> io::Result<PathBuf>) -> io::Result<PathBuf> {
    let mut real = path.to_owned();
    for _ in 0..=MOST_LINKS {
        let last = real.as_os_str().as_encoded_bytes().last();
        if last.is_some_and(|&last| is_separator(char::from(last))) {
            let what = "it names a folder; pass the path of a file";
            return Err(io::Error::new(io::ErrorKind::IsADirectory, what));
        }
        match (read(&real), real.parent()) {
            (Ok(target), Some(folder)) => real = folder.join(target),
            // Not a link, or missing. Other errors are reported by the open.
            _ => return Ok(real),
        }
    }
    Err(io::Error::other("it has too many symbolic links"))
}

/// The path as it is, relative to the working folder.
fn place(path: &Path) -> Place<'_> {
    Place { folder: None, path }
}

impl Storage for Disk {
    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        let real = follow_links(path, |path| place(path).read_link())?;
        // The target of a link in /proc may be the name of a removed file, or by now that of another file.
        let is_elsewhere = real != path
            && std::fs::metadata(path).is_ok_and(|found| {
                let found = PathKind::File(platform::identity_of(&found));
                place(&real).kind().is_ok_and(|kind| !matches!(kind, PathKind::Folder) && kind != found)
            });
        Ok(if is_elsewhere { path.to_owned() } else { real })
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        place(path).kind()
    }

    fn length_of(&self, path: &Path) -> io::Result<Option<u64>> {
        place(path).length_bytes()
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn StorageFile>> {
        Self::open_file(place(path).open(access)?)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        place(from).rename_new(to)
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        place(from).replace(to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        place(path).remove()
    }

    fn sync_folder(&self, path: &Path) -> Result<(), FolderSyncError> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        Folder::open(folder)
            .map_err(FolderSyncError::NotBegun)?
            .sync(Path::new(path.file_name().unwrap_or_default()))
    }

    fn random(&self, into: &mut [u8]) -> io::Result<()> {
        SysRng.try_fill_bytes(into).map_err(io::Error::from)
    }
}

/// A file of this machine.
#[derive(Debug)]
struct DiskFile {
    file: File,
}

impl StorageFile for DiskFile {
    fn identity(&self) -> io::Result<FileIdentity> {
        Ok(platform::identity_of(&self.file.metadata()?))
    }

    fn length_bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn next_data(&self, offset_bytes: u64) -> io::Result<Option<Range<u64>>> {
        platform::next_data(&self.file, offset_bytes)
    }

    fn may_be_copied(&self) -> io::Result<bool> {
        platform::may_be_copied(&self.file)
    }

    fn permissions(&self) -> io::Result<Permissions> {
        platform::permissions(&self.file)
    }

    fn set_permissions(&self, permissions: &Permissions) -> io::Result<()> {
        platform::set_permissions(&self.file, permissions)
    }

    fn read_at(&self, into: &mut [u8], offset_bytes: u64) -> io::Result<usize> {
        platform::read_at(&self.file, into, offset_bytes)
    }

    fn write_at(&self, from: &[IoSlice<'_>], offset_bytes: u64) -> io::Result<usize> {
        platform::write_at(&self.file, from, offset_bytes)
    }

    fn allocate(&self, offset_bytes: u64, length_bytes: u64) -> io::Result<()> {
        platform::allocate(&self.file, offset_bytes, length_bytes)
    }

    fn truncate(&self, length_bytes: u64) -> io::Result<()> {
        platform::set_length(&self.file, length_bytes)
    }

    fn sync(&self) -> io::Result<()> {
        platform::sync_file(&self.file)
    }

    fn begin_sync(&self, offset_bytes: u64, length_bytes: u64) {
        platform::begin_sync(&self.file, offset_bytes, length_bytes);
    }

    fn map(&self, offset_bytes: u64, length_bytes: u64) -> io::Result<Region> {
        Region::map(&self.file, offset_bytes, length_bytes)
    }

    fn try_lock(&self) -> io::Result<bool> {
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn unlock(&self) -> io::Result<()> {
        self.file.unlock()
    }

    fn disown(&self) -> io::Result<()> {
        platform::disown(&self.file)
    }
}
