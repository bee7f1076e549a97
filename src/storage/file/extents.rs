//! Extents: the units in which a file grows. Vector extents hold rows, log extents hold frames.
//!
//! Each extent is mapped once and stays mapped, so references into it stay valid. Lookups take no lock.

use super::extent_header::{ExtentHeader, ExtentKind};
use crate::append_table::AppendTable;
use crate::checksum::{crc32c, crc32c_append};
use crate::storage::format::layout::{self, extent};
use crate::storage::format::superblock::Identity;
use crate::storage::io::region::Region;
use crate::sync::{AtomicU32, OnceLock, Ordering};
use crate::{Result, SynaError};
use bytemuck::Pod;
use std::io;

/// The checksum of a row: that of its vector, continued over its values in order.
pub(crate) fn checksum_with_values(vector: u32, values: impl IntoIterator<Item = u64>) -> u32 {
    values.into_iter().fold(vector, |checksum, value| crc32c_append(checksum, &value.to_le_bytes()))
}

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
    columns: usize,
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
            columns: identity.columns.into(),
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
        let found = self.extent_of_row(row)?;
        let place = row - found.header.first_row;
        Some((found.data_bytes() + place * self.stride_bytes, found.header.capacity - place))
    }

    fn extent_of_row(&self, row: u64) -> Option<&Extent> {
        // New rows go to one of the last extents.
        self.iter().rev().find(|found| {
            let header = &found.header;
            header.kind == ExtentKind::Vectors
                && (header.first_row..header.first_row + header.capacity).contains(&row)
        })
    }

    /// The stored vector of a published row; `None` for a row that no extent holds.
    #[inline]
    pub(crate) fn row_bytes(&self, row: u32) -> Option<&[u8]> {
        self.row(row, self.vector_bytes)
    }

    /// The extent of a published row, and the row's place in it.
    #[inline]
    fn published(&self, row: u32) -> Option<(&Extent, u64)> {
        let ordinal = self.blocks.get((row >> self.block_shift) as usize)?.load(Ordering::Relaxed);
        let found = self.get(ordinal)?;
        Some((found, u64::from(row).checked_sub(found.header.first_row)?))
    }

    /// The first `count` values of the stored vector of a published row; `None` for a row that no extent holds, and if
    /// they are not aligned.
    #[inline]
    pub(crate) fn row<T: Pod>(&self, row: u32, count: usize) -> Option<&[T]> {
        let (found, place) = self.published(row)?;
        found.region.slice(extent::DATA + place * self.stride_bytes, count)
    }

    /// The values of a column from a published row on, to the end of the row's extent. Rows that are not published have
    /// any values. `None` if there is no such column, and for a row that no extent holds.
    #[inline]
    pub(crate) fn values(&self, column: usize, row: u32) -> Option<&[u64]> {
        let (found, place) = self.published(row)?;
        let count = usize::try_from(found.header.capacity.checked_sub(place)?).ok()?;
        found.region.slice(self.value_offset(&found.header, column, place)?, count)
    }

    /// The offset in its extent of a value; `None` if there is no such column.
    fn value_offset(&self, header: &ExtentHeader, column: usize, place: u64) -> Option<u64> {
        (column < self.columns).then(|| header.value_offset(self.stride_bytes, column as u64, place))
    }

    /// The offset in the file of a row's value in a column, and how many values follow up to the end of the extent.
    pub(crate) fn place_of_value(&self, column: usize, row: u64) -> Option<(u64, u64)> {
        let found = self.extent_of_row(row)?;
        let place = row - found.header.first_row;
        let at = self.value_offset(&found.header, column, place)?;
        Some((found.offset_bytes + at, found.header.capacity - place))
    }

    /// The checksum of a published row: of its stored vector, then of its values. `None` for a row that no extent holds.
    pub(crate) fn row_checksum(&self, row: u32) -> Option<u32> {
        let vector = crc32c(self.row_bytes(row)?);
        (0..self.columns).try_fold(vector, |checksum, column| {
            Some(checksum_with_values(checksum, [*self.values(column, row)?.first()?]))
        })
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
