//! All that the index knows of the store: vectors by row number.

/// Random access to the stored vectors; cheap, and safe for every row that the graph was ever extended to.
pub(crate) trait Rows: Sync {
    /// The vector of a row.
    fn row(&self, row: u32) -> &[f32];

    /// Whether a row was deleted, for everybody who comes from now on: then it need not enter the graph.
    fn is_gone(&self, _row: u32) -> bool {
        false
    }
}
