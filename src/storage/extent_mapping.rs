//! The extents of a file that was opened, mapped.

use super::extents::{ExtentHeader, ExtentKind, Extents};
use super::layout::extent;
use super::lost_extents::map_what_is_there;
use super::medium::{StorageFile, read_exact_at};
use super::superblock::Superblock;
use crate::{Result, SynaError};
use std::io;
use std::path::Path;

/// How much of a file has to be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Damage below the checkpoint is an error.
    Refused,
    /// The log ends at its first damaged frame, wherever that is; damaged rows are named to the visitor.
    Tolerated,
}

/// The file's extents, each mapped.
///
/// # Errors
/// [`SynaError::Corrupt`] where fewer are whole than the superblock names; if that is tolerated, what is there is mapped.
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

/// Maps the extents behind those that are mapped already.
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
    let mut at = extents.end_bytes();
    let mut rows = extents.row_capacity();
    loop {
        let ordinal = extents.count();
        if ordinal == superblock.extent_count && at != superblock.extents_end && damage == Damage::Refused {
            return Err(SynaError::corrupt(path, at, "the extents do not end where the superblock says"));
        }
        let room = length.saturating_sub(at);
        let mut bytes = [0; extent::LENGTH];
        let header = if room < extent::DATA {
            None
        } else {
            match read_exact_at(file, &mut bytes, at) {
                // A writer that could not map the extent has taken it away meanwhile.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
                read => {
                    read.map_err(io("reading"))?;
                    ExtentHeader::decode(&bytes, &superblock.identity, at, ordinal, rows, room)
                }
            }
        };
        let Some(header) = header else {
            if ordinal < superblock.extent_count && damage == Damage::Refused {
                let what = format!("extent {ordinal} of {} is damaged or cut off", superblock.extent_count);
                return Err(SynaError::corrupt(path, at, what));
            }
            return Ok(());
        };
        let region = file.map(at, header.length_bytes).map_err(io("mapping"))?;
        if header.kind == ExtentKind::Vectors {
            rows = header.first_row + header.capacity;
        }
        at += header.length_bytes;
        extents.push(header, region)?;
    }
}
