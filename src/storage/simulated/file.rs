//! A file of the recording file system.

use super::disk::{FileId, Operation, State, Verdict, lock};
use crate::storage::io::medium::StorageFile;
use crate::storage::io::region::Region;
use crate::storage::platform::file_types::{FileIdentity, Permissions};
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex};

#[derive(Debug)]
pub(super) struct SimulatedFile {
    pub(super) inner: Arc<dyn StorageFile>,
    pub(super) file: FileId,
    pub(super) state: Arc<Mutex<State>>,
}

/// Half of a buffer's bytes, at least one.
fn half(length: usize) -> usize {
    length.div_ceil(2)
}

impl StorageFile for SimulatedFile {
    fn identity(&self) -> io::Result<FileIdentity> {
        lock(&self.state).call("identity")?;
        self.inner.identity()
    }

    fn length_bytes(&self) -> io::Result<u64> {
        lock(&self.state).call("length_bytes")?;
        self.inner.length_bytes()
    }

    fn permissions(&self) -> io::Result<Permissions> {
        lock(&self.state).call("permissions")?;
        self.inner.permissions()
    }

    fn set_permissions(&self, permissions: &Permissions) -> io::Result<()> {
        lock(&self.state).call("set_permissions")?;
        self.inner.set_permissions(permissions)
    }

    fn read_at(&self, into: &mut [u8], offset_bytes: u64) -> io::Result<usize> {
        let verdict = lock(&self.state).call("read_at")?;
        let count = if verdict == Verdict::Half { half(into.len()) } else { into.len() };
        self.inner.read_at(&mut into[..count], offset_bytes)
    }

    fn write_at(&self, from: &[IoSlice<'_>], offset_bytes: u64) -> io::Result<usize> {
        let mut state = lock(&self.state);
        let verdict = state.call("write_at")?;
        let from: Vec<u8> = from.iter().flat_map(|slice| slice.iter().copied()).collect();
        let from = if verdict == Verdict::Half { &from[..half(from.len())] } else { &from };
        let written = self.inner.write_at(&[IoSlice::new(from)], offset_bytes)?;
        state.operations.push(Operation::Write {
            file: self.file,
            offset_bytes,
            bytes: from[..written].into(),
        });
        Ok(written)
    }

    fn allocate(&self, offset_bytes: u64, length_bytes: u64) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.call("allocate")?;
        self.inner.allocate(offset_bytes, length_bytes)?;
        state
            .operations
            .push(Operation::Extend { file: self.file, length_bytes: offset_bytes + length_bytes });
        Ok(())
    }

    fn truncate(&self, length_bytes: u64) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.call("truncate")?;
        self.inner.truncate(length_bytes)?;
        state.operations.push(Operation::Truncate { file: self.file, length_bytes });
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = lock(&self.state);
        let result = state.call("sync");
        state.operations.push(match result {
            Ok(_) => Operation::Sync { file: self.file },
            Err(_) => Operation::FailedSync { file: self.file },
        });
        result.map(|_| ())
    }

    fn map(&self, offset_bytes: u64, length_bytes: u64) -> io::Result<Region> {
        lock(&self.state).call("map")?;
        self.inner.map(offset_bytes, length_bytes)
    }

    fn try_lock(&self) -> io::Result<bool> {
        lock(&self.state).call("try_lock")?;
        self.inner.try_lock()
    }

    fn unlock(&self) -> io::Result<()> {
        lock(&self.state).call("unlock")?;
        self.inner.unlock()
    }
}
