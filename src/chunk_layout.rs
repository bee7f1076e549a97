//! The layout of tables that grow by whole chunks: an element never moves, so readers need no lock while a table grows.
//!
//! Chunks double in size. Each doubling can be split into several chunks of equal size, so that less of the last one is
//! unused.

/// A table whose first `2^SPLIT_BITS` chunks hold `2^(FIRST_BITS - SPLIT_BITS)` elements each; the next as many hold
/// twice that, and so on. `SPLIT_BITS` is at most `FIRST_BITS`.
pub(crate) struct ChunkLayout<const FIRST_BITS: u32, const SPLIT_BITS: u32>;

/// Where an element lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) chunk: usize,
    /// In the chunk; less than `chunk_len`.
    pub(crate) offset: usize,
    /// The number of elements of the chunk.
    pub(crate) chunk_len: usize,
}

impl<const FIRST_BITS: u32, const SPLIT_BITS: u32> ChunkLayout<FIRST_BITS, SPLIT_BITS> {
    /// The number of chunks of a table of 2^32 elements.
    pub(crate) const CHUNKS: usize = ((32 - FIRST_BITS + 1) << SPLIT_BITS) as usize;

    /// The number of elements of a chunk.
    pub(crate) const fn chunk_len(chunk: usize) -> usize {
        1 << ((chunk >> SPLIT_BITS) + (FIRST_BITS - SPLIT_BITS) as usize)
    }

    /// Where an element lies. Elements from 2^32 on may lie beyond the last chunk.
    #[inline]
    pub(crate) const fn position(index: u64) -> Position {
        const { assert!(SPLIT_BITS <= FIRST_BITS && FIRST_BITS < 32) }
        let shifted = index.saturating_add(1 << FIRST_BITS);
        let exponent = 63 - shifted.leading_zeros();
        let len_bits = exponent - SPLIT_BITS;
        let part = (shifted >> len_bits) & ((1 << SPLIT_BITS) - 1);
        let chunk = (((exponent - FIRST_BITS) as u64) << SPLIT_BITS) + part;
        let offset = shifted & ((1 << len_bits) - 1);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the chunk is under 64 << SPLIT_BITS; an offset that does not fit lies in a chunk beyond the last"
        )]
        Position { chunk: chunk as usize, offset: offset as usize, chunk_len: 1_usize.wrapping_shl(len_bits) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Elements follow one another without gaps, and the last index of 32 bits lies in the last chunk.
    fn check<const FIRST_BITS: u32, const SPLIT_BITS: u32>() {
        type Layout<const F: u32, const S: u32> = ChunkLayout<F, S>;
        let mut expected =
            Position { chunk: 0, offset: 0, chunk_len: Layout::<FIRST_BITS, SPLIT_BITS>::chunk_len(0) };
        for index in 0..300_000 {
            assert_eq!(Layout::<FIRST_BITS, SPLIT_BITS>::position(index), expected, "element {index}");
            expected.offset += 1;
            if expected.offset == expected.chunk_len {
                let chunk = expected.chunk + 1;
                let chunk_len = Layout::<FIRST_BITS, SPLIT_BITS>::chunk_len(chunk);
                expected = Position { chunk, offset: 0, chunk_len };
            }
        }
        let last = Layout::<FIRST_BITS, SPLIT_BITS>::position(u64::from(u32::MAX));
        assert!(last.chunk < Layout::<FIRST_BITS, SPLIT_BITS>::CHUNKS && last.offset < last.chunk_len);
        let beyond = Layout::<FIRST_BITS, SPLIT_BITS>::position(u64::MAX);
        assert!(beyond.chunk >= Layout::<FIRST_BITS, SPLIT_BITS>::CHUNKS);
    }

    #[test]
    fn elements_fill_the_chunks_without_gaps() {
        check::<0, 0>();
        check::<4, 0>();
        check::<8, 0>();
        check::<10, 3>();
    }
}
