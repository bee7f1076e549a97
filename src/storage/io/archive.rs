//! A store and its index inside a larger file, such as a game archive, or in the caller's memory. Read-only.

use super::disk::Disk;
use super::given::GivenFile;
use super::medium::{Storage, StorageFile};
use super::region::{GivenBytes, Region};
use crate::storage::platform::file_types::{Access, FileIdentity, FolderSyncError, PathKind, Permissions};
use std::fs::File;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Two parts of files that have names.
#[derive(Debug)]
pub(crate) struct Archive {
    parts: [(PathBuf, Part); 2],
}

impl Archive {
    /// `parts`: names and bytes; an empty part does not exist.
    pub(crate) fn new(parts: [(PathBuf, Part); 2]) -> Self {
        Self { parts }
    }

    fn part(&self, path: &Path) -> Option<&Part> {
        let found = self.parts.iter().find(|(name, part)| name == path && !part.is_empty());
        found.map(|(_, part)| part)
    }
}

fn read_only() -> io::Error {
    io::Error::new(
        io::ErrorKind::ReadOnlyFilesystem,
        "a store inside another file or in the caller's memory is read-only",
    )
}

impl Storage for Archive {
    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        if self.part(path).is_some() { Ok(path.to_owned()) } else { Disk.resolve(path) }
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        match self.part(path) {
            Some(part) => Ok(PathKind::File(part.identity()?)),
            None => Disk.kind(path),
        }
    }

    fn length_of(&self, path: &Path) -> io::Result<Option<u64>> {
        match self.part(path) {
            Some(part) => Ok(Some(part.length_bytes()?)),
            None => Disk.length_of(path),
        }
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn StorageFile>> {
        match (self.part(path), access) {
            (Some(part), Access::Read) => Ok(Arc::new(part.clone())),
            (Some(_), _) => Err(read_only()),
            // A snapshot is written to the disk.
            (None, _) => Disk.open(path, access),
        }
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename_new(from, to)
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.replace(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }

    fn sync_folder(&self, path: &Path) -> Result<(), FolderSyncError> {
        Disk.sync_folder(path)
    }

    fn random(&self, into: &mut [u8]) -> io::Result<()> {
        Disk.random(into)
    }
}

/// A part of a file, as a file. The caller has checked that the file is long enough.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    file: Arc<dyn StorageFile>,
    range: Range<u64>,
}

impl Part {
    /// Two parts of one file.
    pub(crate) fn of_file(file: File, ranges: [Range<u64>; 2]) -> io::Result<[Self; 2]> {
        let file = Disk::open_file(file)?;
        Ok(ranges.map(|range| Self { file: Arc::clone(&file), range }))
    }

    /// All of some bytes in memory, and their address.
    pub(crate) fn of_memory(bytes: GivenBytes) -> (Self, usize) {
        let (start, length) = {
            let bytes = (*bytes).as_ref();
            (bytes.as_ptr().addr(), bytes.len() as u64)
        };
        (Self { file: Arc::new(GivenFile(bytes)), range: 0..length }, start)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.range.is_empty()
    }
}

impl StorageFile for Part {
    fn identity(&self) -> io::Result<FileIdentity> {
        self.file.identity()
    }

    fn length_bytes(&self) -> io::Result<u64> {
        Ok(self.range.end - self.range.start)
    }

    fn next_data(&self, offset_bytes: u64) -> io::Result<Option<Range<u64>>> {
        let found = self.file.next_data(self.range.start.saturating_add(offset_bytes))?;
        let found = found.filter(|data| data.start < self.range.end);
        Ok(found.map(|data| data.start - self.range.start..data.end.min(self.range.end) - self.range.start))
    }

    fn permissions(&self) -> io::Result<Permissions> {
        self.file.permissions()
    }

    fn set_permissions(&self, _: &Permissions) -> io::Result<()> {
        Err(read_only())
    }

    fn read_at(&self, into: &mut [u8], offset_bytes: u64) -> io::Result<usize> {
        let left = self.length_bytes()?.saturating_sub(offset_bytes);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(into.len());
        let start = self.range.start.saturating_add(offset_bytes);
        self.file.read_at(into.get_mut(..count).unwrap_or_default(), start)
    }

    fn write_at(&self, _: &[IoSlice<'_>], _: u64) -> io::Result<usize> {
        Err(read_only())
    }

    fn allocate(&self, _: u64, _: u64) -> io::Result<()> {
        Err(read_only())
    }

    fn truncate(&self, _: u64) -> io::Result<()> {
        Err(read_only())
    }

    fn sync(&self) -> io::Result<()> {
        Err(read_only())
    }

    fn map(&self, offset_bytes: u64, length_bytes: u64) -> io::Result<Region> {
        let end = offset_bytes.checked_add(length_bytes).ok_or(io::ErrorKind::UnexpectedEof)?;
        if end > self.length_bytes()? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.file.map(self.range.start + offset_bytes, length_bytes)
    }

    fn try_lock(&self) -> io::Result<bool> {
        Err(read_only())
    }

    fn unlock(&self) -> io::Result<()> {
        Ok(())
    }

    fn disown(&self) -> io::Result<()> {
        self.file.disown()
    }
}
