//! Advancing a store that was opened read-only to what another process has written since.
//!
//! The log continues after the last frame that was replayed, so a refresh costs what is new. If a compaction has
//! replaced the file, or if the replayed frames are no longer there, the file is opened again.

use crate::index::Rows as _;
use crate::short_path::ShortPath;
use crate::storage::{
    Access, Damage, DataFile, FrameWalk, PathKind, RowCheck, has_grown, map_more_extents, open_existing,
    read_superblock, replay_from,
};
use crate::store::api::store::MmapVectorStore;
use crate::store::inner::{Role, lock};
use crate::store::open::loader::Loader;
use crate::store::open::open::{Opened, ReplayedTo, open, settled_index};
use crate::store::state::rows::Snapshot;
use crate::store::state::shared_state::SharedState;
use crate::store::upkeep::index_file::{self, SavedIndex};
use crate::{Result, SynaError};

impl MmapVectorStore {
    /// Advances a store that was opened read-only to the newest state of its file, and returns whether there was anything
    /// new. Without this call, the store shows the state of its opening, whatever other processes write.
    ///
    /// The store always shows the state after some write, never half of a write. Searches in progress end in the state
    /// in which they began. What was borrowed stays valid until the store is closed; if a compaction has replaced the
    /// file, the old file keeps its disk space that long. For a store opened for writing the call does nothing: such a
    /// store is always up to date.
    ///
    /// Lookups by key wait for it; searches run meanwhile. Cost: reads the new keys; all keys if the file was replaced.
    ///
    /// # Errors
    /// As [`MmapVectorStore::new`], and [`SynaError::NotFound`] if the file no longer exists. The store then shows a
    /// complete state, the old one or a newer one.
    pub fn refresh(&self) -> Result<bool> {
        let Role::Reader(replayed) = &self.inner.role else { return Ok(false) };
        let mut replayed = lock(replayed)?;
        let state = &self.state();
        let data = &state.data;
        if !self.is_same_file(state, &replayed)? {
            return self.reopen(&mut replayed);
        }
        let io = |error| data.io("examining", error);
        if self.inner.storage.resolve(&self.path).map_err(io)? != data.path {
            return self.reopen(&mut replayed);
        }
        match self.inner.storage.kind(&data.path).map_err(io)? {
            PathKind::File(identity) if identity == data.file.identity().map_err(io)? => {}
            PathKind::Missing => {
                return Err(SynaError::NotFound {
                    what: format!("the file {}", ShortPath::in_text(&data.path)),
                });
            }
            _ => return self.reopen(&mut replayed),
        }
        if replayed.may_be_copied && self.was_written(state, &replayed)? {
            // The copy belongs to the writer. From now on the file stays the one that is mapped.
            let is_new = self.reopen(&mut replayed)?;
            replayed.may_be_copied = false;
            return Ok(is_new);
        }
        match self.read_on(state, &mut replayed) {
            Err(SynaError::Corrupt { .. }) => self.reopen(&mut replayed),
            result => result,
        }
    }

    /// Whether the mapped file still begins with the frames that were replayed from it.
    fn is_same_file(&self, state: &SharedState, replayed: &ReplayedTo) -> Result<bool> {
        let data = &state.data;
        if self.inner.config.open.damaged || !data.has_mapped_extents()? {
            return Ok(false);
        }
        let Some(at) = replayed.last_frame else { return Ok(true) };
        let position = replayed.position;
        let is_last = |sequence, chain| sequence == position.sequence && chain == position.chain;
        Ok(data.known_frame(at).is_some_and(|frame| is_last(frame.link().sequence, frame.checksum())))
    }

    /// Whether the file was written to since it was replayed. The descriptor may refer to another file by now than the
    /// one that is mapped, so the file is opened by its name.
    fn was_written(&self, state: &SharedState, replayed: &ReplayedTo) -> Result<bool> {
        let data = &state.data;
        let file = open_existing(&*self.inner.storage, &data.path, Access::Read)?;
        let superblock = read_superblock(&*file, &data.path)?;
        Ok(superblock != replayed.superblock || has_grown(data, &*file, &replayed.position)?)
    }

    /// Replays the new frames of the file.
    fn read_on(&self, state: &SharedState, replayed: &mut ReplayedTo) -> Result<bool> {
        let data = &state.data;
        let superblock = read_superblock(&*data.file, &data.path)?;
        if superblock.identity != data.identity {
            return Err(data.corrupt(0, "the file is now another store"));
        }
        let damage = Damage::Refused;
        map_more_extents(&*data.file, &data.path, &superblock, damage, &data.extents)?;
        // The index is read before the log, so that the log reaches at least to the index's end.
        let index = index_file::identity_of(&*self.inner.storage, &data.path);
        let row_capacity = data.extents.row_capacity();
        let is_new = index != replayed.index || row_capacity != replayed.row_capacity;
        let saved = match index.filter(|_| is_new) {
            Some(_) => match index_file::read(&*self.inner.storage, &data.path, &data.identity, row_capacity)
            {
                Err(error @ SynaError::NoMemory { .. }) => return Err(error),
                found => found.ok().flatten(),
            },
            None => None,
        };
        let saved = match saved.transpose() {
            Ok(saved) => saved,
            Err(reason) => {
                index_file::ignore(state, reason);
                None
            }
        };
        let before = replayed.position;
        // An index that was saved between two refreshes belongs to a frame that was replayed before.
        let fits_before = saved.as_ref().map(SavedIndex::saved_at).is_some_and(|saved| {
            saved.sequence < before.sequence && chain_at(data, saved.sequence) == Some(saved.chain)
        });
        let mut loader = Loader::new(state, damage, before, saved.as_ref().map(SavedIndex::saved_at));
        let mut position = before;
        let check = if self.inner.config.open.verify { RowCheck::All } else { RowCheck::BehindCheckpoint };
        let walked =
            replay_from(data, &superblock, check, damage, &mut position, &mut |frame, at, damaged| {
                loader.take(frame, at, damaged)
            });
        // The rows up to here are complete, even if the walk ended in an error.
        state.published.store(Snapshot { rows: position.rows, deletions: position.deletions });
        let (last_frame, saved_fits) = (loader.last_frame, loader.saved_fits || fits_before);
        drop(loader);
        replayed.position = position;
        replayed.last_frame = last_frame.or(replayed.last_frame);
        walked?;
        replayed.superblock = superblock;
        let is_block_new = data.user_block() != superblock.user_block;
        data.set_user_block(superblock.user_block);
        let settled = (settled_index(index, saved.as_ref(), &position), row_capacity);
        let rows = state.rows_to_index();
        let is_deleted = |row| rows.is_deleted(row);
        if let Some(saved) = &saved {
            let read = match saved.misfit(saved_fits, position.rows.into()) {
                Some(reason) => Err(reason),
                None => saved.read_graph(data.identity.dimensions, state.kernels)?,
            };
            match read.and_then(|read| read.settle(is_deleted)) {
                Ok((graph, _)) => {
                    state.set_index(Some(std::sync::Arc::new(graph)));
                    state.set_ignored_index(None);
                }
                // A writer may be ahead of the part of the log that was read; the next refresh tries again.
                Err(reason) => log::debug!("{}: ignoring index file: {reason}", data.path.display()),
            }
        }
        // Set last: if memory runs out, the next refresh reads the index again.
        (replayed.index, replayed.row_capacity) = settled;
        Ok(position != before || is_block_new)
    }

    /// Opens the file that now has the name and replaces the current state with it.
    fn reopen(&self, replayed: &mut ReplayedTo) -> Result<bool> {
        self.inner.history.reserve()?;
        let old = &self.state();
        let Opened { state, replayed: now, .. } = open(&self.inner.storage, &self.path, &self.inner.config)?;
        self.inner.history.replace(state);
        old.retire();
        *replayed = now;
        Ok(true)
    }
}

/// The checksum of a frame that was replayed.
fn chain_at(data: &DataFile, sequence: u64) -> Option<u32> {
    let mut walk = FrameWalk::new();
    loop {
        let frame = walk.next(data)?;
        if frame.link().sequence >= sequence {
            return Some(frame.checksum());
        }
    }
}
