//! What the functions over codes hand back, and what lies beside codes in records.

use bytemuck::{Pod, Zeroable};

/// What lies beside an 8-bit code.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(C)]
pub struct CodeFacts {
    /// What a decoded component is a multiple of.
    pub scale: f32,
    /// The squared length of the decoded vector.
    pub square: f32,
    /// The sum of the components `c_i`.
    pub sum: i32,
}

/// What a prepared query is, beside its bytes and its lookup table.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct QueryFacts {
    /// What a component of the bytes counts.
    pub byte_scale: f32,
    /// What a component in the lookup table counts.
    pub table_scale: f32,
    /// The sum of the bytes.
    pub byte_sum: i32,
    /// The squared length of the query as it came.
    pub square: f32,
}

/// The sums of a neighbour's difference `r` from its node `c`, both decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Residual {
    /// The sum of `r_i^2`.
    pub square: f32,
    /// The sum of `|r_i|`.
    pub magnitude: f32,
    /// The sum of `+c_i` where the bit is set and `-c_i` where it is not.
    pub node_dot: f32,
}

/// What turns the sums of a block's 32 slots into distances: numbers of 16 bits, the upper halves of f32 (bfloat16). Their
/// rounding, 1/256 at most, is small beside the error of 1-bit codes, and records are two lines shorter.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
pub struct BlockFacts {
    add: [u16; 32],
    multiply: [u16; 32],
}

/// The nearest number of 16 bits, ties to even; not for NaN.
fn narrow(wide: f32) -> u16 {
    let bits = wide.to_bits();
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// The number that 16 bits stand for.
#[inline(always)]
pub(super) fn widen(narrow: u16) -> f32 {
    f32::from_bits(u32::from(narrow) << 16)
}

impl BlockFacts {
    /// Of slots that nothing is ever nearer than.
    pub const NONE: Self = Self { add: [0x7f80; 32], multiply: [0; 32] };

    /// Sets what is added for a slot (0..32), and what its scaled sum is multiplied by, both rounded. What comes of the
    /// facts of a file need not be a number; then nothing is nearer than the slot, or its direction tells nothing.
    pub fn set(&mut self, slot: usize, add: f32, multiply: f32) {
        debug_assert!(slot < 32);
        self.add[slot % 32] = narrow(if add.is_nan() { f32::INFINITY } else { add });
        self.multiply[slot % 32] = narrow(if multiply.is_finite() { multiply } else { 0.0 });
    }

    /// What is added for each slot.
    #[inline(always)]
    pub fn add(&self) -> impl Iterator<Item = f32> + '_ {
        self.add.iter().map(|&add| widen(add))
    }

    /// What each slot's scaled sum is multiplied by.
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
