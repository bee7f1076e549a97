//! Saves the graph as a table behind its records ([`super::save_records`]); [`super::open`] reads it.
//!
//! The records are stored in consecutive cells of one width, each with a checksum (`records/mapped_records.rs`). The
//! table:
//! ```text
//! words, little-endian u32:
//!   version = 6, metric, m, m_max, profile, seed (low, high), covered rows, first row without direction (0xffffffff for none),
//!   rows when the entry points were last chosen, rows at the last full sweep, row at which the next sweep begins,
//!   squared lengths: the largest (f32), the sum (f64: low, high), the count,
//!   last walks for links: rows that estimates placed among the candidates, how many of them wrongly
//!   last measurement of the recall: rows (0: none), candidates, recall (f32)
//!   transform: scale (f32), squared length from which on a row is an outlier (f32), components of the centre (0: none)
//!   count of entry points, count of orphans, count of pinned links
//!   the centre (f32 each)
//!   entry points; orphans, in the order in which they were added; pinned links (from, to), ascending
//!   each row:  0x80000000 | first        a duplicate of row `first`
//!              its cell plus one         a node
//!              0                         neither: without direction, or deleted before it was indexed
//! each row:  the fingerprint of its vector; 0 for a duplicate with the bits of its node
//! each row:  the number of selected links to it
//! ```
//! The chains of duplicates follow from these. A save appends the records that have changed and a table of all rows, so
//! the cells of an older table stay unchanged.

use crate::index::graph::graph::{Graph, View};
use crate::index::graph::nodes::Nodes;
use crate::index::index::Index;
use crate::index::link::state::LinkState;
use crate::index::params::{GraphParams, NO_ROW, row_number};
use crate::{Result, memory};

pub(crate) const VERSION: u32 = 7;
pub(crate) const IS_DUPLICATE: u32 = 1 << 31;
pub(crate) const HAS_NO_CODE: u32 = 0;

impl Index {
    /// The values of the table that can change although no record does.
    ///
    /// # Errors
    /// `Poisoned` after a panic in `extend`.
    pub(crate) fn table_state(&self) -> Result<TableState> {
        let build = self.lock_build()?;
        let state = &build.links;
        let orphans = row_number(self.orphan_rows().len());
        let rows = [self.covered_rows(), orphans, state.sampled_rows, state.swept_rows, state.sweep_next];
        Ok(TableState { rows })
    }

    /// Encodes the table. May be called only between batches, with all records in the file. The same graph, saved into
    /// a new file, gives the same bytes.
    ///
    /// # Errors
    /// `NoMemory`, `Poisoned`.
    pub(crate) fn table(&self) -> Result<Vec<u8>> {
        let build = self.lock_build()?;
        let View { covered } = self.view();
        let cells = memory::collected((0..covered).map(|row| self.nodes.cell(row).unwrap_or(NO_ROW)))?;
        self.table_of(&build.links, covered, &cells)
    }

    /// Bytes of a record, and so of a cell, for vectors of `dimensions` components.
    pub(crate) fn record_bytes(params: GraphParams, dimensions: usize) -> usize {
        Nodes::record_bytes_for(params, dimensions)
    }

    /// The maximum number of bytes of a table for `rows` rows.
    pub(crate) fn most_table_bytes(params: GraphParams, dimensions: usize, rows: u64) -> u64 {
        // For each row its word, its fingerprint, its in-links, and possibly an entry point, an orphan, and pinned
        // links.
        let of_rows = rows.saturating_add(16).saturating_mul(20 + 2 * params.max_links() as u64);
        of_rows.saturating_add(4 * dimensions as u64)
    }
}

impl Graph {
    /// The number of records that the file holds in their current state, and of those that it does not.
    pub(crate) fn saved_records(&self) -> (u32, u32) {
        let mut counts = (0, 0);
        for row in (0..self.covered_rows()).filter(|&row| self.nodes.is_node(row)) {
            let count = if self.nodes.cell(row).is_some() { &mut counts.0 } else { &mut counts.1 };
            *count += 1;
        }
        counts
    }

    fn table_of(&self, state: &LinkState, covered: u32, cells: &[u32]) -> Result<Vec<u8>> {
        let orphans = memory::collected(self.orphan_rows().into_iter().filter(|&row| row < covered))?;
        let pinned_links = state.pinned_links.iter().copied().filter(|&(from, to)| from.max(to) < covered);
        let pinned_links = memory::collected(pinned_links)?;
        let directionless = state.directionless.filter(|&row| row < covered).unwrap_or(NO_ROW);
        let mut words = vec![VERSION, self.params.metric.number(), self.params.m, self.params.m_max];
        words.push(self.params.profile.number());
        words.extend(halves(self.params.seed));
        words.extend([covered, directionless, state.sampled_rows.min(covered)]);
        words.extend([
            state.swept_rows.min(covered),
            state.sweep_next.min(covered),
            state.largest_square.to_bits(),
        ]);
        words.extend(halves(state.square_sum.to_bits()));
        words.push(state.square_count);
        words.extend([state.estimates.placed, state.estimates.misplaced]);
        let sampled = self.sampled_recall();
        words.extend(sampled.map_or([0; 3], |last| [last.rows.min(covered), last.ef, last.recall.to_bits()]));
        let transform = self.encoder.transform();
        words.extend([transform.scale.to_bits(), transform.outlier_square.to_bits()]);
        words.push(row_number(transform.centre.len()));
        let sample: Vec<u32> =
            self.entry_points.rows().iter().copied().filter(|&row| row < covered).collect();
        let of_lists = sample.len() + transform.centre.len() + orphans.len() + 2 * pinned_links.len();
        memory::reserve(&mut words, of_lists + 3 * covered as usize + 3)?;
        words.extend([row_number(sample.len()), row_number(orphans.len()), row_number(pinned_links.len())]);
        words.extend(transform.centre.iter().map(|x| x.to_bits()));
        words.extend(sample);
        words.extend(orphans);
        words.extend(pinned_links.iter().flat_map(|&(from, to)| [from, to]));
        let firsts = self.firsts(state, covered)?;
        words.extend(firsts.iter().zip(cells).map(|(&first, &cell)| match cell {
            _ if first != NO_ROW => IS_DUPLICATE | first,
            NO_ROW => HAS_NO_CODE,
            cell => cell + 1,
        }));
        let mut prints = memory::filled(0, covered as usize)?;
        for (print, row) in self.fingerprints.entries() {
            if let Some(target) = prints.get_mut(row as usize) {
                *target = print;
            }
        }
        words.extend(prints);
        words.extend((0..covered).map(|row| state.in_links_of(row)));
        let mut bytes = memory::with_room(4 * words.len())?;
        bytes.extend(words.into_iter().flat_map(u32::to_le_bytes));
        Ok(bytes)
    }

    /// For each row the node that it is a duplicate of, or [`NO_ROW`].
    pub(crate) fn firsts(&self, state: &LinkState, covered: u32) -> Result<Vec<u32>> {
        let mut firsts = memory::filled(NO_ROW, covered as usize)?;
        for &first in state.last_duplicates.keys() {
            let mut duplicate = self.nodes.next_duplicate(first);
            while let Some(target) = duplicate.and_then(|duplicate| firsts.get_mut(duplicate as usize)) {
                *target = first;
                duplicate = duplicate.and_then(|duplicate| self.nodes.next_duplicate(duplicate));
            }
        }
        Ok(firsts)
    }
}

/// The values of a table that can change although no record does. Two equal values mean that the table need not be
/// saved again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TableState {
    rows: [u32; 5],
}

/// The low and the high half of a u64.
pub(crate) fn halves(long: u64) -> [u32; 2] {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    [long as u32, (long >> 32) as u32]
}
