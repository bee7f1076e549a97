//! Files in memory. A file is freed when its last reference is dropped.
//!
//! The store does not know the difference: it writes its log and its rows, and an open by name finds no file. Absolute
//! paths are those of the disk, so that a snapshot can be written there.

use super::disk::Disk;
use super::medium::{Storage, StorageFile};
use crate::storage::platform;
use crate::storage::platform::file_types::{Access, FolderSyncError, PathKind};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file system of stores in memory.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct InMemory;

impl InMemory {
    /// The path of a store in memory.
    pub(crate) const NAME: &'static str = ":memory:";

    /// Relative paths are in memory, absolute paths on the disk.
    fn holds(path: &Path) -> bool {
        path.is_relative()
    }
}

impl Storage for InMemory {
    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        if Self::holds(path) { Ok(path.to_owned()) } else { Disk.resolve(path) }
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        if Self::holds(path) { Ok(PathKind::Missing) } else { Disk.kind(path) }
    }

    fn length_of(&self, path: &Path) -> io::Result<Option<u64>> {
        if Self::holds(path) { Ok(None) } else { Disk.length_of(path) }
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn StorageFile>> {
        match (Self::holds(path), access) {
            (false, _) => Disk.open(path, access),
            (true, Access::CreateNew | Access::CreatePrivate) => Disk::open_file(platform::anonymous_file()?),
            (true, _) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        if Self::holds(to) { Ok(()) } else { Disk.rename_new(from, to) }
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        if Self::holds(to) { Ok(()) } else { Disk.replace(from, to) }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if Self::holds(path) { Ok(()) } else { Disk.remove(path) }
    }

    fn sync_folder(&self, path: &Path) -> Result<(), FolderSyncError> {
        if Self::holds(path) { Ok(()) } else { Disk.sync_folder(path) }
    }

    fn random(&self, into: &mut [u8]) -> io::Result<()> {
        Disk.random(into)
    }

    fn keeps_files(&self) -> bool {
        false
    }
}
