//! 1-bit codes of neighbours relative to their node, and the blocks of 32 in which they lie.

use super::byte_code::ByteCode;
use crate::kernel::codes::{BlockFacts, CodeKernels, Residual};

/// What one neighbour's sums are turned into a distance with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SlotFacts {
    /// What is added to the distance of the node.
    pub(crate) add: f32,
    /// What the scaled sum of the query's signed components is multiplied by.
    pub(crate) multiply: f32,
}

/// The code of a neighbour relative to its node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RelativeCode {
    /// What the differences sum up to.
    pub(crate) residual: Residual,
}

impl RelativeCode {
    /// Writes the bits of `neighbour` relative to `node` to `bits`, one byte for 8 components.
    pub(crate) fn encode(
        kernels: &CodeKernels,
        node: &ByteCode,
        neighbour: &ByteCode,
        bits: &mut [u8],
    ) -> Self {
        let residual =
            kernels.relative((node.bytes, node.facts.scale), (neighbour.bytes, neighbour.facts.scale), bits);
        Self { residual }
    }

    /// What a scan needs beside the bits.
    pub(crate) fn slot_facts(&self) -> SlotFacts {
        let Residual { square, magnitude, node_dot } = self.residual;
        let gain = if magnitude > 0.0 { square / magnitude } else { 0.0 };
        SlotFacts { add: square + 2.0 * gain * node_dot, multiply: -2.0 * gain }
    }

    /// As [`RelativeCode::slot_facts`], for `-2 <q, v>` from `-2 <q, c>`: nothing is added, and the error is in proportion
    /// to the query's length and the difference's.
    pub(crate) fn slot_facts_for_products(&self) -> SlotFacts {
        SlotFacts { add: 0.0, ..self.slot_facts() }
    }
}

/// Sets the facts of one slot (0..32) of a block.
pub(crate) fn set_slot_facts(facts: &mut BlockFacts, slot: usize, of_slot: SlotFacts) {
    facts.set(slot, of_slot.add, of_slot.multiply);
}

/// The place of a slot's nibble in the 16 bytes of a group, and how far it is shifted there.
fn place(slot: usize) -> (usize, u32) {
    debug_assert!(slot < 32);
    (slot % 16, if slot < 16 { 0 } else { 4 })
}

/// Writes the bits of a relative code to one slot (0..32) of a block, which has 32 bytes for each byte of bits.
pub fn write_slot(block: &mut [u8], slot: usize, bits: &[u8]) {
    debug_assert_eq!(block.len(), 32 * bits.len());
    // With the shift known when this is compiled, a loop takes half the time.
    match place(slot) {
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

/// Reads what [`write_slot`] wrote.
#[cfg(test)]
pub(crate) fn read_slot(block: &[u8], slot: usize, bits: &mut [u8]) {
    debug_assert_eq!(block.len(), 32 * bits.len());
    let (byte, shift) = place(slot);
    for (groups, bits) in block.as_chunks::<32>().0.iter().zip(bits) {
        *bits = groups[byte] >> shift & 15 | (groups[byte + 16] >> shift) << 4;
    }
}
