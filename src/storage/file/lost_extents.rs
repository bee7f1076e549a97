//! Recovering the identity and the extents of a damaged file whose superblocks or extent headers are lost.
//!
//! A valid extent header contains the store id and its own offset, so it can be recognized anywhere. The bytes between
//! two valid headers were an extent whose header is lost. Its kind is guessed from its bytes, and its content is used
//! only as far as the checksums of frames and rows are valid.

use super::data_file::newest_superblock;
use super::extent_header::{ExtentHeader, ExtentKind};
use super::extents::Extents;
use crate::storage::format::frame::claimed_length;
use crate::storage::format::layout::{EXTENT_ALIGN, EXTENTS_START, extent, frame};
use crate::storage::format::place::Place;
use crate::storage::format::superblock::{ColumnsMark, Identity, LogPosition, NewStore, Superblock};
use crate::storage::io::medium::{StorageFile, read_exact_at};
use crate::{Result, SynaError};
use std::io;
use std::path::Path;

/// The most different stores whose extents are counted in one file.
const MOST_STORES: usize = 16;

/// The superblock of a file that may be damaged. If both are damaged, the result has the identity in the extent headers
/// and does not limit the log ([`Superblock::is_lost`]).
///
/// # Errors
/// As [`super::data_file::read_superblock`], if no extent header is valid either.
pub(crate) fn superblock_of_damaged(file: &dyn StorageFile, path: &Path) -> Result<Superblock> {
    let (offset_bytes, what) = match newest_superblock(file, path) {
        Err(SynaError::Corrupt { offset_bytes, what, .. }) => (offset_bytes, what),
        found => return found,
    };
    let found = find_identity(file).map_err(|error| SynaError::io(path, "reading", error))?;
    let Some(identity) = found else {
        let what = format!("{what}; no extent header is intact either, so dimensions and metric are unknown");
        return Err(SynaError::corrupt(path, offset_bytes, what));
    };
    let position = LogPosition { sequence: u64::MAX, rows: u32::MAX, ..LogPosition::EMPTY };
    let columns = ColumnsMark { count: identity.columns, checksum: 0 };
    let empty = Superblock::empty(identity.store_id, &NewStore::like(&identity, columns));
    Ok(Superblock { generation: 0, position, extent_count: u32::MAX, ..empty })
}

/// The identity that most extent headers contain.
fn find_identity(file: &dyn StorageFile) -> io::Result<Option<Identity>> {
    let mut found: Vec<(Identity, u32)> = Vec::with_capacity(MOST_STORES);
    let mut at = EXTENTS_START;
    while let Some(page) = next_page(file, at)? {
        if let Some((identity, _)) = header_at(file, page)? {
            if let Some((_, count)) = found.iter_mut().find(|(known, _)| *known == identity) {
                *count += 1;
            } else if found.len() < MOST_STORES {
                found.push((identity, 1));
            }
        }
        at = page + EXTENT_ALIGN;
    }
    Ok(found.into_iter().max_by_key(|&(_, count)| count).map(|(identity, _)| identity))
}

/// The first page from `at` on that is not empty and has space for an extent. The result is the offset of the page.
fn next_page(file: &dyn StorageFile, at: u64) -> io::Result<Option<u64>> {
    let Some(data) = file.next_data(at)? else { return Ok(None) };
    let page = (data.start - data.start % EXTENT_ALIGN).max(at);
    Ok((page + extent::DATA < file.length_bytes()?).then_some(page))
}

/// The valid header at the start of a page.
fn header_at(file: &dyn StorageFile, page: u64) -> io::Result<Option<(Identity, ExtentHeader)>> {
    let mut bytes = [0; extent::LENGTH];
    let is_there = read_if_there(file, &mut bytes, page)?;
    Ok(if is_there { ExtentHeader::decode_any(&bytes, page) } else { None })
}

/// Reads bytes. Returns whether the file has that many.
fn read_if_there(file: &dyn StorageFile, into: &mut [u8], offset_bytes: u64) -> io::Result<bool> {
    match read_exact_at(file, into, offset_bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

/// Whether a frame seems to begin at `offset_bytes`, judged by its header.
fn has_frame(file: &dyn StorageFile, identity: &Identity, offset_bytes: u64) -> io::Result<bool> {
    let mut header = [0; frame::LENGTH];
    let is_there = read_if_there(file, &mut header, offset_bytes)?;
    let place = Place::new(identity, offset_bytes);
    Ok(is_there && claimed_length(&header, place, frame::MAX_LENGTH_BYTES).is_some())
}

/// The search for the extents of a damaged file.
struct Search<'a> {
    file: &'a dyn StorageFile,
    path: &'a Path,
    superblock: &'a Superblock,
    extents: &'a Extents,
    /// The ordinal of the next extent in the file. In the table they are renumbered.
    ordinal: u32,
    length_bytes: u64,
}

/// Maps all extents of a file that can be found.
///
/// # Errors
/// [`SynaError::Io`], [`SynaError::NoMemory`].
pub(super) fn map_what_is_there(
    file: &dyn StorageFile,
    path: &Path,
    superblock: &Superblock,
    extents: &Extents,
) -> Result<()> {
    let io = |error| SynaError::io(path, "reading", error);
    let length_bytes = file.length_bytes().map_err(io)?;
    let mut search = Search { file, path, superblock, extents, ordinal: 0, length_bytes };
    loop {
        let at = extents.end_bytes();
        let is_complete = search.ordinal >= superblock.extent_count;
        match search.next_whole(at).map_err(io)? {
            Some((page, header)) => {
                search.take_lost(at, page, Some(&header))?;
                search.take(page, header)?;
            }
            None if is_complete => return Ok(()),
            None => {
                // After the last non-zero byte nothing is lost.
                let end = if superblock.is_lost() { length_bytes } else { superblock.extents_end };
                return search.take_lost(at, end.min(length_bytes), None);
            }
        }
    }
}

impl Search<'_> {
    /// The next valid header from `at` on that can follow the extents found so far.
    fn next_whole(&self, at: u64) -> io::Result<Option<(u64, ExtentHeader)>> {
        let rows = self.extents.row_capacity();
        let mut from = at;
        while let Some(page) = next_page(self.file, from)? {
            if let Some((identity, header)) = header_at(self.file, page)? {
                let is_next = header.kind == ExtentKind::Log || header.first_row >= rows;
                if identity == self.superblock.identity && header.ordinal >= self.ordinal && is_next {
                    return Ok(Some((page, header)));
                }
            }
            // If all extents were found, the bytes after them do not belong to the store.
            if self.ordinal >= self.superblock.extent_count {
                return Ok(None);
            }
            from = page + EXTENT_ALIGN;
        }
        Ok(None)
    }

    /// Maps the bytes from `start` to `end`, before the extent `next`, as one or two extents without headers.
    fn take_lost(&mut self, start: u64, end: u64, next: Option<&ExtentHeader>) -> Result<()> {
        let io = |error| SynaError::io(self.path, "reading", error);
        let is_empty = end <= start + extent::DATA || self.file.next_data(start).map_err(io)?.is_none();
        if is_empty {
            return Ok(());
        }
        let is_one = next.is_some_and(|next| next.ordinal == self.ordinal + 1);
        let log = match self.first_log(start, end).map_err(io)? {
            // One extent has one kind. Its first frame was lost with its header.
            Some(_) if is_one => Some(start),
            found => found,
        };
        let vectors_end = log.unwrap_or(end);
        if vectors_end > start {
            self.take(start, self.lost_vectors(vectors_end - start, next))?;
        }
        if let Some(log) = log {
            let length_bytes = end - log;
            let capacity = length_bytes - extent::DATA;
            let kind = ExtentKind::Log;
            self.take(
                log,
                ExtentHeader { kind, ordinal: self.ordinal, length_bytes, first_row: 0, capacity },
            )?;
        }
        Ok(())
    }

    /// The first offset from `start` on at which a log extent with its first frame begins.
    fn first_log(&self, start: u64, end: u64) -> io::Result<Option<u64>> {
        let mut from = start;
        while let Some(page) = next_page(self.file, from)?.filter(|page| page + extent::DATA < end) {
            if has_frame(self.file, &self.superblock.identity, page + extent::DATA)? {
                return Ok(Some(page));
            }
            from = page + EXTENT_ALIGN;
        }
        Ok(None)
    }

    /// A vector extent without its header: as many rows as fit, or as are missing before the next one.
    fn lost_vectors(&self, length_bytes: u64, next: Option<&ExtentHeader>) -> ExtentHeader {
        let identity = &self.superblock.identity;
        let first_row = self.extents.row_capacity();
        let block = u64::from(identity.block_rows());
        let room = (length_bytes - extent::DATA) / u64::from(identity.row_bytes()) / block * block;
        let next = next.filter(|next| next.kind == ExtentKind::Vectors);
        let capacity = next.map_or(room, |next| room.min(next.first_row - first_row));
        let kind = ExtentKind::Vectors;
        ExtentHeader { kind, ordinal: self.ordinal, length_bytes, first_row, capacity }
    }

    /// Maps an extent, as far as the file has it.
    fn take(&mut self, at: u64, header: ExtentHeader) -> Result<()> {
        let length_bytes = header.length_bytes.min(self.length_bytes.saturating_sub(at));
        let capacity = match header.kind {
            ExtentKind::Vectors => header.capacity,
            ExtentKind::Log => header.capacity.min(length_bytes.saturating_sub(extent::DATA)),
        };
        let region =
            self.file.map(at, length_bytes).map_err(|error| SynaError::io(self.path, "mapping", error))?;
        self.ordinal = header.ordinal.saturating_add(1);
        let ordinal = self.extents.count();
        self.extents.push(ExtentHeader { ordinal, length_bytes, capacity, ..header }, region)
    }
}
