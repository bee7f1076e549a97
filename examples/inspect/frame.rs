//! One frame: its header, its sections, and what is invalid.

use super::fields::{Identity, Place, long, word};
use super::source::Window;
use crc32c::crc32c_append;
use std::io;

pub const MAGIC: [u8; 4] = *b"SYNF";
pub const HEADER_BYTES: u64 = 64;
/// Frames begin at a multiple of this.
pub const ALIGN: u64 = 16;
const MAX_LENGTH: u64 = 1 << 30;
const HAS_TAGS: u32 = 1;
const HAS_PAYLOADS: u32 = 2;
const IS_UPDATE: u32 = 4;
/// Bits from this one on: an update has values of the columns.
const COLUMNS_SHIFT: u32 = 16;
const MAX_KEY_BYTES: u32 = 65_535;

/// The header of a frame.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub at: u64,
    pub flags: u32,
    pub length: u64,
    pub sequence: u64,
    pub session: u64,
    pub first_row: u32,
    pub row_count: u32,
    /// Rows that the frame deletes, or updates.
    pub listed_count: u32,
    pub key_bytes: u32,
    pub payload_bytes: u64,
    pub previous: u32,
    pub checksum: u32,
}

/// The offset of each section in the file.
#[derive(Debug, Clone, Copy)]
pub struct Sections {
    pub row_checksums: u64,
    pub key_ends: u64,
    pub tags: u64,
    pub payload_ends: u64,
    pub listed: u64,
    pub keys: u64,
    pub end: u64,
}

/// What is at a location.
#[derive(Debug, Clone)]
pub enum Look {
    /// Nothing that begins like a frame of this store and location.
    Nothing,
    /// An invalid frame, and why.
    Broken(Frame, String),
    /// A frame that is valid by itself.
    Whole(Frame),
}

type Checked = io::Result<Result<(), String>>;

/// A row of a frame.
pub struct Row {
    pub number: u64,
    pub tags: Option<u64>,
    pub payload_bytes: u64,
    pub key: String,
}

/// Reads the frame at a location with `room` bytes up to the end of its extent.
pub fn look(window: &mut Window<'_>, identity: &Identity, at: u64, room: u64) -> io::Result<Look> {
    if room < HEADER_BYTES {
        return Ok(Look::Nothing);
    }
    let Some(bytes) = window.bytes(at, HEADER_BYTES)? else { return Ok(Look::Nothing) };
    let place = Place::new(identity.store_id, at);
    if !bytes.starts_with(&MAGIC) || word(bytes, 12) != place.mark {
        return Ok(Look::Nothing);
    }
    let frame = Frame::decode(bytes, at);
    let head = crc32c_append(place.seed, bytes.get(..60).unwrap_or_default());
    if !(HEADER_BYTES..=MAX_LENGTH).contains(&frame.length) || frame.length > room {
        return Ok(Look::Broken(frame, format!("the length is {}, there is room for {room}", frame.length)));
    }
    Ok(match frame.check(window, head, identity)? {
        Ok(()) => Look::Whole(frame),
        Err(fault) => Look::Broken(frame, fault),
    })
}

impl Frame {
    fn decode(bytes: &[u8], at: u64) -> Self {
        Self {
            at,
            flags: word(bytes, 4),
            length: word(bytes, 8).into(),
            sequence: long(bytes, 16),
            session: long(bytes, 24),
            first_row: word(bytes, 32),
            row_count: word(bytes, 36),
            listed_count: word(bytes, 40),
            key_bytes: word(bytes, 44),
            payload_bytes: long(bytes, 48),
            previous: word(bytes, 56),
            checksum: word(bytes, 60),
        }
    }

    pub fn end(&self) -> u64 {
        self.at.saturating_add(self.length)
    }

    pub fn rows_end(&self) -> u64 {
        u64::from(self.first_row).saturating_add(self.row_count.into())
    }

    fn has_payloads(&self) -> bool {
        self.flags & HAS_PAYLOADS != 0
    }

    fn has_tags(&self) -> bool {
        self.flags & HAS_TAGS != 0
    }

    /// Whether the listed rows are updated, not deleted.
    pub fn is_update(&self) -> bool {
        self.flags & IS_UPDATE != 0
    }

    pub fn deletion_count(&self) -> u32 {
        if self.is_update() { 0 } else { self.listed_count }
    }

    /// The columns that the frame has values of, as bits.
    fn columns(&self) -> u32 {
        self.flags >> COLUMNS_SHIFT
    }

    /// How many tags and payloads there are, if any.
    fn value_count(&self) -> u64 {
        u64::from(if self.is_update() { self.listed_count } else { self.row_count })
    }

    /// The bytes of tags in a valid frame.
    pub fn tag_bytes(&self) -> u64 {
        if self.has_tags() { self.value_count().saturating_mul(8) } else { 0 }
    }

    /// `None` if the counts are too large for any frame.
    pub fn sections(&self) -> Option<Sections> {
        let rows = u64::from(self.row_count);
        let flagged = |is_there: bool| if is_there { self.value_count() } else { 0 };
        let after = |at: u64, count: u64, width: u64| at.checked_add(count.checked_mul(width)?);
        let row_checksums = self.at.checked_add(HEADER_BYTES)?;
        let key_ends = after(row_checksums, rows, 4)?;
        let tags = after(key_ends, rows, 4)?;
        let payload_ends = after(tags, flagged(self.has_tags()), 8)?;
        let values = after(payload_ends, flagged(self.has_payloads()), 8)?;
        let value_count = self.value_count().checked_mul(self.columns().count_ones().into())?;
        let listed = after(values, value_count, 8)?;
        let keys = after(listed, self.listed_count.into(), 4)?;
        let payloads = keys.checked_add(self.key_bytes.into())?.checked_next_multiple_of(ALIGN)?;
        let end = payloads.checked_add(self.payload_bytes)?.checked_next_multiple_of(ALIGN)?;
        Some(Sections { row_checksums, key_ends, tags, payload_ends, listed, keys, end })
    }

    /// Checks the whole frame; `head` is the checksum of the header up to the checksum field.
    fn check(&self, window: &mut Window<'_>, head: u32, identity: &Identity) -> Checked {
        let (body, end) = (self.at.saturating_add(HEADER_BYTES), self.end());
        // Headers that are close to each other may all claim the same bytes.
        window.source().charge(self.length)?;
        let short = if self.length <= Window::MAX_BYTES { window.bytes(self.at, self.length)? } else { None };
        let computed = match short.and_then(|bytes| bytes.get(64..)) {
            Some(bytes) => Some(crc32c_append(head, bytes)),
            None => window.source().checksum(head, body..end)?,
        };
        match computed {
            None => return Ok(Err("the file ends in it".to_owned())),
            Some(computed) if computed != self.checksum => {
                return Ok(Err(format!(
                    "the checksum is {:08x}, of the bytes {computed:08x}",
                    self.checksum
                )));
            }
            Some(_) => {}
        }
        let known = HAS_TAGS | HAS_PAYLOADS | IS_UPDATE | u32::MAX << COLUMNS_SHIFT;
        if self.flags & !known != 0 {
            return Ok(Err(format!("unknown flags {:#x}", self.flags)));
        }
        if self.columns() != 0 && !self.is_update() {
            return Ok(Err("it has values of columns and is no update".to_owned()));
        }
        if self.columns() >= 1 << identity.columns {
            return Ok(Err("it has values of columns that the store does not have".to_owned()));
        }
        if self.is_update() && (self.row_count, self.key_bytes) != (0, 0) {
            return Ok(Err("it updates rows and has rows of its own".to_owned()));
        }
        if !self.has_payloads() && self.payload_bytes != 0 {
            return Ok(Err("it has payload bytes, but no flag for payloads".to_owned()));
        }
        match self.sections().filter(|sections| sections.end == end) {
            Some(sections) => self.check_sections(window, &sections, identity.has_text_keys()),
            None => Ok(Err("the counts do not add up to the length".to_owned())),
        }
    }

    fn check_sections(&self, window: &mut Window<'_>, sections: &Sections, has_text_keys: bool) -> Checked {
        let (mut ends, mut keys) = (window.clone(), window.clone());
        let mut start = 0;
        for position in 0..u64::from(self.row_count) {
            let at = sections.key_ends.saturating_add(position.saturating_mul(4));
            let Some(end) = ends.word(at)? else { return cut_off() };
            if end < start || end > self.key_bytes || end - start > MAX_KEY_BYTES {
                return Ok(Err(format!("key {position} ends at {end} of {}", self.key_bytes)));
            }
            let key_at = sections.keys.saturating_add(start.into());
            let Some(key) = keys.bytes(key_at, u64::from(end - start))? else { return cut_off() };
            if has_text_keys && std::str::from_utf8(key).is_err() {
                return Ok(Err(format!("key {position} is not UTF-8")));
            }
            start = end;
        }
        if start != self.key_bytes {
            return Ok(Err(format!("the keys end at {start} of {} bytes", self.key_bytes)));
        }
        let mut start = 0;
        for position in 0..if self.has_payloads() { self.value_count() } else { 0 } {
            let at = sections.payload_ends.saturating_add(position.saturating_mul(8));
            let Some(end) = ends.long(at)? else { return cut_off() };
            if end < start {
                return Ok(Err(format!("payload {position} ends at {end}, before it begins")));
            }
            start = end;
        }
        if start != self.payload_bytes {
            return Ok(Err(format!("the payloads end at {start} of {} bytes", self.payload_bytes)));
        }
        Ok(Ok(()))
    }
}

/// The rows of a valid frame, one after the other.
pub struct Rows<'s> {
    frame: Frame,
    sections: Option<Sections>,
    key_ends: Window<'s>,
    tags: Window<'s>,
    payload_ends: Window<'s>,
    keys: Window<'s>,
    position: u64,
    key_start: u32,
    payload_start: u64,
}

impl<'s> Rows<'s> {
    pub fn new(frame: Frame, window: &Window<'s>) -> Self {
        Self {
            frame,
            sections: frame.sections(),
            key_ends: window.clone(),
            tags: window.clone(),
            payload_ends: window.clone(),
            keys: window.clone(),
            position: 0,
            key_start: 0,
            payload_start: 0,
        }
    }

    /// The next row; `None` after the last one.
    pub fn next(&mut self) -> io::Result<Option<Row>> {
        let position = self.position;
        let Some(sections) = self.sections.filter(|_| position < self.frame.row_count.into()) else {
            return Ok(None);
        };
        let at = |section: u64, width: u64| section.saturating_add(position.saturating_mul(width));
        let key_end = self.key_ends.word(at(sections.key_ends, 4))?.unwrap_or(0);
        let key_at = sections.keys.saturating_add(self.key_start.into());
        let key = self.keys.bytes(key_at, key_end.saturating_sub(self.key_start).into())?.unwrap_or_default();
        let key = String::from_utf8_lossy(key).into_owned();
        let tags = if self.frame.has_tags() { self.tags.long(at(sections.tags, 8))? } else { None };
        let payload_end = match self.frame.has_payloads() {
            true => self.payload_ends.long(at(sections.payload_ends, 8))?.unwrap_or(0),
            false => 0,
        };
        let payload_bytes = payload_end.saturating_sub(self.payload_start);
        (self.key_start, self.payload_start) = (key_end, payload_end);
        self.position = position.saturating_add(1);
        let number = u64::from(self.frame.first_row).saturating_add(position);
        Ok(Some(Row { number, tags, payload_bytes, key }))
    }
}

fn cut_off() -> Checked {
    Ok(Err("the file ends in it".to_owned()))
}
