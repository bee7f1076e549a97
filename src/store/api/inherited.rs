//! A store that a forked child has from its parent: it cannot be used there, only given up.

use crate::Result;
use crate::store::api::store::MmapVectorStore;

impl MmapVectorStore {
    /// Gives up the child's share of the store's files, so that the parent's lock does not outlast the parent: no checkpoint,
    /// no unlock, nothing is dropped. Takes no lock that a thread of the parent may have held at the fork.
    ///
    /// # Errors
    /// [`crate::SynaError::Io`] where a part could not be given up.
    pub(crate) fn disown(&self) -> Result<()> {
        let mut cores = Ok(());
        self.inner.cores.for_each_unlocked(|core| {
            let disowned = core.data.disown();
            cores = std::mem::replace(&mut cores, Ok(())).and(disowned);
        });
        // A compaction that is in no call: its file may get the store's name, and the parent holds its lock already.
        let begun = match self.compaction.try_lock() {
            Ok(begun) => begun.as_ref().and_then(|begun| begun.data()).map_or(Ok(()), |data| data.disown()),
            Err(_) => Ok(()),
        };
        cores.and(begun)
    }
}
