//! Recovery: replays the log of a file and finds its end.
//!
//! Everything before the superblock's position must be intact, otherwise the file is corrupt. After it the log
//! continues as long as frames and rows are valid; it ends at the first that is not.

use super::data_file::DataFile;
use super::extent_header::ExtentKind;
use super::extent_mapping::Damage;
use super::extents::checksum_with_values;
use super::log_head::{Head, heads};
use super::log_reader::LogReader;
use crate::checksum::{crc32c, crc32c_append_zeros};
use crate::column::MAX_COLUMNS;
use crate::failpoint::{Failpoint, is_failpoint_set};
use crate::storage::format::frame::{Frame, claimed_length};
use crate::storage::format::layout::{VALUE_BYTES, frame};
use crate::storage::format::place::Place;
use crate::storage::format::superblock::{LogPosition, Superblock};
use crate::{Result, SynaError};
use std::ops::Range;

/// Holes in the file are queried once in this many bytes.
const HOLE_STEP: u64 = 1 << 20;

/// Why there is no next frame.
enum FrameEnd {
    /// No valid frame follows: the end of the log, or damage.
    Nothing(&'static str),
    Failed(SynaError),
}

/// Which rows are compared with their checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowCheck {
    /// Those after the checkpoint, which is enough to find the end of the log.
    BehindCheckpoint,
    /// All of them.
    All,
}

/// Receives a frame, its offset in the file, and its damaged rows. An error ends the walk and is returned: content that
/// no writer produces is [`SynaError::Corrupt`].
pub(crate) type FrameVisitor<'v> = dyn FnMut(&Frame<'_>, u64, &[u32]) -> Result<()> + 'v;

/// Walks the log, passes every frame to `visit`, and returns the end of the log.
///
/// # Errors
/// [`SynaError::Corrupt`] if a frame or a row before the checkpoint is damaged (unless that is tolerated), and those of
/// `visit`.
pub(crate) fn replay(
    data: &DataFile,
    superblock: &Superblock,
    check: RowCheck,
    damage: Damage,
    visit: &mut FrameVisitor<'_>,
) -> Result<LogPosition> {
    let mut position = LogPosition::EMPTY;
    replay_from(data, superblock, check, damage, &mut position, visit)?;
    Ok(position)
}

/// As [`replay`], from a position that an earlier replay reached. `position` is advanced after every frame, so it is
/// valid after an error too.
///
/// # Errors
/// As [`replay`].
pub(crate) fn replay_from(
    data: &DataFile,
    superblock: &Superblock,
    check: RowCheck,
    damage: Damage,
    position: &mut LogPosition,
    visit: &mut FrameVisitor<'_>,
) -> Result<()> {
    let mut reader = LogReader::new(data);
    let committed = superblock.position;
    loop {
        let is_committed = position.sequence < committed.sequence;
        if position.sequence == committed.sequence && *position != committed && damage == Damage::Refused {
            return Err(data.corrupt(position.head, "the log does not match the superblock"));
        }
        if !is_committed && is_failpoint_set(Failpoint::StopAtCheckpoint) {
            return Ok(());
        }
        let (frame, head) = match next_frame(data, &mut reader, position, damage) {
            Ok(found) => found,
            Err(FrameEnd::Failed(error)) => return Err(error),
            Err(FrameEnd::Nothing(what)) if is_committed && damage == Damage::Refused => {
                let what = format!(
                    "{what}: rows {}..{} were checkpointed and cannot be read; use salvage to save the intact rows",
                    position.rows, committed.rows
                );
                return Err(data.corrupt(position.head, what));
            }
            Err(FrameEnd::Nothing(_)) if is_committed => {
                match skip_damage(data, &mut reader, position, &committed)? {
                    Some(behind) => {
                        *position = behind;
                        continue;
                    }
                    None => return Ok(()),
                }
            }
            Err(FrameEnd::Nothing(_)) => return Ok(()),
        };
        data.extents.cover_rows(u64::from(frame.first_row()) + u64::from(frame.row_count()))?;
        let mut damaged = Vec::new();
        if (check == RowCheck::All || !is_committed) && !is_failpoint_set(Failpoint::IgnoreRowChecksum) {
            damaged = damaged_rows(data, &frame)?;
        }
        if let (Some(&row), Damage::Refused) = (damaged.first(), damage) {
            if is_committed {
                let what =
                    format!("row {row} differs from its checksum; use salvage to save the intact rows");
                return Err(data.corrupt(row_offset(data, row), what));
            }
            return Ok(());
        }
        let at = head.offset_bytes;
        visit(&frame, at, &damaged)?;
        *position = LogPosition {
            sequence: frame.link().sequence,
            chain: frame.checksum(),
            extent: head.ordinal,
            head: at + frame.length_bytes(),
            rows: position.rows + frame.row_count(),
            deletions: position.deletions + frame.deletion_count(),
        };
    }
}

/// The frame after `position`: in the same extent, or the first of a later one.
fn next_frame<'r>(
    data: &DataFile,
    reader: &'r mut LogReader<'_>,
    position: &LogPosition,
    damage: Damage,
) -> std::result::Result<(Frame<'r>, Head), FrameEnd> {
    let mut reason = "the log ends";
    let mut found = None;
    for head in heads(data, position, position.extent) {
        match fits_behind(data, reader, position, &head, damage) {
            Ok(length) => {
                found = Some((head, length));
                break;
            }
            Err(FrameEnd::Nothing(what)) => reason = what,
            Err(failed) => return Err(failed),
        }
    }
    let Some((head, length)) = found else { return Err(FrameEnd::Nothing(reason)) };
    let frame = reader.known(&head, length).map_err(|e| FrameEnd::Failed(data.io("reading", e)))?;
    Ok((frame.ok_or(FrameEnd::Nothing(reason))?, head))
}

/// Searches for the next intact frame after a damaged one, before the checkpoint. Returns the position before it.
///
/// Frames of discarded writes may be there too. Their rows were overwritten, so a frame counts only if all its rows are
/// intact. Cost: at most a few times that of reading the log.
fn skip_damage(
    data: &DataFile,
    reader: &mut LogReader<'_>,
    position: &LogPosition,
    committed: &LogPosition,
) -> Result<Option<LogPosition>> {
    let io = |error| data.io("reading", error);
    let mut budget_bytes = 4 * data.extents.end_bytes();
    for log in heads(data, position, position.extent) {
        let end = log.offset_bytes + log.room_bytes;
        let mut at = log.offset_bytes;
        while at + frame::LENGTH as u64 <= end {
            if at.is_multiple_of(HOLE_STEP) || at == log.offset_bytes {
                let Some(next) = data.file.next_data(at).map_err(io)? else { break };
                at = at.max(next.start - next.start % frame::ALIGN as u64);
            }
            let head = Head { offset_bytes: at, room_bytes: end.saturating_sub(at), ..log };
            at += frame::ALIGN as u64;
            if head.room_bytes < frame::LENGTH as u64 {
                break;
            }
            let header = reader.header(&head).map_err(io)?;
            let place = Place::new(&data.identity, head.offset_bytes);
            let Some(length) = claimed_length(header, place, head.room_bytes) else { continue };
            let Some(rest) = budget_bytes.checked_sub(length as u64) else { return Ok(None) };
            budget_bytes = rest;
            let Ok(frame) = reader.frame(&head).map_err(io)? else { continue };
            let link = frame.link();
            let rows_end = u64::from(frame.first_row()) + u64::from(frame.row_count());
            let is_later = (position.sequence + 1..=committed.sequence).contains(&link.sequence)
                && frame.first_row() >= position.rows
                && rows_end <= data.extents.row_capacity().min(u64::from(committed.rows));
            if is_later && damaged_rows(data, &frame)?.is_empty() {
                return Ok(Some(LogPosition {
                    sequence: link.sequence - 1,
                    chain: link.previous,
                    extent: head.ordinal,
                    head: head.offset_bytes,
                    rows: frame.first_row(),
                    ..*position
                }));
            }
        }
    }
    Ok(None)
}

/// The length of the frame at `head`, if it is intact and follows `position`.
fn fits_behind(
    data: &DataFile,
    reader: &mut LogReader<'_>,
    position: &LogPosition,
    head: &Head,
    damage: Damage,
) -> std::result::Result<usize, FrameEnd> {
    let failed = |e| FrameEnd::Failed(data.io("reading", e));
    if head.room_bytes < frame::LENGTH as u64 {
        return Err(FrameEnd::Nothing("the log ends at the end of its extent"));
    }
    let frame = reader.frame(head).map_err(failed)?.map_err(FrameEnd::Nothing)?;
    let link = frame.link();
    let is_chained = link.previous == position.chain || is_failpoint_set(Failpoint::IgnoreChain);
    if Some(link.sequence) != position.sequence.checked_add(1) || !is_chained {
        return Err(FrameEnd::Nothing("the frame does not follow the previous one"));
    }
    if frame.first_row() != position.rows {
        return Err(FrameEnd::Nothing("the frame's rows do not follow the previous ones"));
    }
    let rows_end = u64::from(frame.first_row()) + u64::from(frame.row_count());
    // If the last rows of a batch are lost with their extent, the first may be intact.
    let capacity = if damage == Damage::Tolerated { u64::MAX } else { data.extents.row_capacity() };
    if rows_end > capacity.min(super::extent_header::MAX_ROWS) {
        return Err(FrameEnd::Nothing("the frame has rows that no extent holds"));
    }
    if position.deletions.checked_add(frame.deletion_count()).is_none() {
        return Err(FrameEnd::Nothing("the log has more deletions than can be counted"));
    }
    Ok(usize::try_from(frame.length_bytes()).unwrap_or(usize::MAX))
}

/// Which bytes of a file are in holes. The file is asked only where the next bytes may be in another hole.
struct Holes<'d> {
    data: &'d DataFile,
    /// The range that was queried last and is not a hole.
    known: Range<u64>,
}

impl<'d> Holes<'d> {
    /// `is_asked`: otherwise no bytes are in holes.
    fn new(data: &'d DataFile, is_asked: bool) -> Self {
        Self { data, known: 0..if is_asked { 0 } else { u64::MAX } }
    }

    /// Whether bytes are in a hole. The offset must not decrease.
    fn contain(&mut self, offset_bytes: u64, count: u64) -> bool {
        if offset_bytes >= self.known.end {
            self.known = match self.data.file.next_data(offset_bytes) {
                Ok(found) => found.unwrap_or(u64::MAX..u64::MAX),
                Err(_) => 0..u64::MAX,
            };
        }
        offset_bytes + count <= self.known.start
    }
}

/// The damaged rows of a frame. Rows in holes of the file are not read if there are many: the checksum of zeros is known.
///
/// # Errors
/// [`SynaError::NoMemory`].
pub(crate) fn damaged_rows(data: &DataFile, frame: &Frame<'_>) -> Result<Vec<u32>> {
    let extents = &data.extents;
    extents.cover_rows(u64::from(frame.first_row()) + u64::from(frame.row_count()))?;
    let vector_bytes = u64::from(data.identity.vector_bytes());
    let columns = usize::from(data.identity.columns);
    let zeros = crc32c_append_zeros(0, usize::try_from(vector_bytes).unwrap_or(0));
    let is_long = u64::from(frame.row_count()) * u64::from(data.identity.row_bytes()) > HOLE_STEP;
    let mut places = extents.places_of_rows(frame.first_row());
    let mut holes: [Holes<'_>; 1 + MAX_COLUMNS] = std::array::from_fn(|_| Holes::new(data, is_long));
    let [holes, holes_of_columns @ ..] = &mut holes;
    let mut damaged = Vec::new();
    for position in 0..frame.row_count() {
        let row = frame.first_row() + position;
        let at = places.next().flatten();
        let vector = match at {
            Some(at) if holes.contain(at, vector_bytes) => Some(zeros),
            _ => extents.row_bytes(row).map(crc32c),
        };
        let mut values = [0; MAX_COLUMNS];
        let mut is_there = true;
        for (column, (value, holes)) in
            values.iter_mut().zip(&mut *holes_of_columns).enumerate().take(columns)
        {
            let is_hole = is_long
                && extents
                    .place_of_value(column, u64::from(row))
                    .is_some_and(|(at, _)| holes.contain(at, u64::from(VALUE_BYTES)));
            if !is_hole {
                let found = extents.values(column, row).and_then(|values| values.first());
                is_there &= found.is_some();
                *value = found.copied().unwrap_or(0);
            }
        }
        let checksum = vector.map(|vector| checksum_with_values(vector, values.into_iter().take(columns)));
        if !is_there || checksum != Some(frame.row_checksum(position)) {
            damaged.try_reserve(1).map_err(|_| SynaError::NoMemory { needed_bytes: 4 })?;
            damaged.push(row);
        }
    }
    Ok(damaged)
}

/// The offset of a row in the file, for messages.
pub(crate) fn row_offset(data: &DataFile, row: u32) -> u64 {
    data.extents
        .iter()
        .filter(|found| found.header.kind == ExtentKind::Vectors)
        .find(|found| u64::from(row) < found.header.first_row + found.header.capacity)
        .map_or(0, |found| {
            let place = u64::from(row).saturating_sub(found.header.first_row);
            found.data_bytes() + place * u64::from(data.identity.stride_bytes())
        })
}
