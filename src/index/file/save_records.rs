//! Saving the records of a graph, in pieces between which the graph may grow.
//!
//! Each pass over all rows writes the records that the file does not hold in their current state. A record that changes
//! afterwards is written again by the next pass. The last pass runs while no thread extends the graph, and finds few.

use std::collections::VecDeque;

use crate::index::graph::graph::Graph;
use crate::index::graph::links::Links;
use crate::kernel::codes::Line;
use crate::memory;
use crate::{Result, SynaError};

/// Records are written in pieces of about so many bytes.
const PIECE_BYTES: usize = 1 << 20;
/// Number of rows that a piece examines for each record that it may write.
const ROWS_A_RECORD: u32 = 256;
/// So many records are always few enough for the last pass.
const FEW_RECORDS: u32 = 1_024;

/// Writes records, one after another.
pub(crate) type WriteLines<'w> = dyn FnMut(&[Line]) -> Result<()> + 'w;

/// A save in progress. For a new file it takes a byte per row, and 4 bytes for each queued row.
#[derive(Debug)]
pub(crate) struct Saving {
    next_cell: u32,
    /// The first pass over a new file, in breadth-first order, so that neighbouring rows are stored close together.
    breadth_first: Option<BreadthFirst>,
    next_row: u32,
    /// Number of records written by this pass, and by the last one.
    in_pass: u32,
    in_last_pass: Option<u32>,
    piece: Vec<Line>,
}

/// Rows in about the order in which searches visit them: breadth first along selected links, from the entry points.
#[derive(Debug)]
struct BreadthFirst {
    is_queued: Vec<bool>,
    queue: VecDeque<u32>,
    links: Links,
}

impl BreadthFirst {
    /// Queues a row unless it was queued before or is newer than the save.
    fn enqueue(&mut self, row: u32) -> Result<()> {
        if let Some(queued) = self.is_queued.get_mut(row as usize)
            && !std::mem::replace(queued, true)
        {
            self.queue.try_reserve(1).map_err(|_| memory::refused::<u32>(self.queue.len()))?;
            self.queue.push_back(row);
        }
        Ok(())
    }
}

impl Saving {
    /// The cell after the records written so far.
    pub(crate) fn next_cell(&self) -> u32 {
        self.next_cell
    }

    /// Whether the last pass wrote at most `most` records, or so few that the rest can be written at once.
    pub(crate) fn is_nearly_done(&self, most: u32) -> bool {
        let few = FEW_RECORDS.max(most);
        self.breadth_first.is_none() && self.in_last_pass.is_some_and(|records| records <= few)
    }
}

impl Graph {
    /// Begins a save with records from cell `first_cell` on; 0: a new file, which holds no record.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn begin_saving(&self, first_cell: u32) -> Result<Saving> {
        let mut breadth_first = None;
        if first_cell == 0 {
            let covered = self.covered_rows();
            (0..covered).for_each(|row| self.nodes.forget_cell(row));
            let mut order = BreadthFirst {
                is_queued: memory::filled(false, covered as usize)?,
                queue: VecDeque::new(),
                links: Links::default(),
            };
            self.entry_points.rows().iter().try_for_each(|&row| order.enqueue(row))?;
            breadth_first = Some(order);
        }
        Ok(Saving {
            next_cell: first_cell,
            breadth_first,
            next_row: 0,
            in_pass: 0,
            in_last_pass: None,
            piece: Vec::new(),
        })
    }

    /// Writes about `most` records, or the rest of a pass. The caller must hold the lock against extension.
    ///
    /// # Errors
    /// Those of `write`; `Internal` if a record of the file is damaged; `NoMemory`. The save cannot continue then: the
    /// next one must begin a new file.
    pub(crate) fn save_records(
        &self,
        saving: &mut Saving,
        most: u32,
        write: &mut WriteLines<'_>,
    ) -> Result<()> {
        let end_cell = saving.next_cell.saturating_add(most);
        let mut rows = most.saturating_mul(ROWS_A_RECORD);
        while saving.next_cell < end_cell && rows > 0 {
            rows -= 1;
            if let Some(breadth_first) = &mut saving.breadth_first {
                let Some(row) = breadth_first.queue.pop_front() else {
                    saving.breadth_first = None;
                    continue;
                };
                let mut links = std::mem::take(&mut breadth_first.links);
                self.nodes.read().read_links(row, &mut links);
                links.selected.iter().try_for_each(|&to| breadth_first.enqueue(to))?;
                breadth_first.links = links;
                self.save_record(row, saving, write)?;
            } else if saving.next_row < self.covered_rows() {
                self.save_record(saving.next_row, saving, write)?;
                saving.next_row += 1;
            } else {
                saving.in_last_pass = Some(saving.in_pass);
                (saving.next_row, saving.in_pass) = (0, 0);
                break;
            }
        }
        saving.flush(write)
    }

    /// Writes all records that are left. No thread may extend the graph until the table is written too.
    ///
    /// # Errors
    /// As [`Graph::save_records`].
    pub(crate) fn save_all_records(&self, saving: &mut Saving, write: &mut WriteLines<'_>) -> Result<()> {
        // A record that this pass has already passed may have changed, so start with the first row again.
        saving.next_row = 0;
        self.save_records(saving, u32::MAX, write)
    }

    /// Writes a row's record if the file does not hold it.
    fn save_record(&self, row: u32, saving: &mut Saving, write: &mut WriteLines<'_>) -> Result<()> {
        if !self.nodes.is_node(row) || self.nodes.cell(row).is_some() {
            return Ok(());
        }
        {
            let records = self.nodes.read();
            let damaged = || SynaError::Internal { what: "the index file is damaged".to_owned() };
            let record = records.record(row).ok_or_else(damaged)?;
            memory::reserve(&mut saving.piece, record.lines.len())?;
            record.save(row, &mut saving.piece);
        }
        self.nodes.set_cell(row, saving.next_cell);
        saving.next_cell += 1;
        saving.in_pass += 1;
        if size_of_val(&*saving.piece) >= PIECE_BYTES {
            saving.flush(write)?;
        }
        Ok(())
    }
}

impl Saving {
    fn flush(&mut self, write: &mut WriteLines<'_>) -> Result<()> {
        if !self.piece.is_empty() {
            write(&self.piece)?;
            self.piece.clear();
        }
        Ok(())
    }
}
