//! Writing zeros if the file system cannot allocate space.

use super::limits::MOST_INTERRUPTIONS;
use std::fs::File;
use std::io::{self, IoSlice};

/// Writes zeros from the end of the file to `end_bytes`. `write_at` is the function of the platform.
pub(super) fn write_zeros_to(
    file: &File,
    end_bytes: u64,
    write_at: impl Fn(&File, &[IoSlice<'_>], u64) -> io::Result<usize>,
) -> io::Result<()> {
    static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
    let mut offset = file.metadata()?.len();
    let mut interruptions = 0;
    while offset < end_bytes {
        let length = usize::try_from(end_bytes - offset).map_or(ZEROS.len(), |rest| rest.min(ZEROS.len()));
        match write_at(file, &[IoSlice::new(ZEROS.get(..length).unwrap_or_default())], offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => offset += written as u64,
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
