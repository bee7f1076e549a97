//! Stores that are no file of their own: in memory, or inside a larger file.

use crate::storage::{Archive, InMemory};
use crate::store::api::store::MmapVectorStore;
use crate::store::config::MmapVectorConfig;
use crate::store::upkeep::index_file;
use crate::{Result, SynaError};
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Where in a larger file a store begins: a multiple of this, so that vectors lie as in a file of their own.
const PLACE_ALIGN: u64 = 64;

impl MmapVectorStore {
    /// Makes a store without a file, for tests and caches: it is gone when it is closed. All else is as in a file;
    /// [`MmapVectorStore::snapshot_to`] writes it to one.
    ///
    /// Takes no disk space (on systems other than Linux: a nameless temporary file).
    ///
    /// # Errors
    /// As [`MmapVectorStore::new`]; [`SynaError::NotFound`] for a configuration that needs a file.
    pub fn in_memory(config: MmapVectorConfig) -> Result<Self> {
        // There is nothing that a checkpoint would make safer.
        let config = MmapVectorConfig { checkpoint_interval_secs: 0, ..config };
        Self::open_on(Arc::new(InMemory), Path::new(InMemory::NAME), config)
    }

    /// Opens a store that lies inside a larger file, such as a game's archive, for reading: `store` are its bytes there,
    /// `index` those of its index (`NAME.hnsw`), empty where there is none. Both begin at multiples of 64. The larger file
    /// must not change as long as the store is open.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`] for bytes that are not in the file or begin elsewhere, and where `config` asks for
    /// more than reading; else as [`MmapVectorStore::new`].
    pub fn open_at(
        file: File,
        store: Range<u64>,
        index: Range<u64>,
        config: MmapVectorConfig,
    ) -> Result<Self> {
        let name = Path::new("(a store inside another file)");
        let metadata = file.metadata().map_err(|error| SynaError::io(name, "looking at", error))?;
        for (what, range) in [("the store", &store), ("the index", &index)] {
            if !range.start.is_multiple_of(PLACE_ALIGN) {
                return Err(SynaError::argument(format!(
                    "{what} begins at {}, it has to be a multiple of {PLACE_ALIGN}",
                    range.start
                )));
            }
            if range.start > range.end || range.end > metadata.len() {
                let length = metadata.len();
                return Err(SynaError::argument(format!(
                    "{what} is said to be bytes {} to {} of a file of {length}",
                    range.start, range.end
                )));
            }
        }
        if store.is_empty() {
            return Err(SynaError::argument("the store is said to have no bytes"));
        }
        if config.open.must_create {
            return Err(SynaError::argument("a store inside another file cannot be created"));
        }
        let mut config = config;
        config.open.read_only = true;
        let parts = [(name.to_owned(), store), (index_file::path_of(name), index)];
        let archive = Archive::new(file, parts).map_err(|error| SynaError::io(name, "opening", error))?;
        Self::open_on(Arc::new(archive), name, config)
    }
}
