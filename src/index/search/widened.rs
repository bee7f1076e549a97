//! `Widened`: stored rows as f32, so that they are compared with several queries in tiles.

use crate::kernel::elements::ElementKernels;
use crate::kernel::rows::StoredRow;
use crate::memory;

/// Space for four rows as f32: 16 bytes a dimension for the time of a scan. Without space, rows stay as they are stored,
/// and are compared with one query after the other.
pub(super) struct Widened {
    kernels: ElementKernels,
    room: Vec<f32>,
}

impl Default for Widened {
    fn default() -> Self {
        Self { kernels: ElementKernels::detect(), room: Vec::new() }
    }
}

impl Widened {
    /// Makes space for rows of the type of `row`, which is not needed for f32.
    pub(super) fn prepare(&mut self, row: StoredRow<'_>) {
        let needed = if row.floats().is_none() { 4 * row.len() } else { 0 };
        if self.room.len() < needed && memory::reserve(&mut self.room, needed).is_ok() {
            self.room.resize(needed, 0.0);
        }
    }

    /// The rows, which have the same values and give the same distances.
    #[inline]
    pub(super) fn widen<'a>(&'a mut self, rows: [StoredRow<'a>; 4]) -> [StoredRow<'a>; 4] {
        let dimensions = self.room.len() / 4;
        if dimensions == 0 || rows.iter().any(|row| row.len() != dimensions) {
            return rows;
        }
        let mut places = self.room.chunks_exact_mut(dimensions);
        rows.map(|row| match places.next() {
            Some(place) => StoredRow::Floats(self.kernels.components(row, place)),
            None => row,
        })
    }
}
