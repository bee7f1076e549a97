//! Saving the graph as `NAME.hnsw`.
//!
//! A save adds what has changed and a table of where everything lies, syncs, and names the table in the older slot. What a
//! table names is never overwritten; once more than half of a file is of no use any more, a new one takes its place. It takes
//! the place of an index only: whatever else has the name by then stays as it is.

use super::index_file::{CELLS_AT, SLOTS_AT, SavedPlace, foreign, locate};
use super::index_slot::{MARK_BYTES, SLOT_BYTES, Slot, index_of, is_begun_for, unfinished_mark};
use crate::checksum::crc32c;
use crate::index::Graph;
use crate::storage::{
    Access, DataFile, FileIdentity, Identity, LogPosition, PathKind, Storage, StorageFile, Temporary,
    read_exact_at, write_all_at,
};
use crate::{Result, SynaError};
use std::io;
use std::path::Path;
use std::sync::Arc;

fn place_of(slot: &Slot) -> u64 {
    let [even, odd] = SLOTS_AT;
    if slot.generation.is_multiple_of(2) { even } else { odd }
}

/// Saves the graph beside the data file, bound to the log as it ends at `position`, unless it lies there as it is; after a
/// power cut it is the old index or the new one. `last`: where it was saved last; `known`: the file that was the index
/// then, or when the store was opened. The graph is at rest.
///
/// # Errors
/// Of the file; what was saved last is then still there. [`SynaError::Corrupt`] where that proves damaged, or where
/// something else has the index's name.
pub(super) fn write(
    storage: &Arc<dyn Storage>,
    data: &DataFile,
    position: &LogPosition,
    graph: &Graph,
    last: Option<SavedPlace>,
    known: Option<FileIdentity>,
) -> Result<SavedPlace> {
    let (path, identity) = (locate(&**storage, &data.path)?, &data.identity);
    let (in_file, changed) = graph.saved_records();
    let standing = graph.standing()?;
    let found = storage.kind(&path).ok();
    let last =
        last.filter(|last| found == Some(PathKind::File(last.file)) && last.slot.params == graph.params());
    if let Some(last) = last.filter(|last| changed == 0 && last.standing == standing) {
        return Ok(last);
    }
    // A graph without a record there is another one than was saved, and is better off in a file of its own.
    let is_worth_while = |last: &SavedPlace| {
        in_file > 0 && u64::from(last.slot.cells) + u64::from(changed) <= 2 * u64::from(in_file + changed)
    };
    let grown = last.filter(is_worth_while).and_then(|last| {
        Some((open_saved(&**storage, &path, identity, &last)?, last, last.slot.generation.checked_add(1)?))
    });
    let (file, slot) = match grown {
        Some((file, last, generation)) => {
            let io = |error| SynaError::io(&path, "writing", error);
            let slot = write_cells(&*file, &path, identity, position, graph, (generation, last.slot.cells))?;
            file.sync().map_err(io)?;
            write_all_at(&*file, &slot.encode(identity), place_of(&slot)).map_err(io)?;
            file.sync().map_err(io)?;
            (last.file, slot)
        }
        None => write_anew(storage, (data, &path), position, graph, known)?,
    };
    log::debug!("{}: saved {} rows, {changed} records of them new", path.display(), slot.covered_rows);
    Ok(SavedPlace { file, slot, standing })
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
pub(super) fn remove_leftovers(storage: &dyn Storage, data_path: &Path, identity: &Identity) {
    let Ok(path) = locate(storage, data_path) else { return };
    crate::storage::remove_leftovers(storage, &path, |file| {
        let mut mark = [0; MARK_BYTES];
        let there = usize::try_from(file.length_bytes()?).unwrap_or(usize::MAX).min(MARK_BYTES);
        read_exact_at(file, mark.get_mut(..there).unwrap_or_default(), 0)?;
        Ok(is_begun_for(&mark, identity))
    });
}

/// Puts a new file in the place of the old one.
fn write_anew(
    storage: &Arc<dyn Storage>,
    (data, path): (&DataFile, &Path),
    position: &LogPosition,
    graph: &Graph,
    known: Option<FileIdentity>,
) -> Result<(FileIdentity, Slot)> {
    let identity = &data.identity;
    let io = |error| SynaError::io(path, "writing", error);
    let temporary = Temporary::create(storage, path, Access::CreatePrivate)?;
    let file = Arc::clone(temporary.file());
    // Those of the index that is there; a new one is as private as the store.
    let permissions = match storage.kind(path).map_err(io)? {
        PathKind::File(_) => storage.open(path, Access::Read).and_then(|there| there.permissions()),
        _ => data.file.permissions(),
    };
    permissions.and_then(|permissions| file.set_permissions(&permissions)).map_err(io)?;
    write_all_at(&*file, &unfinished_mark(identity), 0).map_err(io)?;
    let slot = write_cells(&*file, path, identity, position, graph, (2, 0))?;
    // Both slots name the table: one of them may decay.
    let older = Slot { generation: 1, ..slot };
    let place = write_all_at(&*file, &slot.encode(identity), place_of(&slot))
        .and_then(|()| write_all_at(&*file, &older.encode(identity), place_of(&older)))
        .and_then(|()| file.sync())
        .and_then(|()| file.identity())
        .map_err(io)?;
    data.check_place(&**storage)?;
    take_place(&**storage, path, identity, temporary, known)?;
    storage.sync_folder(path).map_err(|error| SynaError::io(path, "syncing the folder of", error.into()))?;
    Ok((place, slot))
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

/// Writes the records that the file does not have, and the table; says what the slot is to say.
fn write_cells(
    file: &dyn StorageFile,
    path: &Path,
    identity: &Identity,
    position: &LogPosition,
    graph: &Graph,
    (generation, first_cell): (u64, u32),
) -> Result<Slot> {
    let io = |error| SynaError::io(path, "writing", error);
    let params = graph.params();
    let cell_bytes = Graph::record_bytes(params, identity.dimensions as usize) as u64;
    let mut at = CELLS_AT + u64::from(first_cell) * cell_bytes;
    let saved = graph.save(first_cell, &mut |lines| {
        let bytes: &[u8] = bytemuck::cast_slice(lines);
        write_all_at(file, bytes, at).map_err(io)?;
        at += bytes.len() as u64;
        Ok(())
    })?;
    // A table that does not fill its cells is filled up: a mapping ends where the file does.
    let table_cells = (saved.table.len() as u64).div_ceil(cell_bytes).max(1);
    let mut table = saved.table.clone();
    let full =
        usize::try_from(table_cells * cell_bytes).map_err(|_| SynaError::NoMemory { needed_bytes: 0 })?;
    table.resize(full, 0);
    write_all_at(file, &table, at).map_err(io)?;
    let cells = u32::try_from(u64::from(saved.next_cell) + table_cells).map_err(|_| SynaError::Limit {
        what: "cells of an index's file",
        limit: u64::from(u32::MAX),
        actual: u64::from(saved.next_cell) + table_cells,
    })?;
    graph.note_saved(&saved);
    Ok(Slot {
        generation,
        sequence: position.sequence,
        chain: position.chain,
        covered_rows: graph.covered_rows(),
        params,
        cells,
        table_cell: saved.next_cell,
        table_bytes: saved.table.len() as u64,
        table_checksum: crc32c(&saved.table),
    })
}
