//! The store and the offset of a frame or an extent, hashed to 64 bits that are part of its header and its checksum.
//!
//! A payload may contain the bytes of frames and extents: those of another store, or of this one from a copy or a
//! backup. They have other bits, so no reader mistakes them for a part of this store at this offset, wherever it begins
//! to search.

use super::layout::{Field, bytes};
use super::superblock::Identity;

/// The bits of one offset in one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Part of the header, so that a frame of another place is recognized without reading all of it.
    pub(super) mark: u32,
    /// The initial value of the checksum.
    pub(in crate::storage) seed: u32,
}

/// The output function of splitmix64 (Steele, Lea, Flood 2014) for the state `x`.
fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Place {
    /// The place at `offset_bytes` of the file. Two offsets in one store never have the same bits.
    pub(crate) fn new(identity: &Identity, offset_bytes: u64) -> Self {
        let halves = identity.store_id.as_chunks::<8>().0;
        let half = |which: usize| halves.get(which).map_or(0, |half| u64::from_le_bytes(*half));
        let [a, b, c, d, e, f, g, h] = mix(mix(half(0).wrapping_add(offset_bytes)) ^ half(1)).to_le_bytes();
        Self { mark: u32::from_le_bytes([a, b, c, d]), seed: u32::from_le_bytes([e, f, g, h]) }
    }

    /// Whether a header with its mark in `field` is one of this place.
    pub(in crate::storage) fn is_of(self, header: &[u8], field: Field) -> bool {
        bytes::read_u32(header, field) == self.mark
    }

    pub(in crate::storage) fn write(self, header: &mut [u8], field: Field) {
        bytes::write(header, field, &self.mark.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_document() {
        assert_eq!(mix(0), 0xE220_A839_7B1D_CDAF, "the first output of splitmix64 for the state 0");
    }
}
