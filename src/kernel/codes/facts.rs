//! The results of kernels over codes, and the numbers that records store beside codes.

use bytemuck::{Pod, Zeroable};

/// The numbers that are stored with an 8-bit code.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(C)]
pub struct CodeFacts {
    /// The step: a decoded component is a multiple of it.
    pub scale: f32,
    /// The squared length of the decoded vector.
    pub square: f32,
    /// The sum of the components `c_i`.
    pub sum: i32,
}

/// The numbers of a prepared query, besides its bytes and its lookup table.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct QueryFacts {
    /// The scale of the bytes.
    pub byte_scale: f32,
    /// The scale of the lookup table.
    pub table_scale: f32,
    /// The sum of the bytes.
    pub byte_sum: i32,
    /// The squared length of the unquantised query.
    pub square: f32,
}

/// Sums over the difference `r` of a neighbour from its node `c`, both decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Residual {
    /// The sum of `r_i^2`.
    pub square: f32,
    /// The sum of `|r_i|`.
    pub magnitude: f32,
    /// The sum of `+c_i` where the bit is set and `-c_i` where it is not.
    pub node_dot: f32,
}

/// The numbers that convert the sums of a block's 32 slots to distances, in 16 bits: the upper halves of f32
/// (bfloat16). Their rounding error of at most 1/256 is small compared with the error of 1-bit codes, and records are
/// two cache lines shorter.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
pub struct BlockFacts {
    add: [u16; 32],
    multiply: [u16; 32],
}

/// The nearest number of 16 bits, ties to even. Not for NaN.
fn narrow(wide: f32) -> u16 {
    let bits = wide.to_bits();
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// The f32 of a number of 16 bits.
#[inline(always)]
pub(super) fn widen(narrow: u16) -> f32 {
    f32::from_bits(u32::from(narrow) << 16)
}

impl BlockFacts {
    /// The facts of slots at an infinite distance.
    pub const NONE: Self = Self { add: [0x7f80; 32], multiply: [0; 32] };

    /// Sets the addend of a slot (0..32) and the factor of its scaled sum, both rounded. Facts from a file may give
    /// values that are not numbers: a NaN addend becomes infinity, and a factor that is not finite becomes 0.
    pub fn set(&mut self, slot: usize, add: f32, multiply: f32) {
        debug_assert!(slot < 32);
        self.add[slot % 32] = narrow(if add.is_nan() { f32::INFINITY } else { add });
        self.multiply[slot % 32] = narrow(if multiply.is_finite() { multiply } else { 0.0 });
    }

    /// The addend of each slot.
    #[inline(always)]
    pub fn add(&self) -> impl Iterator<Item = f32> + '_ {
        self.add.iter().map(|&add| widen(add))
    }

    /// The factor of each slot's scaled sum.
    #[inline(always)]
    pub fn multiply(&self) -> impl Iterator<Item = f32> + '_ {
        self.multiply.iter().map(|&multiply| widen(multiply))
    }
}

// SAFETY: three fields of 4 bytes in C's order, so no padding; any bits are an f32 or an i32, zeros among them.
unsafe impl Zeroable for CodeFacts {}
// SAFETY: as above; the type is Copy and has neither references nor inner mutability.
unsafe impl Pod for CodeFacts {}
// SAFETY: 64 fields of 2 bytes in C's order, so no padding; any bits are a u16, zeros among them.
unsafe impl Zeroable for BlockFacts {}
// SAFETY: as above; the type is Copy and has neither references nor inner mutability.
unsafe impl Pod for BlockFacts {}
