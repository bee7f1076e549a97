//! Mapping the extents of a file.

use super::extent_header::{ExtentHeader, ExtentKind};
use super::extents::Extents;
use super::lost_extents::map_what_is_there;
use crate::storage::format::layout::extent;
use crate::storage::format::superblock::Superblock;
use crate::storage::io::medium::{StorageFile, read_exact_at};
use crate::{Result, SynaError};
use std::io;
use std::path::Path;

/// How to treat damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Damage before the checkpoint is an error.
    Refused,
    /// The log ends at its first damaged frame after the checkpoint; earlier damage is skipped, and damaged rows are
    /// passed to the visitor.
    Tolerated,
}

/// Maps all extents of a file.
///
/// # Errors
/// [`SynaError::Corrupt`] if fewer are intact than the superblock names. If damage is tolerated, what is there is mapped.
pub(crate) fn map_extents(
    file: &dyn StorageFile,
    path: &Path,
    superblock: &Superblock,
    damage: Damage,
) -> Result<Extents> {
    let extents = Extents::new(superblock.identity);
    if damage == Damage::Tolerated {
        map_what_is_there(file, path, superblock, &extents)?;
        return Ok(extents);
    }
    map_more_extents(file, path, superblock, damage, &extents)?;
    Ok(extents)
}

/// Maps the extents after those that are mapped already.
///
/// # Errors
/// As [`map_extents`].
pub(crate) fn map_more_extents(
    file: &dyn StorageFile,
    path: &Path,
    superblock: &Superblock,
    damage: Damage,
    extents: &Extents,
) -> Result<()> {
    let io = |doing| move |error| SynaError::io(path, doing, error);
    let length = file.length_bytes().map_err(io("reading"))?;
    let start = extents.end_bytes();
    let (mut at, mut ordinal, mut rows) = (start, extents.count(), extents.row_capacity());
    let mut headers: Vec<ExtentHeader> = Vec::new();
    loop {
        if ordinal == superblock.extent_count && at != superblock.extents_end && damage == Damage::Refused {
            return Err(SynaError::corrupt(path, at, "the extents do not end where the superblock says"));
        }
        let room = length.saturating_sub(at);
        let mut bytes = [0; extent::LENGTH];
        let header = if room < extent::DATA {
            None
        } else {
            match read_exact_at(file, &mut bytes, at) {
                // A writer that could not map the extent has removed it meanwhile.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
                read => {
                    read.map_err(io("reading"))?;
                    ExtentHeader::decode(&bytes, &superblock.identity, at, ordinal, rows, room)
                }
            }
        };
        let Some(header) = header else {
            if ordinal < superblock.extent_count && damage == Damage::Refused {
                let what = format!("extent {ordinal} of {} is damaged or truncated", superblock.extent_count);
                return Err(SynaError::corrupt(path, at, what));
            }
            break;
        };
        if header.kind == ExtentKind::Vectors {
            rows = header.first_row + header.capacity;
        }
        at += header.length_bytes;
        ordinal += 1;
        headers.try_reserve(1).map_err(|_| SynaError::NoMemory { needed_bytes: 0 })?;
        headers.push(header);
    }
    if headers.is_empty() {
        return Ok(());
    }
    // One mapping for all: the system limits the number of mappings, and the number of extents is not limited.
    let whole = file.map(start, at - start).map_err(io("mapping"))?;
    for header in headers {
        let part = whole.part(extents.end_bytes() - start, header.length_bytes);
        extents.push(header, part.ok_or_else(|| io("mapping")(io::ErrorKind::UnexpectedEof.into()))?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::file::data_file::create;
    use crate::storage::format::superblock::NewStore;
    use crate::storage::io::medium::Storage;
    use crate::storage::platform::file_types::{FileIdentity, Permissions};
    use crate::storage::{InMemory, Region};
    use std::io::IoSlice;
    use std::sync::Arc;

    /// A file that a writer has truncated since its length was queried.
    #[derive(Debug)]
    struct CutMeanwhile(Arc<dyn StorageFile>);

    impl StorageFile for CutMeanwhile {
        fn identity(&self) -> io::Result<FileIdentity> {
            self.0.identity()
        }
        fn length_bytes(&self) -> io::Result<u64> {
            Ok(self.0.length_bytes()? + (1 << 20))
        }
        fn permissions(&self) -> io::Result<Permissions> {
            self.0.permissions()
        }
        fn set_permissions(&self, permissions: &Permissions) -> io::Result<()> {
            self.0.set_permissions(permissions)
        }
        fn read_at(&self, into: &mut [u8], offset_bytes: u64) -> io::Result<usize> {
            self.0.read_at(into, offset_bytes)
        }
        fn write_at(&self, from: &[IoSlice<'_>], offset_bytes: u64) -> io::Result<usize> {
            self.0.write_at(from, offset_bytes)
        }
        fn allocate(&self, offset_bytes: u64, length_bytes: u64) -> io::Result<()> {
            self.0.allocate(offset_bytes, length_bytes)
        }
        fn truncate(&self, length_bytes: u64) -> io::Result<()> {
            self.0.truncate(length_bytes)
        }
        fn sync(&self) -> io::Result<()> {
            self.0.sync()
        }
        fn map(&self, offset_bytes: u64, length_bytes: u64) -> io::Result<Region> {
            self.0.map(offset_bytes, length_bytes)
        }
        fn try_lock(&self) -> io::Result<bool> {
            self.0.try_lock()
        }
        fn unlock(&self) -> io::Result<()> {
            self.0.unlock()
        }
    }

    #[test]
    fn an_extent_removed_by_the_writer_is_not_an_error() {
        let path = Path::new("store");
        let storage: Arc<dyn Storage> = Arc::new(InMemory);
        let new = NewStore::of(64, crate::DistanceMetric::Euclidean);
        let (file, superblock) = create(&storage, path, &new, &Default::default(), None).unwrap();
        let file = CutMeanwhile(file);
        let extents = map_extents(&file, path, &superblock, Damage::Refused).unwrap();
        assert_eq!((extents.count(), extents.end_bytes()), (0, superblock.extents_end));
    }
}
