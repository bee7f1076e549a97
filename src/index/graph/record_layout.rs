//! The layout of one record.
//!
//! A record, in lines of 64 bytes:
//! ```text
//! header: facts of the code, in a file the record's CRC-32C | links u32 x slots | facts of 32 slots, for each block |
//! squares f32 x slots (dot product) |
//! code, 1 byte a component | for each block of 32 slots their bits, 4 bytes for each bit of a slot
//! ```
//! In the compact profile a record ends after the code and has neither facts nor squares of slots. An empty slot has
//! the row [`NO_ROW`](crate::index::params::NO_ROW) and an infinite summand, so its estimate is infinite. A neighbour
//! whose code is within the rounding error of the node's has the factor 0: close to it, a search must compute the
//! distance from the vectors.

use crate::DistanceMetric;
use crate::index::codes::byte_code::ByteCode;
use crate::index::codes::layout::CodeLayout;
use crate::index::params::{GraphParams, IndexProfile};
use crate::index::records::mapped_records::add_checksum;
use crate::kernel::codes::{BlockFacts, CodeFacts, Line};

/// Lines of a block's facts.
const FACTS_LINES: usize = size_of::<BlockFacts>() / size_of::<Line>();
/// Slots of a block.
pub(crate) const BLOCK_SLOTS: usize = 32;

/// Offsets of the parts of a record, in lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) code_lines: usize,
    pub(crate) block_lines: usize,
    pub(crate) facts: usize,
    pub(crate) squares: usize,
    pub(crate) code: usize,
    pub(crate) bits: usize,
    pub(crate) end: usize,
}

impl Shape {
    pub(crate) fn new(params: GraphParams, dimensions: usize) -> Self {
        let slots = params.max_links().next_multiple_of(BLOCK_SLOTS);
        let layout = CodeLayout::new(dimensions);
        let (code_lines, block_lines) = (layout.code_dimensions() / 64, layout.block_lines());
        if params.profile == IndexProfile::Compact {
            let code = 1 + slots / 16;
            let end = code + code_lines;
            return Self { code_lines, block_lines, facts: code, squares: code, code, bits: end, end };
        }
        let facts = 1 + slots / 16;
        let squares = facts + slots / BLOCK_SLOTS * FACTS_LINES;
        let code = squares + if params.metric == DistanceMetric::DotProduct { slots / 16 } else { 0 };
        let bits = code + code_lines;
        Self {
            code_lines,
            block_lines,
            facts,
            squares,
            code,
            bits,
            end: bits + slots / BLOCK_SLOTS * block_lines,
        }
    }
}

/// Lines `from..to` of a record. All records have the lines of their shape, those of a file too.
pub(crate) fn part<T: bytemuck::Pod>(lines: &[Line], from: usize, to: usize) -> &[T] {
    debug_assert!(from <= to && to <= lines.len(), "lines {from}..{to} of a record of {}", lines.len());
    bytemuck::cast_slice(lines.get(from..to).unwrap_or_default())
}

pub(crate) fn part_mut<T: bytemuck::Pod>(lines: &mut [Line], from: usize, to: usize) -> &mut [T] {
    debug_assert!(from <= to && to <= lines.len(), "lines {from}..{to} of a record of {}", lines.len());
    bytemuck::cast_slice_mut(lines.get_mut(from..to).unwrap_or_default())
}

/// A published record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) lines: &'a [Line],
    pub(crate) shape: Shape,
    pub(crate) has_duplicates: bool,
}

impl<'a> Record<'a> {
    #[inline]
    pub(crate) fn code(&self) -> ByteCode<'a> {
        let head: &[u8] = part(self.lines, 0, 1);
        let facts =
            head.get(..size_of::<CodeFacts>()).map_or_else(CodeFacts::default, bytemuck::pod_read_unaligned);
        ByteCode { bytes: part(self.lines, self.shape.code, self.shape.bits), facts }
    }

    /// The words of the links, slot by slot (see links.rs).
    #[inline]
    pub(crate) fn link_words(&self) -> &'a [u32] {
        part(self.lines, 1, self.shape.facts)
    }

    /// The data for estimates of a block's slots: facts, bits, and the squared lengths of the neighbours.
    #[inline]
    pub(crate) fn block(&self, block: usize) -> (Option<&'a BlockFacts>, &'a [u8], &'a [f32]) {
        let Shape { facts, squares, code, block_lines, bits, .. } = self.shape;
        let facts = facts + FACTS_LINES * block;
        let of_block = part::<BlockFacts>(self.lines, facts, facts + FACTS_LINES).first();
        let bits = bits + block_lines * block;
        let bits = part(self.lines, bits, bits + block_lines);
        let squares = if squares == code {
            &[]
        } else {
            part(self.lines, squares + 2 * block, squares + 2 * block + 2)
        };
        (of_block, bits, squares)
    }

    /// Appends the record to `out` in the form for a file, with its checksum.
    pub(crate) fn save(&self, row: u32, out: &mut Vec<Line>) {
        let first = out.len();
        out.extend_from_slice(self.lines);
        if let Some(lines) = out.get_mut(first..) {
            add_checksum(row, lines);
        }
    }
}

/// Scratch memory for writing a record.
#[derive(Debug, Default)]
pub(crate) struct Bits {
    pub(crate) bits: Vec<u8>,
}
