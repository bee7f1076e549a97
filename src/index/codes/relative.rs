//! Codes of neighbours relative to their node, and their layout in blocks of 32.

use super::byte_code::ByteCode;
use super::layout::CodeLayout;
use crate::kernel::codes::{BlockFacts, CodeKernels, Residual};

/// The summand and the factor of one neighbour's estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SlotFacts {
    /// Added to the node's base.
    pub(crate) add: f32,
    /// Multiplied by the scaled sum of the query's signed components.
    pub(crate) multiply: f32,
}

/// The code of a neighbour relative to its node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RelativeCode {
    /// Sums over the components of the difference.
    pub(crate) residual: Residual,
}

impl RelativeCode {
    /// Writes the bits of `neighbour` relative to `node` to `bits`, one byte for 8 components: those of all components of
    /// an 8-bit code, or the planes.
    pub(crate) fn encode(
        kernels: &CodeKernels,
        layout: CodeLayout,
        node: &ByteCode,
        neighbour: &ByteCode,
        bits: &mut [u8],
    ) -> Self {
        let [node, neighbour] = [node, neighbour].map(|code| (code.bytes, code.facts.scale));
        let residual = match (layout.planes, bits.get_mut(..layout.plane_bytes())) {
            (2.., Some(bits)) => kernels.relative_planes(node, neighbour, layout.planes, bits),
            _ => kernels.relative(node, neighbour, bits),
        };
        Self { residual }
    }

    /// The facts for estimates of squared distances.
    pub(crate) fn slot_facts(&self) -> SlotFacts {
        let Residual { square, magnitude, node_dot } = self.residual;
        let gain = if magnitude > 0.0 { square / magnitude } else { 0.0 };
        SlotFacts { add: square + 2.0 * gain * node_dot, multiply: -2.0 * gain }
    }

    /// As [`RelativeCode::slot_facts`], for `-2 <q, v>` from `-2 <q, c>`. The summand is 0, and the error is
    /// proportional to the lengths of the query and of the difference.
    pub(crate) fn slot_facts_for_products(&self) -> SlotFacts {
        SlotFacts { add: 0.0, ..self.slot_facts() }
    }
}

/// Sets the facts of one slot (0..32) of a block.
pub(crate) fn set_slot_facts(facts: &mut BlockFacts, slot: usize, of_slot: SlotFacts) {
    facts.set(slot, of_slot.add, of_slot.multiply);
}

/// The byte of a slot's nibble within the 16 bytes of a group, and its shift there.
fn nibble_of(slot: usize) -> (usize, u32) {
    debug_assert!(slot < 32);
    (slot % 16, if slot < 16 { 0 } else { 4 })
}

/// Writes the bits of a relative code to one slot (0..32) of a block, which has 32 bytes for each byte of bits.
pub fn write_slot(block: &mut [u8], slot: usize, bits: &[u8]) {
    debug_assert_eq!(block.len(), 32 * bits.len());
    // A shift known at compile time halves the time of the loop.
    match nibble_of(slot) {
        (byte, 0) => write_nibbles::<0>(block, byte, bits),
        (byte, _) => write_nibbles::<4>(block, byte, bits),
    }
}

#[inline]
fn write_nibbles<const SHIFT: u32>(block: &mut [u8], byte: usize, bits: &[u8]) {
    let byte = byte % 16;
    for (groups, bits) in block.as_chunks_mut::<32>().0.iter_mut().zip(bits) {
        groups[byte] = groups[byte] & (0xf0 >> SHIFT) | (bits & 15) << SHIFT;
        groups[byte + 16] = groups[byte + 16] & (0xf0 >> SHIFT) | bits >> 4 << SHIFT;
    }
}

/// Reads the bits that [`write_slot`] wrote.
#[cfg(test)]
pub(crate) fn read_slot(block: &[u8], slot: usize, bits: &mut [u8]) {
    debug_assert_eq!(block.len(), 32 * bits.len());
    let (byte, shift) = nibble_of(slot);
    for (groups, bits) in block.as_chunks::<32>().0.iter().zip(bits) {
        *bits = groups[byte] >> shift & 15 | (groups[byte + 16] >> shift) << 4;
    }
}
