//! Reading `NAME.hnsw`: the graph, bound to the log that it was built from. The index is derived, so an index that does
//! not match is ignored and rebuilt. A file that is not an index of this library is never overwritten.
//!
//! ```text
//! | slot 0 | slot 1 | records | table | changed records | table | ...
//!   4 KiB    4 KiB    all in cells of the size of a record
//! ```
//! `index_save.rs` writes it.

use crate::checksum::crc32c;
use crate::index::{Index, OpenError, OpenedIndex, SavedLines, TableState};
use crate::kernel::Kernels;
use crate::kernel::codes::Line;
use crate::short_path::ShortPath;
use crate::storage::{Access, FileIdentity, Identity, PathKind, Region, Storage, StorageFile, read_exact_at};
use crate::store::state::shared_state::SharedState;
use crate::store::upkeep::index_slot::{CELLS_AT, GENERATION_AT, MAGIC, SLOT_BYTES, Slot};
use crate::{Result, SynaError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The offsets of the slots. Each has its own page.
pub(crate) const SLOTS_AT: [u64; 2] = [0, 4096];

/// The path of the index of a data file.
pub(crate) fn path_of(data_path: &Path) -> PathBuf {
    let mut name = data_path.as_os_str().to_owned();
    name.push(".hnsw");
    PathBuf::from(name)
}

/// The path of the index of a data file, with links at its end resolved.
pub(crate) fn locate(storage: &dyn Storage, data_path: &Path) -> Result<PathBuf> {
    let path = path_of(data_path);
    storage.resolve(&path).map_err(|error| SynaError::io(&path, "finding", error))
}

/// Refuses a data file if the name of its index would be too long for the file system.
///
/// # Errors
/// [`SynaError::InvalidArgument`].
pub(crate) fn check_name(storage: &dyn Storage, data_path: &Path) -> Result<()> {
    match storage.kind(&path_of(data_path)) {
        Err(error) if error.kind() == std::io::ErrorKind::InvalidFilename => {
            let name = ShortPath::in_text(Path::new(data_path.file_name().unwrap_or_default()));
            let what = format!("the name of the index file, {name}.hnsw, is too long; use a shorter name");
            Err(SynaError::argument(what))
        }
        // Other errors are reported when the index is read or saved.
        _ => Ok(()),
    }
}

/// Where an index was saved last, so that the next save can append to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SavedPlace {
    pub(crate) file: FileIdentity,
    pub(crate) slot: Slot,
    pub(crate) table_state: TableState,
}

/// Distinguishes an index from an older or a different one under the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexIdentity {
    pub(crate) file: FileIdentity,
    generations: [u64; 2],
}

/// The identity of the index beside a data file; `None` if there is none.
pub(crate) fn identity_of(storage: &dyn Storage, data_path: &Path) -> Option<IndexIdentity> {
    let path = locate(storage, data_path).ok()?;
    let Ok(PathKind::File(file)) = storage.kind(&path) else { return None };
    let opened = storage.open(&path, Access::Read).ok()?;
    let mut generations = [0; 2];
    for (at, generation) in SLOTS_AT.into_iter().zip(&mut generations) {
        let mut bytes = [0; 8];
        // A file that is too short is not an index; its generations are 0.
        let _ = read_exact_at(&*opened, &mut bytes, at + GENERATION_AT);
        *generation = u64::from_le_bytes(bytes);
    }
    Some(IndexIdentity { file, generations })
}

/// An index whose checksums are valid. Whether it matches the log is checked later.
#[derive(Debug)]
pub(crate) struct SavedIndex {
    file: FileIdentity,
    slot: Slot,
    /// Whether a save may append to the file. Not if the newest slot or its table is lost, because a reader may have
    /// mapped what they name.
    may_grow: bool,
    table_at: u64,
    table: Vec<u8>,
    cells: Arc<Region>,
}

/// The graph of an index. Whether it matches the rows is checked later.
pub(crate) struct ReadGraph<'a> {
    saved: &'a SavedIndex,
    opened: OpenedIndex,
}

/// The last frame of the log when an index was saved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SavedAt {
    pub(crate) sequence: u64,
    /// Its checksum.
    pub(crate) chain: u32,
}

/// A part of an index, or the reason why it is not used.
pub(crate) type Readable<T> = std::result::Result<T, String>;

/// The cells of a mapped file.
struct Cells(Arc<Region>);

impl SavedLines for Cells {
    #[inline]
    fn lines(&self, first: u64, count: usize) -> Option<&[Line]> {
        self.0.slice(first.checked_mul(64)?, count)
    }
}

impl SavedIndex {
    pub(crate) fn saved_at(&self) -> SavedAt {
        SavedAt { sequence: self.slot.sequence, chain: self.slot.chain }
    }

    /// The number of rows that it claims to cover.
    pub(crate) fn covered_rows(&self) -> u32 {
        self.slot.covered_rows
    }

    /// Why the index does not belong to a log of `rows` rows. `is_in_log`: whether the log has the frame it was saved at.
    pub(crate) fn misfit(&self, is_in_log: bool, rows: u64) -> Option<String> {
        let Slot { sequence, chain, covered_rows, .. } = self.slot;
        if !is_in_log {
            Some(format!(
                "it was saved at frame {sequence} with the checksum {chain:08x}, which the log does not have"
            ))
        } else if u64::from(covered_rows) > rows {
            Some(format!("it covers {covered_rows} rows, and the store has {rows}"))
        } else {
            None
        }
    }

    /// The graph, or why its table is not valid. Time and memory are proportional to the length of the table.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`], which does not mean that the index is invalid.
    pub(crate) fn read_graph(&self, dimensions: u32, kernels: Kernels) -> Result<Readable<ReadGraph<'_>>> {
        let lines = Box::new(Cells(Arc::clone(&self.cells))) as Box<dyn SavedLines>;
        let (dimensions, lines) = (dimensions as usize, (lines, self.slot.cells));
        let most_rows = self.slot.covered_rows;
        match Index::open(&self.table, self.slot.params, dimensions, kernels, most_rows, lines) {
            Ok(opened) => Ok(Ok(ReadGraph { saved: self, opened })),
            Err(OpenError::Damaged(damage)) => {
                Ok(Err(format!("in the table at byte {} of the file, {damage}", self.table_at)))
            }
            Err(OpenError::Failed(error)) => Err(error),
        }
    }
}

impl ReadGraph<'_> {
    /// The graph, and where a save may append to it; or why it does not cover the rows that it should. The caller has
    /// checked that the log has that many rows.
    pub(crate) fn settle(self, is_deleted: impl Fn(u32) -> bool) -> Readable<(Index, Option<SavedPlace>)> {
        let SavedIndex { file, slot, may_grow, .. } = *self.saved;
        let graph = match self.opened.settle(is_deleted) {
            Ok(graph) => graph,
            Err(OpenError::Damaged(damage)) => return Err(damage.what),
            Err(OpenError::Failed(error)) => return Err(error.to_string()),
        };
        if graph.covered_rows() != slot.covered_rows {
            let (table, slot) = (graph.covered_rows(), slot.covered_rows);
            return Err(format!("its table covers {table} rows, and its slot says {slot}"));
        }
        let table_state = graph.table_state().ok().filter(|_| may_grow);
        let place = table_state.map(|table_state| SavedPlace { file, slot, table_state });
        Ok((graph, place))
    }
}

/// The index beside `data_path`, or why it is not used; `None` if there is none. The store has space for
/// `row_capacity` rows. Reads the table; the records are read when a search first accesses them.
///
/// # Errors
/// [`SynaError::Corrupt`] if a file of that name is not an index of this library.
pub(crate) fn read(
    storage: &dyn Storage,
    data_path: &Path,
    identity: &Identity,
    row_capacity: u64,
) -> Result<Option<Readable<SavedIndex>>> {
    let path = locate(storage, data_path)?;
    let io = |error| SynaError::io(&path, "reading", error);
    let file_identity = match storage.kind(&path).map_err(io)? {
        PathKind::Missing => return Ok(None),
        PathKind::File(found) => found,
        PathKind::Folder | PathKind::Other => return Err(foreign(&path)),
    };
    let file = storage.open(&path, Access::Read).map_err(io)?;
    let length = file.length_bytes().map_err(io)?;
    if length == 0 {
        return Ok(None);
    }
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
            let cells = map_cells(&*file, bytes).map_err(io)?;
            return Ok(Some(Ok(SavedIndex {
                file: file_identity,
                slot,
                may_grow,
                table_at: slot.table_at(identity),
                table,
                cells: Arc::new(cells),
            })));
        }
        may_grow = false;
    }
    let reason = "neither slot, at bytes 0 and 4096, has a valid checksum, this version and a complete table";
    Ok(Some(Err(reason.to_owned())))
}

/// The cells of an index, which are read as lines. If they are not aligned, as in a larger file, they are copied.
fn map_cells(file: &dyn StorageFile, length_bytes: u64) -> std::io::Result<Region> {
    let mapped = file.map(CELLS_AT, length_bytes)?;
    if mapped.is_aligned_to(align_of::<Line>()) {
        return Ok(mapped);
    }
    drop(mapped);
    Region::copied(length_bytes, |into| read_exact_at(file, into, CELLS_AT))
}

/// Logs why the index file of a store is not used, and stores the reason for `verify`.
pub(crate) fn ignore(state: &SharedState, reason: String) {
    let path = path_of(&state.data.path);
    log::warn!("{}: ignoring index file: {reason}; the index will be rebuilt", path.display());
    state.set_ignored_index(Some(reason));
}

/// The table that a slot names; `None` if it is missing or its checksum is wrong.
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
    let table_at = slot.table_at(identity);
    // A longer table is sparse or hostile.
    let fits = slot.table_cell < slot.cells
        && end <= length
        && slot.table_bytes <= end.saturating_sub(table_at)
        && slot.table_bytes <= Index::most_table_bytes(slot.params, identity.dimensions as usize, rows);
    let Some(count) = usize::try_from(slot.table_bytes).ok().filter(|_| fits) else { return Ok(None) };
    let mut table = Vec::new();
    table.try_reserve_exact(count).map_err(|_| std::io::ErrorKind::OutOfMemory)?;
    table.resize(count, 0);
    read_exact_at(file, &mut table, table_at)?;
    Ok((crc32c(&table) == slot.table_checksum).then_some(table))
}

pub(crate) fn foreign(path: &Path) -> SynaError {
    SynaError::corrupt(path, 0, "this is not an index of syna-mmap, but has the name of one; move it away")
}
