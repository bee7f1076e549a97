//! Ending the long calls of a store from another thread.

use crate::store::api::store::MmapVectorStore;

impl MmapVectorStore {
    /// Ends the long calls that other threads have on the store, soon: `build_index`, `compact`, `snapshot_to`, `verify` and
    /// `check_recall` return [`crate::SynaError::Cancelled`]. A write or a checkpoint that is taking rows into the index is done
    /// without that; nothing is lost, and the next write or `build_index` goes on with it. Calls that begin later are not
    /// interrupted, but a checkpoint, or the one of a close, leaves the rows behind the index where they are.
    ///
    /// Searches have deadlines, and are not interrupted.
    pub fn interrupt(&self) {
        self.interrupts.interrupt();
    }
}
