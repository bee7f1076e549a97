//! The graph to a file; [`super::open`] takes it from there.
//!
//! The records lie in cells of one width, one behind the other, each with a checksum ([`super::saved`]). A table tells where:
//! ```text
//! words, little-endian u32:
//!   version = 6, metric, m, m_max, profile, seed (low, high), covered rows, first row without direction (0xffffffff for none),
//!   rows at the last sample, rows at the last full sweep, where the next sweep begins,
//!   of the squared lengths: the largest (f32), the sum (f64: low, high), how many,
//!   of the last walks for links: rows that estimates placed among the candidates, how many of them wrongly
//!   of the last measurement of the recall: rows (0: there was none), candidates, recall (f32)
//!   of the transform: scale (f32), squares of outliers (f32), components of the centre (0 for none)
//!   count of the sample, count of orphans, count of bridges
//!   the centre (f32 each)
//!   rows of the sample that searches begin at; orphans, as they were found; bridges (from, to), ascending
//!   each row:  0x80000000 | first        a twin of row `first`
//!              its cell plus one         a node
//!              0                         neither: without direction, or deleted before it could enter
//! each row:  the fingerprint of its vector; of a twin 0
//! each row:  how many firm links lead to it
//! ```
//! The chains of twins follow from these. A save adds the records that have changed and a table of all; so the cells of an
//! older table stay as they were.

use std::collections::VecDeque;

use super::graph::{Graph, NO_ROW, View};
use super::links::Links;
use super::nodes::Nodes;
use super::params::{GraphParams, row_number};
use super::writer::Writer;
use crate::kernel::codes::Line;
use crate::memory;
use crate::{Result, SynaError};

pub(super) const VERSION: u32 = 6;
pub(super) const IS_TWIN: u32 = 1 << 31;
pub(super) const HAS_NO_CODE: u32 = 0;
/// Records are handed on to be written in pieces of about so many bytes.
const PIECE_BYTES: usize = 1 << 20;

impl Graph {
    /// How many records lie in the file as they are now, and how many do not.
    pub(crate) fn saved_records(&self) -> (u32, u32) {
        let mut counts = (0, 0);
        for row in (0..self.covered_rows()).filter(|&row| self.nodes.is_node(row)) {
            let count = if self.nodes.cell(row).is_some() { &mut counts.0 } else { &mut counts.1 };
            *count += 1;
        }
        counts
    }

    /// Where the graph stands besides its records.
    ///
    /// # Errors
    /// `Poisoned` after a panic in `extend`.
    pub(crate) fn standing(&self) -> Result<Standing> {
        let writer = self.lock_writer()?;
        let orphans = row_number(self.orphan_rows().len());
        let rows = [self.covered_rows(), orphans, writer.sampled_rows, writer.swept_rows, writer.sweep_next];
        Ok(Standing { rows })
    }

    /// Hands the records that the file does not have to `write`, in the order of their cells from `first_cell` on, and
    /// returns the table. With `first_cell` 0 the file has none, and rows that are near each other come to lie near each
    /// other. The same graph gives the same bytes. At rest only.
    ///
    /// # Errors
    /// What `write` answers; `Internal` where a record of the file proves not to be what was saved; `NoMemory`.
    pub(crate) fn save(
        &self,
        first_cell: u32,
        write: &mut dyn FnMut(&[Line]) -> Result<()>,
    ) -> Result<Saved> {
        let writer = self.lock_writer()?;
        let View { covered } = self.view();
        let no_memory = |_| SynaError::NoMemory { needed_bytes: 4 * u64::from(covered) };
        let mut cells = Vec::new();
        cells.try_reserve_exact(covered as usize).map_err(no_memory)?;
        cells.resize(covered as usize, NO_ROW);
        let is_anew = first_cell == 0;
        if !is_anew {
            for (row, place) in (0..).zip(&mut cells) {
                *place = self.nodes.cell(row).unwrap_or(NO_ROW);
            }
        }
        let mut piece = Vec::new();
        let mut next_cell = first_cell;
        let mut save = |row: u32| {
            let Some(place) = cells.get_mut(row as usize) else { return Ok(()) };
            if *place != NO_ROW || !self.nodes.is_node(row) {
                return Ok(());
            }
            *place = next_cell;
            next_cell += 1;
            {
                let seen = self.nodes.read();
                let record = seen.record(row).ok_or_else(damaged)?;
                memory::reserve(&mut piece, record.lines.len())?;
                record.save(row, &mut piece);
            }
            if size_of_val(&*piece) >= PIECE_BYTES {
                write(&piece)?;
                piece.clear();
            }
            Ok(())
        };
        if is_anew {
            self.outward(covered, &mut save)?;
        }
        (0..covered).try_for_each(&mut save)?;
        write(&piece)?;
        Ok(Saved { table: self.table(&writer, covered, &cells)?, next_cell, cells })
    }

    /// Calls `each` for every row that firm links lead to from the sample that searches begin at: breadth first, so in
    /// about the order in which searches come to them.
    fn outward(&self, covered: u32, each: &mut dyn FnMut(u32) -> Result<()>) -> Result<()> {
        let mut is_met = memory::filled(false, covered as usize)?;
        let mut queue: VecDeque<u32> = self.entries.rows().iter().copied().collect();
        let mut links = Links::default();
        for &row in &queue {
            if let Some(met) = is_met.get_mut(row as usize) {
                *met = true;
            }
        }
        while let Some(row) = queue.pop_front() {
            each(row)?;
            self.nodes.read().read_links(row, &mut links);
            for &to in &links.firm {
                if let Some(met) = is_met.get_mut(to as usize)
                    && !std::mem::replace(met, true)
                {
                    queue.try_reserve(1).map_err(|_| memory::refused::<u32>(queue.len()))?;
                    queue.push_back(to);
                }
            }
        }
        Ok(())
    }

    /// Notes that what [`Graph::save`] gave is in the file. Between the two the graph is at rest.
    pub(crate) fn note_saved(&self, saved: &Saved) {
        for (row, &cell) in (0..).zip(&saved.cells) {
            if cell != NO_ROW {
                self.nodes.set_cell(row, cell);
            }
        }
    }

    /// Whether a record of the file proved not to be what was saved. Searches do not use such a graph.
    pub(crate) fn is_damaged(&self) -> bool {
        self.nodes.is_damaged()
    }

    fn table(&self, writer: &Writer, covered: u32, cells: &[u32]) -> Result<Vec<u8>> {
        let orphans = memory::collected(self.orphan_rows().into_iter().filter(|&row| row < covered))?;
        let bridges = writer.bridges.iter().copied().filter(|&(from, to)| from.max(to) < covered);
        let bridges = memory::collected(bridges)?;
        let directionless = writer.directionless.filter(|&row| row < covered).unwrap_or(NO_ROW);
        let mut words = vec![VERSION, self.params.metric.number(), self.params.m, self.params.m_max];
        words.push(self.params.profile.number());
        words.extend(halves(self.params.seed));
        words.extend([covered, directionless, writer.sampled_rows.min(covered)]);
        words.extend([writer.swept_rows.min(covered), writer.sweep_next.min(covered), writer.most.to_bits()]);
        words.extend(halves(writer.sum.to_bits()));
        words.push(writer.squares);
        words.extend([writer.placed.placed, writer.placed.misplaced]);
        let sampled = self.sampled_recall();
        words.extend(sampled.map_or([0; 3], |last| [last.rows.min(covered), last.ef, last.recall.to_bits()]));
        let transform = self.encoder.transform();
        words.extend([transform.scale.to_bits(), transform.outlier_square.to_bits()]);
        words.push(row_number(transform.centre.len()));
        let sample: Vec<u32> = self.entries.rows().iter().copied().filter(|&row| row < covered).collect();
        let of_lists = sample.len() + transform.centre.len() + orphans.len() + 2 * bridges.len();
        memory::reserve(&mut words, of_lists + 3 * covered as usize + 3)?;
        words.extend([row_number(sample.len()), row_number(orphans.len()), row_number(bridges.len())]);
        words.extend(transform.centre.iter().map(|x| x.to_bits()));
        words.extend(sample);
        words.extend(orphans);
        words.extend(bridges.iter().flat_map(|&(from, to)| [from, to]));
        let firsts = self.firsts(writer, covered)?;
        words.extend(firsts.iter().zip(cells).map(|(&first, &cell)| match cell {
            _ if first != NO_ROW => IS_TWIN | first,
            NO_ROW => HAS_NO_CODE,
            cell => cell + 1,
        }));
        let mut prints = memory::filled(0, covered as usize)?;
        for (print, row) in self.fingerprints.entries() {
            if let Some(place) = prints.get_mut(row as usize) {
                *place = print;
            }
        }
        words.extend(prints);
        words.extend((0..covered).map(|row| writer.in_links_of(row)));
        let mut bytes = memory::with_room(4 * words.len())?;
        bytes.extend(words.into_iter().flat_map(u32::to_le_bytes));
        Ok(bytes)
    }

    /// Bytes of a record, so of a cell, in a graph over vectors of `dimensions` components.
    pub(crate) fn record_bytes(params: GraphParams, dimensions: usize) -> usize {
        Nodes::record_bytes_for(params, dimensions)
    }

    /// The most bytes that the table of so many rows has.
    pub(crate) fn most_table_bytes(params: GraphParams, dimensions: usize, rows: u64) -> u64 {
        // What each row is, its fingerprint, its in-links, and places among the sample, the orphans, and the bridges.
        let of_rows = rows.saturating_add(16).saturating_mul(20 + 2 * params.max_links() as u64);
        of_rows.saturating_add(4 * dimensions as u64)
    }

    /// For each row the row that it hangs from, or [`NO_ROW`].
    pub(super) fn firsts(&self, writer: &Writer, covered: u32) -> Result<Vec<u32>> {
        let mut firsts = memory::filled(NO_ROW, covered as usize)?;
        for &first in writer.last_twins.keys() {
            let mut twin = self.nodes.next_twin(first);
            while let Some(place) = twin.and_then(|twin| firsts.get_mut(twin as usize)) {
                *place = first;
                twin = twin.and_then(|twin| self.nodes.next_twin(twin));
            }
        }
        Ok(firsts)
    }
}

/// What may change although no record does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    rows: [u32; 5],
}

/// What a save has made.
#[derive(Debug)]
pub(crate) struct Saved {
    /// What is to lie behind the records.
    pub(crate) table: Vec<u8>,
    /// The cell behind the records that were handed on.
    pub(crate) next_cell: u32,
    /// Of each row its cell, or [`NO_ROW`].
    cells: Vec<u32>,
}

fn damaged() -> SynaError {
    SynaError::Internal { what: "the index's file is damaged".to_owned() }
}

/// Of a long word the low half and the high one.
pub(super) fn halves(long: u64) -> [u32; 2] {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    [long as u32, (long >> 32) as u32]
}
