//! Entry points: a sample of the nodes, with 1-bit codes to find the nearest of them quickly.
//!
//! A new sample is taken when the graph has grown by a quarter. Old samples are kept, so readers need no lock.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Release};

use super::distance::QueryDistance;
use super::nodes::NodesView;
use super::record_layout::BLOCK_SLOTS;
use crate::index::codes::byte_code::ByteCode;
use crate::index::codes::encoder::Encoder;
use crate::index::codes::key::SortKey;
use crate::index::codes::relative::{RelativeCode, set_slot_facts, write_slot};
use crate::index::neighbour::Neighbour;
use crate::index::params::{NO_ROW, mix};
use crate::index::rows::Rows;
use crate::kernel::codes::{BlockFacts, CodeFacts, Line};
use crate::sync::OnceLock;

/// Nodes in a sample. Finding the nearest of 256 takes less than a microsecond and shortens the walk.
const SAMPLE_NODES: usize = 256;
/// The maximum number of samples: enough for 2^31 rows, as each sample covers a quarter more rows than the one before.
const MOST_SAMPLES: usize = 128;
/// How many nodes of a sample a walk starts from.
pub(crate) const STARTS: usize = 4;

/// 32 nodes of a sample, coded relative to the origin.
struct Block {
    rows: [u32; BLOCK_SLOTS],
    facts: BlockFacts,
    squares: [f32; BLOCK_SLOTS],
    bits: Vec<Line>,
}

struct Sample {
    rows: Vec<u32>,
    blocks: Vec<Block>,
}

/// All samples so far. Searches use the last one.
pub(crate) struct EntryPoints {
    samples: Box<[OnceLock<Sample>]>,
    count: AtomicU32,
}

/// Selects the nodes of a sample: those with the lowest hashes, among rows presented in order.
#[derive(Debug, Default)]
pub(crate) struct EntrySampler {
    /// Hash and row, ascending.
    hashed: Vec<(u64, u32)>,
    /// Rows below this one have been presented.
    seen_rows: u32,
}

impl EntrySampler {
    /// Presents the rows up to `end` that were not presented yet. Rows for which `is_node` is false are skipped.
    pub(crate) fn sample_to(&mut self, end: u32, seed: u64, is_node: impl Fn(u32) -> bool) {
        for row in (self.seen_rows..end).filter(|&row| is_node(row)) {
            let hashed = (mix(seed ^ mix(u64::from(row))), row);
            if self.hashed.len() == SAMPLE_NODES && self.hashed.last().is_some_and(|last| *last < hashed) {
                continue;
            }
            let at = self.hashed.partition_point(|lower| *lower < hashed);
            self.hashed.insert(at, hashed);
            self.hashed.truncate(SAMPLE_NODES);
        }
        self.seen_rows = self.seen_rows.max(end);
    }

    /// The selected nodes.
    pub(crate) fn rows(&self) -> Vec<u32> {
        self.hashed.iter().map(|&(_, row)| row).collect()
    }
}

impl EntryPoints {
    pub(crate) fn new() -> Self {
        Self { samples: (0..MOST_SAMPLES).map(|_| OnceLock::default()).collect(), count: AtomicU32::new(0) }
    }

    fn last(&self) -> Option<&Sample> {
        let count = self.count.load(Acquire) as usize;
        self.samples.get(count.checked_sub(1)?)?.get()
    }

    /// The nodes of the last sample.
    pub(crate) fn rows(&self) -> &[u32] {
        self.last().map_or(&[], |sample| &sample.rows)
    }

    /// Whether another sample can be added.
    pub(crate) fn has_room(&self) -> bool {
        (self.count.load(Acquire) as usize) < MOST_SAMPLES
    }

    /// Makes these nodes the entry points of future searches.
    pub(crate) fn set(&self, rows: Vec<u32>, records: &NodesView<'_>, encoder: &Encoder) {
        let layout = encoder.layout;
        let zeros = vec![128u8; layout.code_dimensions()];
        let origin = ByteCode { bytes: &zeros, facts: CodeFacts::default() };
        let mut bits = vec![0; (zeros.len() / 8).max(2 * layout.block_lines())];
        let mut blocks = Vec::new();
        for of_block in rows.chunks(BLOCK_SLOTS) {
            let mut block = Block {
                rows: [NO_ROW; BLOCK_SLOTS],
                facts: BlockFacts::NONE,
                squares: [0.0; BLOCK_SLOTS],
                bits: vec![Line([0; 64]); layout.block_lines()],
            };
            for (slot, &row) in of_block.iter().enumerate() {
                let Some(record) = records.record(row) else { continue };
                let relative =
                    RelativeCode::encode(&encoder.codes, layout, &origin, &record.code(), &mut bits);
                let of_slot = if encoder.is_product() {
                    relative.slot_facts_for_products()
                } else {
                    relative.slot_facts()
                };
                set_slot_facts(&mut block.facts, slot, of_slot);
                // A line of a block has two bytes of each slot's bits.
                let bits = bits.get(..2 * layout.block_lines());
                debug_assert!(bits.is_some(), "a code is shorter than its lines of a block");
                write_slot(bytemuck::cast_slice_mut(&mut block.bits), slot, bits.unwrap_or_default());
                let places = (block.rows.get_mut(slot), block.squares.get_mut(slot));
                debug_assert!(matches!(places, (Some(_), Some(_))), "a block has no slot {slot}");
                if let (Some(of_slot), Some(square)) = places {
                    *of_slot = row;
                    *square = record.code().facts.square;
                }
            }
            blocks.push(block);
        }
        let count = self.count.load(Acquire);
        let target = self.samples.get(count as usize);
        debug_assert!(
            target.is_some_and(|target| target.get().is_none()),
            "sample {count} is set or too many"
        );
        if let Some(target) = target {
            target.get_or_init(|| Sample { rows, blocks });
            self.count.store(count + 1, Release);
        }
    }

    /// Calls `each` with the nodes of the sample whose estimates are nearest, in no order.
    pub(crate) fn nearest<R: Rows>(
        &self,
        query_distance: &QueryDistance<'_, R>,
        mut each: impl FnMut(Neighbour),
    ) {
        let Some(sample) = self.last() else { return };
        let mut best = [Neighbour { distance: f32::INFINITY, row: NO_ROW }; STARTS];
        let base = if query_distance.encoder.is_product() { 0.0 } else { query_distance.code.facts().square };
        let mut out = [0.0; BLOCK_SLOTS];
        for block in &sample.blocks {
            let bits = bytemuck::cast_slice(&block.bits);
            query_distance.code.estimate(
                &query_distance.encoder.codes,
                bits,
                &block.facts,
                base,
                &[],
                &mut out,
            );
            if query_distance.key != SortKey::Squared {
                for (estimate, &square) in out.iter_mut().zip(&block.squares) {
                    *estimate = query_distance.key_of_base(*estimate, square);
                }
            }
            for (&distance, &row) in out.iter().zip(&block.rows) {
                let last = best.last_mut();
                if let Some(last) = last.filter(|last| distance < last.distance) {
                    *last = Neighbour { distance, row };
                    best.sort_unstable();
                }
            }
        }
        best.into_iter().filter(|found| found.row != NO_ROW).for_each(&mut each);
    }
}
