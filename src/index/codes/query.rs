//! `QueryCode`: a prepared query: its bytes for 8-bit codes, its lookup table for blocks of neighbours.

use super::byte_code::ByteCode;
use super::layout::CodeLayout;
use crate::kernel::codes::{BlockFacts, CodeKernels, Line, QueryFacts};
use crate::{Result, memory};

/// A prepared query. The memory is reused.
#[derive(Debug, Default)]
pub(crate) struct QueryCode {
    /// The components in -63..=63, as many as the codes have.
    bytes: Vec<Line>,
    /// 16 entries for each group of 4 components.
    table: Vec<Line>,
    facts: QueryFacts,
    /// For codes of several bits: the components of all planes, and bytes that are not used.
    planes: Vec<f32>,
    unused: Vec<Line>,
}

impl QueryCode {
    /// Allocates the memory for queries with codes of this layout.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn make_room(&mut self, layout: CodeLayout) -> Result<()> {
        memory::reserve_up_to(&mut self.bytes, layout.code_dimensions() / 64)?;
        memory::reserve_up_to(&mut self.table, layout.table_dimensions() / 16)?;
        if layout.planes > 1 {
            memory::reserve_up_to(&mut self.planes, layout.table_dimensions())?;
            memory::reserve_up_to(&mut self.unused, layout.table_dimensions() / 64)?;
        }
        Ok(())
    }

    /// Prepares a rotated query, which has the components of an 8-bit code. Allocates only if it is longer than all before.
    pub(crate) fn prepare(&mut self, kernels: &CodeKernels, layout: CodeLayout, rotated: &[f32]) {
        debug_assert_eq!(rotated.len(), layout.code_dimensions());
        let line_count = rotated.len() / 64;
        self.bytes.resize(line_count, Line([0; 64]));
        self.table.resize(layout.table_dimensions() / 16, Line([0; 64]));
        let bytes = bytemuck::cast_slice_mut(&mut self.bytes);
        let table: &mut [u8] = bytemuck::cast_slice_mut(&mut self.table);
        let (of_bytes, _) = table.split_at_mut((4 * rotated.len()).min(table.len()));
        self.facts = kernels.prepare(rotated, bytes, of_bytes);
        if layout.planes > 1 {
            self.prepare_planes(kernels, layout, rotated);
        }
    }

    /// Replaces the lookup table by one for all planes: component `i` of plane `j` is `2^j q_i`.
    fn prepare_planes(&mut self, kernels: &CodeKernels, layout: CodeLayout, rotated: &[f32]) {
        self.planes.clear();
        let mut factor = 1.0;
        for _ in 0..layout.planes {
            self.planes.extend(rotated.iter().take(layout.plane_components()).map(|q| factor * q));
            factor *= 2.0;
        }
        self.planes.resize(layout.table_dimensions(), 0.0);
        self.unused.resize(self.planes.len() / 64, Line([0; 64]));
        let unused = bytemuck::cast_slice_mut(&mut self.unused);
        let of_planes = kernels.prepare(&self.planes, unused, bytemuck::cast_slice_mut(&mut self.table));
        self.facts.table_scale = of_planes.table_scale;
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
