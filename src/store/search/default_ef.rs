//! How many candidates a search takes that names no number, and what is said of an index that needs many.

use crate::index::{Graph, SampledRecall};
use crate::store::config::MmapVectorConfig;
use crate::store::state::core::SharedState;

/// Below this recall a user is told.
const LOW_RECALL: f32 = 0.9;

/// What the configuration says of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DefaultEf {
    least: usize,
    is_fixed: bool,
}

impl DefaultEf {
    pub(crate) fn of(config: &MmapVectorConfig) -> Self {
        Self { least: config.hnsw_config.ef_search, is_fixed: config.fixed_ef }
    }

    /// With the graph that there is.
    #[inline]
    pub(crate) fn of_graph(self, graph: Option<&Graph>) -> usize {
        match graph {
            Some(graph) if !self.is_fixed => graph.default_ef(self.least),
            _ => self.least,
        }
    }

    /// Tells the log of a recall that the index has measured, once each time.
    pub(crate) fn report(self, core: &SharedState, graph: &Graph) {
        let Some(SampledRecall { rows, ef, recall }) = graph.unreported_recall() else { return };
        let path = core.data.path.display();
        let takes = self.of_graph(Some(graph));
        if recall < LOW_RECALL {
            log::warn!(
                "{path}: searches of the index of {rows} rows for 10 vectors find {recall:.2} of the nearest with {ef} \
                 candidates (recall on a sample). The data are of high intrinsic dimension: name a larger ef, build the \
                 index again with a larger hnsw_ef_construction and hnsw_m, or search exactly"
            );
        } else if takes < ef as usize {
            log::warn!(
                "{path}: searches of the index of {rows} rows take {ef} candidates to find {recall:.2} of the 10 nearest \
                 vectors (recall on a sample), and take {takes}: name a larger ef, or leave fixed_ef out"
            );
        } else {
            log::info!(
                "{path}: the index of {rows} rows has a recall of {recall:.2} with {ef} candidates, on a sample; \
                 searches that name no ef take {takes}"
            );
        }
    }
}
