//! The folder of a store, opened once. The store accesses its files by their names in this folder, even if the folder
//! is renamed or a link above it changes. Other paths are used as they are.

use super::disk::{Disk, follow_links};
use super::medium::{Storage, StorageFile};
use crate::storage::platform::file_types::{Access, FolderSyncError, PathKind};
use crate::storage::platform::{Folder, Place};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file system of this machine, with one open folder.
#[derive(Debug)]
pub(crate) struct StoreFolder {
    path: PathBuf,
    folder: Folder,
}

impl StoreFolder {
    /// Opens the folder of `path`, an absolute path without links at its end. If there is no such folder, paths are used.
    pub(crate) fn of(path: &Path) -> io::Result<Arc<dyn Storage>> {
        let Some(folder_path) = path.parent() else { return Ok(Arc::new(Disk)) };
        match Folder::open(folder_path) {
            Ok(folder) => Ok(Arc::new(Self { path: folder_path.to_owned(), folder })),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
                ) =>
            {
                Ok(Arc::new(Disk))
            }
            Err(error) => Err(error),
        }
    }

    fn place<'a>(&'a self, path: &'a Path) -> Place<'a> {
        match path.file_name() {
            Some(name) if path.parent() == Some(&self.path) => {
                Place { folder: Some(&self.folder), path: Path::new(name) }
            }
            _ => Place { folder: None, path },
        }
    }

    /// As [`StoreFolder::place`], and another name in the same folder. Both are paths if they are in different folders.
    fn places<'a>(&'a self, from: &'a Path, to: &'a Path) -> (Place<'a>, &'a Path) {
        let (from_place, to_place) = (self.place(from), self.place(to));
        match (from_place.folder, to_place.folder) {
            (Some(_), Some(_)) | (None, None) => (from_place, to_place.path),
            _ => (Place { folder: None, path: from }, to),
        }
    }
}

impl Storage for StoreFolder {
    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        follow_links(path, |path| self.place(path).read_link())
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        self.place(path).kind()
    }

    fn length_of(&self, path: &Path) -> io::Result<Option<u64>> {
        self.place(path).length_bytes()
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn StorageFile>> {
        Disk::open_file(self.place(path).open(access)?)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = self.places(from, to);
        from.rename_new(to)
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = self.places(from, to);
        from.replace(to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.place(path).remove()
    }

    fn sync_folder(&self, path: &Path) -> Result<(), FolderSyncError> {
        let place = self.place(path);
        match place.folder {
            Some(folder) => folder.sync(place.path),
            None => Disk.sync_folder(path),
        }
    }

    fn random(&self, into: &mut [u8]) -> io::Result<()> {
        Disk.random(into)
    }
}
