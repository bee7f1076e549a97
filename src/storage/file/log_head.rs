//! The offsets at which the next frame of the log may begin: after the last frame, or at the start of a later log extent.
//!
//! A frame that does not fit after the last one goes to a later extent, so recovery tries all of these offsets, in
//! order. A frame at such an offset that is not the next one must not be mistaken for it, so it is wiped.

use super::data_file::DataFile;
use super::extent_header::ExtentKind;
use crate::Result;
use crate::storage::format::layout::frame;
use crate::storage::format::superblock::LogPosition;
use crate::storage::io::medium::{StorageFile, read_exact_at, write_all_at};

/// An offset at which the next frame may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::storage) struct Head {
    /// The ordinal of the extent.
    pub(in crate::storage) ordinal: u32,
    /// The offset in the file.
    pub(in crate::storage) offset_bytes: u64,
    /// The bytes to the end of the extent.
    pub(in crate::storage) room_bytes: u64,
}

/// The heads after `position` in extent `first` or later.
pub(in crate::storage) fn heads<'d>(
    data: &'d DataFile,
    position: &LogPosition,
    first: u32,
) -> impl Iterator<Item = Head> + use<'d> {
    let position = *position;
    let logs = (first..data.extents.count()).filter_map(|ordinal| data.extents.get(ordinal));
    logs.filter(|found| found.header.kind == ExtentKind::Log).map(move |log| {
        let is_same = position.head != 0 && log.header.ordinal == position.extent;
        let offset_bytes = if is_same { position.head } else { log.data_bytes() };
        let room_bytes = (log.data_bytes() + log.header.capacity).saturating_sub(offset_bytes);
        Head { ordinal: log.header.ordinal, offset_bytes, room_bytes }
    })
}

impl Head {
    /// Overwrites the header of a frame that may be here. The write is not synced.
    pub(in crate::storage) fn wipe(&self, data: &DataFile) -> Result<()> {
        const ZEROS: [u8; frame::LENGTH] = [0; frame::LENGTH];
        let count = usize::try_from(self.room_bytes).map_or(ZEROS.len(), |room| room.min(ZEROS.len()));
        write_all_at(&*data.file, ZEROS.get(..count).unwrap_or_default(), self.offset_bytes)
            .map_err(|error| data.io("writing to", error))
    }

    /// Whether a frame seems to begin here.
    fn is_taken(&self, data: &DataFile, file: &dyn StorageFile) -> Result<bool> {
        if self.room_bytes < frame::LENGTH as u64 {
            return Ok(false);
        }
        let mut magic = [0; frame::MAGIC_BYTES.len()];
        read_exact_at(file, &mut magic, self.offset_bytes).map_err(|error| data.io("reading", error))?;
        Ok(magic == frame::MAGIC_BYTES)
    }
}

/// Whether a frame begins after `position` in `file`, or the file has another length. `file` now has the name of the
/// mapped file.
pub(crate) fn has_grown(data: &DataFile, file: &dyn StorageFile, position: &LogPosition) -> Result<bool> {
    let io = |error| data.io("reading", error);
    if file.length_bytes().map_err(io)? != data.extents.end_bytes() {
        return Ok(true);
    }
    for head in heads(data, position, position.extent) {
        if head.is_taken(data, file)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Wipes all heads after `position` at which a frame begins. Returns whether there was one: then a sync is needed
/// before anything else is written.
pub(in crate::storage) fn wipe_taken(data: &DataFile, position: &LogPosition) -> Result<bool> {
    let mut is_wiped = false;
    for head in heads(data, position, position.extent) {
        if head.is_taken(data, &*data.file)? {
            head.wipe(data)?;
            is_wiped = true;
        }
    }
    Ok(is_wiped)
}
