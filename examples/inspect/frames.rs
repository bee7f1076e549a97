//! Reads the log from frame to frame. After an invalid frame, the next valid one is searched for.

use super::Arguments;
use super::extents::{Extent, Kind};
use super::fields::Identity;
use super::frame::{ALIGN, Frame, HEADER_BYTES, Look, MAGIC, look};
use super::listing::{self, print, print_heading};
use super::report::{Offset, Report};
use super::rows::Vectors;
use super::source::{Source, Window};
use super::superblock::Superblock;
use std::io;

/// The position in the log.
#[derive(Debug, Clone, Copy, Default)]
struct Position {
    sequence: u64,
    chain: u32,
    /// The position of the last frame's extent in the list.
    extent: usize,
    head: u64,
    rows: u64,
    deletions: u64,
}

/// The totals of the log.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    pub frames: u64,
    pub sequence: u64,
    pub rows: u64,
    pub deletions: u64,
    /// Frames, and their bytes by kind.
    pub frame_bytes: u64,
    pub key_bytes: u64,
    pub tag_bytes: u64,
    pub payload_bytes: u64,
    /// Whether frames are lost, so that some numbers are too small.
    pub has_gaps: bool,
    /// The checksums of the frames with the requested sequences.
    pub chains: [Option<u32>; 2],
}

/// A location without the expected valid frame.
struct Fault {
    at: u64,
    frame: Option<Frame>,
    what: String,
}

/// Reads and prints the log.
pub struct Walk<'s, 'a> {
    identity: Identity,
    extents: &'a [Extent],
    window: Window<'s>,
    vectors: Vectors<'s>,
    superblock: Option<Superblock>,
    arguments: &'a Arguments,
    /// Sequences whose checksums are requested.
    wanted: [Option<u64>; 2],
    position: Position,
    totals: Totals,
    /// The number of printed frames.
    printed: u64,
}

impl<'s, 'a> Walk<'s, 'a> {
    pub fn new(
        source: &'s Source,
        (identity, superblock): (Identity, Option<Superblock>),
        extents: &'a [Extent],
        arguments: &'a Arguments,
        wanted: [Option<u64>; 2],
    ) -> Self {
        Self {
            identity,
            extents,
            window: Window::new(source),
            vectors: Vectors::new(source, identity, extents),
            superblock,
            arguments,
            wanted,
            position: Position::default(),
            totals: Totals::default(),
            printed: 0,
        }
    }

    /// Prints the frames, and returns their totals.
    pub fn run(mut self, report: &mut Report<'_>) -> io::Result<Totals> {
        print_heading(report);
        let mut chain_state = "ok";
        loop {
            self.compare_with_superblock(report);
            let is_committed = self.superblock.map(|s| self.position.sequence < s.sequence);
            match self.next_frame()? {
                Ok((frame, extent)) => {
                    if !self.take(&frame, extent, chain_state, is_committed, report)? {
                        break;
                    }
                    chain_state = "ok";
                }
                Err(fault) => {
                    let is_looked_for = is_committed.unwrap_or(true);
                    let later = if is_looked_for { self.later_frame(&fault)? } else { None };
                    if is_committed != Some(true) && later.is_none() {
                        self.end(&fault, report);
                        break;
                    }
                    self.tell_fault(&fault, later.as_ref().map(|(frame, _)| frame), report);
                    let Some((frame, extent)) = later else { break };
                    chain_state = self.jump(&fault, &frame, extent);
                }
            }
        }
        if self.totals.frames > self.printed {
            report.line(format_args!("... {} more frames", self.totals.frames - self.printed));
        }
        Ok(Totals { sequence: self.position.sequence, rows: self.position.rows, ..self.totals })
    }

    /// The locations where the next frame may be: the extent's position in the list, the offset, the bytes up to its end.
    fn places(&self) -> impl Iterator<Item = (usize, u64, u64)> + use<'a> {
        let (position, extents) = (self.position, self.extents);
        let logs = extents.iter().enumerate().skip(position.extent).filter(|(_, e)| e.kind == Kind::Log);
        logs.map(move |(index, extent)| {
            let is_same = position.head != 0 && index == position.extent;
            let at = if is_same { position.head } else { extent.data_at() };
            (index, at, extent.data_at().saturating_add(extent.capacity).saturating_sub(at))
        })
    }

    /// The next frame. `Err` says why there is none.
    fn next_frame(&mut self) -> io::Result<Result<(Frame, usize), Fault>> {
        let mut fault = None;
        for (index, at, room) in self.places() {
            let (frame, what) = match look(&mut self.window, &self.identity, at, room)? {
                Look::Nothing => continue,
                Look::Whole(frame) => match self.misfit(&frame) {
                    None => return Ok(Ok((frame, index))),
                    Some(what) => (frame, what),
                },
                Look::Broken(frame, what) => (frame, what),
            };
            fault = fault.or(Some(Fault { at, frame: Some(frame), what }));
        }
        let head = self.places().next().map_or(self.position.head, |(_, at, _)| at);
        let nothing = || Fault { at: head, frame: None, what: "no frame begins here".to_owned() };
        Ok(Err(fault.unwrap_or_else(nothing)))
    }

    /// Why a frame that is valid by itself is not the next one.
    fn misfit(&self, frame: &Frame) -> Option<String> {
        let Position { sequence, chain, rows, .. } = self.position;
        match () {
            () if sequence.checked_add(1) != Some(frame.sequence) => {
                Some(format!("the sequence is {}, the last was {sequence}", frame.sequence))
            }
            () if frame.previous != chain => {
                Some(format!("the chain is {:08x}, the last frame's checksum {chain:08x}", frame.previous))
            }
            () if u64::from(frame.first_row) != rows => {
                Some(format!("the first row is {}, expected is {rows}", frame.first_row))
            }
            () if !self.vectors.has_room_for(frame) => Some("its rows are not in vector extents".to_owned()),
            () => None,
        }
    }

    /// The next frame of the log after an invalid one. Frames of an abandoned session may be there too; their rows were
    /// overwritten.
    fn later_frame(&mut self, fault: &Fault) -> io::Result<Option<(Frame, usize)>> {
        let last = self.superblock.map_or(u64::MAX, |superblock| superblock.sequence);
        for (index, first, room) in self.places() {
            let end = first.saturating_add(room);
            let mut at = first;
            while at.checked_add(HEADER_BYTES).is_some_and(|header_end| header_end <= end) {
                let is_frame = match self.window.bytes(at, 4)? {
                    None => break,
                    Some(bytes) => bytes == MAGIC && at != fault.at,
                };
                if is_frame
                    && let Look::Whole(frame) = look(&mut self.window, &self.identity, at, end - at)?
                    && frame.sequence > self.position.sequence
                    && frame.sequence <= last
                    && u64::from(frame.first_row) >= self.position.rows
                    && self.vectors.has_room_for(&frame)
                    && self.vectors.differing(&frame, &self.window)?.0 == 0
                {
                    return Ok(Some((frame, index)));
                }
                at = at.saturating_add(ALIGN);
            }
        }
        Ok(None)
    }

    /// Continues before a later frame; returns what is known of its chain.
    fn jump(&mut self, fault: &Fault, frame: &Frame, extent: usize) -> &'static str {
        let before = frame.sequence.saturating_sub(1);
        let lost = fault.frame.filter(|lost| lost.sequence == before && lost.checksum == frame.previous);
        self.totals.has_gaps = true;
        self.position = Position {
            sequence: before,
            chain: frame.previous,
            extent,
            head: frame.at,
            rows: frame.first_row.into(),
            ..self.position
        };
        if lost.is_some() { "ok" } else { "unknown" }
    }

    fn tell_fault(&mut self, fault: &Fault, later: Option<&Frame>, report: &mut Report<'_>) {
        let first = self.position.sequence.saturating_add(1);
        if let Some(frame) = &fault.frame {
            print(frame, "INVALID", "", report);
        }
        let last =
            later.map(|frame| frame.sequence.saturating_sub(1)).or(self.superblock.map(|s| s.sequence));
        let what = &fault.what;
        match last {
            Some(last) if last > first => {
                report.damage(fault.at, format_args!("frames {first} to {last}: {what}"));
            }
            _ => report.damage(fault.at, format_args!("frame {first}: {what}")),
        }
    }

    /// Reports what is at the log's end and does not count.
    fn end(&self, fault: &Fault, report: &mut Report<'_>) {
        if fault.frame.is_some() {
            let what = &fault.what;
            report.note(format_args!(
                "at {} the log ends before an unfinished frame: {what}",
                Offset(fault.at)
            ));
        }
    }

    /// Prints a frame, adds it to the totals, and returns whether the log continues.
    fn take(
        &mut self,
        frame: &Frame,
        extent: usize,
        chain_state: &str,
        is_committed: Option<bool>,
        report: &mut Report<'_>,
    ) -> io::Result<bool> {
        let differing = match self.arguments.vectors || is_committed != Some(true) {
            true => self.vectors.differing(frame, &self.window)?,
            false => (0, None),
        };
        if let ((count, Some((at, row))), Some(false)) = (differing, is_committed) {
            let at = Offset(at);
            report
                .note(format_args!("the log ends: row {row} at {at} and {} more are unfinished", count - 1));
            return Ok(false);
        }
        let is_wanted = self.arguments.rows == Some(frame.sequence);
        if self.printed < self.arguments.frames || is_wanted {
            self.printed = self.printed.saturating_add(1);
            print(frame, "ok", chain_state, report);
        }
        if let (count, Some((at, row))) = differing {
            let sequence = frame.sequence;
            let what = format_args!(
                "row {row} of frame {sequence} does not match its checksum; rows of the frame that do not match: {count}"
            );
            report.damage(at, what);
        }
        if let Err(what) = self.vectors.delete_or_update(frame, &self.window)? {
            report.damage(frame.at, format_args!("frame {}: {what}", frame.sequence));
        }
        if is_wanted {
            listing::list_rows(frame, &self.window, report)?;
        }
        self.add(frame, extent);
        Ok(true)
    }

    fn add(&mut self, frame: &Frame, extent: usize) {
        let sum = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        sum(&mut self.totals.frames, 1);
        sum(&mut self.totals.deletions, frame.deletion_count().into());
        sum(&mut self.totals.frame_bytes, frame.length);
        sum(&mut self.totals.key_bytes, frame.key_bytes.into());
        sum(&mut self.totals.tag_bytes, frame.tag_bytes());
        sum(&mut self.totals.payload_bytes, frame.payload_bytes);
        for (wanted, chain) in self.wanted.iter().zip(&mut self.totals.chains) {
            if *wanted == Some(frame.sequence) {
                *chain = Some(frame.checksum);
            }
        }
        self.position = Position {
            sequence: frame.sequence,
            chain: frame.checksum,
            extent,
            head: frame.end(),
            rows: frame.rows_end(),
            deletions: self.totals.deletions,
        };
    }

    /// At the newest superblock's frame: checks that the log is where the superblock says.
    fn compare_with_superblock(&self, report: &mut Report<'_>) {
        let Some(superblock) = self.superblock.filter(|s| s.sequence == self.position.sequence) else {
            return;
        };
        let ordinal = match self.position.head {
            0 => 0,
            _ => self.extents.get(self.position.extent).map_or(0, |extent| extent.ordinal),
        };
        let Position { chain, head, rows, deletions, .. } = self.position;
        let has_deletions = self.totals.has_gaps || deletions == superblock.deletions;
        let found = (head, ordinal, chain, rows);
        let named = (superblock.log_head, superblock.log_extent, superblock.chain, superblock.rows);
        if found != named || !has_deletions {
            let what = format_args!(
                "superblock slot: the log at its sequence ends at {}, extent {ordinal}, chain {chain:08x}, {rows} rows, \
                 {deletions} deletions",
                Offset(head),
            );
            report.damage(superblock.at, what);
        }
    }
}
