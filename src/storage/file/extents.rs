//! Extents: the units in which a file grows. Vector extents hold rows, log extents hold frames.
//!
//! Each extent is mapped once and stays mapped, so references into it stay valid. Lookups take no lock.

use crate::append_table::AppendTable;
use crate::checksum::crc32c_append;
use crate::storage::format::layout::{self, EXTENT_ALIGN, bytes, extent};
use crate::storage::format::place::Place;
use crate::storage::format::superblock::Identity;
use crate::storage::io::region::Region;
use crate::sync::{AtomicU32, OnceLock, Ordering};
use crate::{DistanceMetric, ElementType, KeyKind, Result, SynaError};
use bytemuck::Pod;
use std::io;

/// The content of an extent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExtentKind {
    Vectors,
    Log,
}

/// The header of an extent, validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExtentHeader {
    pub(crate) kind: ExtentKind,
    pub(crate) ordinal: u32,
    /// Header and data.
    pub(crate) length_bytes: u64,
    /// The first row of a vector extent; 0 for the log.
    pub(crate) first_row: u64,
    /// The rows that fit, or the bytes of frames that fit.
    pub(crate) capacity: u64,
}

impl ExtentHeader {
    /// The header of an extent at `offset_bytes`.
    pub(crate) fn encode(&self, identity: &Identity, offset_bytes: u64) -> [u8; extent::LENGTH] {
        let place = Place::new(identity, offset_bytes);
        let mut out = [0; extent::LENGTH];
        let kind = match self.kind {
            ExtentKind::Vectors => extent::KIND_VECTORS,
            ExtentKind::Log => extent::KIND_LOG,
        };
        bytes::write(&mut out, extent::MAGIC, &extent::MAGIC_BYTES);
        bytes::write(&mut out, extent::KIND, &kind.to_le_bytes());
        bytes::write(&mut out, extent::ORDINAL, &self.ordinal.to_le_bytes());
        // At most 8,192, so its first two bytes hold it.
        bytes::write(&mut out, extent::DIMENSIONS, &identity.dimensions.to_le_bytes()[..2]);
        bytes::write(&mut out, extent::METRIC, &[identity.metric as u8]);
        bytes::write(&mut out, extent::ELEMENT, &[identity.element as u8 | (identity.keys as u8) << 4]);
        bytes::write(&mut out, extent::STORE_ID, &identity.store_id);
        bytes::write(&mut out, extent::LENGTH_BYTES, &self.length_bytes.to_le_bytes());
        bytes::write(&mut out, extent::FIRST_ROW, &self.first_row.to_le_bytes());
        bytes::write(&mut out, extent::CAPACITY, &self.capacity.to_le_bytes());
        place.write(&mut out, extent::PLACE);
        let checksum = crc32c_append(place.seed, &out[..extent::CHECKSUM.offset]);
        bytes::write(&mut out, extent::CHECKSUM, &checksum.to_le_bytes());
        out
    }

    /// The header in `from`, if it is valid for this store and offset, has this ordinal and fits in `room_bytes`.
    pub(crate) fn decode(
        from: &[u8; extent::LENGTH],
        identity: &Identity,
        offset_bytes: u64,
        ordinal: u32,
        first_row: u64,
        room_bytes: u64,
    ) -> Option<Self> {
        let kind = match bytes::read_u32(from, extent::KIND) {
            extent::KIND_VECTORS => ExtentKind::Vectors,
            extent::KIND_LOG => ExtentKind::Log,
            _ => return None,
        };
        let found = Self {
            kind,
            ordinal,
            length_bytes: bytes::read_u64(from, extent::LENGTH_BYTES),
            first_row: if kind == ExtentKind::Vectors { first_row } else { 0 },
            capacity: bytes::read_u64(from, extent::CAPACITY),
        };
        // All other bytes follow from these fields, so a header that differs by one bit is refused.
        let is_whole = found.encode(identity, offset_bytes) == *from;
        (is_whole && found.fits(identity, room_bytes)).then_some(found)
    }

    /// The header in `from`, if it is valid for some store at this offset, and that store's identity.
    pub(crate) fn decode_any(from: &[u8; extent::LENGTH], offset_bytes: u64) -> Option<(Identity, Self)> {
        if bytes::read_array(from, extent::MAGIC) != extent::MAGIC_BYTES {
            return None;
        }
        let [metric] = bytes::read_array(from, extent::METRIC);
        let [element] = bytes::read_array(from, extent::ELEMENT);
        let identity = Identity {
            store_id: bytes::read_array(from, extent::STORE_ID),
            dimensions: u32::from(u16::from_le_bytes(bytes::read_array(from, extent::DIMENSIONS))),
            metric: DistanceMetric::from_number(u32::from(metric))?,
            element: ElementType::from_number(u32::from(element & 0xf))?,
            keys: KeyKind::from_number(u32::from(element >> 4))?,
        };
        if !layout::DIMENSIONS.contains(&identity.dimensions) {
            return None;
        }
        let (ordinal, first_row) =
            (bytes::read_u32(from, extent::ORDINAL), bytes::read_u64(from, extent::FIRST_ROW));
        Self::decode(from, &identity, offset_bytes, ordinal, first_row, u64::MAX)
            .map(|found| (identity, found))
    }

    fn fits(&self, identity: &Identity, room_bytes: u64) -> bool {
        let Some(data_bytes) = self.length_bytes.checked_sub(extent::DATA) else { return false };
        let needed = match self.kind {
            ExtentKind::Vectors => {
                if !self.capacity.is_multiple_of(u64::from(identity.block_rows())) {
                    return false;
                }
                self.capacity.checked_mul(u64::from(identity.stride_bytes()))
            }
            ExtentKind::Log => Some(self.capacity),
        };
        self.length_bytes.is_multiple_of(EXTENT_ALIGN)
            && self.length_bytes <= room_bytes
            && self.capacity > 0
            && self.first_row.checked_add(self.capacity).is_some_and(|end| end <= MAX_ROWS + (1 << 16))
            && needed.is_some_and(|needed| needed <= data_bytes)
    }
}

/// The most rows of a store. Row numbers are u32, and one number means "none".
pub(crate) const MAX_ROWS: u64 = u32::MAX as u64 - 1;

/// A mapped extent.
#[derive(Debug)]
pub(crate) struct Extent {
    pub(crate) header: ExtentHeader,
    pub(crate) offset_bytes: u64,
    region: Region,
}

impl Extent {
    pub(crate) fn end_bytes(&self) -> u64 {
        self.offset_bytes + self.header.length_bytes
    }

    /// The offset of the data in the file.
    pub(crate) fn data_bytes(&self) -> u64 {
        self.offset_bytes + extent::DATA
    }
}

/// The extents of a file. One thread adds; any number of threads look up.
#[derive(Debug)]
pub(crate) struct Extents {
    stride_bytes: u64,
    vector_bytes: usize,
    list: AppendTable<OnceLock<Extent>, 3>,
    count: AtomicU32,
    /// For each block of rows, the ordinal of its vector extent.
    blocks: AppendTable<AtomicU32, 6>,
    block_shift: u32,
    /// The number of blocks in `blocks`.
    covered_blocks: AtomicU32,
}

impl Extents {
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            stride_bytes: u64::from(identity.stride_bytes()),
            vector_bytes: identity.vector_bytes() as usize,
            list: AppendTable::default(),
            count: AtomicU32::new(0),
            blocks: AppendTable::default(),
            block_shift: identity.block_rows().trailing_zeros(),
            covered_blocks: AtomicU32::new(0),
        }
    }

    pub(crate) fn count(&self) -> u32 {
        self.count.load(Ordering::Acquire)
    }

    #[inline]
    pub(crate) fn get(&self, ordinal: u32) -> Option<&Extent> {
        self.list.get(ordinal as usize)?.get()
    }

    /// All extents, in file order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Extent> {
        (0..self.count()).filter_map(|ordinal| self.get(ordinal))
    }

    /// In a forked child: releases the mappings; see [`Region::disown`].
    ///
    /// # Errors
    /// That of the first mapping that could not be released.
    pub(crate) fn disown(&self) -> io::Result<()> {
        self.iter().map(|extent| extent.region.disown()).fold(Ok(()), io::Result::and)
    }

    /// The offset of the next extent.
    pub(crate) fn end_bytes(&self) -> u64 {
        self.iter().next_back().map_or(layout::EXTENTS_START, Extent::end_bytes)
    }

    /// The rows that fit in the vector extents.
    pub(crate) fn row_capacity(&self) -> u64 {
        self.iter()
            .rev()
            .find(|found| found.header.kind == ExtentKind::Vectors)
            .map_or(0, |found| found.header.first_row + found.header.capacity)
    }

    /// Adds an extent after the last one. `region` maps all of it.
    pub(crate) fn push(&self, header: ExtentHeader, region: Region) -> Result<()> {
        let ordinal = self.count();
        let offset_bytes = self.end_bytes();
        let cell = self.list.get_or_grow(ordinal as usize)?;
        let _ = cell.set(Extent { header, offset_bytes, region });
        // Readers use row numbers and offsets that are published after this, so no further ordering is needed here.
        self.count.store(ordinal + 1, Ordering::Release);
        Ok(())
    }

    /// Makes the rows up to `rows_end` known to [`Extents::row`]. Memory is allocated only for existing rows, because
    /// an extent may be sparse. Called by the thread that adds extents.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`]; the call can be repeated.
    pub(crate) fn cover_rows(&self, rows_end: u64) -> Result<()> {
        let end = rows_end.div_ceil(1 << self.block_shift);
        let covered = u64::from(self.covered_blocks.load(Ordering::Relaxed));
        if covered >= end {
            return Ok(());
        }
        for found in self.iter().rev().filter(|found| found.header.kind == ExtentKind::Vectors) {
            let header = &found.header;
            let first = header.first_row >> self.block_shift;
            let behind = (header.first_row + header.capacity) >> self.block_shift;
            if behind <= covered {
                break;
            }
            for block in first.max(covered)..behind.min(end) {
                let block = usize::try_from(block).map_err(|_| SynaError::NoMemory { needed_bytes: 0 })?;
                self.blocks.get_or_grow(block)?.store(header.ordinal, Ordering::Relaxed);
            }
        }
        self.covered_blocks.store(u32::try_from(end).unwrap_or(u32::MAX), Ordering::Relaxed);
        Ok(())
    }

    /// The offset of each row from `first` on; `None` for a row that no extent has space for.
    pub(crate) fn places_of_rows(&self, first: u32) -> impl Iterator<Item = Option<u64>> + use<'_> {
        let stride = self.stride_bytes;
        let (mut row, mut run) = (u64::from(first), (0, 0));
        std::iter::from_fn(move || {
            if run.1 == 0 {
                run = self.place_of_row(row).unwrap_or_default();
            }
            let at = (run.1 > 0).then_some(run.0);
            run = (run.0 + stride, u64::saturating_sub(run.1, 1));
            row += 1;
            Some(at)
        })
    }

    /// The offset of a row, and how many rows fit from there to the end of its extent.
    pub(crate) fn place_of_row(&self, row: u64) -> Option<(u64, u64)> {
        // New rows go to one of the last extents.
        let found = self.iter().rev().find(|found| {
            let header = &found.header;
            header.kind == ExtentKind::Vectors
                && (header.first_row..header.first_row + header.capacity).contains(&row)
        })?;
        let place = row - found.header.first_row;
        Some((found.data_bytes() + place * self.stride_bytes, found.header.capacity - place))
    }

    /// The stored vector of a published row; `None` for a row that no extent holds.
    #[inline]
    pub(crate) fn row_bytes(&self, row: u32) -> Option<&[u8]> {
        self.row(row, self.vector_bytes)
    }

    /// The first `count` values of the stored vector of a published row; `None` for a row that no extent holds, and if
    /// they are not aligned.
    #[inline]
    pub(crate) fn row<T: Pod>(&self, row: u32, count: usize) -> Option<&[T]> {
        let ordinal = self.blocks.get((row >> self.block_shift) as usize)?.load(Ordering::Relaxed);
        let found = self.get(ordinal)?;
        let place = u64::from(row).checked_sub(found.header.first_row)?;
        found.region.slice(extent::DATA + place * self.stride_bytes, count)
    }

    /// Bytes of the file that are never written again; `None` if they are not in one extent.
    pub(crate) fn bytes(&self, offset_bytes: u64, count: usize) -> Option<&[u8]> {
        let (mut low, mut high) = (0, self.count());
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.get(middle)?.offset_bytes <= offset_bytes {
                low = middle;
            } else {
                high = middle;
            }
        }
        let found = self.get(low)?;
        found.region.slice(offset_bytes.checked_sub(found.offset_bytes)?, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::format::superblock::{NewStore, Superblock};

    #[test]
    fn an_extent_header_is_decoded_unchanged_and_every_flipped_bit_is_detected() {
        let new = NewStore::of(64, DistanceMetric::Cosine);
        let identity = Superblock::empty([9; 16], &new).identity;
        let header = ExtentHeader {
            kind: ExtentKind::Vectors,
            ordinal: 2,
            length_bytes: 4096 + 65536,
            first_row: 512,
            capacity: 256,
        };
        let whole = header.encode(&identity, 32768);
        assert_eq!(ExtentHeader::decode(&whole, &identity, 32768, 2, 512, 1 << 20), Some(header));
        assert_eq!(ExtentHeader::decode(&whole, &identity, 32768, 3, 512, 1 << 20), None);
        assert_eq!(ExtentHeader::decode(&whole, &identity, 32768, 2, 256, 1 << 20), None);
        assert_eq!(ExtentHeader::decode(&whole, &identity, 32768, 2, 512, 65536), None);
        assert_eq!(ExtentHeader::decode(&whole, &identity, 36864, 2, 512, 1 << 20), None);
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(ExtentHeader::decode(&flipped, &identity, 32768, 2, 512, 1 << 20), None, "bit {bit}");
        }
    }
}
