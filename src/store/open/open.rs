//! Opening: finds or creates the file and replays its log into the tables that readers share.

use crate::column::Schema;
use crate::index::Rows as _;
use crate::short_path::ShortPath;
use crate::storage::{
    Access, Appender, Damage, DataFile, ExtentKind, FileIdentity, LogPosition, NewStore, PathKind, RowCheck,
    Storage, StorageFile, Superblock, create, file_exists, is_leftover_of, map_extents, mark_of,
    open_existing, read_columns, read_superblock, remove_leftovers, replay_from, spawn_scoped,
    superblock_of_damaged,
};
use crate::store::config::MmapVectorConfig;
use crate::store::open::appender::new_appender;
use crate::store::open::identity::check_identity;
use crate::store::open::loader::Loader;
use crate::store::state::rows::Snapshot;
use crate::store::state::settings::{self, EF_SEARCH};
use crate::store::state::shared_state::SharedState;
use crate::store::upkeep::index_file::{self, IndexIdentity, SavedIndex, SavedPlace};
use crate::store::upkeep::index_save;
use crate::{Result, SynaError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;

/// The most keys that the directory allocates at once because they are planned: 8 to 16 bytes each.
const MOST_PLANNED_KEYS: usize = 1 << 20;

/// The fewest rows of an index for which a thread is started that reads it while the log is replayed. Small in tests,
/// whose stores are small.
const LEAST_ROWS_BESIDE: u32 = if cfg!(any(test, fuzzing)) { 4 } else { 16_384 };

/// An open file, with the state that readers share, and the appender if it was opened for writing.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) state: Arc<SharedState>,
    pub(crate) appender: Option<Appender>,
    /// Where the index was saved last, if a valid index was found.
    pub(crate) saved_index: Option<SavedPlace>,
    /// The file that was the index, valid or not. A new index may replace it.
    pub(crate) index_file: Option<FileIdentity>,
    /// How much of the file was replayed.
    pub(crate) replayed: ReplayedTo,
}

/// How much of a file was replayed into the tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReplayedTo {
    pub(crate) superblock: Superblock,
    pub(crate) position: LogPosition,
    /// Where the last frame begins, if there is one.
    pub(crate) last_frame: Option<u64>,
    /// The index that was read, whether it was valid or not; `None` if it may match frames that were not replayed yet.
    pub(crate) index: Option<IndexIdentity>,
    /// The row capacity of the extents when the index was read. An index of more rows was refused.
    pub(crate) row_capacity: u64,
    /// Whether a copy may still replace the file under its descriptor: until a write to the file was seen.
    pub(crate) may_be_copied: bool,
}

/// The index, unless it must be read again because it was saved after the position that the log was replayed to.
pub(crate) fn settled_index(
    index: Option<IndexIdentity>,
    saved: Option<&SavedIndex>,
    position: &LogPosition,
) -> Option<IndexIdentity> {
    let is_ahead = saved.is_some_and(|saved| saved.saved_at().sequence > position.sequence);
    index.filter(|_| !is_ahead)
}

/// Checks the configuration before any file is opened.
pub(crate) fn check_config(config: &MmapVectorConfig) -> Result<()> {
    let dimensions = u32::from(config.dimensions);
    if dimensions != 0 && !(config.least_dimensions()..=8192).contains(&dimensions) {
        return Err(SynaError::InvalidDimensions { dimensions });
    }
    let hnsw = &config.hnsw_config;
    let ranges = [
        ("m", hnsw.m, 2..=256),
        ("m_max", if hnsw.m_max == 0 { 2 } else { hnsw.m_max }, 2..=512),
        ("ef_construction", hnsw.ef_construction, 1..=65_536),
        ("ef_search", hnsw.ef_search, EF_SEARCH),
        ("threads", config.threads, 0..=1024),
    ];
    for (name, value, range) in ranges {
        settings::check(name, value, range)?;
    }
    Schema::new(&config.columns)?;
    let mode = &config.open;
    if mode.must_create && (mode.must_exist || mode.read_only || mode.damaged) {
        return Err(SynaError::argument(
            "must_create cannot be combined with must_exist, read_only or damaged",
        ));
    }
    Ok(())
}

/// Opens or creates `path` as `config` says.
pub(crate) fn open(storage: &Arc<dyn Storage>, path: &Path, config: &MmapVectorConfig) -> Result<Opened> {
    check_config(config)?;
    let path = &storage.resolve(path).map_err(|error| SynaError::io(path, "opening", error))?;
    let access = if config.open.read_only || config.open.damaged { Access::Read } else { Access::ReadWrite };
    if access == Access::ReadWrite {
        index_file::check_name(&**storage, path)?;
    }
    let (file, superblock) = find_or_create(storage, path, config, access)?;
    let opened = open_file(storage, path, config, access, Arc::clone(&file), superblock);
    if let Ok(opened) = &opened
        && access == Access::ReadWrite
    {
        let identity = &opened.state.data.identity;
        remove_leftovers(&**storage, path, |file| is_leftover_of(file, identity));
        index_save::remove_leftovers(&**storage, path, identity);
    }
    if opened.is_err() && access == Access::ReadWrite {
        // Dropping the last reference unlocks the file too, but a forked child may hold one.
        let _ = file.unlock();
    }
    opened
}

/// The file, locked if it is opened for writing, and its newest superblock.
fn find_or_create(
    storage: &Arc<dyn Storage>,
    path: &Path,
    config: &MmapVectorConfig,
    access: Access,
) -> Result<(Arc<dyn StorageFile>, Superblock)> {
    let io = |doing, error| SynaError::io(path, doing, error);
    for _ in 0..100 {
        match storage.kind(path).map_err(|e| io("opening", e))? {
            PathKind::Folder => {
                let error =
                    io::Error::new(io::ErrorKind::IsADirectory, "it is a folder; pass the path of a file");
                return Err(io("opening", error));
            }
            PathKind::Other => {
                let what = format!("not a regular file: {}", ShortPath::in_text(path));
                return Err(SynaError::argument(what));
            }
            PathKind::File(_) if config.open.must_create => {
                return Err(io("creating", file_exists()));
            }
            PathKind::File(_) => {
                let file = open_existing(&**storage, path, access)?;
                // An empty file (mkstemp) becomes a store, as in SQLite. For a reader it is not a store.
                if access == Access::ReadWrite && file.length_bytes().map_err(|e| io("opening", e))? == 0 {
                    match make(storage, path, config, Some(&*file)) {
                        Err(error) if is_taken(&error) => continue,
                        made => return made,
                    }
                }
                let read = if config.open.damaged { superblock_of_damaged } else { read_superblock };
                let superblock = read(&*file, path)?;
                return Ok((file, superblock));
            }
            PathKind::Missing => {
                if config.open.must_exist || access == Access::Read {
                    return Err(SynaError::NotFound {
                        what: format!("the file {}", ShortPath::in_text(path)),
                    });
                }
                match make(storage, path, config, None) {
                    Err(error) if is_taken(&error) && !config.open.must_create => {}
                    made => return made,
                }
            }
        }
    }
    Err(SynaError::Locked { path: path.to_owned() })
}

/// Creates a store, in place of the empty file if there is one.
fn make(
    storage: &Arc<dyn Storage>,
    path: &Path,
    config: &MmapVectorConfig,
    empty: Option<&dyn StorageFile>,
) -> Result<(Arc<dyn StorageFile>, Superblock)> {
    if config.needs_file() {
        let what = format!(
            "the file {}, from which dimensions, metric, element type or kind of keys are to be taken; set them to create it",
            ShortPath::in_text(path)
        );
        return Err(SynaError::NotFound { what });
    }
    let schema = Schema::new(&config.columns)?;
    let new = NewStore {
        dimensions: u32::from(config.dimensions),
        metric: config.metric,
        element: config.element,
        keys: config.key_kind,
        user_block: config.user_block,
        columns: mark_of(&schema),
    };
    create(storage, path, &new, &schema, empty)
}

/// Whether another process has created a file of that name meanwhile.
fn is_taken(error: &SynaError) -> bool {
    matches!(error, SynaError::Io { source, .. } if source.kind() == io::ErrorKind::AlreadyExists)
}

/// Calls `work`. Meanwhile a thread calls `read`, if there is something to read and the system can start a thread. A
/// panic of that thread continues in the caller.
fn beside<'a, T, R: Send>(
    work: impl FnOnce() -> T,
    from: Option<&'a SavedIndex>,
    read: &(impl Fn(&'a SavedIndex) -> R + Sync),
) -> (T, Option<R>) {
    thread::scope(|scope| {
        let reader = from.and_then(|from| spawn_scoped(scope, "open", move || read(from)).ok());
        let done = work();
        let join = |reader: thread::ScopedJoinHandle<'_, R>| {
            reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        (done, reader.map(join))
    })
}

fn open_file(
    storage: &Arc<dyn Storage>,
    path: &Path,
    config: &MmapVectorConfig,
    access: Access,
    file: Arc<dyn StorageFile>,
    superblock: Superblock,
) -> Result<Opened> {
    let schema = read_columns(&*file, path, &superblock, config.open.damaged)?;
    check_identity(config, &superblock, &schema)?;
    let damage = if config.open.damaged { Damage::Tolerated } else { Damage::Refused };
    let is_checked = config.open.verify || config.open.damaged;
    let check = if is_checked { RowCheck::All } else { RowCheck::BehindCheckpoint };
    let extents = map_extents(&*file, path, &superblock, damage)?;
    let identity = superblock.identity;
    let data = Arc::new(DataFile::new(path.to_owned(), file, &superblock, schema, extents));
    let state = Arc::new(SharedState::new(Arc::clone(&data)));
    let index = index_file::identity_of(&**storage, path);
    let index_file = index.map(|index| index.file);
    let row_capacity = data.extents.row_capacity();
    let saved = match index_file::read(&**storage, path, &identity, row_capacity) {
        // A reader does not need the index, so a foreign file of that name is not an error.
        Err(error) if access == Access::Read && !matches!(error, SynaError::NoMemory { .. }) => {
            Some(Err(error.to_string()))
        }
        found => found?,
    };
    let (saved, mut ignored) = match saved.transpose() {
        Ok(saved) => (saved, None),
        Err(reason) => (None, Some(reason)),
    };
    let planned = if access == Access::Read { 0 } else { config.initial_capacity.min(MOST_PLANNED_KEYS) };
    let mut directory = state.directory_mut();
    directory.plan(planned);
    directory.try_reserve(believable_rows(&data, superblock.position.rows))?;
    drop(directory);
    let mut loader =
        Loader::new(&state, damage, LogPosition::EMPTY, saved.as_ref().map(SavedIndex::saved_at));
    let mut position = LogPosition::EMPTY;
    let replay = || {
        replay_from(&data, &superblock, check, damage, &mut position, &mut |frame, at, damaged| {
            loader.take(frame, at, damaged)
        })
    };
    let kernels = state.kernels;
    let read_graph = |saved| SavedIndex::read_graph(saved, identity.dimensions, kernels);
    // The two take half of the time of an open each. An index of more rows than were checkpointed is read only after it
    // was compared with the log.
    let worth = |saved: &&SavedIndex| {
        let rows = LEAST_ROWS_BESIDE..=superblock.position.rows;
        config.threads > 0 && rows.contains(&saved.covered_rows())
    };
    let (replayed, read_beside) = beside(replay, saved.as_ref().filter(worth), &read_graph);
    replayed?;
    let (mut deletions, saved_fits, last_frame) = (loader.deletions, loader.saved_fits, loader.last_frame);
    drop(loader);
    if damage == Damage::Tolerated {
        // Rows that are not intact count as deleted.
        let live = u32::try_from(state.directory().len()).unwrap_or(u32::MAX);
        deletions = position.rows.saturating_sub(live);
    }
    state.published.store(Snapshot { rows: position.rows, deletions });
    let rows = state.rows_to_index();
    let is_deleted = |row| rows.is_deleted(row);
    let read = match &saved {
        None => None,
        Some(saved) => Some(match saved.misfit(saved_fits, position.rows.into()) {
            Some(reason) => Err(reason),
            None => read_beside.unwrap_or_else(|| read_graph(saved))?,
        }),
    };
    let graph = match read.map(|read| read.and_then(|read| read.settle(is_deleted))) {
        None => None,
        Some(Ok(settled)) => Some(settled),
        Some(Err(reason)) => {
            ignored = Some(reason);
            None
        }
    };
    // A store without rows needs no index: the file may be that of a store that was removed.
    if let Some(reason) = ignored.filter(|_| position.rows > 0) {
        index_file::ignore(&state, reason);
    }
    if let Some((graph, _)) = graph.as_ref().filter(|_| is_checked) {
        // Checks every record. A damaged record leaves the store without an index.
        graph.check()?;
    }
    let graph = graph.filter(|(graph, _)| !graph.is_damaged());
    let recovered = position.sequence.saturating_sub(superblock.position.sequence);
    if recovered > 0 {
        log::info!("{}: recovered {recovered} batches written after the last checkpoint", path.display());
    }
    let (graph, saved_index) = graph.unzip();
    state.set_index(graph.map(Arc::new));
    let appender = match access {
        Access::Read => None,
        _ => Some(new_appender(storage, data, superblock, position, config)?),
    };
    let index = settled_index(index, saved.as_ref(), &position);
    let may_be_copied = access == Access::Read && state.data.file.may_be_copied().unwrap_or(true);
    let replayed = ReplayedTo { superblock, position, last_frame, index, row_capacity, may_be_copied };
    Ok(Opened { state, appender, saved_index: saved_index.flatten(), index_file, replayed })
}

/// The rows to allocate for at once: the number in the superblock, limited by what the log can hold and by `MOST_ROWS`,
/// because a file can be long and empty.
fn believable_rows(data: &DataFile, claimed: u32) -> usize {
    const LEAST_BYTES_OF_A_ROW: u64 = 8;
    const MOST_ROWS: u64 = 1 << 20;
    let logs = data.extents.iter().filter(|found| found.header.kind == ExtentKind::Log);
    let log_bytes: u64 = logs.map(|log| log.header.capacity).sum();
    let rows = u64::from(claimed).min(log_bytes / LEAST_BYTES_OF_A_ROW).min(MOST_ROWS);
    usize::try_from(rows).unwrap_or(0)
}
