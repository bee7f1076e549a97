//! What a store was opened with, and the settings that can change while it is open.

use crate::store::api::store::MmapVectorStore;
use crate::store::config::{HnswConfig, MmapVectorConfig};
use crate::store::inner::Role;
use crate::{Result, SynaError};
use std::path::Path;

impl MmapVectorStore {
    /// The path that the store was opened by, made absolute; `None` for a store without a file of its own.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        // The names of stores in memory and in larger files are not absolute.
        Some(self.path.as_path()).filter(|path| path.is_absolute())
    }

    /// The configuration as it is in effect: dimensions, metric, kind of keys, element type and user block as the file
    /// says, the settings as they were set last, the rest as the store was opened.
    #[must_use]
    pub fn config(&self) -> MmapVectorConfig {
        let (config, settings) = (&self.inner.config, &self.inner.settings);
        MmapVectorConfig {
            dimensions: self.dimensions(),
            small_dimensions: self.dimensions() < 64,
            metric: self.metric(),
            metric_from_file: false,
            element: self.element(),
            element_from_file: false,
            key_kind: self.key_kind(),
            key_kind_from_file: false,
            user_block: self.user_block(),
            hnsw_config: HnswConfig { ef_search: settings.ef_search(), ..config.hnsw_config.clone() },
            checkpoint_interval_secs: settings.checkpoint_interval_secs(),
            ..config.clone()
        }
    }

    /// Changes [`HnswConfig::ef_search`] for searches that begin afterwards. It is not stored in the file.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`] unless it is 1 to 65,536: nothing is changed.
    pub fn set_ef_search(&self, ef_search: usize) -> Result<()> {
        self.inner.settings.set_ef_search(ef_search)
    }

    /// Changes [`MmapVectorConfig::checkpoint_interval_secs`] for the writes that follow. 0: no automatic checkpoints. It
    /// is not stored in the file. If the last checkpoint is longer ago than the new interval, the next write makes one.
    /// Ignored for a store in memory.
    ///
    /// # Errors
    /// [`SynaError::ReadOnly`].
    pub fn set_checkpoint_interval_secs(&self, secs: u64) -> Result<()> {
        if !matches!(self.inner.role, Role::Writer(_)) {
            return Err(SynaError::ReadOnly { path: self.state().data.path.clone() });
        }
        if self.inner.storage.keeps_files() {
            self.inner.settings.set_checkpoint_interval_secs(secs);
        }
        Ok(())
    }
}
