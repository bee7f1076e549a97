//! `NAME.hnsw`: the graph, bound to the log that it was made from. Derived, so whatever does not fit is ignored and
//! made again; but a file that is no index of ours is nobody's to overwrite.
//!
//! ```text
//! | slot 0 | slot 1 | records | table | changed records | table | ...
//!   4 KiB    4 KiB    all of it in cells as wide as a record
//! ```
//! A save adds what has changed and a table of where everything lies, syncs, and names the table in the older slot. What a
//! table names is never overwritten; once more than half of a file is of no use any more, a new one takes its place.

use super::index_slot::{GENERATION_AT, MAGIC, MARK_BYTES, SLOT_BYTES, Slot, is_begun_for, unfinished_mark};
use crate::checksum::crc32c;
use crate::index::{Graph, OpenedGraph, SavedLines, Standing};
use crate::kernel::Kernels;
use crate::kernel::codes::Line;
use crate::storage::{
    Access, FileIdentity, Identity, LogPosition, PathKind, Region, Storage, StorageFile, Temporary,
    read_exact_at, write_all_at,
};
use crate::{Result, SynaError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the slots begin: each in a page of its own.
const SLOTS_AT: [u64; 2] = [0, 4096];
const CELLS_AT: u64 = 8192;

/// The index's name for a data file's name.
pub(super) fn path_of(data_path: &Path) -> PathBuf {
    let mut name = data_path.as_os_str().to_owned();
    name.push(".hnsw");
    PathBuf::from(name)
}

/// The path of the index of a data file, without links at its end.
pub(super) fn locate(storage: &dyn Storage, data_path: &Path) -> Result<PathBuf> {
    let path = path_of(data_path);
    storage.resolve(&path).map_err(|error| SynaError::io(&path, "finding", error))
}

fn place_of(slot: &Slot) -> u64 {
    let [even, odd] = SLOTS_AT;
    if slot.generation.is_multiple_of(2) { even } else { odd }
}

/// Where an index was saved last, so that the next save can add to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct SavedPlace {
    file: FileIdentity,
    slot: Slot,
    standing: Standing,
}

/// What tells an index from an older or another one in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IndexIdentity {
    file: FileIdentity,
    generations: [u64; 2],
}

/// Which index lies beside a data file.
pub(super) fn identity_of(storage: &dyn Storage, data_path: &Path) -> Option<IndexIdentity> {
    let path = locate(storage, data_path).ok()?;
    let Ok(PathKind::File(file)) = storage.kind(&path) else { return None };
    let opened = storage.open(&path, Access::Read).ok()?;
    let mut generations = [0; 2];
    for (at, generation) in SLOTS_AT.into_iter().zip(&mut generations) {
        let mut bytes = [0; 8];
        // A file that is too short is no index; its generations are 0.
        let _ = read_exact_at(&*opened, &mut bytes, at + GENERATION_AT);
        *generation = u64::from_le_bytes(bytes);
    }
    Some(IndexIdentity { file, generations })
}

/// An index that is whole in itself; whether it fits the log is still to be seen.
#[derive(Debug)]
pub(super) struct SavedIndex {
    file: FileIdentity,
    slot: Slot,
    /// Whether a save may add to the file: not where the newest slot or its table is lost, since a reader may have
    /// mapped what they name.
    may_grow: bool,
    table: Vec<u8>,
    cells: Arc<Region>,
}

/// The graph of an index; whether it fits the rows is still to be seen.
pub(super) struct ReadGraph<'a> {
    saved: &'a SavedIndex,
    opened: OpenedGraph,
}

/// The frame that the log ended with when an index was saved.
#[derive(Debug, Clone, Copy)]
pub(super) struct SavedAt {
    pub(super) sequence: u64,
    /// Its checksum.
    pub(super) chain: u32,
}

/// The cells of a mapped file.
struct Cells(Arc<Region>);

impl SavedLines for Cells {
    #[inline]
    fn lines(&self, first: u64, count: usize) -> Option<&[Line]> {
        self.0.slice(first.checked_mul(64)?, count)
    }
}

impl SavedIndex {
    pub(super) fn saved_at(&self) -> SavedAt {
        SavedAt { sequence: self.slot.sequence, chain: self.slot.chain }
    }

    /// Rows that it says it covers.
    pub(super) fn covered_rows(&self) -> u32 {
        self.slot.covered_rows
    }

    /// The graph; `None` where its table is none, or one over more rows than it says. Costs time and memory in proportion to
    /// these.
    pub(super) fn read_graph(&self, dimensions: u32, kernels: Kernels) -> Option<ReadGraph<'_>> {
        let lines = Box::new(Cells(Arc::clone(&self.cells))) as Box<dyn SavedLines>;
        let (dimensions, lines) = (dimensions as usize, (lines, self.slot.cells));
        let most_rows = self.slot.covered_rows;
        let opened =
            Graph::open(&self.table, self.slot.params, dimensions, kernels, most_rows, lines).ok()?;
        Some(ReadGraph { saved: self, opened })
    }
}

impl ReadGraph<'_> {
    /// The graph, and where a save may add to it; `None` where it does not cover the rows that it says, or lacks one that is
    /// not gone. The caller has seen that there are so many rows.
    pub(super) fn settle(self, is_gone: impl Fn(u32) -> bool) -> Option<(Graph, Option<SavedPlace>)> {
        let SavedIndex { file, slot, may_grow, .. } = *self.saved;
        let graph = self.opened.settle(is_gone).ok()?;
        if graph.covered_rows() != slot.covered_rows {
            return None;
        }
        let standing = graph.standing().ok().filter(|_| may_grow);
        let place = standing.map(|standing| SavedPlace { file, slot, standing });
        Some((graph, place))
    }
}

/// The index beside `data_path`, if there is one that is whole and of this store, which has room for `row_capacity`
/// rows. Reads its table; its records are read when a search first comes to them.
///
/// # Errors
/// [`SynaError::Corrupt`] where a file of that name is no index of ours.
pub(super) fn read(
    storage: &dyn Storage,
    data_path: &Path,
    identity: &Identity,
    row_capacity: u64,
) -> Result<Option<SavedIndex>> {
    let path = locate(storage, data_path)?;
    let io = |error| SynaError::io(&path, "reading", error);
    let file_identity = match storage.kind(&path).map_err(io)? {
        PathKind::Missing => return Ok(None),
        PathKind::File(found) => found,
        PathKind::Folder | PathKind::Other => return Err(foreign(&path)),
    };
    let file = storage.open(&path, Access::Read).map_err(io)?;
    let length = file.length_bytes().map_err(io)?;
    let mut slots = Vec::new();
    let mut is_ours = false;
    for at in SLOTS_AT {
        let mut bytes = [0; SLOT_BYTES];
        let there = usize::try_from(length.saturating_sub(at)).unwrap_or(usize::MAX).min(SLOT_BYTES);
        read_exact_at(&*file, bytes.get_mut(..there).unwrap_or_default(), at).map_err(io)?;
        is_ours |= bytes.starts_with(&MAGIC);
        slots.extend(Slot::decode(&bytes, identity));
    }
    if !is_ours {
        return Err(foreign(&path));
    }
    slots.sort_unstable_by_key(|slot| std::cmp::Reverse(slot.generation));
    let mut may_grow = slots.len() == SLOTS_AT.len();
    for slot in slots {
        if let Some(table) = read_table(&*file, &slot, identity, length, row_capacity).map_err(io)? {
            let bytes = slot.cell_bytes(identity) * u64::from(slot.cells);
            let cells = file.map(CELLS_AT, bytes).map_err(io)?;
            return Ok(Some(SavedIndex {
                file: file_identity,
                slot,
                may_grow,
                table,
                cells: Arc::new(cells),
            }));
        }
        may_grow = false;
    }
    Ok(None)
}

/// The table that a slot names; `None` where it is not there, or not whole.
fn read_table(
    file: &dyn StorageFile,
    slot: &Slot,
    identity: &Identity,
    length: u64,
    row_capacity: u64,
) -> std::io::Result<Option<Vec<u8>>> {
    let rows = u64::from(slot.covered_rows).min(row_capacity);
    let cell_bytes = slot.cell_bytes(identity);
    let end = CELLS_AT + u64::from(slot.cells) * cell_bytes;
    let table_at = CELLS_AT + u64::from(slot.table_cell) * cell_bytes;
    // A longer table is a hole, or somebody's joke.
    let fits = slot.table_cell < slot.cells
        && end <= length
        && slot.table_bytes <= end.saturating_sub(table_at)
        && slot.table_bytes <= Graph::most_table_bytes(slot.params, identity.dimensions as usize, rows);
    let Some(count) = usize::try_from(slot.table_bytes).ok().filter(|_| fits) else { return Ok(None) };
    let mut table = Vec::new();
    table.try_reserve_exact(count).map_err(|_| std::io::ErrorKind::OutOfMemory)?;
    table.resize(count, 0);
    read_exact_at(file, &mut table, table_at)?;
    Ok((crc32c(&table) == slot.table_checksum).then_some(table))
}

fn foreign(path: &Path) -> SynaError {
    SynaError::corrupt(path, 0, "this is no index of syna-mmap, and its name is needed for one; move it away")
}

/// Saves the graph beside the data file, bound to the log as it ends at `position`, unless it lies there as it is; after a
/// power cut it is the old index or the new one. `last`: where it was saved last. The graph is at rest.
///
/// # Errors
/// Of the file; what was saved last is then still there. [`SynaError::Corrupt`] where that proves damaged.
pub(super) fn write(
    storage: &Arc<dyn Storage>,
    data_path: &Path,
    identity: &Identity,
    position: &LogPosition,
    graph: &Graph,
    last: Option<SavedPlace>,
) -> Result<SavedPlace> {
    let path = locate(&**storage, data_path)?;
    let (in_file, changed) = graph.saved_records();
    let standing = graph.standing()?;
    let found = storage.kind(&path).ok();
    let last =
        last.filter(|last| found == Some(PathKind::File(last.file)) && last.slot.params == graph.params());
    let next = last.and_then(|last| last.slot.generation.checked_add(1));
    let (file, slot) = match last.zip(next) {
        Some((last, _)) if changed == 0 && last.standing == standing => return Ok(last),
        // A graph without a record there is another one than was saved, and is better off in a file of its own.
        Some((last, generation))
            if in_file > 0
                && u64::from(last.slot.cells) + u64::from(changed) <= 2 * u64::from(in_file + changed) =>
        {
            let io = |error| SynaError::io(&path, "writing", error);
            let file = storage.open(&path, Access::ReadWrite).map_err(io)?;
            let first = (generation, last.slot.cells);
            let slot = write_cells(&*file, &path, identity, position, graph, first)?;
            file.sync().map_err(io)?;
            write_all_at(&*file, &slot.encode(identity), place_of(&slot)).map_err(io)?;
            file.sync().map_err(io)?;
            (last.file, slot)
        }
        _ => write_anew(storage, &path, identity, position, graph)?,
    };
    log::debug!("{}: saved {} rows, {changed} records of them new", path.display(), slot.covered_rows);
    Ok(SavedPlace { file, slot, standing })
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
    path: &Path,
    identity: &Identity,
    position: &LogPosition,
    graph: &Graph,
) -> Result<(FileIdentity, Slot)> {
    let io = |error| SynaError::io(path, "writing", error);
    let mut temporary = Temporary::create(storage, path, Access::CreateNew)?;
    let file = Arc::clone(temporary.file());
    write_all_at(&*file, &unfinished_mark(identity), 0).map_err(io)?;
    let slot = write_cells(&*file, path, identity, position, graph, (2, 0))?;
    // Both slots name the table: one of them may decay.
    let older = Slot { generation: 1, ..slot };
    let place = write_all_at(&*file, &slot.encode(identity), place_of(&slot))
        .and_then(|()| write_all_at(&*file, &older.encode(identity), place_of(&older)))
        .and_then(|()| file.sync())
        .and_then(|()| temporary.replace())
        .and_then(|()| file.identity())
        .map_err(io)?;
    storage.sync_folder(path).map_err(|error| SynaError::io(path, "syncing the folder of", error.into()))?;
    Ok((place, slot))
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
