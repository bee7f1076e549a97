//! A copy of an open store in a new file.

use crate::storage::{
    Access, PathKind, Permissions, StorageFile, Temporary, file_exists, is_leftover_of, remove_leftovers,
};
use crate::store::api::store::MmapVectorStore;
use crate::store::copy::compaction::Progress;
use crate::store::copy::transfer::Copier;
use crate::{Result, SynaError};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

impl MmapVectorStore {
    /// Writes the rows that are live at this moment into the new file `path`: a backup of a store in use.
    ///
    /// The copy is an independent store, as small as after a compaction. It has no index; after it is opened for
    /// writing, writes or [`MmapVectorStore::build_index`] build one. The call also works for a store opened read-only.
    /// It waits for a write in progress when it begins, then searches and writes run meanwhile.
    ///
    /// After `Ok`, the copy survives a power failure. On an error the file `path` does not exist, or is unchanged if it
    /// existed before. `progress` receives how many rows of how many were copied or skipped; `Break` cancels the call.
    ///
    /// # Errors
    /// [`SynaError::Io`] also if `path` exists, [`SynaError::NoSpace`], [`SynaError::NoMemory`],
    /// [`SynaError::Cancelled`], [`SynaError::Corrupt`] (a vector differs from its checksum).
    pub fn snapshot_to(
        &self,
        path: impl AsRef<Path>,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<()> {
        let path = path.as_ref();
        let found = std::path::absolute(path).and_then(|path| self.inner.storage.resolve(&path));
        let path = found.map_err(|error| SynaError::io(path, "finding", error))?;
        let io = |doing| {
            let path = &path;
            move |error| SynaError::io(path, doing, error)
        };
        let kind = self.inner.storage.kind(&path).map_err(io("examining"))?;
        if kind != PathKind::Missing {
            return Err(SynaError::io(&path, "creating", file_exists()));
        }
        let watch = self.interrupts.watch();
        let identity = self.state().data.identity;
        remove_leftovers(&*self.inner.storage, &path, |file| is_leftover_of(file, &identity));
        let mut temporary = Temporary::create(&self.inner.storage, &path, Access::CreateNew)?;
        let file = Arc::clone(temporary.file());
        self.narrow_permissions(&*file).map_err(io("setting the permissions of"))?;
        self.fill(Arc::clone(&file), &path, &mut |done, total| watch.and(|| progress(done, total)))?;
        temporary.name().map_err(io("creating"))?;
        self.inner.storage.sync_folder(&path).map_err(|error| io("syncing the folder of")(error.into()))?;
        file.unlock().map_err(io("unlocking"))
    }

    /// Restricts the permissions of the copy to those of the store.
    fn narrow_permissions(&self, file: &dyn StorageFile) -> io::Result<()> {
        let (own, of_store) = (file.permissions()?, self.state().data.file.permissions()?);
        file.set_permissions(&Permissions { mode: own.mode & of_store.mode, ..own })
    }

    fn fill(&self, file: Arc<dyn StorageFile>, path: &Path, progress: Progress<'_>) -> Result<()> {
        let now = self.progress()?;
        let (state, snapshot, sequence) = (now.state, now.snapshot, now.position.sequence);
        let mut copier = Copier::begin(&self.inner.storage, file, path, &state, snapshot, sequence)?;
        loop {
            let left = copier.left(snapshot);
            if progress(u64::from(snapshot.rows - left), u64::from(snapshot.rows)).is_break() {
                return Err(SynaError::Cancelled);
            }
            if left == 0 {
                copier.state.data.set_user_block(state.data.user_block());
                return copier.appender.seal(now.last_seq);
            }
            copier.copy_piece(&state, snapshot)?;
        }
    }
}
