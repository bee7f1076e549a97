//! The list of columns, which is written when a file is created and never changes. Each superblock slot is followed by it.

use crate::checksum::crc32c;
use crate::column::Schema;
use crate::storage::format::layout::{SLOT_DISTANCE, slot};
use crate::storage::format::superblock::{ColumnsMark, Superblock};
use crate::storage::io::medium::{StorageFile, read_exact_at, write_all_at};
use crate::{Result, SynaError};
use std::io;
use std::path::Path;

/// The offsets of the two copies.
const PLACES: [u64; 2] = [slot::LENGTH as u64, SLOT_DISTANCE + slot::LENGTH as u64];

fn encoded(schema: &Schema) -> [u8; Schema::BYTES] {
    let mut bytes = [0; Schema::BYTES];
    schema.encode(&mut bytes);
    bytes
}

/// What a superblock says of these columns.
pub(crate) fn mark_of(schema: &Schema) -> ColumnsMark {
    match u8::try_from(schema.columns().len()) {
        Ok(0) | Err(_) => ColumnsMark::default(),
        Ok(count) => ColumnsMark { count, checksum: crc32c(&encoded(schema)) },
    }
}

/// Writes both copies of the list; nothing if there are no columns.
pub(super) fn write_columns(file: &dyn StorageFile, schema: &Schema) -> io::Result<()> {
    if schema.columns().is_empty() {
        return Ok(());
    }
    PLACES.into_iter().try_for_each(|at| write_all_at(file, &encoded(schema), at))
}

/// The columns of a file with this superblock.
///
/// # Errors
/// [`SynaError::Corrupt`] if both copies are damaged, unless that is tolerated: the columns then have numbers for names.
pub(crate) fn read_columns(
    file: &dyn StorageFile,
    path: &Path,
    superblock: &Superblock,
    is_tolerated: bool,
) -> Result<Schema> {
    let count = usize::from(superblock.identity.columns);
    if count == 0 {
        return Ok(Schema::default());
    }
    for at in PLACES {
        let mut bytes = [0; Schema::BYTES];
        match read_exact_at(file, &mut bytes, at) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => continue,
            read => read.map_err(|error| SynaError::io(path, "reading", error))?,
        }
        // If both superblocks are lost, so is the checksum.
        let is_whole = superblock.is_lost() || crc32c(&bytes) == superblock.columns_checksum;
        if let Some(schema) = Schema::decode(&bytes, count).filter(|_| is_whole) {
            return Ok(schema);
        }
    }
    match is_tolerated {
        true => Ok(Schema::unnamed(count)),
        false => Err(SynaError::corrupt(
            path,
            PLACES[0],
            "both copies of the list of columns are damaged; salvage saves the rows, with numbers for names",
        )),
    }
}
