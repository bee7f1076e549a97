//! Stores without a file of their own: in memory, in the caller's memory, or inside a larger file.

use crate::storage::{Archive, InMemory, Part};
use crate::store::api::store::MmapVectorStore;
use crate::store::config::MmapVectorConfig;
use crate::store::upkeep::index_file;
use crate::{Result, SynaError};
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A store in a larger file or in memory begins at a multiple of this, so that its vectors can be read as floats.
const PLACE_ALIGN: u64 = 4;

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
    /// bytes, `index` that of its index file (`NAME.hnsw`), empty if there is none. Both begin at multiples of 4. The
    /// larger file must not change while the store is open.
    ///
    /// Multiples of 64 are better: vectors are then aligned to 64 bytes, and the index is read in place. At other offsets
    /// vectors are aligned to 4 bytes, and the index is copied into memory when the store is opened. What this costs:
    /// docs/benchmarks/places.md.
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
                    "{what} begins at byte {}; it must be a multiple of {PLACE_ALIGN}: align it when the larger file is \
                     written (zipalign 4 does)",
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
        let parts =
            Part::of_file(file, [store, index]).map_err(|error| SynaError::io(name, "opening", error))?;
        Self::open_parts(name, parts, config)
    }

    /// Opens, for reading, a store in memory: the bytes of its file, and those of its index file (`NAME.hnsw`), empty if
    /// there is none. Nothing in them is trusted. They are not copied, and are kept until the store is closed and the
    /// results and cursors of the store are dropped or used for another search.
    ///
    /// The bytes of the store begin at an address that is a multiple of 4; see [`MmapVectorStore::open_at`] for what a
    /// multiple of 64 saves. Cost: as [`MmapVectorStore::new`]; the memory of the keys' table, and of the index that
    /// searches visit.
    ///
    /// # Errors
    /// As [`MmapVectorStore::open_at`].
    pub fn open_memory(
        store: impl AsRef<[u8]> + Send + Sync + 'static,
        index: impl AsRef<[u8]> + Send + Sync + 'static,
        config: MmapVectorConfig,
    ) -> Result<Self> {
        let parts = [Part::of_memory(Arc::new(store)), Part::of_memory(Arc::new(index))];
        // An address in an `Arc`, so checked after the move.
        let unaligned = ["the store", "the index"]
            .into_iter()
            .zip(&parts)
            .find(|(_, (part, address))| !part.is_empty() && !(*address as u64).is_multiple_of(PLACE_ALIGN));
        if let Some((what, (_, address))) = unaligned {
            return Err(SynaError::argument(format!(
                "{what} begins at address {address:#x}; it must be a multiple of {PLACE_ALIGN}: copy the bytes to \
                 aligned memory"
            )));
        }
        let name = Path::new("(a store in the caller's memory)");
        Self::open_parts(name, parts.map(|(part, _)| part), config)
    }

    /// `parts`: the store and its index.
    fn open_parts(name: &Path, parts: [Part; 2], config: MmapVectorConfig) -> Result<Self> {
        let [store, index] = parts;
        if store.is_empty() {
            return Err(SynaError::argument("the store has a length of 0"));
        }
        if config.open.must_create {
            return Err(SynaError::argument(
                "a store inside another file or in the caller's memory cannot be created",
            ));
        }
        let mut config = config;
        config.open.read_only = true;
        let archive = Archive::new([(name.to_owned(), store), (index_file::path_of(name), index)]);
        Self::open_on(Arc::new(archive), name, config)
    }
}
