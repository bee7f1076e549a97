//! Opening: finds or makes the file, replays its log into the tables that readers share.

use super::config::MmapVectorConfig;
use super::core::Core;
use super::directory::KeyDirectory;
use super::index_file;
use super::rows::Snapshot;
use crate::index::Graph;
use crate::planted::{Fault, is_planted};
use crate::storage::{
    Access, Appender, Damage, DataFile, ExtentKind, Frame, LogPosition, PathKind, RowCheck, Storage,
    StorageFile, Superblock, create, map_extents, open_existing, read_superblock, replay,
};
use crate::{DistanceMetric, Result, SynaError};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Keys that the directory has room for from the start, if so many are planned: 9 bytes each.
const MOST_PLANNED_KEYS: usize = 1 << 20;

/// An open file, its readers' part filled; the appender where it was opened for writing.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) core: Arc<Core>,
    pub(super) appender: Option<Appender>,
    /// Rows that the index beside the file covers, where one was found that fits.
    pub(super) saved_index_rows: Option<u32>,
}

/// The configuration's own mistakes, found before any file is touched.
pub(super) fn check_config(config: &MmapVectorConfig) -> Result<()> {
    let dimensions = u32::from(config.dimensions);
    if dimensions != 0 && !(64..=8192).contains(&dimensions) {
        return Err(SynaError::InvalidDimensions { dimensions });
    }
    let hnsw = &config.hnsw_config;
    let ranges = [
        ("hnsw_config.m", hnsw.m, 2..=256),
        ("hnsw_config.m_max", if hnsw.m_max == 0 { 2 } else { hnsw.m_max }, 2..=512),
        ("hnsw_config.ef_construction", hnsw.ef_construction, 1..=65_536),
        ("hnsw_config.ef_search", hnsw.ef_search, 1..=65_536),
        ("threads", config.threads, 0..=1024),
    ];
    for (name, value, range) in ranges {
        if !range.contains(&value) {
            let what = format!("{name} is {value}, it has to be {} to {}", range.start(), range.end());
            return Err(SynaError::argument(what));
        }
    }
    let mode = &config.open;
    if mode.must_create && (mode.must_exist || mode.read_only || mode.damaged) {
        return Err(SynaError::argument("must_create cannot go with must_exist, read_only or damaged"));
    }
    Ok(())
}

/// Opens or creates `path` as `config` says.
pub(super) fn open(storage: &Arc<dyn Storage>, path: &Path, config: &MmapVectorConfig) -> Result<Opened> {
    check_config(config)?;
    let access = if config.open.read_only || config.open.damaged { Access::Read } else { Access::ReadWrite };
    let (file, superblock) = find_or_create(&**storage, path, config, access)?;
    let opened = open_file(storage, path, config, access, Arc::clone(&file), superblock);
    if opened.is_err() && access == Access::ReadWrite {
        // The lock goes with the last reference anyway; a forked child may hold one.
        let _ = file.unlock();
    }
    opened
}

/// The file, locked where it is to be written, and its newest superblock.
fn find_or_create(
    storage: &dyn Storage,
    path: &Path,
    config: &MmapVectorConfig,
    access: Access,
) -> Result<(Arc<dyn StorageFile>, Superblock)> {
    let io = |doing, error| SynaError::io(path, doing, error);
    for _ in 0..100 {
        match storage.kind(path).map_err(|e| io("opening", e))? {
            PathKind::Folder => {
                let error = io::Error::new(io::ErrorKind::IsADirectory, "it is a folder; name a file in it");
                return Err(io("opening", error));
            }
            PathKind::Other => {
                let what = format!("{} is neither a file nor free to become one", path.display());
                return Err(SynaError::argument(what));
            }
            PathKind::File(_) if config.open.must_create => {
                let error =
                    io::Error::new(io::ErrorKind::AlreadyExists, "it exists, and a new store was asked for");
                return Err(io("creating", error));
            }
            PathKind::File(_) => {
                let file = open_existing(storage, path, access)?;
                let superblock = read_superblock(&*file, path)?;
                return Ok((file, superblock));
            }
            PathKind::Missing => {
                if config.open.must_exist || access == Access::Read {
                    return Err(SynaError::NotFound { what: format!("the file {}", path.display()) });
                }
                if config.dimensions == 0 || config.metric_from_file {
                    let what = format!(
                        "the file {}, whose dimensions and metric were to be taken from it; say both to make it",
                        path.display()
                    );
                    return Err(SynaError::NotFound { what });
                }
                match create(storage, path, u32::from(config.dimensions), config.metric) {
                    Err(SynaError::Io { source, .. })
                        if source.kind() == io::ErrorKind::AlreadyExists && !config.open.must_create => {}
                    made => return made,
                }
            }
        }
    }
    Err(SynaError::Locked { path: path.to_owned() })
}

/// The file's own facts against those asked for.
fn check_facts(config: &MmapVectorConfig, superblock: &Superblock) -> Result<()> {
    let identity = &superblock.identity;
    let asked = u32::from(config.dimensions);
    if asked != 0 && asked != identity.dimensions {
        return Err(SynaError::DimensionMismatch { expected: identity.dimensions, actual: u64::from(asked) });
    }
    let metric: DistanceMetric = identity.metric;
    if !config.metric_from_file && config.metric != metric {
        return Err(SynaError::MetricMismatch { expected: metric, actual: config.metric });
    }
    Ok(())
}

fn open_file(
    storage: &Arc<dyn Storage>,
    path: &Path,
    config: &MmapVectorConfig,
    access: Access,
    file: Arc<dyn StorageFile>,
    superblock: Superblock,
) -> Result<Opened> {
    check_facts(config, &superblock)?;
    let damage = if config.open.damaged { Damage::Tolerated } else { Damage::Refused };
    let is_checked = config.open.verify || config.open.damaged;
    let check = if is_checked { RowCheck::All } else { RowCheck::BehindCheckpoint };
    let extents = map_extents(&*file, path, &superblock, damage)?;
    let identity = superblock.identity;
    let data = Arc::new(DataFile { path: path.to_owned(), file, identity, extents });
    let core = Arc::new(Core::new(Arc::clone(&data)));
    let saved = match index_file::read(&**storage, path, &identity, data.extents.row_capacity()) {
        // A reader has no need of the index, and none to complain of a file that is not ours.
        Err(_) if access == Access::Read => None,
        found => found?,
    };
    let planned = if access == Access::Read { 0 } else { config.initial_capacity.min(MOST_PLANNED_KEYS) };
    core.directory_mut().try_reserve(planned.max(believable_rows(&data, superblock.position.rows)))?;
    let mut loader = Loader {
        core: &core,
        damage,
        rows: 0,
        deletions: 0,
        hashes: Vec::new(),
        saved: saved.as_ref(),
        saved_fits: false,
    };
    let position =
        replay(&data, &superblock, check, damage, &mut |frame, at, damaged| loader.take(frame, at, damaged))?;
    let Loader { mut deletions, saved_fits, .. } = loader;
    if damage == Damage::Tolerated {
        // Whatever is not whole counts as deleted.
        let live = u32::try_from(core.directory().len()).unwrap_or(u32::MAX);
        deletions = position.rows.saturating_sub(live);
    }
    core.published.store(Snapshot { rows: position.rows, deletions });
    let graph = match saved {
        Some(saved) if saved_fits => saved.into_graph(identity.dimensions, core.kernels, position.rows),
        _ => None,
    };
    let saved_index_rows = graph.as_ref().map(Graph::covered_rows);
    core.set_graph(graph.map(Arc::new));
    let appender = match access {
        Access::Read => None,
        _ => Some(new_appender(&**storage, data, superblock, position, config)?),
    };
    Ok(Opened { core, appender, saved_index_rows })
}

/// The rows to make room for at once: what the superblock says, as far as the log has room for them; and no more than
/// are cheap to make room for, since a file can be long and hold nothing.
fn believable_rows(data: &DataFile, claimed: u32) -> usize {
    const LEAST_BYTES_OF_A_ROW: u64 = 8;
    const MOST_ROWS: u64 = 1 << 20;
    let logs = data.extents.iter().filter(|found| found.header.kind == ExtentKind::Log);
    let log_bytes: u64 = logs.map(|log| log.header.capacity).sum();
    let rows = u64::from(claimed).min(log_bytes / LEAST_BYTES_OF_A_ROW).min(MOST_ROWS);
    usize::try_from(rows).unwrap_or(0)
}

fn new_appender(
    storage: &dyn Storage,
    data: Arc<DataFile>,
    superblock: Superblock,
    position: LogPosition,
    config: &MmapVectorConfig,
) -> Result<Appender> {
    let mut session = [0; 8];
    storage.random(&mut session).map_err(|error| data.io("drawing a session number for", error))?;
    if is_planted(Fault::SameSession) {
        session = [0; 8];
    }
    let planned_rows = config.initial_capacity as u64;
    Ok(Appender::new(data, superblock, position, u64::from_le_bytes(session), planned_rows))
}

/// Takes frames into the tables.
struct Loader<'a> {
    core: &'a Core,
    damage: Damage,
    /// Rows taken so far, those lost with a damaged frame included.
    rows: u32,
    deletions: u32,
    /// Of the keys of the frame at hand.
    hashes: Vec<u32>,
    saved: Option<&'a index_file::SavedIndex>,
    saved_fits: bool,
}

impl Loader<'_> {
    fn take(&mut self, frame: &Frame<'_>, at: u64, damaged: &[u32]) -> std::result::Result<(), String> {
        let core = self.core;
        if let Some(row) = frame.deletions().find(|&row| row >= frame.first_row()) {
            return Err(format!("a frame deletes row {row}, which is not there"));
        }
        if is_planted(Fault::LoseDeletions) && frame.row_count() == 0 {
            return Ok(());
        }
        core.rows.add(frame, at, self.deletions).map_err(|error| error.to_string())?;
        let mut directory = core.directory_mut();
        for row in frame.deletions() {
            self.delete(&mut directory, row)?;
        }
        self.deletions += frame.deletion_count();
        directory.try_reserve(frame.row_count() as usize).map_err(|error| error.to_string())?;
        for row in self.rows..frame.first_row() {
            core.rows.hide(row).map_err(|error| error.to_string())?;
        }
        if let Some(position) = frame.first_invalid_key() {
            return Err(format!("the key of row {} is no UTF-8", frame.first_row() + position));
        }
        // All hashes first: the look-ups that follow then wait for memory side by side.
        self.hashes.clear();
        self.hashes.extend((0..frame.row_count()).map(|position| core.hasher.hash(frame.key(position).1)));
        for (position, &hash) in (0..).zip(&self.hashes) {
            let row = frame.first_row() + position;
            if damaged.binary_search(&row).is_ok() {
                core.rows.hide(row).map_err(|error| error.to_string())?;
            } else {
                self.add(&mut directory, hash, frame.key(position).1, row)?;
            }
        }
        self.rows = frame.first_row() + frame.row_count();
        if let Some(saved) = self.saved
            && saved.sequence() == frame.link().sequence
        {
            self.saved_fits = saved.chain() == frame.checksum() || is_planted(Fault::KeepForeignIndex);
        }
        Ok(())
    }

    fn delete(&self, directory: &mut KeyDirectory, row: u32) -> std::result::Result<(), String> {
        let core = self.core;
        let before = directory.len();
        if let Ok(key) = core.rows.key(&core.data, row) {
            directory.remove(core.hasher.hash(key), row);
        }
        // Behind a damaged frame it may be a row that was lost with it. Deletions are not counted one by one then, so
        // the row's own number could be one that never comes.
        match self.damage {
            Damage::Tolerated => core.rows.hide(row).map_err(|error| error.to_string()),
            Damage::Refused if directory.len() == before => {
                Err(format!("a frame deletes row {row}, which is not live"))
            }
            Damage::Refused => Ok(()),
        }
    }

    fn add(
        &self,
        directory: &mut KeyDirectory,
        hash: u32,
        key: &[u8],
        row: u32,
    ) -> std::result::Result<(), String> {
        let core = self.core;
        let Some(older) = directory.add_new(hash, row, |row| core.has_key(row, key)) else { return Ok(()) };
        if self.damage == Damage::Refused {
            return Err(format!("row {row} has a key that another live row has"));
        }
        // Its deletion was lost with a damaged frame.
        core.rows.hide(older).map_err(|error| error.to_string())?;
        directory.replace(hash, older, row);
        Ok(())
    }
}
