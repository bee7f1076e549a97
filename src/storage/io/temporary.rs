//! Files that are filled under a temporary name before they replace another one, and leftovers of killed processes.
//!
//! ```text
//!   .syna-mmap-<hash of the final name>-<0 to 7>.tmp   in the same folder; locked while it is filled
//! ```
//! The name is short whatever the final name is, only unfinished files have it, and an open of the final name for
//! writing finds leftovers without reading the folder.

use super::medium::{Storage, StorageFile};
use crate::failpoint::{Failpoint, is_failpoint_set};
use crate::storage::platform::file_types::{Access, PathKind};
use crate::storage::platform::process_mark;
use crate::{Result, SynaError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Temporary names for one file. Copies of the same store, and leftovers, may use some of them.
const NAME_COUNT: u32 = 8;

/// A file under a temporary name. It is removed when this is dropped, unless it has got its final name.
#[derive(Debug)]
pub(crate) struct Temporary {
    storage: Arc<dyn Storage>,
    path: PathBuf,
    destination: PathBuf,
    file: Arc<dyn StorageFile>,
    is_named: bool,
    /// The process that created it. A forked child must not remove it.
    process: u32,
}

/// FNV-1a (Fowler, Noll, Vo), 64 bits: the same in every process.
fn hash_of(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

/// The temporary names for a file that will be named `destination`.
pub(in crate::storage) fn names_for(destination: &Path) -> impl Iterator<Item = PathBuf> {
    let hash = hash_of(destination.file_name().unwrap_or_default().as_encoded_bytes());
    (0..NAME_COUNT)
        .map(move |number| destination.with_file_name(format!(".syna-mmap-{hash:016x}-{number}.tmp")))
}

impl Temporary {
    /// Creates an empty file that will be named `destination`, and locks it.
    pub(crate) fn create(storage: &Arc<dyn Storage>, destination: &Path, access: Access) -> Result<Self> {
        let io = |error| SynaError::io(destination, "creating a temporary file for", error);
        for path in names_for(destination) {
            match storage.open(&path, access) {
                Ok(file) => {
                    let made = Self {
                        storage: Arc::clone(storage),
                        path,
                        destination: destination.to_owned(),
                        file,
                        is_named: false,
                        process: process_mark(),
                    };
                    // Another process that removes leftovers may have locked it first, and will remove it.
                    if made.file.try_lock().map_err(io)? || is_failpoint_set(Failpoint::IgnoreLock) {
                        return Ok(made);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(io(error)),
            }
        }
        Err(io(io::Error::other("all 8 temporary names are in use")))
    }

    pub(crate) fn file(&self) -> &Arc<dyn StorageFile> {
        &self.file
    }

    /// Renames the file to its final name, which must be free.
    ///
    /// # Errors
    /// `AlreadyExists` if a file has the name.
    pub(crate) fn name(&mut self) -> io::Result<()> {
        self.refuse_if_lost()?;
        self.storage.rename_new(&self.path, &self.destination)?;
        self.is_named = true;
        Ok(())
    }

    /// Renames the file to its final name and replaces the file of that name. The caller has checked which file that is.
    pub(crate) fn replace(&mut self) -> io::Result<()> {
        self.refuse_if_lost()?;
        self.storage.replace(&self.path, &self.destination)?;
        self.is_named = true;
        Ok(())
    }

    /// Fails if the temporary name no longer leads to this file.
    fn refuse_if_lost(&self) -> io::Result<()> {
        if !self.storage.keeps_files() && !self.path.is_absolute() {
            return Ok(());
        }
        match self.storage.kind(&self.path)? {
            PathKind::File(found) if found == self.file.identity()? => Ok(()),
            _ => Err(io::Error::other("its temporary file was removed by another program")),
        }
    }

    /// Leaves the file as a killed process does.
    #[cfg(test)]
    pub(crate) fn abandon(mut self) {
        self.is_named = true;
        let _ = self.file.unlock();
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_named && self.process == process_mark() && self.refuse_if_lost().is_ok() {
            // If it cannot be removed, the next open for writing removes it.
            let _ = self.storage.remove(&self.path);
        }
    }
}

/// Removes leftovers of killed processes: files under the temporary names for `destination` that are not locked and
/// that, according to `is_leftover`, were begun for this store. The caller holds the store's lock.
pub(crate) fn remove_leftovers(
    storage: &dyn Storage,
    destination: &Path,
    is_leftover: impl Fn(&dyn StorageFile) -> io::Result<bool>,
) {
    if is_failpoint_set(Failpoint::KeepLeftover) {
        return;
    }
    for path in names_for(destination) {
        let Ok(PathKind::File(found)) = storage.kind(&path) else { continue };
        let Ok(file) = storage.open(&path, Access::Read) else { continue };
        let is_abandoned = || -> io::Result<bool> {
            Ok(file.identity()? == found && file.try_lock()? && is_leftover(&*file)?)
        };
        if is_abandoned().unwrap_or(false) {
            // A failure only costs disk space, so the open still succeeds.
            let removed = storage.remove(&path);
            log::warn!("{}: removed a leftover of a killed process: {removed:?}", path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Disk;

    /// An empty folder, removed when this is dropped.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("syna-mmap-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn only_leftovers_of_killed_processes_are_removed() {
        let folder = Scratch::new("temporary");
        let storage: Arc<dyn Storage> = Arc::new(Disk);
        let destination = folder.0.join("n".repeat(255));
        let count = || std::fs::read_dir(&folder.0).unwrap().count();
        let create = || Temporary::create(&storage, &destination, Access::CreateNew).unwrap();
        let mut living = create();
        create().abandon();
        create().abandon();
        drop(create());
        assert_eq!(count(), 3);
        remove_leftovers(&*storage, &destination, |_| Ok(false));
        assert_eq!(count(), 3, "files of other stores were removed");
        remove_leftovers(&*storage, &destination, |_| Ok(true));
        assert_eq!(count(), 1);
        assert!(living.name().is_ok() && destination.exists());
        assert_eq!(create().name().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(count(), 1);
    }

    #[test]
    fn another_file_with_the_temporary_name_is_neither_renamed_nor_removed() {
        let folder = Scratch::new("temporary-lost");
        let storage: Arc<dyn Storage> = Arc::new(Disk);
        let destination = folder.0.join("store");
        let mut lost = Temporary::create(&storage, &destination, Access::CreateNew).unwrap();
        let path = lost.path.clone();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "another file").unwrap();
        assert!(lost.replace().is_err());
        drop(lost);
        assert_eq!(std::fs::read(&path).unwrap(), b"another file");
        assert!(!destination.exists());
    }

    #[test]
    fn a_forked_child_removes_no_file_of_its_parent() {
        let folder = Scratch::new("temporary-forked");
        let storage: Arc<dyn Storage> = Arc::new(Disk);
        let create = || Temporary::create(&storage, &folder.0.join("store"), Access::CreateNew).unwrap();
        let (mut of_parent, own) = (create(), create());
        let path = of_parent.path.clone();
        // As in a child.
        of_parent.process = of_parent.process.wrapping_add(1);
        drop((of_parent, own));
        assert!(path.exists());
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1);
    }

    #[test]
    fn temporary_names_never_change() {
        let first = names_for(Path::new("/folder/store")).next();
        assert_eq!(first, Some(PathBuf::from("/folder/.syna-mmap-44ee54ad76b0bd8e-0.tmp")));
    }
}
