//! A table that grows without moving: readers hold references while the one writer adds to it.
//!
//! Chunk `c` holds `FIRST << c` elements and is allocated once, so an element's address never changes and a read
//! takes no lock. Elements have interior mutability (atomics, `OnceLock`); who may read which of them is told by a
//! count that the owner publishes.

use crate::sync::OnceLock;
use crate::{Result, SynaError};

/// Chunks enough for 2^32 elements with `FIRST` = 1.
const CHUNKS: usize = 33;

/// See the module; `FIRST` is a power of two.
#[derive(Debug)]
pub(crate) struct AppendTable<T, const FIRST: usize> {
    chunks: [OnceLock<Box<[T]>>; CHUNKS],
}

impl<T, const FIRST: usize> Default for AppendTable<T, FIRST> {
    fn default() -> Self {
        const { assert!(FIRST.is_power_of_two()) }
        Self { chunks: std::array::from_fn(|_| OnceLock::default()) }
    }
}

impl<T: Default, const FIRST: usize> AppendTable<T, FIRST> {
    /// The chunk that holds element `index`, and the element's place in it.
    fn place(index: usize) -> (usize, usize) {
        let chunk = (index / FIRST + 1).ilog2() as usize;
        (chunk, index - (((1 << chunk) - 1) * FIRST))
    }

    /// Element `index`; `None` where its chunk was never asked for.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        let (chunk, place) = Self::place(index);
        self.chunks.get(chunk)?.get()?.get(place)
    }

    /// Element `index`, its chunk allocated with default elements where it is not there.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`]; the table is then as it was.
    pub(crate) fn get_or_grow(&self, index: usize) -> Result<&T> {
        let (chunk, place) = Self::place(index);
        let cell = self.chunks.get(chunk).ok_or(SynaError::NoMemory { needed_bytes: 0 })?;
        let elements = match cell.get() {
            Some(elements) => elements,
            None => {
                let count = FIRST << chunk;
                let mut fresh = Vec::new();
                fresh.try_reserve_exact(count).map_err(|_| SynaError::NoMemory {
                    needed_bytes: (count as u64).saturating_mul(size_of::<T>() as u64),
                })?;
                fresh.resize_with(count, T::default);
                cell.get_or_init(|| fresh.into_boxed_slice())
            }
        };
        elements.get(place).ok_or(SynaError::NoMemory { needed_bytes: 0 })
    }

    /// Calls `store` with the elements from `first` on, and a value for each, as many as there are values.
    ///
    /// # Errors
    /// As [`AppendTable::get_or_grow`]; the elements before were stored to then.
    pub(crate) fn store_from<V>(
        &self,
        first: usize,
        values: impl ExactSizeIterator<Item = V>,
        store: impl Fn(&T, V),
    ) -> Result<()> {
        let (mut values, mut index) = (values, first);
        while values.len() > 0 {
            self.get_or_grow(index)?;
            let (chunk, place) = Self::place(index);
            let elements = self.chunks.get(chunk).and_then(OnceLock::get).and_then(|all| all.get(place..));
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
        let table = AppendTable::<AtomicU32, 4>::default();
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
