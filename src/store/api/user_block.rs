//! The user block of the file.

use crate::store::api::store::MmapVectorStore;
use crate::{Result, UserBlock};

impl MmapVectorStore {
    /// The user block of the file. In a store opened read-only: as of the open or the last
    /// [`refresh`](MmapVectorStore::refresh).
    #[must_use]
    pub fn user_block(&self) -> UserBlock {
        self.state().data.user_block()
    }

    /// Replaces the user block, and makes it and all writes so far survive a power failure, as
    /// [`MmapVectorStore::flush`] does. Cost: disk syncs.
    ///
    /// # Errors
    /// [`crate::SynaError::ReadOnly`]; those of [`MmapVectorStore::flush`]: the file may have either user block then, and the
    /// next checkpoint writes the new one.
    pub fn set_user_block(&self, user_block: UserBlock) -> Result<()> {
        let mut writer = self.writer()?;
        let state = self.state();
        writer.appender.refuse_if_failed()?;
        state.data.set_user_block(user_block);
        writer.flush(&state)
    }
}
