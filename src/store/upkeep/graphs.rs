//! Creating the graph of a store, and counting the rows that it does not cover.

use crate::DistanceMetric;
use crate::index::{Graph, GraphParams};
use crate::store::config::MmapVectorConfig;
use crate::store::state::core::SharedState;
use crate::store::state::cores::StateHistory;
use std::sync::Arc;

/// The parameters of a new graph.
pub(crate) fn graph_params(config: &MmapVectorConfig, metric: DistanceMetric) -> GraphParams {
    let narrow = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let hnsw = &config.hnsw_config;
    let m_max = if hnsw.m_max == 0 { hnsw.m.saturating_mul(2) } else { hnsw.m_max };
    GraphParams {
        metric,
        m: narrow(hnsw.m),
        m_max: narrow(m_max),
        ef_construction: narrow(hnsw.ef_construction),
        seed: config.seed,
        profile: config.index_profile,
    }
}

/// The graph; an empty one is created if there is none.
pub(crate) fn graph_of(core: &SharedState, params: impl FnOnce(DistanceMetric) -> GraphParams) -> Arc<Graph> {
    let identity = &core.data.identity;
    core.graph_or_make(|| new_graph(core, params(identity.metric)))
}

/// An empty graph.
pub(crate) fn new_graph(core: &SharedState, params: GraphParams) -> Arc<Graph> {
    Arc::new(Graph::new(params, core.data.identity.dimensions as usize, core.kernels))
}

/// The number of unindexed rows.
pub(crate) fn tail_rows(core: &SharedState) -> u32 {
    let covered = core.graph().map_or(0, |graph| graph.covered_rows());
    core.published.load().rows.saturating_sub(covered)
}

/// Drops the graph of a state that was replaced while its rows were indexed.
pub(crate) fn give_up_retired(cores: &StateHistory, core: &Arc<SharedState>) {
    if !cores.is_current(core) {
        core.set_graph(None);
    }
}
