//! `Chunks`: an array of atomic words that grows without moving. Readers take no lock.

use crate::sync::OnceLock;
use std::sync::atomic::AtomicU32;

use crate::chunk_layout::{ChunkLayout, Position};
use crate::{Result, SynaError};

/// 8 chunks for each doubling, so that at most an eighth of what is allocated is unused; the first have 128 items.
pub(crate) type Layout = ChunkLayout<10, 3>;

/// One word per item, in chunks that are allocated once.
pub(crate) struct Chunks {
    chunks: Box<[OnceLock<Box<[AtomicU32]>>]>,
}

impl Chunks {
    pub(crate) fn new() -> Self {
        Self { chunks: (0..Layout::CHUNKS).map(|_| OnceLock::default()).collect() }
    }

    /// Returns the word of an item; `None` if it was not reserved.
    #[inline]
    pub(crate) fn word(&self, item: u32) -> Option<&AtomicU32> {
        let Position { chunk, offset, .. } = Layout::position(item.into());
        self.chunks.get(chunk)?.get()?.get(offset)
    }

    /// Allocates words for items `0..count`; new words are 0.
    ///
    /// # Errors
    /// `NoMemory`; some chunks may have been added.
    pub(crate) fn reserve(&self, count: u32) -> Result<()> {
        let Some(last) = count.checked_sub(1) else { return Ok(()) };
        for chunk in 0..=Layout::position(last.into()).chunk {
            let Some(lock) = self.chunks.get(chunk) else { continue };
            if lock.get().is_some() {
                continue;
            }
            let words = Layout::chunk_len(chunk);
            let mut new_words = Vec::new();
            new_words
                .try_reserve_exact(words)
                .map_err(|_| SynaError::NoMemory { needed_bytes: 4 * words as u64 })?;
            new_words.resize_with(words, AtomicU32::default);
            lock.get_or_init(|| new_words.into_boxed_slice());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::Relaxed;

    #[test]
    fn items_do_not_share_words() {
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
}
