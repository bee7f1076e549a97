//! `QueryCode`: a prepared query: its bytes for 8-bit codes, its lookup table for blocks of neighbours.

use super::byte_code::ByteCode;
use crate::kernel::codes::{BlockFacts, CodeKernels, Line, QueryFacts};

/// A prepared query. The memory is reused.
#[derive(Debug, Default)]
pub(crate) struct QueryCode {
    /// The components in -63..=63, as many as the codes have.
    bytes: Vec<Line>,
    /// 16 entries for each group of 4 components.
    table: Vec<Line>,
    facts: QueryFacts,
}

impl QueryCode {
    /// Prepares a rotated query (a multiple of 64 components). Allocates only if it is longer than all before.
    pub(crate) fn prepare(&mut self, kernels: &CodeKernels, rotated: &[f32]) {
        debug_assert!(rotated.len().is_multiple_of(64));
        let line_count = rotated.len() / 64;
        self.bytes.resize(line_count, Line([0; 64]));
        self.table.resize(4 * line_count, Line([0; 64]));
        let bytes = bytemuck::cast_slice_mut(&mut self.bytes);
        self.facts = kernels.prepare(rotated, bytes, bytemuck::cast_slice_mut(&mut self.table));
    }

    /// The facts of the query.
    pub(crate) fn facts(&self) -> &QueryFacts {
        &self.facts
    }

    /// The squared distance to a decoded vector. Negative results of rounding become 0.
    pub(crate) fn distance(&self, kernels: &CodeKernels, code: &ByteCode) -> f32 {
        let dot = self.product(kernels, code);
        (self.facts.square + code.facts.square - 2.0 * dot).max(0.0)
    }

    /// The inner product with a decoded vector.
    #[inline]
    pub(crate) fn product(&self, kernels: &CodeKernels, code: &ByteCode) -> f32 {
        let bytes = bytemuck::cast_slice(&self.bytes);
        let dot = kernels.dot_query(bytes, self.facts.byte_sum, code.bytes);
        (self.facts.byte_scale * code.facts.scale) * dot as f32
    }

    /// Estimates the squared distances to the 32 neighbours in a node's block. `base` is the distance to the node.
    /// `prefetch_lines` are prefetched meanwhile.
    pub(crate) fn estimate(
        &self,
        kernels: &CodeKernels,
        block: &[u8],
        facts: &BlockFacts,
        base: f32,
        prefetch_lines: &[Line],
        out: &mut [f32; 32],
    ) {
        let table = bytemuck::cast_slice(&self.table);
        kernels.estimate(block, (table, self.facts.table_scale), facts, base, prefetch_lines, out);
    }
}

#[cfg(test)]
impl QueryCode {
    /// The addresses of its memory.
    pub(super) fn memory(&self) -> [*const Line; 2] {
        [self.bytes.as_ptr(), self.table.as_ptr()]
    }
}
