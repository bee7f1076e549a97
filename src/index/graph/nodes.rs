//! The records of all rows: a node's code, its links, and the codes of its neighbours relative to it.
//!
//! Duplicates are rows that equal an earlier row. They have no record. They form a chain, in ascending order, that
//! starts at the first of the equal rows. A thousand copies therefore cost the graph one node, and cannot fill a list
//! of links or disconnect other rows.

use std::sync::atomic::Ordering::{Acquire, Release};

use super::links::{Links, row_of};
use super::record_layout::{BLOCK_SLOTS, Bits, Record, Shape, part, part_mut};
use crate::index::codes::byte_code::ByteCode;
use crate::index::codes::encoder::{Encoder, Rotated};
use crate::index::codes::relative::{RelativeCode, SlotFacts, set_slot_facts, write_slot};
use crate::index::params::{GraphParams, NO_ROW};
use crate::index::records::chunks::Chunks;
use crate::index::records::mapped_records::{SavedLines, SavedRecords};
use crate::index::records::record_store::{RecordRef, RecordStore, RecordView};
use crate::kernel::codes::{BlockFacts, CodeFacts, Line, Prefetch, prefetch_line};
use crate::{DistanceMetric, Result};

/// A difference between two codes is attributed to rounding up to four times the mean rounding error, `scale^2 / 12`
/// for each component and code.
const ROUNDING_SQUARES: f32 = 4.0 / 12.0;

/// The records of all rows.
pub(crate) struct Nodes {
    shape: Shape,
    links: usize,
    metric: DistanceMetric,
    /// The flag is set if the row has duplicates.
    records: RecordStore,
    /// For each row the next row of its chain of duplicates, plus one; 0: none.
    duplicates: Chunks,
}

/// A view of the records. Records returned by it stay unchanged while it exists.
pub(crate) struct NodesView<'a> {
    nodes: &'a Nodes,
    view: RecordView<'a>,
}

impl NodesView<'_> {
    #[inline]
    pub(crate) fn record(&self, row: u32) -> Option<Record<'_>> {
        let shape = self.nodes.shape;
        let is_valid =
            |lines: &[Line]| self.nodes.is_valid(row, &Record { lines, shape, has_duplicates: false });
        let RecordRef { lines, flag } = self.view.record(row, is_valid)?;
        Some(Record { lines, shape, has_duplicates: flag })
    }

    /// Replaces `out` with a row's links.
    pub(crate) fn read_links(&self, row: u32, out: &mut Links) {
        out.clear();
        if let Some(record) = self.record(row) {
            record.link_words().iter().for_each(|&word| out.read(word));
        }
    }

    /// Prefetches the word that names a row's record.
    #[inline]
    pub(crate) fn prefetch_word(&self, row: u32) {
        self.view.prefetch_word(row);
    }

    /// Prefetches the header and the code of a row's record.
    #[inline]
    pub(crate) fn prefetch_code(&self, row: u32) {
        if let Some(record) = self.record(row) {
            let Shape { code, bits, .. } = record.shape;
            record.lines.first().inspect(|head| prefetch_line(*head));
            record.lines.get(code..bits).unwrap_or_default().iter().for_each(prefetch_line);
        }
    }

    /// Returns a prefetcher for a row's record.
    #[inline]
    pub(crate) fn prefetcher(&self, row: u32) -> Prefetch<'_> {
        self.record(row).map_or_else(Prefetch::default, |record| Prefetch::new(record.lines))
    }
}

impl Nodes {
    pub(crate) fn new(params: GraphParams, dimensions: usize) -> Self {
        let shape = Shape::new(params, dimensions);
        let (links, metric) = (params.max_links(), params.metric);
        Self { shape, links, metric, records: RecordStore::new(shape.end), duplicates: Chunks::new() }
    }

    /// Whether records contain the codes of the neighbours.
    #[inline]
    pub(crate) fn has_codes_of_links(&self) -> bool {
        self.shape.bits < self.shape.end
    }

    /// Maximum links of a row.
    pub(crate) fn max_links(&self) -> usize {
        self.links
    }

    /// Bytes of a record with these parameters.
    pub(crate) fn record_bytes_for(params: GraphParams, dimensions: usize) -> usize {
        64 * Shape::new(params, dimensions).end
    }

    pub(crate) fn read(&self) -> NodesView<'_> {
        NodesView { nodes: self, view: self.records.read() }
    }

    /// Allocates rows `0..end`, without records.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn reserve(&self, end: u32) -> Result<()> {
        self.records.reserve(end)?;
        self.duplicates.reserve(end)
    }

    /// Gives a row a record with its code, without links.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn add(&self, row: u32, encoder: &Encoder, rotated: &Rotated) -> Result<()> {
        let mut new_record = self.records.allocate()?;
        let lines = self.records.lines_mut(&mut new_record);
        lines.fill(Line([0; 64]));
        part_mut::<u32>(lines, 1, self.shape.facts).fill(NO_ROW);
        part_mut::<BlockFacts>(lines, self.shape.facts, self.shape.squares).fill(BlockFacts::NONE);
        let code = part_mut(lines, self.shape.code, self.shape.bits);
        let facts = ByteCode::encode(&encoder.codes, &rotated.components, code).facts;
        let head = part_mut::<u8>(lines, 0, 1).get_mut(..size_of::<CodeFacts>());
        debug_assert!(head.is_some(), "the facts of a code do not fit in a line");
        if let Some(head) = head {
            head.copy_from_slice(bytemuck::bytes_of(&facts));
        }
        self.records.publish(row, new_record);
        Ok(())
    }

    /// Removes a row's record, if any.
    pub(crate) fn remove(&self, row: u32) {
        self.records.remove(row);
    }

    /// Sets the file that rows may have their records in. Called once, before [`Self::adopt`].
    pub(crate) fn read_from(&self, lines: Box<dyn SavedLines>) {
        self.records.read_from(SavedRecords::new(lines, self.shape.end));
    }

    /// Makes the record in a cell of the file the row's record. It is checked before its first use.
    pub(crate) fn adopt(&self, row: u32, cell: u32) {
        self.records.adopt(row, cell);
    }

    /// Whether a damaged record was found in the file. Its row is then invisible.
    pub(crate) fn is_damaged(&self) -> bool {
        self.records.is_damaged()
    }

    /// Returns the cell of the file that holds the row's current record.
    pub(crate) fn cell(&self, row: u32) -> Option<u32> {
        self.records.cell(row)
    }

    /// Sets the cell of the file that holds the row's current record.
    pub(crate) fn set_cell(&self, row: u32, cell: u32) {
        self.records.set_cell(row, cell);
    }

    /// Marks the row's current record as not in the file.
    pub(crate) fn forget_cell(&self, row: u32) {
        self.records.forget_cell(row);
    }

    /// Whether a record from the file is valid for a row: it links to other nodes, to each once, and its code has
    /// finite facts.
    fn is_valid(&self, row: u32, record: &Record<'_>) -> bool {
        let facts = record.code().facts;
        let mut links: Vec<u32> =
            record.link_words().iter().filter(|&&word| word != NO_ROW).map(|&word| row_of(word)).collect();
        let count = links.len();
        links.push(row);
        links.sort_unstable();
        count <= self.links
            && links.windows(2).all(|pair| pair.first() != pair.last())
            && links.iter().all(|&to| self.is_node(to))
            && facts.scale.is_finite()
            && facts.scale >= 0.0
            && facts.square.is_finite()
    }

    /// Replaces a row's links, at most `max_links`. Links that stay keep their slots and codes.
    ///
    /// # Errors
    /// `NoMemory`; the links are then unchanged.
    pub(crate) fn write_links(
        &self,
        row: u32,
        links: &Links,
        encoder: &Encoder,
        memory: &mut Bits,
    ) -> Result<()> {
        let records = self.read();
        let Some(old) = records.record(row) else { return Ok(()) };
        let mut new_record = self.records.allocate()?;
        let lines = self.records.lines_mut(&mut new_record);
        lines.copy_from_slice(old.lines);
        for (slot, &old_word) in old.link_words().iter().enumerate() {
            match links.word_of(row_of(old_word)).filter(|_| old_word != NO_ROW) {
                None => self.clear_slot(lines, slot),
                Some(word) => self.set_slot(lines, slot, word),
            }
        }
        let node = old.code();
        let is_old = |row: u32| old.link_words().iter().any(|&word| word != NO_ROW && row_of(word) == row);
        let mut slot = 0;
        for word in links.words().take(self.links).filter(|&word| !is_old(row_of(word))) {
            while part::<u32>(lines, 1, self.shape.facts).get(slot).is_some_and(|&taken| taken != NO_ROW) {
                slot += 1;
            }
            let Some(neighbour) = records.record(row_of(word)) else { continue };
            self.fill_slot(lines, slot, (&node, &neighbour.code(), word), encoder, memory);
        }
        self.records.publish(row, new_record);
        Ok(())
    }

    /// Writes the word of a slot's link.
    fn set_slot(&self, lines: &mut [Line], slot: usize, word: u32) {
        let of_slot = part_mut::<u32>(lines, 1, self.shape.facts).get_mut(slot);
        debug_assert!(of_slot.is_some(), "a record has no slot {slot}");
        if let Some(of_slot) = of_slot {
            *of_slot = word;
        }
    }

    /// Writes the facts of a slot's code. The records of a compact index have none.
    fn set_facts(&self, lines: &mut [Line], slot: usize, of_slot: SlotFacts) {
        let facts = part_mut::<BlockFacts>(lines, self.shape.facts, self.shape.squares);
        let facts = facts.get_mut(slot / BLOCK_SLOTS);
        debug_assert!(facts.is_some() || !self.has_codes_of_links(), "slot {slot} has no facts");
        if let Some(facts) = facts {
            set_slot_facts(facts, slot % BLOCK_SLOTS, of_slot);
        }
    }

    fn clear_slot(&self, lines: &mut [Line], slot: usize) {
        self.set_slot(lines, slot, NO_ROW);
        self.set_facts(lines, slot, SlotFacts { add: f32::INFINITY, multiply: 0.0 });
    }

    fn fill_slot(
        &self,
        lines: &mut [Line],
        slot: usize,
        (node, neighbour, word): (&ByteCode<'_>, &ByteCode<'_>, u32),
        encoder: &Encoder,
        memory: &mut Bits,
    ) {
        let Shape { squares, code, code_lines, block_lines, bits, .. } = self.shape;
        self.set_slot(lines, slot, word);
        if !self.has_codes_of_links() {
            return;
        }
        memory.bits.resize((code_lines * 8).max(2 * block_lines), 0);
        let relative =
            RelativeCode::encode(&encoder.codes, encoder.layout, node, neighbour, &mut memory.bits);
        let mut of_slot = match self.metric {
            DistanceMetric::DotProduct => relative.slot_facts_for_products(),
            DistanceMetric::Cosine | DistanceMetric::Euclidean => relative.slot_facts(),
        };
        // If the difference is within the rounding error, its direction means nothing.
        let scales = node.facts.scale.powi(2) + neighbour.facts.scale.powi(2);
        if relative.residual.square <= ROUNDING_SQUARES * scales * encoder.layout.rotated as f32 {
            let add = if self.metric == DistanceMetric::DotProduct { 0.0 } else { relative.residual.square };
            of_slot = SlotFacts { add, multiply: 0.0 };
        }
        self.set_facts(lines, slot, of_slot);
        let square = part_mut::<f32>(lines, squares, code).get_mut(slot);
        debug_assert!(square.is_some() || squares == code, "slot {slot} has no squared length");
        if let Some(square) = square {
            *square = neighbour.facts.square;
        }
        let first = bits + block_lines * (slot / BLOCK_SLOTS);
        let block = part_mut::<u8>(lines, first, first + block_lines);
        // A line of a block has two bytes of each slot's bits.
        let bits = memory.bits.get(..2 * block_lines);
        debug_assert!(bits.is_some(), "a code is shorter than its lines of a block");
        write_slot(block, slot % BLOCK_SLOTS, bits.unwrap_or_default());
    }

    /// Whether a row is a node. A duplicate has no record.
    pub(crate) fn is_node(&self, row: u32) -> bool {
        self.records.has_record(row)
    }

    /// The next row in the chain of duplicates.
    #[inline]
    pub(crate) fn next_duplicate(&self, row: u32) -> Option<u32> {
        self.duplicates.word(row)?.load(Acquire).checked_sub(1)
    }

    /// Prefetches the word that [`Self::next_duplicate`] reads.
    #[inline]
    pub(crate) fn prefetch_next_duplicate(&self, row: u32) {
        self.duplicates.word(row).inspect(|word| prefetch_line(*word));
    }

    /// Appends `duplicate` after `last` to the chain that starts with `first`. Removes the record that `duplicate` may
    /// have got before it was recognized as one.
    pub(crate) fn append_duplicate(&self, first: u32, last: u32, duplicate: u32) {
        self.records.remove(duplicate);
        let next = self.duplicates.word(last);
        debug_assert!(next.is_some(), "row {last} was not reserved");
        if let Some(next) = next {
            next.store(duplicate + 1, Release);
        }
        self.records.set_flag(first);
    }
}
