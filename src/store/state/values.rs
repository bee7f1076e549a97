//! The values of columns. They are read in the mapping, except those that were updated.
//!
//! Memory: nothing for the values in the file, which the kernel can evict. 20 to 40 bytes for each updated value, and one
//! bit for each row up to the last updated one. A compaction writes updated values into the new file.

use crate::append_table::AppendTable;
use crate::column::MAX_COLUMNS;
use crate::storage::{DataFile, Frame};
use crate::sync::{AtomicU64, Ordering, RwLock};
use crate::{Result, memory};
use std::collections::HashMap;
use std::sync::PoisonError;

/// A row and a column.
type Place = (u32, u8);

/// See the module. The writer adds frames; readers look up published rows.
#[derive(Debug, Default)]
pub(crate) struct ValueTable {
    values: RwLock<HashMap<Place, u64, foldhash::fast::RandomState>>,
    /// Bit `r % 64` of word `r / 64`: whether `values` has one of row `r`.
    updated: AppendTable<AtomicU64, 2>,
}

fn word_of(row: u32) -> usize {
    (row / u64::BITS) as usize
}

impl ValueTable {
    /// Allocates what [`ValueTable::add`] will need for a frame that updates `rows` in `columns` columns.
    pub(crate) fn reserve(&self, rows: impl ExactSizeIterator<Item = u32>, columns: u32) -> Result<()> {
        if columns == 0 {
            return Ok(());
        }
        let count = rows.len().saturating_mul(columns as usize);
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        values.try_reserve(count).map_err(|_| memory::refused::<(Place, u64)>(count))?;
        for row in rows {
            self.updated.get_or_grow(word_of(row))?;
        }
        Ok(())
    }

    /// Adds a frame that updates values.
    pub(crate) fn add(&self, frame: &Frame<'_>) -> Result<()> {
        let columns = frame.updated_columns();
        self.reserve(frame.updates(), columns.count_ones())?;
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        for column in columns_of(columns) {
            let of_column = (0..)
                .zip(frame.updates())
                .map(|(position, row)| ((row, column), frame.updated_value(column.into(), position)));
            values.extend(of_column);
        }
        drop(values);
        for row in frame.updates() {
            // Release: a reader that sees the bit also sees the value.
            let word = self.updated.get_or_grow(word_of(row))?;
            word.fetch_or(1 << (row % u64::BITS), Ordering::Release);
        }
        Ok(())
    }

    /// The rows of word `place` that have updated values, as bits.
    #[inline]
    pub(crate) fn updated_word(&self, place: usize) -> u64 {
        self.updated.get(place).map_or(0, |word| word.load(Ordering::Acquire))
    }

    /// The bits of a value of a published row; 0 if there is no such column.
    pub(crate) fn bits(&self, data: &DataFile, column: usize, row: u32) -> u64 {
        if self.updated_word(word_of(row)) >> (row % u64::BITS) & 1 == 1
            && let Ok(number) = u8::try_from(column)
        {
            let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(&value) = values.get(&(row, number)) {
                return value;
            }
        }
        data.extents.values(column, row).and_then(|values| values.first()).copied().unwrap_or(0)
    }
}

/// The columns whose bits are set.
pub(crate) fn columns_of(bits: u32) -> impl Iterator<Item = u8> {
    (0..u8::try_from(MAX_COLUMNS).unwrap_or(u8::MAX)).filter(move |column| bits >> column & 1 == 1)
}
