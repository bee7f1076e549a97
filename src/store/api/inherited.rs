//! What a forked child can do with a store of its parent: release it.

use crate::Result;
use crate::store::api::store::MmapVectorStore;

impl MmapVectorStore {
    /// Releases the child's share of the store's files, so that the parent's lock does not outlast the parent. Makes no
    /// checkpoint, does not unlock and drops nothing. Takes no lock that a thread of the parent may have held at the
    /// fork.
    ///
    /// # Errors
    /// [`crate::SynaError::Io`] if a part could not be released.
    pub(crate) fn disown(&self) -> Result<()> {
        let mut released = Ok(());
        self.inner.history.for_each_unlocked(|state| {
            let disowned = state.data.disown();
            released = std::mem::replace(&mut released, Ok(())).and(disowned);
        });
        // A compaction between two calls: its file may get the store's name, and the parent already holds its lock.
        let begun = match self.compaction.try_lock() {
            Ok(begun) => begun.as_ref().and_then(|begun| begun.data()).map_or(Ok(()), |data| data.disown()),
            Err(_) => Ok(()),
        };
        released.and(begun)
    }
}
