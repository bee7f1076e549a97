//! Access of the index to the vectors of the store, by row number.

/// Random access to stored vectors. Must be cheap, and valid for every row that the graph was ever extended to.
pub(crate) trait Rows: Sync {
    /// Returns the vector of a row.
    fn row(&self, row: u32) -> &[f32];

    /// Whether a row is deleted for every future reader, so that it need not be indexed.
    fn is_deleted(&self, _row: u32) -> bool {
        false
    }
}
