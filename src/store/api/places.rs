//! Stores without a file of their own: in memory, or inside a larger file.

use crate::storage::{Archive, InMemory};
use crate::store::api::store::MmapVectorStore;
use crate::store::config::MmapVectorConfig;
use crate::store::upkeep::index_file;
use crate::{Result, SynaError};
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A store in a larger file begins at a multiple of this, so that its vectors are aligned.
const PLACE_ALIGN: u64 = 64;

impl MmapVectorStore {
    /// Creates a store without a file, for tests and caches. It is lost when it is closed;
    /// [`MmapVectorStore::snapshot_to`] writes it to a file. Otherwise it behaves as a store in a file.
    ///
    /// The vectors use memory instead of disk space (on systems other than Linux: a nameless temporary file).
    /// `checkpoint_interval_secs` is ignored.
    ///
    /// # Errors
    /// As [`MmapVectorStore::new`]; [`SynaError::NotFound`] if the configuration needs a file.
    pub fn in_memory(config: MmapVectorConfig) -> Result<Self> {
        // A checkpoint would have no effect.
        let config = MmapVectorConfig { checkpoint_interval_secs: 0, ..config };
        Self::open_on(Arc::new(InMemory), Path::new(InMemory::NAME), config)
    }

    /// Opens, for reading, a store that lies inside a larger file, such as a game archive. `store` is the range of its
    /// bytes, `index` that of its index file (`NAME.hnsw`), empty if there is none. Both begin at multiples of 64. The
    /// larger file must not change while the store is open.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`] if a range exceeds the file or is not aligned, and if `config` sets
    /// `must_create`; also as [`MmapVectorStore::new`].
    pub fn open_at(
        file: File,
        store: Range<u64>,
        index: Range<u64>,
        config: MmapVectorConfig,
    ) -> Result<Self> {
        let name = Path::new("(a store inside another file)");
        let metadata = file.metadata().map_err(|error| SynaError::io(name, "examining", error))?;
        for (what, range) in [("the store", &store), ("the index", &index)] {
            if !range.start.is_multiple_of(PLACE_ALIGN) {
                return Err(SynaError::argument(format!(
                    "{what} begins at byte {}; it must be a multiple of {PLACE_ALIGN}",
                    range.start
                )));
            }
            if range.start > range.end || range.end > metadata.len() {
                let length = metadata.len();
                return Err(SynaError::argument(format!(
                    "{what} is bytes {} to {}, which are not in a file of {length} bytes",
                    range.start, range.end
                )));
            }
        }
        if store.is_empty() {
            return Err(SynaError::argument("the store has a length of 0"));
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
