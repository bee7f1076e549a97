//! A walk over the frames of a log that was replayed or written before. Nothing is checked again.

use super::data_file::DataFile;
use super::log_head::heads;
use crate::storage::format::frame::Frame;
use crate::storage::format::superblock::LogPosition;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameWalk {
    /// The position after the last returned frame.
    position: LogPosition,
    last_offset: u64,
}

impl FrameWalk {
    /// Begins before the first frame.
    pub(crate) fn new() -> Self {
        Self { position: LogPosition::EMPTY, last_offset: 0 }
    }

    /// The next frame. The caller knows that there is one: bytes after the last frame may be in the middle of a write.
    pub(crate) fn next<'d>(&mut self, data: &'d DataFile) -> Option<Frame<'d>> {
        let position = self.position;
        let (head, frame) = heads(data, &position, position.extent).find_map(|head| {
            let frame = data.known_frame(head.offset_bytes)?;
            let link = frame.link();
            let follows = link.sequence == position.sequence + 1
                && link.previous == position.chain
                && frame.first_row() == position.rows;
            follows.then_some((head, frame))
        })?;
        self.last_offset = head.offset_bytes;
        self.position = LogPosition {
            sequence: position.sequence + 1,
            chain: frame.checksum(),
            extent: head.ordinal,
            head: head.offset_bytes + frame.length_bytes(),
            rows: position.rows + frame.row_count(),
            deletions: position.deletions + frame.deletion_count(),
        };
        Some(frame)
    }

    /// The number of frames so far.
    pub(crate) fn sequence(&self) -> u64 {
        self.position.sequence
    }

    /// The offset of the last returned frame; 0 before the first.
    pub(crate) fn last_offset(&self) -> u64 {
        self.last_offset
    }

    /// The number of rows in the frames so far.
    pub(crate) fn rows(&self) -> u32 {
        self.position.rows
    }
}
