//! Writing the values of columns of new rows.

use crate::storage::file::data_file::DataFile;
use crate::storage::file::extents::checksum_with_values;
use crate::storage::io::medium::write_all_at;
use crate::{Result, SynaError};

/// Writes the values of the rows from `first_row` on, whose extents are mapped, and adds them to the rows' checksums.
/// `values`: one for each row, column after column.
pub(super) fn write_values(
    data: &DataFile,
    first_row: u32,
    values: &[u64],
    checksums: &mut [u32],
) -> Result<()> {
    let (rows, columns) = (checksums.len(), usize::from(data.identity.columns));
    if values.len() != rows * columns {
        let what = format!("{rows} rows of {columns} columns have {} values", values.len());
        return Err(SynaError::Internal { what });
    }
    if values.is_empty() {
        return Ok(());
    }
    for (column, values) in values.chunks(rows).enumerate() {
        let mut rest = values;
        let mut row = u64::from(first_row);
        while !rest.is_empty() {
            let (at, fitting) = data
                .extents
                .place_of_value(column, row)
                .ok_or_else(|| SynaError::Internal { what: format!("row {row} has no extent") })?;
            let count = usize::try_from(fitting).map_or(rest.len(), |fitting| fitting.min(rest.len()));
            let (now, later) = rest.split_at(count);
            write_all_at(&*data.file, bytemuck::cast_slice(now), at)
                .map_err(|error| data.io("writing to", error))?;
            row += now.len() as u64;
            rest = later;
        }
    }
    for (place, checksum) in checksums.iter_mut().enumerate() {
        let of_row = values.chunks(rows).map(|of_column| of_column.get(place).copied().unwrap_or(0));
        *checksum = checksum_with_values(*checksum, of_row);
    }
    Ok(())
}
