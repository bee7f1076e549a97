//! Frames of the log on their way into the tables that readers share: at open, and at a refresh.

use crate::planted::{Fault, is_planted};
use crate::storage::{Damage, Frame, LogPosition};
use crate::store::state::core::SharedState;
use crate::store::state::directory::KeyDirectory;
use crate::store::upkeep::index_file::SavedAt;
use crate::sync::RwLockWriteGuard;
use crate::{Result, memory};

/// Takes frames into the tables. As long as it lives, nobody looks keys up: they belong to no snapshot yet.
pub(crate) struct Loader<'a> {
    core: &'a SharedState,
    directory: RwLockWriteGuard<'a, KeyDirectory>,
    damage: Damage,
    /// Rows taken so far, those lost with a damaged frame included.
    rows: u32,
    pub(crate) deletions: u32,
    /// Of the keys of the frame at hand.
    hashes: Vec<u32>,
    saved: Option<SavedAt>,
    pub(crate) saved_fits: bool,
    pub(crate) last_frame: Option<u64>,
}

impl<'a> Loader<'a> {
    /// For the frames behind `position`; `saved` is where an index was saved that may turn out to fit.
    pub(crate) fn new(
        core: &'a SharedState,
        damage: Damage,
        position: LogPosition,
        saved: Option<SavedAt>,
    ) -> Self {
        let fits = |saved: SavedAt| {
            position.sequence > 0 && saved.sequence == position.sequence && saved.chain == position.chain
        };
        Self {
            core,
            directory: core.directory_mut(),
            damage,
            rows: position.rows,
            deletions: position.deletions,
            hashes: Vec::new(),
            saved,
            saved_fits: saved.is_some_and(fits),
            last_frame: None,
        }
    }

    /// # Errors
    /// [`crate::SynaError::Corrupt`] for what no writer writes; [`crate::SynaError::NoMemory`].
    pub(crate) fn take(&mut self, frame: &Frame<'_>, at: u64, damaged: &[u32]) -> Result<()> {
        let core = self.core;
        let corrupt = |what| Err(core.data.corrupt(at, what));
        if let Some(row) = frame.deletions().find(|&row| row >= frame.first_row()) {
            return corrupt(format!("a frame deletes row {row}, which is not there"));
        }
        if is_planted(Fault::LoseDeletions) && frame.row_count() == 0 {
            return Ok(());
        }
        if let Some(position) = frame.first_invalid_key() {
            return corrupt(format!("the key of row {} is no UTF-8", frame.first_row() + position));
        }
        // What can fail for want of memory comes before what changes the directory.
        self.directory.try_reserve(frame.row_count() as usize)?;
        self.hashes.clear();
        memory::reserve(&mut self.hashes, frame.row_count() as usize)?;
        core.rows.add(frame, at, self.deletions)?;
        for row in frame.deletions() {
            self.delete(row, at)?;
        }
        self.deletions += frame.deletion_count();
        for row in self.rows..frame.first_row() {
            core.rows.hide(row)?;
        }
        // All hashes first, so that the slots of those to come can be asked for ahead.
        self.hashes.extend((0..frame.row_count()).map(|position| core.hasher.hash(frame.key(position).1)));
        let hashes = std::mem::take(&mut self.hashes);
        for (position, (place, &hash)) in (0..).zip(hashes.iter().enumerate()) {
            self.directory.look_ahead(&hashes, place);
            let row = frame.first_row() + position;
            if damaged.binary_search(&row).is_ok() {
                core.rows.hide(row)?;
            } else {
                self.add(hash, frame.key(position).1, row, at)?;
            }
        }
        self.hashes = hashes;
        self.last_frame = Some(at);
        self.rows = frame.first_row() + frame.row_count();
        if let Some(saved) = self.saved
            && saved.sequence == frame.link().sequence
        {
            self.saved_fits = saved.chain == frame.checksum() || is_planted(Fault::KeepForeignIndex);
        }
        Ok(())
    }

    fn delete(&mut self, row: u32, at: u64) -> Result<()> {
        let core = self.core;
        let before = self.directory.len();
        if let Ok(key) = core.rows.key(&core.data, row) {
            self.directory.remove(core.hasher.hash(key), row);
        }
        // Behind a damaged frame it may be a row that was lost with it. Deletions are not counted one by one then, so
        // the row's own number could be one that never comes.
        match self.damage {
            Damage::Tolerated => core.rows.hide(row),
            Damage::Refused if self.directory.len() == before => {
                Err(core.data.corrupt(at, format!("a frame deletes row {row}, which is not live")))
            }
            Damage::Refused => Ok(()),
        }
    }

    fn add(&mut self, hash: u32, key: &[u8], row: u32, at: u64) -> Result<()> {
        let core = self.core;
        let Some(older) = self.directory.add_new(hash, row, |row| core.has_key(row, key)) else {
            return Ok(());
        };
        if self.damage == Damage::Refused {
            return Err(core.data.corrupt(at, format!("row {row} has a key that another live row has")));
        }
        // Its deletion was lost with a damaged frame.
        core.rows.hide(older)?;
        self.directory.replace(hash, older, row);
        Ok(())
    }
}
