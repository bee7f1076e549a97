//! A copy of a live store in a file of its own.

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
    /// Writes the live rows of this moment into the new file `path`, as compact as [`MmapVectorStore::compact`] would:
    /// a backup, while searches and writes go on. It has no index: opened for writing it makes one. Also for stores that
    /// were opened for reading.
    ///
    /// Either all of the file is there afterwards, safe from a power cut, or nothing. `progress` is told how many rows of
    /// how many were looked at; `Break` ends the call.
    ///
    /// # Errors
    /// [`SynaError::Io`] also where `path` exists, [`SynaError::NoSpace`], [`SynaError::NoMemory`],
    /// [`SynaError::Cancelled`], [`SynaError::Corrupt`] for a row that differs from its checksum.
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
        let kind = self.inner.storage.kind(&path).map_err(io("looking at"))?;
        if kind != PathKind::Missing {
            return Err(SynaError::io(&path, "making a new file at", file_exists()));
        }
        let watch = self.interrupts.watch();
        let identity = self.core().data.identity;
        remove_leftovers(&*self.inner.storage, &path, |file| is_leftover_of(file, &identity));
        let mut temporary = Temporary::create(&self.inner.storage, &path, Access::CreateNew)?;
        let file = Arc::clone(temporary.file());
        self.narrow_permissions(&*file).map_err(io("setting the permissions of"))?;
        self.fill(Arc::clone(&file), &path, &mut |done, total| watch.and(|| progress(done, total)))?;
        temporary.name().map_err(io("creating"))?;
        self.inner.storage.sync_folder(&path).map_err(|error| io("syncing the folder of")(error.into()))?;
        file.unlock().map_err(io("unlocking"))
    }

    /// Nobody gets to read the copy who may not read the store.
    fn narrow_permissions(&self, file: &dyn StorageFile) -> io::Result<()> {
        let (own, of_store) = (file.permissions()?, self.core().data.file.permissions()?);
        file.set_permissions(&Permissions { mode: own.mode & of_store.mode, ..own })
    }

    fn fill(&self, file: Arc<dyn StorageFile>, path: &Path, progress: Progress<'_>) -> Result<()> {
        let (core, snapshot, last_write) = {
            let now = self.progress()?;
            (now.core, now.snapshot, now.last_seq)
        };
        let mut copier = Copier::begin(&self.inner.storage, file, path, &core, snapshot)?;
        loop {
            let left = copier.left(snapshot);
            if progress(u64::from(snapshot.rows - left), u64::from(snapshot.rows)).is_break() {
                return Err(SynaError::Cancelled);
            }
            if left == 0 {
                return copier.appender.seal(last_write);
            }
            copier.copy_piece(&core, snapshot)?;
        }
    }
}
