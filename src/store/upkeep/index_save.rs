//! Saving the graph as `NAME.hnsw`.
//!
//! A save appends the changed records and a table of the offsets of all records, syncs, and writes the older slot,
//! which names the table. What a table names is never overwritten. When more than half of a file is no longer used, a
//! new file replaces it. Only an index is replaced: any other file of that name stays unchanged.

use crate::checksum::crc32c;
use crate::index::{Index, Saving};
use crate::kernel::codes::Line;
use crate::memory;
use crate::storage::{
    Access, DataFile, FileIdentity, Identity, LogPosition, PathKind, Storage, StorageFile, Temporary,
    read_exact_at, write_all_at, write_slices_at,
};
use crate::store::upkeep::index_file::{SLOTS_AT, SavedPlace, foreign, locate};
use crate::store::upkeep::index_slot::{
    CELLS_AT, MARK_BYTES, SLOT_BYTES, Slot, index_of, is_begun_for, unfinished_mark,
};
use crate::{Result, SynaError};
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

fn place_of(slot: &Slot) -> u64 {
    let [even, odd] = SLOTS_AT;
    if slot.generation.is_multiple_of(2) { even } else { odd }
}

/// A save in progress. Its records are written in parts, between which the graph may grow.
#[derive(Debug)]
pub(crate) struct IndexSave {
    /// The graph that is being saved.
    graph: Weak<Index>,
    path: PathBuf,
    file: Arc<dyn StorageFile>,
    target: Target,
    cell_bytes: u64,
    saving: Saving,
    /// What [`IndexSave::advance`] last returned.
    is_nearly_done: bool,
}

/// Where the records are written.
#[derive(Debug)]
enum Target {
    /// After those of the last save.
    Grown(SavedPlace),
    /// To a new file.
    Anew(Temporary),
}

impl Target {
    /// The cell of the first record of this save.
    fn first_cell(&self) -> u32 {
        match self {
            Self::Grown(last) => last.slot.cells,
            Self::Anew(_) => 0,
        }
    }
}

impl IndexSave {
    /// Begins to save the graph beside the data file; `None` if it is saved already. `last`: where it was saved last.
    ///
    /// # Errors
    /// Those of the file.
    pub(crate) fn begin(
        storage: &Arc<dyn Storage>,
        data: &DataFile,
        graph: &Arc<Index>,
        last: Option<SavedPlace>,
    ) -> Result<Option<Self>> {
        let (path, identity) = (locate(&**storage, &data.path)?, &data.identity);
        let (in_file, changed) = graph.saved_records();
        let table_state = graph.table_state()?;
        let found = storage.kind(&path).ok();
        let last = last
            .filter(|last| found == Some(PathKind::File(last.file)) && last.slot.params == graph.params());
        if last.is_some_and(|last| changed == 0 && last.table_state == table_state) {
            return Ok(None);
        }
        // A graph without a record in the file is another one than was saved; a new file is better for it.
        let is_worth_while = |last: &SavedPlace| {
            in_file > 0
                && u64::from(last.slot.cells) + u64::from(changed) <= 2 * u64::from(in_file + changed)
                && last.slot.generation < u64::MAX
        };
        let grown = last
            .filter(is_worth_while)
            .and_then(|last| Some((open_saved(&**storage, &path, identity, &last)?, Target::Grown(last))));
        let (file, target) = match grown {
            Some(grown) => grown,
            None => begin_file(storage, data, &path)?,
        };
        let saving = graph.begin_saving(target.first_cell())?;
        Ok(Some(Self {
            graph: Arc::downgrade(graph),
            path,
            file,
            target,
            cell_bytes: Index::record_bytes(graph.params(), identity.dimensions as usize) as u64,
            saving,
            is_nearly_done: false,
        }))
    }

    /// Whether it saves this graph.
    pub(crate) fn is_of(&self, graph: &Arc<Index>) -> bool {
        std::ptr::eq(self.graph.as_ptr(), Arc::as_ptr(graph))
    }

    /// Whether the file that it appends to is still the index. If not, its records are of no use; the file that has the
    /// name now is not written to in any case, because the save holds its own file open.
    pub(crate) fn has_place(&self, storage: &dyn Storage) -> bool {
        match &self.target {
            Target::Grown(last) => {
                storage.kind(&self.path).is_ok_and(|found| found == PathKind::File(last.file))
            }
            Target::Anew(_) => true,
        }
    }

    /// The number of records written so far.
    pub(crate) fn saved_records(&self) -> u32 {
        self.saving.next_cell() - self.target.first_cell()
    }

    /// Writes about `most` records and asks the system to start writing them to the disk. Returns whether few enough
    /// records remain to write them at once. The caller holds the build lock of the graph.
    ///
    /// # Errors
    /// Those of the file; the save has failed then.
    pub(crate) fn advance(&mut self, graph: &Index, most: u32) -> Result<bool> {
        let from = self.next_byte();
        self.write_records(|saving, write| graph.save_records(saving, most, write))?;
        self.file.begin_sync(from, self.next_byte() - from);
        self.is_nearly_done = self.saving.is_nearly_done(most);
        Ok(self.is_nearly_done)
    }

    /// Whether it can be finished as soon as no batch is partly in the index.
    pub(crate) fn is_nearly_done(&self) -> bool {
        self.is_nearly_done
    }

    /// Writes the remaining records, and makes the file the index, bound to the log as it ends at `position`. After a
    /// power failure the old index or the new one is there. The caller has checked [`Self::has_place`]. `known`: the
    /// file that was the index when the store was opened or saved last. No batch is being indexed.
    ///
    /// # Errors
    /// Those of the file; the last saved index is then unchanged. [`SynaError::Corrupt`] if that index proves damaged,
    /// or if another file has the name of the index.
    pub(crate) fn finish(
        mut self,
        storage: &Arc<dyn Storage>,
        data: &DataFile,
        position: &LogPosition,
        graph: &Index,
        known: Option<FileIdentity>,
    ) -> Result<SavedPlace> {
        let table_state = graph.table_state()?;
        self.write_records(|saving, write| graph.save_all_records(saving, write))?;
        let table = graph.table()?;
        let mut slot = self.write_table(&table, position, graph)?;
        let (path, file, identity) = (&self.path, &*self.file, &data.identity);
        let io = |error| SynaError::io(path, "writing", error);
        let place = match self.target {
            Target::Grown(last) => {
                slot.generation = last.slot.generation + 1;
                file.sync().map_err(io)?;
                write_all_at(file, &slot.encode(identity), place_of(&slot)).map_err(io)?;
                file.sync().map_err(io)?;
                last.file
            }
            Target::Anew(temporary) => {
                // Both slots name the table, so that one of them may be damaged.
                let older = Slot { generation: 1, ..slot };
                slot.generation = 2;
                let place = write_all_at(file, &slot.encode(identity), place_of(&slot))
                    .and_then(|()| write_all_at(file, &older.encode(identity), place_of(&older)))
                    .and_then(|()| file.sync())
                    .and_then(|()| file.identity())
                    .map_err(io)?;
                data.check_place(&**storage)?;
                take_place(&**storage, path, identity, temporary, known)?;
                let synced = storage.sync_folder(path);
                synced.map_err(|error| SynaError::io(path, "syncing the folder of", error.into()))?;
                place
            }
        };
        log::debug!("{}: saved {} rows", path.display(), slot.covered_rows);
        Ok(SavedPlace { file: place, slot, table_state })
    }

    /// Leaves an unfinished file as a killed process does.
    #[cfg(test)]
    pub(crate) fn abandon(self) {
        if let Target::Anew(temporary) = self.target {
            temporary.abandon();
        }
    }

    /// The offset of the next record.
    fn next_byte(&self) -> u64 {
        CELLS_AT + u64::from(self.saving.next_cell()) * self.cell_bytes
    }

    fn write_records(
        &mut self,
        work: impl FnOnce(&mut Saving, &mut dyn FnMut(&[Line]) -> Result<()>) -> Result<()>,
    ) -> Result<()> {
        let mut at = self.next_byte();
        work(&mut self.saving, &mut |lines| {
            let bytes: &[u8] = bytemuck::cast_slice(lines);
            write_all_at(&*self.file, bytes, at).map_err(|e| SynaError::io(&self.path, "writing", e))?;
            at += bytes.len() as u64;
            Ok(())
        })
    }

    /// Writes the table after the records. Returns the new slot without its generation.
    fn write_table(&self, table: &[u8], position: &LogPosition, graph: &Index) -> Result<Slot> {
        let table_cell = self.saving.next_cell();
        let table_cells = (table.len() as u64).div_ceil(self.cell_bytes).max(1);
        let cells = u64::from(table_cell) + table_cells;
        let of_cells =
            SynaError::Limit { what: "cells of an index file", limit: u64::from(u32::MAX), actual: cells };
        let cells = u32::try_from(cells).map_err(|_| of_cells)?;
        // The last cell of the table is padded, because a mapping ends where the file does.
        let no_memory = |_| SynaError::NoMemory { needed_bytes: self.cell_bytes };
        let fill = table_cells * self.cell_bytes - table.len() as u64;
        let fill = memory::filled(0, usize::try_from(fill).map_err(no_memory)?)?;
        let mut pieces = [IoSlice::new(table), IoSlice::new(&fill)];
        write_slices_at(&*self.file, &mut pieces, self.next_byte())
            .map_err(|error| SynaError::io(&self.path, "writing", error))?;
        Ok(Slot {
            generation: 0,
            sequence: position.sequence,
            chain: position.chain,
            covered_rows: graph.covered_rows(),
            params: graph.params(),
            cells,
            table_cell,
            table_bytes: table.len() as u64,
            table_checksum: crc32c(table),
        })
    }
}

/// The file that was saved last, opened for writing; `None` if another file has its name. A new file can get the inode
/// number of a removed one, so the slot is compared as well.
fn open_saved(
    storage: &dyn Storage,
    path: &Path,
    identity: &Identity,
    last: &SavedPlace,
) -> Option<Arc<dyn StorageFile>> {
    let file = storage.open(path, Access::ReadWrite).ok()?;
    let mut slot = [0; SLOT_BYTES];
    read_exact_at(&*file, &mut slot, place_of(&last.slot)).ok()?;
    let is_same = file.identity().ok()? == last.file && slot == *last.slot.encode(identity);
    is_same.then_some(file)
}

/// Removes the leftovers of a process that was killed in a save. The caller holds the store's lock.
pub(crate) fn remove_leftovers(storage: &dyn Storage, data_path: &Path, identity: &Identity) {
    let Ok(path) = locate(storage, data_path) else { return };
    crate::storage::remove_leftovers(storage, &path, |file| {
        let mut mark = [0; MARK_BYTES];
        let there = usize::try_from(file.length_bytes()?).unwrap_or(usize::MAX).min(MARK_BYTES);
        read_exact_at(file, mark.get_mut(..there).unwrap_or_default(), 0)?;
        Ok(is_begun_for(&mark, identity))
    });
}

/// Creates a file that will replace the index.
fn begin_file(
    storage: &Arc<dyn Storage>,
    data: &DataFile,
    path: &Path,
) -> Result<(Arc<dyn StorageFile>, Target)> {
    let io = |error| SynaError::io(path, "writing", error);
    let temporary = Temporary::create(storage, path, Access::CreatePrivate)?;
    let file = Arc::clone(temporary.file());
    // The permissions of the existing index; a new one gets those of the store.
    let permissions = match storage.kind(path).map_err(io)? {
        PathKind::File(_) => storage.open(path, Access::Read).and_then(|there| there.permissions()),
        _ => data.file.permissions(),
    };
    permissions.and_then(|permissions| file.set_permissions(&permissions)).map_err(io)?;
    write_all_at(&*file, &unfinished_mark(&data.identity), 0).map_err(io)?;
    Ok((file, Target::Anew(temporary)))
}

/// Gives a new index its name. This is allowed if no file has the name, or if the file that has it is the `known`
/// index, an index of this store, or empty.
fn take_place(
    storage: &dyn Storage,
    path: &Path,
    identity: &Identity,
    mut temporary: Temporary,
    known: Option<FileIdentity>,
) -> Result<()> {
    let io = |error| SynaError::io(path, "replacing", error);
    let found = match storage.kind(path).map_err(io)? {
        PathKind::Missing => {
            return temporary.name().map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => foreign(path),
                _ => io(error),
            });
        }
        PathKind::File(found) => found,
        PathKind::Folder | PathKind::Other => return Err(foreign(path)),
    };
    let file = storage.open(path, Access::Read).map_err(io)?;
    let is_ours = |id| known == Some(found) || id == identity.store_id;
    let may_go = file.identity().map_err(io)? == found
        && (file.length_bytes().map_err(io)? == 0 || is_index(&*file, is_ours).map_err(io)?);
    if may_go { temporary.replace().map_err(io) } else { Err(foreign(path)) }
}

/// Whether a file is an index, by either slot, of a store whose id is accepted.
fn is_index(file: &dyn StorageFile, accepts: impl Fn([u8; 16]) -> bool) -> io::Result<bool> {
    for at in SLOTS_AT {
        let mut mark = [0; MARK_BYTES];
        match read_exact_at(file, &mut mark, at) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        if index_of(&mark).is_some_and(&accepts) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
