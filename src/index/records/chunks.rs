//! A growing array of atomic words that never moves: readers hold no lock while it grows.

use crate::sync::OnceLock;
use std::sync::atomic::AtomicU32;

use crate::{Result, SynaError};

/// Chunks for each doubling, as bits: with 8 of them at most an eighth of what is allocated lies unused.
const SPLIT_BITS: u32 = 3;
/// The virtual place of item 0: the first chunks have 2^(10 - 3) items.
const FIRST_BITS: u32 = 10;
pub(crate) const CHUNK_COUNT: usize = ((32 - FIRST_BITS + 1) << SPLIT_BITS) as usize;

/// How many items a chunk has.
pub(crate) const fn chunk_items(chunk: usize) -> usize {
    1 << ((chunk >> SPLIT_BITS) + (FIRST_BITS - SPLIT_BITS) as usize)
}

/// One word an item, in chunks that are allocated once.
pub(crate) struct Chunks {
    chunks: Box<[OnceLock<Box<[AtomicU32]>>]>,
}

/// The chunk of an item, its place there, and how many items the chunk has.
#[inline]
pub(crate) fn place(item: u32) -> (usize, usize, usize) {
    let x = u64::from(item) + (1 << FIRST_BITS);
    let exponent = 63 - x.leading_zeros();
    let shift = exponent - SPLIT_BITS;
    let chunk = (u64::from((exponent - FIRST_BITS) << SPLIT_BITS)) + ((x >> shift) & ((1 << SPLIT_BITS) - 1));
    let offset = x & ((1 << shift) - 1);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the chunk is under 184, the offset under the 32-bit item"
    )]
    (chunk as usize, offset as usize, 1 << shift)
}

impl Chunks {
    pub(crate) fn new() -> Self {
        Self { chunks: (0..CHUNK_COUNT).map(|_| OnceLock::default()).collect() }
    }

    /// The word of an item; `None` where it was never reserved.
    #[inline]
    pub(crate) fn word(&self, item: u32) -> Option<&AtomicU32> {
        let (chunk, offset, _) = place(item);
        self.chunks.get(chunk)?.get()?.get(offset)
    }

    /// Makes room for items `0..count`; new words are 0.
    ///
    /// # Errors
    /// `NoMemory`, with everything as it was or partly grown.
    pub(crate) fn reserve(&self, count: u32) -> Result<()> {
        let Some(last) = count.checked_sub(1) else { return Ok(()) };
        let (last_chunk, _, _) = place(last);
        for chunk in 0..=last_chunk {
            let Some(cell) = self.chunks.get(chunk) else { continue };
            if cell.get().is_some() {
                continue;
            }
            let words = chunk_items(chunk);
            let mut fresh = Vec::new();
            fresh
                .try_reserve_exact(words)
                .map_err(|_| SynaError::NoMemory { needed_bytes: 4 * words as u64 })?;
            fresh.resize_with(words, AtomicU32::default);
            cell.get_or_init(|| fresh.into_boxed_slice());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::Relaxed;

    #[test]
    fn each_item_has_a_word_of_its_own() {
        let chunks = Chunks::new();
        assert!(chunks.word(0).is_none());
        chunks.reserve(5_000).unwrap();
        for item in 0..5_000 {
            assert_eq!(chunks.word(item).unwrap().swap(item + 1, Relaxed), 0, "item {item} shares a word");
        }
        chunks.reserve(20_000).unwrap();
        assert!((0..5_000).all(|item| chunks.word(item).unwrap().load(Relaxed) == item + 1));
        assert!(chunks.word(40_000).is_none());
    }

    #[test]
    fn places_are_in_bounds_up_to_the_last_item() {
        let mut before = (0, usize::MAX, 0);
        for item in (0..3_000_000).chain(u32::MAX - 10..=u32::MAX) {
            let (chunk, offset, items) = place(item);
            assert!(chunk < CHUNK_COUNT && offset < items);
            if item > 0 && item < 3_000_000 {
                assert!(
                    (chunk == before.0 && offset == before.1 + 1)
                        || (chunk == before.0 + 1 && offset == 0 && before.1 == before.2 - 1)
                );
            }
            before = if item == 0 { (chunk, 0, items) } else { (chunk, offset, items) };
        }
    }
}
