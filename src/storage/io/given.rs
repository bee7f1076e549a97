//! Bytes in the memory of the caller as a file. Read-only.

use super::medium::StorageFile;
use super::region::{GivenBytes, Region};
use crate::storage::platform::file_types::{FileIdentity, Permissions};
use std::fmt;
use std::io::{self, IoSlice};

/// See the module. The owner of the bytes is dropped with the last region of them.
pub(crate) struct GivenFile(pub(crate) GivenBytes);

impl fmt::Debug for GivenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GivenFile").field(&self.bytes().len()).finish()
    }
}

impl GivenFile {
    fn bytes(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

fn read_only() -> io::Error {
    io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "a store in the caller's memory is read-only")
}

impl StorageFile for GivenFile {
    fn identity(&self) -> io::Result<FileIdentity> {
        // No file of a system has this device.
        Ok(FileIdentity { device: u64::MAX, inode: self.bytes().as_ptr().addr() as u64 })
    }

    fn length_bytes(&self) -> io::Result<u64> {
        Ok(self.bytes().len() as u64)
    }

    /// Memory restricts nothing: a copy gets the permissions of a new file.
    fn permissions(&self) -> io::Result<Permissions> {
        Ok(Permissions { mode: 0o777, owner: 0, group: 0, access_list: None })
    }

    fn set_permissions(&self, _: &Permissions) -> io::Result<()> {
        Err(read_only())
    }

    fn read_at(&self, into: &mut [u8], offset_bytes: u64) -> io::Result<usize> {
        let offset = usize::try_from(offset_bytes).unwrap_or(usize::MAX);
        let left = self.bytes().get(offset..).unwrap_or_default();
        let count = left.len().min(into.len());
        if let (Some(into), Some(from)) = (into.get_mut(..count), left.get(..count)) {
            into.copy_from_slice(from);
        }
        Ok(count)
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
        Region::given(&self.0, offset_bytes, length_bytes)
    }

    fn try_lock(&self) -> io::Result<bool> {
        Err(read_only())
    }

    fn unlock(&self) -> io::Result<()> {
        Ok(())
    }
}
