//! The trait through which all file I/O of this layer goes, so that a test can record it, reorder it, tear writes and
//! make calls fail.

use super::region::Region;
use crate::failpoint::{Failpoint, is_failpoint_set};
use crate::storage::platform::file_types::{Access, FileIdentity, FolderSyncError, PathKind, Permissions};
use crate::storage::platform::limits::{MOST_INTERRUPTIONS, MOST_SLICES};
use std::fmt::Debug;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file system.
pub(crate) trait Storage: Send + Sync + Debug {
    /// The path with symbolic links at its end resolved, because a rename over a link would replace the link.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf>;
    /// The kind of a path. Links are not followed.
    fn kind(&self, path: &Path) -> io::Result<PathKind>;
    /// The length of the file at a path, without opening it; `None` if there is no file.
    fn length_of(&self, path: &Path) -> io::Result<Option<u64>>;
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn StorageFile>>;
    /// Renames `from` to `to`; fails with `AlreadyExists` if that file exists.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Renames `from` to `to` and replaces a file of that name.
    fn replace(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in the folder of `path` survive a power failure.
    fn sync_folder(&self, path: &Path) -> Result<(), FolderSyncError>;
    /// Whether a file exists after it was closed.
    fn keeps_files(&self) -> bool {
        true
    }
    /// Fills `into` with random bytes.
    fn random(&self, into: &mut [u8]) -> io::Result<()>;
}

/// An open file. Calls may be short or interrupted, as those of the system; [`write_slices_at`] and [`read_exact_at`]
/// continue them.
pub(crate) trait StorageFile: Send + Sync + Debug {
    fn identity(&self) -> io::Result<FileIdentity>;
    fn length_bytes(&self) -> io::Result<u64>;
    /// The next bytes from `offset_bytes` on that are not known to be a hole; `None` if there are none.
    fn next_data(&self, offset_bytes: u64) -> io::Result<Option<Range<u64>>> {
        let end = self.length_bytes()?;
        Ok((offset_bytes < end).then_some(offset_bytes..end))
    }
    /// Whether the file system replaces the file by a copy when it is first written to, as overlayfs does. A descriptor
    /// then reads the copy, while a mapping still shows the original.
    fn may_be_copied(&self) -> io::Result<bool> {
        Ok(false)
    }
    fn permissions(&self) -> io::Result<Permissions>;
    /// Sets the permissions as far as the process may, never more than these.
    fn set_permissions(&self, permissions: &Permissions) -> io::Result<()>;
    fn read_at(&self, into: &mut [u8], offset_bytes: u64) -> io::Result<usize>;
    /// Writes slices, one after the other, at most [`MOST_SLICES`] of them.
    fn write_at(&self, from: &[IoSlice<'_>], offset_bytes: u64) -> io::Result<usize>;
    /// Makes sure that writing these bytes needs no more space. Existing bytes are unchanged, new ones are zeros.
    fn allocate(&self, offset_bytes: u64, length_bytes: u64) -> io::Result<()>;
    fn truncate(&self, length_bytes: u64) -> io::Result<()>;
    /// Writes all bytes so far, and the metadata needed to find them, to the disk. Never called again after a failure.
    fn sync(&self) -> io::Result<()>;
    /// Asks the system to start writing bytes to the disk, if it can. Does not wait and guarantees nothing; a later
    /// [`Self::sync`] takes less time.
    fn begin_sync(&self, _offset_bytes: u64, _length_bytes: u64) {}
    /// Maps existing bytes for reading. Later writes are visible in the mapping.
    fn map(&self, offset_bytes: u64, length_bytes: u64) -> io::Result<Region>;
    /// Takes the exclusive advisory lock; `false` if another process or handle holds it.
    fn try_lock(&self) -> io::Result<bool>;
    fn unlock(&self) -> io::Result<()>;
    /// In a forked child: releases the child's share of the file. The parent keeps its lock. The file cannot be read or
    /// written here any more.
    fn disown(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes all of `from`.
pub(crate) fn write_all_at(file: &dyn StorageFile, from: &[u8], offset_bytes: u64) -> io::Result<()> {
    write_slices_at(file, &mut [IoSlice::new(from)], offset_bytes)
}

/// Writes all slices, one after the other. The slices are used up afterwards.
pub(crate) fn write_slices_at(
    file: &dyn StorageFile,
    mut from: &mut [IoSlice<'_>],
    mut offset_bytes: u64,
) -> io::Result<()> {
    let mut interruptions = 0;
    // Empty slices are skipped, because writing nothing returns 0, as a full device may.
    IoSlice::advance_slices(&mut from, 0);
    while !from.is_empty() {
        let piece = from.get(..MOST_SLICES).unwrap_or(from);
        match file.write_at(piece, offset_bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(_) if is_failpoint_set(Failpoint::ShortWriteIsWhole) => return Ok(()),
            Ok(written) => {
                IoSlice::advance_slices(&mut from, written);
                offset_bytes += written as u64;
            }
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

/// Fills all of `into`; `UnexpectedEof` if the file ends before that.
pub(crate) fn read_exact_at(
    file: &dyn StorageFile,
    mut into: &mut [u8],
    mut offset_bytes: u64,
) -> io::Result<()> {
    let mut interruptions = 0;
    while !into.is_empty() {
        match file.read_at(into, offset_bytes) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                into = into.get_mut(read..).unwrap_or_default();
                offset_bytes += read as u64;
            }
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
