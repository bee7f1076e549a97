//! The number of candidates of a search that sets no `ef`, and the log message about an index that needs many.

use crate::index::{Index, SampledRecall};
use crate::store::state::settings::Settings;
use crate::store::state::shared_state::SharedState;

/// Below this recall a warning is logged.
const LOW_RECALL: f32 = 0.9;

/// The settings that decide it, at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DefaultEf {
    least: usize,
    is_fixed: bool,
}

impl DefaultEf {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self { least: settings.ef_search(), is_fixed: settings.is_ef_fixed() }
    }

    /// The number of candidates with this graph.
    #[inline]
    pub(crate) fn of_index(self, graph: Option<&Index>) -> usize {
        match graph {
            Some(graph) if !self.is_fixed => graph.default_ef(self.least),
            _ => self.least,
        }
    }

    /// Logs a recall that the index has measured, once for each measurement.
    pub(crate) fn report(self, state: &SharedState, graph: &Index) {
        let Some(SampledRecall { rows, ef, recall }) = graph.unreported_recall() else { return };
        let path = state.data.path.display();
        let takes = self.of_index(Some(graph));
        if recall < LOW_RECALL {
            log::warn!(
                "{path}: searches for 10 vectors in the index of {rows} rows have a recall of {recall:.2} with {ef} candidates, \
                 measured on a sample. The data have a high intrinsic dimension: set a larger ef, rebuild the index with a \
                 larger hnsw_ef_construction and hnsw_m, or use exact searches"
            );
        } else if takes < ef as usize {
            log::warn!(
                "{path}: searches in the index of {rows} rows need {ef} candidates for a recall of {recall:.2}, measured on a \
                 sample, but use {takes}: set a larger ef, or do not set fixed_ef"
            );
        } else {
            log::info!(
                "{path}: the index of {rows} rows has a recall of {recall:.2} with {ef} candidates, measured on a sample; \
                 searches that set no ef use {takes}"
            );
        }
    }
}
