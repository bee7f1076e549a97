//! `Neighbour`: a row and its distance.

use std::cmp::Ordering;

/// A row and its distance. Ordered by distance, then by row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Neighbour {
    /// The distance to the query; never NaN.
    pub(crate) distance: f32,
    /// The row.
    pub(crate) row: u32,
}

impl Neighbour {
    /// Returns an integer with the same order.
    #[inline]
    fn key(self) -> u64 {
        u64::from(monotone(self.distance)) << 32 | u64::from(self.row)
    }
}

impl Ord for Neighbour {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Neighbour {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Neighbour {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Neighbour {}

/// The sign bit of a float.
pub(crate) const SIGN: u32 = 1 << 31;

/// Maps a float to an integer with the order of `total_cmp`. To invert it, undo the flip that the sign bit of the
/// result tells.
#[inline]
pub(super) fn monotone(distance: f32) -> u32 {
    let bits = distance.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}
