//! The recording file system.

use super::file::SimulatedFile;
use crate::storage::io::disk::Disk;
use crate::storage::io::medium::{Storage, StorageFile};
use crate::storage::platform::file_types::{Access, FolderSyncError, PathKind};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A file of the record. It keeps its number when it is renamed.
pub(crate) type FileId = u32;

/// A mark that a test records between two operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// So many batches were submitted; the last of them is not acknowledged.
    Submitted(usize),
    /// So many batches were acknowledged.
    Acknowledged(usize),
    /// So many batches must survive a power failure.
    Durable(usize),
}

/// An operation that changes the disk, in the order of the calls.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Create {
        path: PathBuf,
        file: FileId,
    },
    Write {
        file: FileId,
        offset_bytes: u64,
        bytes: Arc<[u8]>,
    },
    /// The file has at least this length; new bytes are zeros.
    Extend {
        file: FileId,
        length_bytes: u64,
    },
    Truncate {
        file: FileId,
        length_bytes: u64,
    },
    Sync {
        file: FileId,
    },
    /// The kernel forgets which pages were not written, and does not write them.
    FailedSync {
        file: FileId,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    SyncFolder,
    Mark(Mark),
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    InputOutput,
    NoSpace,
    Interrupted,
    /// A read or write of half the bytes; other calls succeed.
    Short,
}

/// Which call fails: call `at`, counted from 0, and all later calls if `is_for_ever`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) at: u64,
    pub(crate) kind: FaultKind,
    pub(crate) is_for_ever: bool,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) operations: Vec<Operation>,
    names: BTreeMap<PathBuf, FileId>,
    next_file: FileId,
    calls: u64,
    fault: Option<Fault>,
    /// The name of a call whose next occurrence fails.
    fail_next: Option<&'static str>,
    /// The names of the calls that failed.
    failed: BTreeSet<&'static str>,
    /// The names of all calls.
    called: BTreeSet<&'static str>,
    random: u64,
}

/// A [`Storage`] that records all changes and can make calls fail.
#[derive(Debug, Clone, Default)]
pub(crate) struct Simulated {
    state: Arc<Mutex<State>>,
}

pub(super) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How much of a call is done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Whole,
    Half,
}

impl State {
    /// Counts a call, and makes it fail if that is planned.
    pub(super) fn call(&mut self, name: &'static str) -> io::Result<Verdict> {
        let number = self.calls;
        self.calls += 1;
        self.called.insert(name);
        if self.fail_next == Some(name) {
            self.fail_next = None;
            return Err(io::Error::other("a simulated EIO"));
        }
        let Some(fault) = self.fault else { return Ok(Verdict::Whole) };
        if number != fault.at && !(fault.is_for_ever && number > fault.at) {
            return Ok(Verdict::Whole);
        }
        let error = match fault.kind {
            FaultKind::InputOutput => io::Error::other("a simulated EIO"),
            FaultKind::NoSpace => io::Error::from(io::ErrorKind::StorageFull),
            FaultKind::Interrupted => io::Error::from(io::ErrorKind::Interrupted),
            FaultKind::Short => return Ok(Verdict::Half),
        };
        self.failed.insert(name);
        Err(error)
    }

    fn name_file(&mut self, path: &Path) -> FileId {
        let next = self.next_file;
        let file = *self.names.entry(path.to_owned()).or_insert(next);
        self.next_file += u32::from(file == next);
        file
    }
}

impl Simulated {
    pub(crate) fn new(seed: u64) -> Self {
        let simulated = Self::default();
        lock(&simulated.state).random = seed;
        simulated
    }

    /// Plans a fault, and counts calls from 0 again.
    pub(crate) fn plan(&self, fault: Option<Fault>) {
        let mut state = lock(&self.state);
        state.fault = fault;
        state.calls = 0;
    }

    /// The next call of this name fails with EIO.
    pub(crate) fn fail_next(&self, name: &'static str) {
        lock(&self.state).fail_next = Some(name);
    }

    pub(crate) fn mark(&self, mark: Mark) {
        lock(&self.state).operations.push(Operation::Mark(mark));
    }

    pub(crate) fn calls(&self) -> u64 {
        lock(&self.state).calls
    }

    pub(crate) fn operations(&self) -> Vec<Operation> {
        lock(&self.state).operations.clone()
    }

    /// The names of all calls, and of those that failed.
    pub(crate) fn called_and_failed(&self) -> (BTreeSet<&'static str>, BTreeSet<&'static str>) {
        let state = lock(&self.state);
        (state.called.clone(), state.failed.clone())
    }
}

impl Storage for Simulated {
    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        lock(&self.state).call("resolve")?;
        Disk.resolve(path)
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        lock(&self.state).call("kind")?;
        Disk.kind(path)
    }

    fn length_of(&self, path: &Path) -> io::Result<Option<u64>> {
        lock(&self.state).call("length_of")?;
        Disk.length_of(path)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn StorageFile>> {
        let mut state = lock(&self.state);
        let is_new = matches!(access, Access::CreateNew | Access::CreatePrivate);
        state.call(if is_new { "create" } else { "open" })?;
        let inner = Disk.open(path, access)?;
        let file = state.name_file(path);
        if is_new {
            state.operations.push(Operation::Create { path: path.to_owned(), file });
        }
        Ok(Arc::new(SimulatedFile { inner, file, state: Arc::clone(&self.state) }))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.call("rename_new")?;
        Disk.rename_new(from, to)?;
        state.record_rename(from, to);
        Ok(())
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.call("replace")?;
        Disk.replace(from, to)?;
        state.record_rename(from, to);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.call("remove")?;
        Disk.remove(path)?;
        state.names.remove(path);
        state.operations.push(Operation::Remove { path: path.to_owned() });
        Ok(())
    }

    fn sync_folder(&self, _: &Path) -> Result<(), FolderSyncError> {
        let mut state = lock(&self.state);
        state.call("sync_folder").map_err(FolderSyncError::Failed)?;
        state.operations.push(Operation::SyncFolder);
        Ok(())
    }

    /// A fixed sequence, so that a trace is reproducible.
    fn random(&self, into: &mut [u8]) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.call("random")?;
        for byte in into {
            state.random =
                state.random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            *byte = state.random.to_be_bytes()[0];
        }
        Ok(())
    }
}

impl State {
    fn record_rename(&mut self, from: &Path, to: &Path) {
        if let Some(file) = self.names.remove(from) {
            self.names.insert(to.to_owned(), file);
        }
        self.operations.push(Operation::Rename { from: from.to_owned(), to: to.to_owned() });
    }
}
