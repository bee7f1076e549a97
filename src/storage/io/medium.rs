//! The trait through which all file I/O of this floor goes, so that a test can record, reorder, tear and fail it.

use super::region::Region;
use crate::planted::{Fault, is_planted};
use crate::storage::platform::file_types::{Access, FileIdentity, FolderSyncError, PathKind, Permissions};
use crate::storage::platform::limits::{MOST_INTERRUPTIONS, MOST_SLICES};
use std::fmt::Debug;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file system.
pub(crate) trait Storage: Send + Sync + Debug {
    /// The path without symbolic links at its end: what is renamed over a link would take the link's place.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf>;
    /// What lies at a path; links are not followed.
    fn kind(&self, path: &Path) -> io::Result<PathKind>;
    /// The length of the file at a path, without opening it; `None` where there is no file.
    fn length_of(&self, path: &Path) -> io::Result<Option<u64>>;
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn StorageFile>>;
    /// Gives `from` the name `to`; fails with `AlreadyExists` where there is such a file.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives `from` the name `to`, in the place of a file that may have it.
    fn replace(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in the folder of `path` safe from a power cut.
    fn sync_folder(&self, path: &Path) -> Result<(), FolderSyncError>;
    /// Whether a file is there after it was closed.
    fn keeps_files(&self) -> bool {
        true
    }
    /// Fills `into` with bytes that no other call has given out.
    fn random(&self, into: &mut [u8]) -> io::Result<()>;
}

/// An open file. Calls may be short or interrupted, as the system's are; [`write_slices_at`] and [`read_exact_at`] go on.
pub(crate) trait StorageFile: Send + Sync + Debug {
    fn identity(&self) -> io::Result<FileIdentity>;
    fn length_bytes(&self) -> io::Result<u64>;
    /// The next bytes from `offset_bytes` on that are not known to be a hole; `None` where there are none.
    fn next_data(&self, offset_bytes: u64) -> io::Result<Option<Range<u64>>> {
        let end = self.length_bytes()?;
        Ok((offset_bytes < end).then_some(offset_bytes..end))
    }
    /// Whether the file system puts a copy in the file's place when it is first written to, as overlayfs does: a descriptor
    /// reads the copy then, and what it has mapped stays the original.
    fn may_be_copied(&self) -> io::Result<bool> {
        Ok(false)
    }
    fn permissions(&self) -> io::Result<Permissions>;
    /// Sets them as far as the process may; in no case more than these.
    fn set_permissions(&self, permissions: &Permissions) -> io::Result<()>;
    fn read_at(&self, into: &mut [u8], offset_bytes: u64) -> io::Result<usize>;
    /// Writes slices one behind the other, at most [`MOST_SLICES`] of them.
    fn write_at(&self, from: &[IoSlice<'_>], offset_bytes: u64) -> io::Result<usize>;
    /// Makes sure that a write to these bytes needs no more space; what lies there stays, what is new reads as zeros.
    fn allocate(&self, offset_bytes: u64, length_bytes: u64) -> io::Result<()>;
    fn truncate(&self, length_bytes: u64) -> io::Result<()>;
    /// Puts every byte written so far, and what is needed to find it, on the disk. Never called again after it failed.
    fn sync(&self) -> io::Result<()>;
    /// Has the system begin to bring bytes to the disk, where it can; waits for nothing, and promises nothing: [`Self::sync`]
    /// has less to wait for.
    fn begin_sync(&self, _offset_bytes: u64, _length_bytes: u64) {}
    /// Maps bytes that the file has for reading; what is written later shows in it at once.
    fn map(&self, offset_bytes: u64, length_bytes: u64) -> io::Result<Region>;
    /// The exclusive advisory lock; `false` where somebody else holds it.
    fn try_lock(&self) -> io::Result<bool>;
    fn unlock(&self) -> io::Result<()>;
    /// In a forked child: gives up the child's share of the file. The parent keeps its lock; nothing can be read or written
    /// here any more.
    fn disown(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes all of `from`.
pub(crate) fn write_all_at(file: &dyn StorageFile, from: &[u8], offset_bytes: u64) -> io::Result<()> {
    write_slices_at(file, &mut [IoSlice::new(from)], offset_bytes)
}

/// Writes all slices, one behind the other; what is left of them is of no use afterwards.
pub(crate) fn write_slices_at(
    file: &dyn StorageFile,
    mut from: &mut [IoSlice<'_>],
    mut offset_bytes: u64,
) -> io::Result<()> {
    let mut interruptions = 0;
    // Empty slices go first: a write of nothing answers 0, as a full device may.
    IoSlice::advance_slices(&mut from, 0);
    while !from.is_empty() {
        let piece = from.get(..MOST_SLICES).unwrap_or(from);
        match file.write_at(piece, offset_bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(_) if is_planted(Fault::ShortWriteIsWhole) => return Ok(()),
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

/// Fills all of `into`; a file that ends before it is an `UnexpectedEof`.
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
