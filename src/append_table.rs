//! A table that grows without moving its elements: readers hold references while one writer adds elements.
//!
//! Chunks (`chunk_layout.rs`) are allocated once, so a read takes no lock. Elements have interior mutability (atomics,
//! `OnceLock`). The owner publishes a count that says which elements may be read.

use crate::chunk_layout::{ChunkLayout, Position};
use crate::sync::OnceLock;
use crate::{Result, SynaError};

/// The number of chunks of a table of 2^32 elements whose first chunk holds one; others need fewer.
const CHUNKS: usize = ChunkLayout::<0, 0>::CHUNKS;

/// A table whose first chunk holds `2^FIRST_BITS` elements.
#[derive(Debug)]
pub(crate) struct AppendTable<T, const FIRST_BITS: u32> {
    chunks: [OnceLock<Box<[T]>>; CHUNKS],
}

impl<T, const FIRST_BITS: u32> Default for AppendTable<T, FIRST_BITS> {
    fn default() -> Self {
        Self { chunks: std::array::from_fn(|_| OnceLock::default()) }
    }
}

impl<T: Default, const FIRST_BITS: u32> AppendTable<T, FIRST_BITS> {
    #[inline]
    fn position(index: usize) -> Position {
        ChunkLayout::<FIRST_BITS, 0>::position(index as u64)
    }

    /// Element `index`; `None` if its chunk is not allocated.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        let Position { chunk, offset, .. } = Self::position(index);
        self.chunks.get(chunk)?.get()?.get(offset)
    }

    /// Element `index`. Its chunk is allocated with default elements if necessary.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`], and [`SynaError::Limit`] from element 2^32 on; the table is unchanged then.
    pub(crate) fn get_or_grow(&self, index: usize) -> Result<&T> {
        let Position { chunk, offset, chunk_len: count } = Self::position(index);
        let cell = self.chunks.get(chunk).ok_or_else(|| Self::too_many(index))?;
        let elements = match cell.get() {
            Some(elements) => elements,
            None => {
                let mut fresh = Vec::new();
                fresh.try_reserve_exact(count).map_err(|_| SynaError::NoMemory {
                    needed_bytes: (count as u64).saturating_mul(size_of::<T>() as u64),
                })?;
                fresh.resize_with(count, T::default);
                cell.get_or_init(|| fresh.into_boxed_slice())
            }
        };
        elements.get(offset).ok_or_else(|| Self::too_many(index))
    }

    #[cold]
    fn too_many(index: usize) -> SynaError {
        SynaError::Limit { what: "elements of a table", limit: 1 << 32, actual: index as u64 + 1 }
    }

    /// Calls `store` with each value and its element, from element `first` on.
    ///
    /// # Errors
    /// As [`AppendTable::get_or_grow`]; the elements before the failed one have been stored.
    pub(crate) fn store_from<V>(
        &self,
        first: usize,
        values: impl ExactSizeIterator<Item = V>,
        store: impl Fn(&T, V),
    ) -> Result<()> {
        let (mut values, mut index) = (values, first);
        while values.len() > 0 {
            self.get_or_grow(index)?;
            let Position { chunk, offset, .. } = Self::position(index);
            let elements = self.chunks.get(chunk).and_then(OnceLock::get).and_then(|all| all.get(offset..));
            let before = values.len();
            elements
                .unwrap_or_default()
                .iter()
                .zip(values.by_ref())
                .for_each(|(cell, value)| store(cell, value));
            index += before - values.len();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{AtomicU32, Ordering};

    #[test]
    fn elements_keep_their_address_and_value_while_the_table_grows() {
        let table = AppendTable::<AtomicU32, 2>::default();
        assert!(table.get(0).is_none());
        let first = std::ptr::from_ref(table.get_or_grow(0).unwrap());
        for index in 0..1000 {
            table.get_or_grow(index).unwrap().store(u32::try_from(index).unwrap() + 1, Ordering::Relaxed);
        }
        for index in 0..1000 {
            assert_eq!(table.get(index).unwrap().load(Ordering::Relaxed) as usize, index + 1);
        }
        assert_eq!(first, std::ptr::from_ref(table.get(0).unwrap()));
        assert!(table.get(4 * ((1 << 9) - 1)).is_none());
    }
}
