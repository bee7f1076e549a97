//! Access of the index to the vectors of the store, by row number.

use crate::kernel::rows::StoredRow;

/// Random access to stored vectors. Must be cheap, and valid for every row that the graph was ever extended to.
pub(crate) trait Rows: Sync {
    /// Returns the vector of a row.
    fn row(&self, row: u32) -> StoredRow<'_>;

    /// The components that a vector has when it is stored, in `room` if they differ. The vector itself if it cannot be
    /// stored, or if the system has no memory.
    fn rounded<'s>(&self, vector: &'s [f32], _room: &'s mut Vec<f32>) -> &'s [f32] {
        vector
    }

    /// Whether a row is deleted for every future reader, so that it need not be indexed.
    fn is_deleted(&self, _row: u32) -> bool {
        false
    }
}
