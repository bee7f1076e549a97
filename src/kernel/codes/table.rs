//! The table of the functions of one instruction set, over codes.

use super::facts::{BlockFacts, CodeFacts, QueryFacts, Residual};
use crate::kernel::isa::Isa;
use crate::kernel::line::Line;

/// The sum of the offsets of `group_count` table entries.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a block has a few thousand groups"
)]
pub(super) fn lookup_offset(group_count: usize) -> i32 {
    124 * group_count as i32
}

/// Arguments: the node's bytes and scale, the neighbour's, and the output bits.
pub(super) type Relative = fn(&[u8], f32, &[u8], f32, &mut [u8]) -> Residual;
/// Arguments: as for [`Relative`], with the number of planes before the output.
pub(super) type RelativePlanes = fn(&[u8], f32, &[u8], f32, usize, &mut [u8]) -> Residual;
/// Arguments: the block, the lookup table, the block's facts, the table's scale, the base, the lines to prefetch, and
/// the output distances.
pub(super) type Estimate = fn(&[u8], &[u8], &BlockFacts, f32, f32, &[Line], &mut [f32; 32]);

/// The kernels over codes of one instruction set. The table is copied freely and never changes.
///
/// Slices of bytes hold a multiple of 64 components, at any address. In a release build, slices of different lengths
/// are cut to the shortest, and components after the last multiple of 64 are ignored: a wrong call gives a wrong
/// number, not an out-of-bounds read. Nothing here panics in a release build.
///
/// Only the file of an instruction set creates its table, after it has checked the CPU. This makes the functions in it
/// safe to call.
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
    pub(super) relative_planes: RelativePlanes,
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
    #[cfg(any(test, feature = "bench-internals"))]
    /// The instruction set of these kernels.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Rotates `values`. `factors` has one row of `values.len()` factors for each round.
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

    /// Writes the bytes of a query and its lookup table, 4 bytes for each component.
    #[inline]
    pub fn prepare(&self, rotated: &[f32], bytes: &mut [i8], table: &mut [u8]) -> QueryFacts {
        debug_assert_eq!((rotated.len(), rotated.len() % 64), (bytes.len(), 0));
        debug_assert_eq!(4 * rotated.len(), table.len());
        (self.prepare)(rotated, bytes, table)
    }

    /// The sum of `query[i] * c_i`, exact. The bytes of the query are in -63..=63, and `query_sum` is their sum.
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

    /// Writes the relative code of `neighbour` to `node` to `bits`, one bit for each component, and returns its sums.
    ///
    /// Both are given as the bytes of an 8-bit code and its scale. 128 times the scale must be finite.
    #[inline]
    pub fn relative(&self, node: (&[u8], f32), neighbour: (&[u8], f32), bits: &mut [u8]) -> Residual {
        debug_assert_eq!((node.0.len(), node.0.len() % 64), (neighbour.0.len(), 0));
        debug_assert_eq!(node.0.len(), 8 * bits.len());
        (self.relative)(node.0, node.1, neighbour.0, neighbour.1, bits)
    }

    /// Writes the relative code of `planes` bits (at most [`MOST_PLANES`](super::MOST_PLANES)) of `neighbour` to `node`,
    /// plane after plane of `bits.len() / planes` bytes, and returns its sums, with `u_i` in place of the signs.
    ///
    /// Both are given as in [`CodeKernels::relative`], with at most [`MOST_COMPONENTS`](super::MOST_COMPONENTS). Those
    /// after the components of a plane are zero.
    #[inline]
    pub fn relative_planes(
        &self,
        node: (&[u8], f32),
        neighbour: (&[u8], f32),
        planes: usize,
        bits: &mut [u8],
    ) -> Residual {
        debug_assert_eq!(node.0.len(), neighbour.0.len());
        debug_assert!(planes > 0 && bits.len().is_multiple_of(planes));
        (self.relative_planes)(node.0, node.1, neighbour.0, neighbour.1, planes, bits)
    }

    /// For each slot of `block` the sum of `+q6_i` where its bit is set and `-q6_i` where it is not, exact.
    ///
    /// A block ends with the last 16 components that are not all zero; the table of a query may be longer.
    #[inline]
    pub fn scan(&self, block: &[u8], table: &[u8], sums: &mut [i32; 32]) {
        debug_assert!(block.len().is_multiple_of(64) && block.len() <= table.len());
        (self.scan)(block, table, sums);
    }

    /// For each slot of `block`: `(base + add) + multiply * (scale * sum)`, with the sums of [`CodeKernels::scan`].
    ///
    /// Meanwhile all lines of `coming` are prefetched, a few at a time.
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

    /// Bit `i` is set if distance `i` is below `bound`.
    #[inline]
    #[must_use]
    pub fn nearer_than(&self, distances: &[f32; 32], bound: f32) -> u32 {
        (self.nearer_than)(distances, bound)
    }
}
