//! Saving the graph as `NAME.hnsw`.
//!
//! A save adds what has changed and a table of where everything lies, syncs, and names the table in the older slot. What a
//! table names is never overwritten; once more than half of a file is of no use any more, a new one takes its place. It takes
//! the place of an index only: whatever else has the name by then stays as it is.

use crate::checksum::crc32c;
use crate::index::{Graph, Saving};
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

/// A save that is under way: its records are written in pieces, between which the graph may grow.
#[derive(Debug)]
pub(crate) struct IndexSave {
    /// Of this graph, and no other.
    graph: Weak<Graph>,
    path: PathBuf,
    file: Arc<dyn StorageFile>,
    target: Target,
    cell_bytes: u64,
    saving: Saving,
    /// What [`IndexSave::advance`] last returned.
    is_nearly_done: bool,
}

/// Where the records go.
#[derive(Debug)]
enum Target {
    /// Behind those of the last save.
    Grown(SavedPlace),
    /// To a new file.
    Anew(Temporary),
}

impl Target {
    /// The cell of the first record that is written.
    fn first_cell(&self) -> u32 {
        match self {
            Self::Grown(last) => last.slot.cells,
            Self::Anew(_) => 0,
        }
    }
}

impl IndexSave {
    /// Begins to save the graph beside the data file; `None` where it lies there as it is. `last`: where it was saved last.
    ///
    /// # Errors
    /// Of the file.
    pub(crate) fn begin(
        storage: &Arc<dyn Storage>,
        data: &DataFile,
        graph: &Arc<Graph>,
        last: Option<SavedPlace>,
    ) -> Result<Option<Self>> {
        let (path, identity) = (locate(&**storage, &data.path)?, &data.identity);
        let (in_file, changed) = graph.saved_records();
        let standing = graph.standing()?;
        let found = storage.kind(&path).ok();
        let last = last
            .filter(|last| found == Some(PathKind::File(last.file)) && last.slot.params == graph.params());
        if last.is_some_and(|last| changed == 0 && last.standing == standing) {
            return Ok(None);
        }
        // A graph without a record there is another one than was saved, and is better off in a file of its own.
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
            cell_bytes: Graph::record_bytes(graph.params(), identity.dimensions as usize) as u64,
            saving,
            is_nearly_done: false,
        }))
    }

    /// Whether it saves this graph, and the file that it adds to is still the index.
    pub(crate) fn is_of(&self, storage: &dyn Storage, graph: &Arc<Graph>) -> bool {
        let is_there = match &self.target {
            Target::Grown(last) => {
                storage.kind(&self.path).is_ok_and(|found| found == PathKind::File(last.file))
            }
            Target::Anew(_) => true,
        };
        is_there && std::ptr::eq(self.graph.as_ptr(), Arc::as_ptr(graph))
    }

    /// How many records it has written.
    pub(crate) fn saved_records(&self) -> u32 {
        self.saving.next_cell() - self.target.first_cell()
    }

    /// Writes about so many records, and has the system begin to bring them to the disk. Says whether the rest can be written
    /// at once. Whoever calls has the graph's turn.
    ///
    /// # Errors
    /// Of the file; the save has failed then.
    pub(crate) fn advance(&mut self, graph: &Graph, most: u32) -> Result<bool> {
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

    /// Writes what is left, and makes it the index, bound to the log as it ends at `position`; after a power cut it is the old
    /// index or the new one. `known`: the file that was the index when the store was opened, or saved it last. The graph is
    /// at rest.
    ///
    /// # Errors
    /// Of the file; what was saved last is then still there. [`SynaError::Corrupt`] where that proves damaged, or where
    /// something else has the index's name.
    pub(crate) fn finish(
        mut self,
        storage: &Arc<dyn Storage>,
        data: &DataFile,
        position: &LogPosition,
        graph: &Graph,
        known: Option<FileIdentity>,
    ) -> Result<SavedPlace> {
        let standing = graph.standing()?;
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
                // Both slots name the table: one of them may decay.
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
        Ok(SavedPlace { file: place, slot, standing })
    }

    /// Leaves an unfinished file as a killed process does.
    #[cfg(test)]
    pub(crate) fn abandon(self) {
        if let Target::Anew(temporary) = self.target {
            temporary.abandon();
        }
    }

    /// Where the next record goes.
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

    /// Writes the table behind the records; gives what the slot is to say, but for its generation.
    fn write_table(&self, table: &[u8], position: &LogPosition, graph: &Graph) -> Result<Slot> {
        let table_cell = self.saving.next_cell();
        let table_cells = (table.len() as u64).div_ceil(self.cell_bytes).max(1);
        let cells = u64::from(table_cell) + table_cells;
        let of_cells =
            SynaError::Limit { what: "cells of an index's file", limit: u64::from(u32::MAX), actual: cells };
        let cells = u32::try_from(cells).map_err(|_| of_cells)?;
        // A table that does not fill its cells is filled up: a mapping ends where the file does.
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

/// The file that was saved last, for writing; `None` where another one has its name. A removed file's number is given to the
/// next one that is made, so the slot is compared as well.
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

/// Removes what a process that was killed in a save has left; whoever calls has the store's lock.
pub(crate) fn remove_leftovers(storage: &dyn Storage, data_path: &Path, identity: &Identity) {
    let Ok(path) = locate(storage, data_path) else { return };
    crate::storage::remove_leftovers(storage, &path, |file| {
        let mut mark = [0; MARK_BYTES];
        let there = usize::try_from(file.length_bytes()?).unwrap_or(usize::MAX).min(MARK_BYTES);
        read_exact_at(file, mark.get_mut(..there).unwrap_or_default(), 0)?;
        Ok(is_begun_for(&mark, identity))
    });
}

/// A new file that is to take the place of the old one.
fn begin_file(
    storage: &Arc<dyn Storage>,
    data: &DataFile,
    path: &Path,
) -> Result<(Arc<dyn StorageFile>, Target)> {
    let io = |error| SynaError::io(path, "writing", error);
    let temporary = Temporary::create(storage, path, Access::CreatePrivate)?;
    let file = Arc::clone(temporary.file());
    // Those of the index that is there; a new one is as private as the store.
    let permissions = match storage.kind(path).map_err(io)? {
        PathKind::File(_) => storage.open(path, Access::Read).and_then(|there| there.permissions()),
        _ => data.file.permissions(),
    };
    permissions.and_then(|permissions| file.set_permissions(&permissions)).map_err(io)?;
    write_all_at(&*file, &unfinished_mark(&data.identity), 0).map_err(io)?;
    Ok((file, Target::Anew(temporary)))
}

/// Gives a new index its name: where the name is free, or where the file that has it is the `known` index, an index of this
/// store, or empty.
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
