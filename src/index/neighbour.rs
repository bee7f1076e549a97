//! A row and how far away it is.

use std::cmp::Ordering;

/// A row and its distance, nearer first, then the lower row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Neighbour {
    /// The distance to the query; never NaN.
    pub(crate) distance: f32,
    /// The row.
    pub(crate) row: u32,
}

impl Neighbour {
    /// An integer that sorts as the neighbour does.
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

/// Flips a float's bits so that they sort as integers the way `total_cmp` sorts floats; its own inverse apart from the sign.
#[inline]
pub(super) fn monotone(distance: f32) -> u32 {
    let bits = distance.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}
