//! The headers of the extents. After an invalid one, the next valid one is searched for.

use super::fields::{Identity, Place, StoreId, array, long, short, word};
use super::report::{Offset, Report};
use super::source::{Source, Window};
use super::superblock::{EXTENTS_AT, MAX_ROWS, Superblock};
use crc32c::crc32c_append;
use std::io;

const MAGIC: [u8; 4] = *b"SYNX";
pub const HEADER_BYTES: usize = 64;
/// The page of a header; extents begin at multiples of it.
pub const PAGE_BYTES: u64 = 4096;
/// How far the next header is searched for after an invalid one: 1 GiB, so that a sparse file is not read completely.
const MAX_SEARCHED_PAGES: u64 = 1 << 18;
/// A block may extend past the last row number.
const MAX_ROWS_END: u64 = MAX_ROWS + 65_536;

/// The content of an extent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Vectors,
    Log,
}

/// An extent.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    pub at: u64,
    pub kind: Kind,
    pub ordinal: u32,
    pub length: u64,
    pub first_row: u64,
    /// Rows, or bytes of frames.
    pub capacity: u64,
    /// Whether the header is valid; otherwise the extent was inferred from its neighbours.
    pub is_sound: bool,
}

impl Extent {
    pub fn end(&self) -> u64 {
        self.at.saturating_add(self.length)
    }

    pub fn data_at(&self) -> u64 {
        self.at.saturating_add(PAGE_BYTES)
    }
}

/// The header at `at`, if it belongs to this location, and the identity of its store. `Err` says what is invalid.
pub fn decode(bytes: &[u8; HEADER_BYTES], at: u64) -> Result<(Identity, Extent), String> {
    if array::<4>(bytes, 0) != MAGIC {
        return Err("the magic is wrong".to_owned());
    }
    let identity = Identity {
        dimensions: u32::from(short(bytes, 12)),
        metric: u32::from(short(bytes, 14) & 0xff),
        element: u32::from(short(bytes, 14) >> 8 & 0xf),
        key_kind: u32::from(short(bytes, 14) >> 12),
        columns: u32::from(short(bytes, 4) >> 8),
        store_id: StoreId(array(bytes, 16)),
    };
    let place = Place::new(identity.store_id, at);
    let computed = crc32c_append(place.seed, bytes.get(..60).unwrap_or_default());
    if word(bytes, 60) != computed {
        return Err(format!("the checksum is {:08x}, of the bytes {computed:08x}", word(bytes, 60)));
    }
    if word(bytes, 56) != place.mark {
        return Err("the header belongs to another location".to_owned());
    }
    let kind = match (short(bytes, 4) & 0xff, short(bytes, 6)) {
        (1, 0) => Kind::Vectors,
        (2, 0) => Kind::Log,
        kind => return Err(format!("the kind is {kind:?}")),
    };
    let [_, element] = short(bytes, 14).to_le_bytes();
    if !identity.is_possible() {
        return Err(format!(
            "{} dimensions, metric {}, element type and keys {element:#x}, {} columns",
            identity.dimensions, identity.metric, identity.columns
        ));
    }
    let extent = Extent {
        at,
        kind,
        ordinal: word(bytes, 8),
        length: long(bytes, 32),
        first_row: long(bytes, 40),
        capacity: long(bytes, 48),
        is_sound: true,
    };
    let (length, capacity) = (extent.length, extent.capacity);
    let needed = match kind {
        Kind::Vectors if !capacity.is_multiple_of(identity.block_rows().into()) => None,
        Kind::Vectors => capacity.checked_mul(identity.row_bytes().into()),
        Kind::Log => Some(capacity),
    };
    let has_room = length.checked_sub(PAGE_BYTES).zip(needed).is_some_and(|(room, needed)| needed <= room);
    let ends = at.checked_add(length).is_some();
    let rows_end = extent.first_row.checked_add(if kind == Kind::Vectors { capacity } else { 0 });
    let fits = rows_end.is_some_and(|end| end <= MAX_ROWS_END) && capacity > 0 && ends && has_room;
    if !fits || !length.is_multiple_of(PAGE_BYTES) {
        return Err(format!("length {length}, first row {}, capacity {capacity}", extent.first_row));
    }
    Ok((identity, extent))
}

/// The identity in the first extent, which remains if both superblocks are lost.
pub fn identity_of_first(source: &Source) -> io::Result<Option<Identity>> {
    let header = source.array::<HEADER_BYTES>(EXTENTS_AT)?;
    Ok(header.and_then(|header| decode(&header, EXTENTS_AT).ok()).map(|(identity, _)| identity))
}

/// Inspects all extents.
pub struct Walk<'s> {
    window: Window<'s>,
    identity: Identity,
    /// How many extents there are at least, and where they end.
    named: Option<(u32, u64)>,
    found: Vec<Extent>,
    /// The first row of the next vector extent; `None` after an inferred extent.
    next_row: Option<u64>,
}

impl<'s> Walk<'s> {
    pub fn new(source: &'s Source, identity: Identity, superblock: Option<&Superblock>) -> Self {
        let named = superblock.map(|superblock| (superblock.extent_count, superblock.extents_end));
        Self { window: Window::new(source), identity, named, found: Vec::new(), next_row: Some(0) }
    }

    /// Prints the extents, and returns them.
    pub fn run(mut self, report: &mut Report<'_>) -> io::Result<Vec<Extent>> {
        print_heading(report);
        let length = self.window.source().length();
        let mut at = EXTENTS_AT;
        loop {
            let ordinal = self.found.last().map_or(0, |last| last.ordinal.saturating_add(1));
            let is_named = self.named.is_some_and(|(count, _)| ordinal < count);
            let fault = match self.extent(at, ordinal) {
                Ok(Ok(extent)) => {
                    self.take(extent, report);
                    at = extent.end();
                    continue;
                }
                Ok(Err(fault)) => fault,
                Err(error) => return Err(error),
            };
            let is_looked_for = is_named || self.named.is_none();
            let next = if is_looked_for { self.next_sound(at, ordinal)? } else { None };
            if !is_named && next.is_none() {
                break;
            }
            report.damage(at.min(length), format_args!("header of extent {ordinal}: {fault}"));
            let Some(follower) = self.guess(at, ordinal, next)?.or(next) else { break };
            if follower.is_sound {
                report.note(format_args!(
                    "extents {ordinal} to {} are lost",
                    follower.ordinal.saturating_sub(1)
                ));
            }
            self.take(follower, report);
            at = follower.end();
        }
        self.check_end(report);
        Ok(self.found)
    }

    /// The extent at an offset, if it is the next one.
    fn extent(&mut self, at: u64, ordinal: u32) -> io::Result<Result<Extent, String>> {
        let bytes = self.window.bytes(at, HEADER_BYTES as u64)?.and_then(|bytes| bytes.try_into().ok());
        let Some(bytes) = bytes else { return Ok(Err("the file ends before".to_owned())) };
        Ok(decode(bytes, at).and_then(|(identity, extent)| match () {
            () if identity != self.identity => Err("the store id, dimensions or metric differ".to_owned()),
            () if extent.ordinal != ordinal => Err(format!("the ordinal is {}", extent.ordinal)),
            () => match (extent.kind, self.next_row) {
                (Kind::Vectors, Some(row)) if extent.first_row != row => {
                    Err(format!("the first row is {}, expected is {row}", extent.first_row))
                }
                (Kind::Log, _) if extent.first_row != 0 => Err("a log extent has a first row".to_owned()),
                _ => Ok(extent),
            },
        }))
    }

    /// The next extent of this store after an invalid header: where the header says, or at one of the pages that follow.
    fn next_sound(&mut self, at: u64, ordinal: u32) -> io::Result<Option<Extent>> {
        let header = self.window.bytes(at, HEADER_BYTES as u64)?;
        let claimed = header.and_then(|header| at.checked_add(long(header, 32)));
        let claimed = claimed.filter(|claimed| *claimed > at && claimed.is_multiple_of(PAGE_BYTES));
        let pages = (1..=MAX_SEARCHED_PAGES).map(|page| at.saturating_add(page.saturating_mul(PAGE_BYTES)));
        for at in claimed.into_iter().chain(pages) {
            let Some(bytes) = self.window.bytes(at, HEADER_BYTES as u64)? else {
                if claimed == Some(at) {
                    continue;
                }
                break;
            };
            let Some(bytes) = bytes.try_into().ok().filter(|_| bytes.starts_with(&MAGIC)) else { continue };
            if let Ok((identity, extent)) = decode(bytes, at)
                && identity == self.identity
                && extent.ordinal > ordinal
            {
                return Ok(Some(extent));
            }
        }
        Ok(None)
    }

    /// The extent with an invalid header, inferred if it can only be a single one that ends at `next`.
    fn guess(&mut self, at: u64, ordinal: u32, next: Option<Extent>) -> io::Result<Option<Extent>> {
        let end = match (next, self.named) {
            (Some(next), _) if next.ordinal.checked_sub(1) == Some(ordinal) => next.at,
            (None, Some((count, end))) if count.checked_sub(1) == Some(ordinal) => end,
            _ => return Ok(None),
        };
        let data_at = at.saturating_add(PAGE_BYTES);
        let Some(data_bytes) = end.checked_sub(data_at) else { return Ok(None) };
        let header = self.window.bytes(data_at, HEADER_BYTES as u64)?;
        let mark = Place::new(self.identity.store_id, data_at).mark;
        let is_log = header.is_some_and(|header| header.starts_with(b"SYNF") && word(header, 12) == mark);
        let blocks =
            data_bytes / u64::from(self.identity.row_bytes()) / u64::from(self.identity.block_rows());
        let rows = blocks.saturating_mul(self.identity.block_rows().into());
        let (kind, first_row, capacity) = if is_log {
            (Kind::Log, 0, data_bytes)
        } else {
            (Kind::Vectors, self.next_row.unwrap_or(0), rows)
        };
        let length = end.saturating_sub(at);
        Ok(Some(Extent { at, kind, ordinal, length, first_row, capacity, is_sound: false }))
    }

    fn take(&mut self, extent: Extent, report: &mut Report<'_>) {
        if extent.kind == Kind::Vectors {
            let end = extent.first_row.checked_add(extent.capacity);
            self.next_row = end.filter(|_| extent.is_sound);
        }
        print(&extent, report);
        let length = self.window.source().length();
        if extent.end() > length {
            let (ordinal, end) = (extent.ordinal, Offset(extent.end()));
            report.damage(length, format_args!("extent {ordinal} ends at {end}, the file ends here"));
        }
        self.found.push(extent);
    }

    fn check_end(&self, report: &mut Report<'_>) {
        let end = self.found.last().map_or(EXTENTS_AT, Extent::end);
        let Some((count, named_end)) = self.named else { return };
        let last = |last: u32| self.found.iter().find(|extent| extent.ordinal == last).map(Extent::end);
        let found = count.checked_sub(1).map_or(Some(EXTENTS_AT), last);
        if found.is_some_and(|found| found != named_end) {
            let what = format_args!("the superblock says that {count} extents end at {}", Offset(named_end));
            report.damage(end, what);
        }
        let length = self.window.source().length();
        if end < length {
            report.note(format_args!("{} bytes after the last extent", length - end));
        }
    }
}

fn print_heading(report: &mut Report<'_>) {
    report.heading("extents");
    report.line(format_args!(
        "{:>7} {:<24} {:<7} {:>14} {:>12} {:>14} header",
        "ordinal", "offset", "kind", "length", "first row", "capacity",
    ));
}

fn print(extent: &Extent, report: &mut Report<'_>) {
    report.line(format_args!(
        "{:>7} {:<24} {:<7} {:>14} {:>12} {:>14} {}",
        extent.ordinal,
        Offset(extent.at),
        if extent.kind == Kind::Log { "log" } else { "vectors" },
        extent.length,
        extent.first_row,
        extent.capacity,
        if extent.is_sound { "ok" } else { "INVALID, inferred" },
    ));
}
