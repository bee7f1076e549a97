//! Creating the graph of a store, and counting the rows that it does not cover.

use crate::DistanceMetric;
use crate::index::{GraphParams, Index};
use crate::store::config::MmapVectorConfig;
use crate::store::state::shared_state::SharedState;
use crate::store::state::state_history::StateHistory;
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
pub(crate) fn index_of(
    state: &SharedState,
    params: impl FnOnce(DistanceMetric) -> GraphParams,
) -> Arc<Index> {
    let identity = &state.data.identity;
    state.index_or_create(|| new_index(state, params(identity.metric)))
}

/// An empty graph.
pub(crate) fn new_index(state: &SharedState, params: GraphParams) -> Arc<Index> {
    Arc::new(Index::new(params, state.data.identity.dimensions as usize, state.kernels))
}

/// The number of unindexed rows.
pub(crate) fn tail_rows(state: &SharedState) -> u32 {
    let covered = state.index().map_or(0, |graph| graph.covered_rows());
    state.published.load().rows.saturating_sub(covered)
}

/// Drops the graph of a state that was replaced while its rows were indexed.
pub(crate) fn drop_if_retired(history: &StateHistory, state: &Arc<SharedState>) {
    if !history.is_current(state) {
        state.set_index(None);
    }
}
