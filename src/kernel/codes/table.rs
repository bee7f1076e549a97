//! The table of functions over codes of one instruction set, its choice, and what the functions hand back.

use super::scalar;
use crate::kernel::table::Isa;
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

/// 64 bytes that lie in one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Line(pub [u8; 64]);

// SAFETY: three fields of 4 bytes in C's order, so no padding; any bits are an f32 or an i32, zeros among them.
unsafe impl Zeroable for CodeFacts {}
// SAFETY: as above; the type is Copy and has neither references nor inner mutability.
unsafe impl Pod for CodeFacts {}
// SAFETY: 64 fields of 2 bytes in C's order, so no padding; any bits are a u16, zeros among them.
unsafe impl Zeroable for BlockFacts {}
// SAFETY: as above; the type is Copy and has neither references nor inner mutability.
unsafe impl Pod for BlockFacts {}
// SAFETY: 64 bytes aligned to 64, so no padding; any bits are a byte, zeros among them.
unsafe impl Zeroable for Line {}
// SAFETY: as above; the type is Copy and has neither references nor inner mutability.
unsafe impl Pod for Line {}

/// What the entries of `group_count` groups are too large by.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a block has a few thousand groups"
)]
pub(super) fn lookup_offset(group_count: usize) -> i32 {
    124 * group_count as i32
}

/// The node's bytes and scale, the neighbour's, and where the bits go.
pub(super) type Relative = fn(&[u8], f32, &[u8], f32, &mut [u8]) -> Residual;
/// The block, the lookup table, the block's facts, the table's scale, the base, the lines to ask for meanwhile, and where
/// the distances go.
pub(super) type Estimate = fn(&[u8], &[u8], &BlockFacts, f32, f32, &[Line], &mut [f32; 32]);

/// Kernels over codes of one instruction set; copied freely, never changed.
///
/// Slices of bytes hold a multiple of 64 components at any address. In a release build the shortest of a call's slices
/// counts where they differ, and what does not fill 64 components is left out: a mistake above is a wrong number, not a
/// read out of bounds. Nothing here panics in a release build.
///
/// A table is only made by the file of its instruction set, after that file has asked the CPU: that is what makes the
/// functions in it safe to call.
#[derive(Clone, Copy)]
pub struct CodeKernels {
    pub(super) isa: Isa,
    pub(super) rotate: fn(&mut [f32], &[f32]),
    pub(super) encode: fn(&[f32], &mut [u8]) -> CodeFacts,
    pub(super) prepare: fn(&[f32], &mut [i8], &mut [u8]) -> QueryFacts,
    pub(super) dot_query: fn(&[i8], i32, &[u8]) -> i32,
    pub(super) dot_codes: fn(&[u8], &[u8]) -> i32,
    pub(super) dot_codes_4: fn(&[u8], &[&[u8]; 4]) -> [i32; 4],
    pub(super) relative: Relative,
    pub(super) scan: fn(&[u8], &[u8], &mut [i32; 32]),
    pub(super) estimate: Estimate,
    pub(super) nearer_than: fn(&[f32; 32], f32) -> u32,
}

impl std::fmt::Debug for CodeKernels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeKernels").field("isa", &self.isa).finish_non_exhaustive()
    }
}

impl CodeKernels {
    /// The fastest kernels that this CPU has.
    #[must_use]
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        let best = super::avx512::kernels().or_else(super::avx2::kernels);
        #[cfg(target_arch = "aarch64")]
        let best = super::neon::kernels();
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let best = None;
        best.unwrap_or(scalar::KERNELS)
    }

    #[cfg(any(test, feature = "bench-internals"))]
    /// Every kernel that this CPU can run, the slowest first; for tests and benchmarks.
    #[must_use]
    pub fn available() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let fast = [super::avx2::kernels(), super::avx512::kernels()];
        #[cfg(target_arch = "aarch64")]
        let fast = [super::neon::kernels()];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let fast: [Option<Self>; 0] = [];
        std::iter::once(scalar::KERNELS).chain(fast.into_iter().flatten()).collect()
    }

    #[cfg(any(test, feature = "bench-internals"))]
    /// The instruction set of these kernels.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Rotates `values` by the rounds that `factors` holds, one row of `values.len()` factors a round.
    #[inline]
    pub fn rotate(&self, values: &mut [f32], factors: &[f32]) {
        (self.rotate)(values, factors);
    }

    /// Writes the 8-bit code of `rotated` to `code`.
    #[inline]
    pub fn encode(&self, rotated: &[f32], code: &mut [u8]) -> CodeFacts {
        debug_assert_eq!((rotated.len(), rotated.len() % 64), (code.len(), 0));
        (self.encode)(rotated, code)
    }

    /// Writes the bytes of a query and its lookup table, 4 bytes a component.
    #[inline]
    pub fn prepare(&self, rotated: &[f32], bytes: &mut [i8], table: &mut [u8]) -> QueryFacts {
        debug_assert_eq!((rotated.len(), rotated.len() % 64), (bytes.len(), 0));
        debug_assert_eq!(4 * rotated.len(), table.len());
        (self.prepare)(rotated, bytes, table)
    }

    /// The sum of `query[i] * c_i`, exact; the bytes of the query lie in -63..=63, and `query_sum` is their sum.
    #[inline]
    #[must_use]
    pub fn dot_query(&self, query: &[i8], query_sum: i32, code: &[u8]) -> i32 {
        debug_assert_eq!((query.len(), query.len() % 64), (code.len(), 0));
        (self.dot_query)(query, query_sum, code)
    }

    /// The sum of the products of two codes' components, exact.
    #[inline]
    #[must_use]
    pub fn dot_codes(&self, a: &[u8], b: &[u8]) -> i32 {
        debug_assert_eq!((a.len(), a.len() % 64), (b.len(), 0));
        (self.dot_codes)(a, b)
    }

    /// [`CodeKernels::dot_codes`] of `one` and each of four others.
    #[inline]
    #[must_use]
    pub fn dot_codes_4(&self, one: &[u8], others: [&[u8]; 4]) -> [i32; 4] {
        debug_assert!(one.len().is_multiple_of(64) && others.iter().all(|other| other.len() == one.len()));
        (self.dot_codes_4)(one, &others)
    }

    /// Writes the relative code of `neighbour` to `node` to `bits`, one bit a component, and says what it sums up to.
    ///
    /// Both come as the bytes of an 8-bit code and its scale, which is finite, as 128 times the scale is.
    #[inline]
    pub fn relative(&self, node: (&[u8], f32), neighbour: (&[u8], f32), bits: &mut [u8]) -> Residual {
        debug_assert_eq!((node.0.len(), node.0.len() % 64), (neighbour.0.len(), 0));
        debug_assert_eq!(node.0.len(), 8 * bits.len());
        (self.relative)(node.0, node.1, neighbour.0, neighbour.1, bits)
    }

    /// For each slot of `block` the sum of `+q6_i` where its bit is set and `-q6_i` where it is not, exact.
    ///
    /// A block ends with the last 16 components that are not all zero, the table of a query may go on.
    #[inline]
    pub fn scan(&self, block: &[u8], table: &[u8], sums: &mut [i32; 32]) {
        debug_assert!(block.len().is_multiple_of(64) && block.len() <= table.len());
        (self.scan)(block, table, sums);
    }

    /// For each slot of `block` `(base + add) + multiply * (scale * sum)`, with the sums of [`CodeKernels::scan`].
    ///
    /// All lines of `coming` are asked for meanwhile, a few at a time, so that they are in the cache soon after.
    #[inline]
    pub fn estimate(
        &self,
        block: &[u8],
        table: (&[u8], f32),
        facts: &BlockFacts,
        base: f32,
        coming: &[Line],
        out: &mut [f32; 32],
    ) {
        debug_assert!(block.len().is_multiple_of(64) && block.len() <= table.0.len());
        (self.estimate)(block, table.0, facts, table.1, base, coming, out);
    }

    /// The places of the distances that are under `bound`, as bits.
    #[inline]
    #[must_use]
    pub fn nearer_than(&self, distances: &[f32; 32], bound: f32) -> u32 {
        (self.nearer_than)(distances, bound)
    }
}
