//! Ending the long calls of a store from another thread.

use crate::store::api::store::MmapVectorStore;

impl MmapVectorStore {
    /// Ends the long calls that other threads have in progress on the store, so that a close need not wait for them.
    ///
    /// `build_index`, `compact`, `snapshot_to`, `verify` and `check_recall` return [`crate::SynaError::Cancelled`],
    /// with the same effect as a progress callback that returns `Break`. A write or a checkpoint that is indexing rows
    /// stops indexing and succeeds. Searches compare the unindexed rows one by one, and the next write indexes them.
    /// Calls that begin later are not interrupted. But until the next write or index build, a checkpoint (also that of
    /// a close) leaves unindexed rows unindexed.
    ///
    /// Not interrupted: searches (they have `deadline` and `max_visits`), calls with a budget, disk syncs. The call
    /// does not wait for the interrupted calls.
    pub fn interrupt(&self) {
        self.interrupts.interrupt();
    }
}
