//! Encoding of the rows of a batch.

use std::ops::Range;

use crate::index::codes::encoder::Rotated;
use crate::index::graph::graph::Graph;
use crate::index::link::state::LinkState;
use crate::index::params::row_number;
use crate::index::rows::Rows;
use crate::index::search::scratch::{Scratch, components_of};
use crate::index::work::parallel::spread;
use crate::{Result, memory};

/// The result of encoding a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coded {
    /// It has a record.
    Yes,
    /// Its vector has no code.
    No,
    /// It is deleted and not in the graph.
    Deleted,
}

impl Graph {
    /// Allocates rows up to `end`.
    pub(crate) fn make_room(&self, end: u32, state: &mut LinkState) -> Result<()> {
        self.nodes.reserve(end)?;
        self.fingerprints.reserve(end)?;
        let more = (end as usize).saturating_sub(state.in_links.len());
        memory::reserve(&mut state.in_links, more)?;
        state.in_links.resize(end as usize, 0);
        Ok(())
    }

    /// Encodes rows that are allocated and not deleted.
    pub(crate) fn code(
        &self,
        rows: &impl Rows,
        these: Range<u32>,
        state: &mut LinkState,
        scratches: &mut [Scratch],
    ) -> Result<Vec<Coded>> {
        let coded = spread(scratches, (these.end - these.start) as usize, &|i, scratch: &mut Scratch| {
            let row = these.start + row_number(i);
            if rows.is_deleted(row) {
                // It may have a record from an earlier insertion of the same batch that failed.
                self.nodes.remove(row);
                return Ok(Coded::Deleted);
            }
            let Scratch { query, floats, .. } = scratch;
            let rotated: &mut Rotated = &mut query.rotated;
            let vector = components_of(rows.row(row), self.encoder.elements, floats)?;
            if !self.encoder.rotate(vector, rotated) {
                return Ok(Coded::No);
            }
            self.nodes.add(row, &self.encoder, rotated).map(|()| Coded::Yes)
        })?;
        let coded = memory::all(coded)?;
        let records = self.nodes.read();
        for (row, &coded) in these.zip(&coded) {
            // Rows of a repeated batch were counted before.
            if row >= state.measured_rows {
                state.measured_rows = row + 1;
                if coded != Coded::Deleted {
                    let square = records.record(row).map_or(0.0, |record| record.code().facts.square);
                    if square <= self.encoder.transform().outlier_square {
                        state.count_square(square);
                    }
                }
            }
        }
        Ok(coded)
    }
}
