//! The settings of a store that can change while it is open. All threads share them.

use crate::store::config::MmapVectorConfig;
use crate::{Result, SynaError};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// The candidates that `ef_search` allows.
pub(crate) const EF_SEARCH: RangeInclusive<usize> = 1..=65_536;

/// See the module. Each setting is read on its own, so no ordering between them is needed.
#[derive(Debug)]
pub(crate) struct Settings {
    ef_search: AtomicUsize,
    is_ef_fixed: bool,
    checkpoint_interval_secs: AtomicU64,
}

impl Settings {
    pub(crate) fn of(config: &MmapVectorConfig) -> Self {
        Self {
            ef_search: AtomicUsize::new(config.hnsw_config.ef_search),
            is_ef_fixed: config.fixed_ef,
            checkpoint_interval_secs: AtomicU64::new(config.checkpoint_interval_secs),
        }
    }

    pub(crate) fn ef_search(&self) -> usize {
        self.ef_search.load(Ordering::Relaxed)
    }

    /// As [`MmapVectorConfig::fixed_ef`].
    pub(crate) fn is_ef_fixed(&self) -> bool {
        self.is_ef_fixed
    }

    /// # Errors
    /// [`SynaError::InvalidArgument`] outside of [`EF_SEARCH`].
    pub(crate) fn set_ef_search(&self, ef_search: usize) -> Result<()> {
        check("ef_search", ef_search, EF_SEARCH)?;
        self.ef_search.store(ef_search, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn checkpoint_interval_secs(&self) -> u64 {
        self.checkpoint_interval_secs.load(Ordering::Relaxed)
    }

    /// `None`: no automatic checkpoints.
    pub(crate) fn checkpoint_interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.checkpoint_interval_secs())).filter(|interval| !interval.is_zero())
    }

    pub(crate) fn set_checkpoint_interval_secs(&self, secs: u64) {
        self.checkpoint_interval_secs.store(secs, Ordering::Relaxed);
    }
}

/// Checks that a number of the configuration is in its range.
///
/// # Errors
/// [`SynaError::InvalidArgument`].
pub(crate) fn check(name: &str, value: usize, range: RangeInclusive<usize>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(SynaError::argument(format!("{name} must be {} to {}, not {value}", range.start(), range.end())))
}
