//! A store that was opened for reading, moved on to what a writer elsewhere has written since.
//!
//! The log goes on behind the frame that was taken last, so a refresh costs what is new. Where a compaction has put
//! another file in the place of the one at hand, or what was taken is there no more, the file is opened anew.

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
use crate::store::state::core::SharedState;
use crate::store::state::rows::Snapshot;
use crate::store::upkeep::index_file::{self, SavedIndex};
use crate::{Result, SynaError};

impl MmapVectorStore {
    /// Moves a store that was opened for reading on to the newest state of its file, and says whether there was
    /// anything new. Until then it answers as it did when it was opened, whatever is written meanwhile.
    ///
    /// Searches that are under way go on in the state that they began with. What was borrowed stays valid until the
    /// store is closed; so where a compaction has replaced the file, the old one's disk space is kept until then. A
    /// store that was opened for writing always is at the newest state.
    ///
    /// Costs the reading of the keys that are new; of all keys where the file was replaced.
    ///
    /// # Errors
    /// As [`MmapVectorStore::new`]; the store then answers as before, or from a newer state that is whole.
    pub fn refresh(&self) -> Result<bool> {
        let Role::Reader(taken) = &self.inner.role else { return Ok(false) };
        let mut taken = lock(taken)?;
        let core = &self.core();
        let data = &core.data;
        if !self.is_same_file(core, &taken)? {
            return self.open_anew(&mut taken);
        }
        let io = |error| data.io("looking at", error);
        if self.inner.storage.resolve(&self.path).map_err(io)? != data.path {
            return self.open_anew(&mut taken);
        }
        match self.inner.storage.kind(&data.path).map_err(io)? {
            PathKind::File(identity) if identity == data.file.identity().map_err(io)? => {}
            PathKind::Missing => {
                return Err(SynaError::NotFound {
                    what: format!("the file {}", ShortPath::in_text(&data.path)),
                });
            }
            _ => return self.open_anew(&mut taken),
        }
        if taken.may_be_copied && self.was_written(core, &taken)? {
            // Whoever writes has the copy; from now on the file stays the one that is mapped.
            let is_new = self.open_anew(&mut taken)?;
            taken.may_be_copied = false;
            return Ok(is_new);
        }
        match self.read_on(core, &mut taken) {
            Err(SynaError::Corrupt { .. }) => self.open_anew(&mut taken),
            result => result,
        }
    }

    /// Whether the file at hand still begins with what was taken from it.
    fn is_same_file(&self, core: &SharedState, taken: &ReplayedTo) -> Result<bool> {
        let data = &core.data;
        if self.inner.config.open.damaged || !data.has_mapped_extents()? {
            return Ok(false);
        }
        let Some(at) = taken.last_frame else { return Ok(true) };
        let position = taken.position;
        let is_last = |sequence, chain| sequence == position.sequence && chain == position.chain;
        Ok(data.known_frame(at).is_some_and(|frame| is_last(frame.link().sequence, frame.checksum())))
    }

    /// Whether somebody has written to the file since it was taken. The descriptor at hand may read another file by now than the
    /// one that is mapped, so the name is asked for the file.
    fn was_written(&self, core: &SharedState, taken: &ReplayedTo) -> Result<bool> {
        let data = &core.data;
        let file = open_existing(&*self.inner.storage, &data.path, Access::Read)?;
        let superblock = read_superblock(&*file, &data.path)?;
        Ok(superblock != taken.superblock || has_grown(data, &*file, &taken.position)?)
    }

    /// Takes in what the file has behind what was taken.
    fn read_on(&self, core: &SharedState, taken: &mut ReplayedTo) -> Result<bool> {
        let data = &core.data;
        let superblock = read_superblock(&*data.file, &data.path)?;
        if superblock.identity != data.identity {
            return Err(data.corrupt(0, "the file has become another store"));
        }
        let damage = Damage::Refused;
        map_more_extents(&*data.file, &data.path, &superblock, damage, &data.extents)?;
        // The index comes before the log, which then reaches to the index's end at least.
        let index = index_file::identity_of(&*self.inner.storage, &data.path);
        let row_capacity = data.extents.row_capacity();
        let is_new = index != taken.index || row_capacity != taken.row_capacity;
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
                index_file::ignore(core, reason);
                None
            }
        };
        let before = taken.position;
        // One that was saved between two looks at the log belongs to a frame that was taken before.
        let fits_before = saved.as_ref().map(SavedIndex::saved_at).is_some_and(|saved| {
            saved.sequence < before.sequence && chain_at(data, saved.sequence) == Some(saved.chain)
        });
        let mut loader = Loader::new(core, damage, before, saved.as_ref().map(SavedIndex::saved_at));
        let mut position = before;
        let check = if self.inner.config.open.verify { RowCheck::All } else { RowCheck::BehindCheckpoint };
        let walked =
            replay_from(data, &superblock, check, damage, &mut position, &mut |frame, at, damaged| {
                loader.take(frame, at, damaged)
            });
        // Up to here it is whole, even if the walk ended in an error.
        core.published.store(Snapshot { rows: position.rows, deletions: position.deletions });
        let (last_frame, saved_fits) = (loader.last_frame, loader.saved_fits || fits_before);
        drop(loader);
        taken.position = position;
        taken.last_frame = last_frame.or(taken.last_frame);
        walked?;
        taken.superblock = superblock;
        let settled = (settled_index(index, saved.as_ref(), &position), row_capacity);
        let rows = core.rows_to_index();
        let is_gone = |row| rows.is_gone(row);
        if let Some(saved) = &saved {
            let read = match saved.misfit(saved_fits, position.rows.into()) {
                Some(reason) => Err(reason),
                None => saved.read_graph(data.identity.dimensions, core.kernels)?,
            };
            match read.and_then(|read| read.settle(is_gone)) {
                Ok((graph, _)) => {
                    core.set_graph(Some(std::sync::Arc::new(graph)));
                    core.set_ignored_index(None);
                }
                // A writer may be ahead of what was read of the log; the next refresh looks again.
                Err(reason) => log::debug!("{}: the index file is not read: {reason}", data.path.display()),
            }
        }
        // Only now: without memory for it, the next refresh reads it.
        (taken.index, taken.row_capacity) = settled;
        Ok(position != before)
    }

    /// Opens the file that has the name now, in the place of the one at hand.
    fn open_anew(&self, taken: &mut ReplayedTo) -> Result<bool> {
        self.inner.cores.reserve()?;
        let old = &self.core();
        let Opened { core, taken: now, .. } = open(&self.inner.storage, &self.path, &self.inner.config)?;
        self.inner.cores.replace(core);
        old.retire();
        *taken = now;
        Ok(true)
    }
}

/// The checksum of a frame that was taken.
fn chain_at(data: &DataFile, sequence: u64) -> Option<u32> {
    let mut walk = FrameWalk::new();
    loop {
        let frame = walk.next(data)?;
        if frame.link().sequence >= sequence {
            return Some(frame.checksum());
        }
    }
}
