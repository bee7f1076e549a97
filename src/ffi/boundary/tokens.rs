//! Tokens: the numbers that callers hold instead of pointers.
//!
//! ```text
//! token = generation | slot index | kind        kind is odd: no token is NULL or an aligned pointer
//! ```
//!
//! A slot's generation starts at a random number. It is odd while the slot holds an object, and each change increments it.
//! Tokens of former objects are therefore invalid, and so are those of another copy of the library in the process. The
//! generation has 32 bits on 64-bit systems. On 32-bit systems it has 16 bits, so a closed token becomes valid again after
//! 32,768 further uses of its slot.

use crate::SynaError;

const KIND_BITS: u32 = 3;
pub(super) const INDEX_BITS: u32 = if usize::BITS >= 64 { 24 } else { 13 };
const GENERATION_BITS: u32 = if usize::BITS >= 64 { 32 } else { usize::BITS - INDEX_BITS - KIND_BITS };
const TOKEN_BITS: u32 = GENERATION_BITS + INDEX_BITS + KIND_BITS;
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;
pub(super) const GENERATION_MASK: usize = (1 << GENERATION_BITS) - 1;
const _: () = assert!(TOKEN_BITS <= usize::BITS);

/// The kind of object behind a token; the numbers are odd.
#[derive(Debug, Clone, Copy)]
#[repr(usize)]
pub(in crate::ffi) enum Kind {
    Store = 0b101,
    Results = 0b011,
    Cursor = 0b111,
}

impl Kind {
    pub(super) fn not_open(self) -> SynaError {
        SynaError::InvalidHandle {
            what: match self {
                Self::Store => "the store is not open: it was closed, or the handle was never issued",
                Self::Results => "the results do not exist: they were freed, or the handle was never issued",
                Self::Cursor => "the cursor does not exist: it was freed, or the handle was never issued",
            },
        }
    }

    pub(in crate::ffi) fn null(self) -> SynaError {
        SynaError::InvalidHandle {
            what: match self {
                Self::Store => "the store is NULL; open one with syna_mmap_open",
                Self::Results => "the results are NULL; create them with syna_mmap_results_new",
                Self::Cursor => "the cursor is NULL; create one with syna_mmap_cursor_new",
            },
        }
    }

    pub(in crate::ffi) fn inherited(self) -> SynaError {
        SynaError::InvalidHandle {
            what: match self {
                Self::Store => "the store belongs to the parent process; open the file again in this process",
                Self::Results => "the results belong to the parent process; create them in this process",
                Self::Cursor => "the cursor belongs to the parent process; create one in this process",
            },
        }
    }

    /// The token of a slot.
    pub(in crate::ffi) fn token(self, index: u32, generation: usize) -> usize {
        generation << (INDEX_BITS + KIND_BITS) | (index as usize) << KIND_BITS | self as usize
    }

    /// Slot index and generation of a token; `None` if it is of another kind or was never issued.
    pub(super) fn parse(self, token: usize) -> Option<(u32, usize)> {
        let generation = generation_of(token);
        let index = u32::try_from((token >> KIND_BITS) & INDEX_MASK).ok()?;
        (generation % 2 == 1 && self.token(index, generation) == token).then_some((index, generation))
    }
}

/// A token's generation.
pub(super) fn generation_of(token: usize) -> usize {
    (token >> (INDEX_BITS + KIND_BITS)) & GENERATION_MASK
}

/// The next generation: odd after even, even after odd, also when it wraps.
pub(super) fn following(generation: usize) -> usize {
    generation.wrapping_add(1) & GENERATION_MASK
}
