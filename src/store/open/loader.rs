//! Adding frames of the log to the tables that readers share, at an open and at a refresh.

use crate::failpoint::{Failpoint, is_failpoint_set};
use crate::storage::{Damage, Frame, LogPosition};
use crate::store::state::directory::KeyDirectory;
use crate::store::state::rows::Snapshot;
use crate::store::state::shared_state::SharedState;
use crate::store::upkeep::index_file::SavedAt;
use crate::sync::RwLockWriteGuard;
use crate::{KeyKind, Result, memory};

/// Adds frames to the tables. While it exists, it holds the lock of the directory, so that no key is looked up before its
/// snapshot is published.
pub(crate) struct Loader<'a> {
    state: &'a SharedState,
    directory: RwLockWriteGuard<'a, KeyDirectory>,
    damage: Damage,
    /// Rows added so far, including those that were lost with a damaged frame.
    rows: u32,
    pub(crate) deletions: u32,
    /// Hashes of the keys of the current frame.
    hashes: Vec<u32>,
    saved: Option<SavedAt>,
    pub(crate) saved_fits: bool,
    pub(crate) last_frame: Option<u64>,
}

impl<'a> Loader<'a> {
    /// For the frames after `position`. `saved` is the frame at which the index file was saved; the loader checks
    /// whether it is in the log.
    pub(crate) fn new(
        state: &'a SharedState,
        damage: Damage,
        position: LogPosition,
        saved: Option<SavedAt>,
    ) -> Self {
        let fits = |saved: SavedAt| {
            position.sequence > 0 && saved.sequence == position.sequence && saved.chain == position.chain
        };
        Self {
            state,
            directory: state.directory_mut(),
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
    /// [`crate::SynaError::Corrupt`] for content that no writer produces; [`crate::SynaError::NoMemory`].
    pub(crate) fn take(&mut self, frame: &Frame<'_>, at: u64, damaged: &[u32]) -> Result<()> {
        let state = self.state;
        let corrupt = |what| Err(state.data.corrupt(at, what));
        if let Some(row) = frame.deletions().find(|&row| row >= frame.first_row()) {
            return corrupt(format!("a frame deletes row {row}, which does not exist"));
        }
        self.check_updates(frame, at)?;
        let is_lost = match frame.is_update() {
            true => is_failpoint_set(Failpoint::LoseUpdates),
            false => is_failpoint_set(Failpoint::LoseDeletions) && frame.row_count() == 0,
        };
        if is_lost {
            return Ok(());
        }
        if state.data.identity.keys == KeyKind::Text
            && let Some(position) = frame.first_invalid_key()
        {
            return corrupt(format!("the key of row {} is not valid UTF-8", frame.first_row() + position));
        }
        // Allocations that can fail come before the directory is changed.
        self.directory.try_reserve(frame.row_count() as usize)?;
        self.hashes.clear();
        memory::reserve(&mut self.hashes, frame.row_count() as usize)?;
        state.rows.add(frame, at, self.deletions)?;
        for row in frame.deletions() {
            self.delete(row, at)?;
        }
        self.deletions += frame.deletion_count();
        for row in self.rows..frame.first_row() {
            state.rows.hide(row)?;
        }
        // All hashes are computed first, so that the slots of the next keys can be prefetched.
        self.hashes.extend((0..frame.row_count()).map(|position| state.hasher.hash(frame.key(position).1)));
        let hashes = std::mem::take(&mut self.hashes);
        for (position, (place, &hash)) in (0..).zip(hashes.iter().enumerate()) {
            self.directory.prefetch(&hashes, place);
            let row = frame.first_row() + position;
            if damaged.binary_search(&row).is_ok() {
                state.rows.hide(row)?;
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
            self.saved_fits =
                saved.chain == frame.checksum() || is_failpoint_set(Failpoint::KeepForeignIndex);
        }
        Ok(())
    }

    /// Updated rows must be live. After a damaged frame, they may have been lost with that frame; their numbers are never
    /// used again.
    fn check_updates(&self, frame: &Frame<'_>, at: u64) -> Result<()> {
        if let Some(row) = frame.updates().find(|&row| row >= frame.first_row()) {
            return Err(self
                .state
                .data
                .corrupt(at, format!("a frame updates row {row}, which does not exist")));
        }
        if frame.updated_columns() >> self.state.data.identity.columns != 0 {
            let what = "a frame updates columns that the store does not have";
            return Err(self.state.data.corrupt(at, what));
        }
        if self.damage == Damage::Tolerated {
            return Ok(());
        }
        let now = Snapshot { rows: self.rows, deletions: self.deletions };
        match frame.updates().find(|&row| !self.state.is_visible(row, now)) {
            Some(row) => {
                Err(self.state.data.corrupt(at, format!("a frame updates row {row}, which is not live")))
            }
            None => Ok(()),
        }
    }

    fn delete(&mut self, row: u32, at: u64) -> Result<()> {
        let state = self.state;
        let before = self.directory.len();
        if let Ok(key) = state.rows.key(&state.data, row) {
            self.directory.remove(state.hasher.hash(key), row);
        }
        // After a damaged frame, the row may have been lost with that frame. Deletions are then not counted one by one,
        // so the row may get a number that no snapshot reaches.
        match self.damage {
            Damage::Tolerated => state.rows.hide(row),
            Damage::Refused if self.directory.len() == before => {
                Err(state.data.corrupt(at, format!("a frame deletes row {row}, which is not live")))
            }
            Damage::Refused => Ok(()),
        }
    }

    fn add(&mut self, hash: u32, key: &[u8], row: u32, at: u64) -> Result<()> {
        let state = self.state;
        let Some(older) = self.directory.add_new(hash, row, |row| state.has_key(row, key)) else {
            return Ok(());
        };
        if self.damage == Damage::Refused {
            return Err(state.data.corrupt(at, format!("row {row} has a key that another live row has")));
        }
        // Its deletion was lost with a damaged frame.
        state.rows.hide(older)?;
        self.directory.replace(hash, older, row);
        Ok(())
    }
}
