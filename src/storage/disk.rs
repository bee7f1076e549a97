//! The real file system behind [`Storage`].

use super::medium::{Access, FileIdentity, PathKind, Storage, StorageFile};
use super::platform;
use super::region::Region;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Disk;

impl Disk {
    /// A file that is open already. Every file that the library opens comes by here.
    pub(crate) fn open_file(file: File) -> io::Result<Arc<dyn StorageFile>> {
        Ok(Arc::new(DiskFile { file: platform::keep_off_standard_streams(file)? }))
    }
}

impl Storage for Disk {
    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        match std::fs::metadata(path) {
            Ok(found) if found.is_file() => Ok(PathKind::File(platform::identity_of(&found))),
            Ok(found) if found.is_dir() => Ok(PathKind::Folder),
            Ok(_) => Ok(PathKind::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(PathKind::Missing),
            Err(error) => Err(error),
        }
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn StorageFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(access != Access::Read).create_new(access == Access::CreateNew);
        Self::open_file(options.open(path)?)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        platform::rename_new(from, to)
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        platform::sync_folder(path)
    }

    fn random(&self, into: &mut [u8]) -> io::Result<()> {
        getrandom::fill(into).map_err(io::Error::from)
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
        self.file.set_len(length_bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
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
}
