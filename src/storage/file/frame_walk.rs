//! A walk over the frames of a log that was replayed or written before: nothing is checked again.

use super::data_file::DataFile;
use super::log_head::heads;
use crate::storage::format::frame::Frame;
use crate::storage::format::superblock::LogPosition;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameWalk {
    /// Behind the frame that was given last.
    position: LogPosition,
}

impl FrameWalk {
    /// From the first frame on.
    pub(crate) fn new() -> Self {
        Self { position: LogPosition::EMPTY }
    }

    /// The next frame. The caller knows that there is one: what lies behind the last may be being written.
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

    /// The rows of the frames so far.
    pub(crate) fn rows(&self) -> u32 {
        self.position.rows
    }
}
