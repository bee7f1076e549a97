//! Rebuilding an index of which a quarter is deleted rows: a successor without them is built beside it, and replaces it
//! when it is complete.
//!
//! ```text
//!   searches, writes --> the current graph, with deleted rows ----.
//!                                                                 > the successor, once it covers all rows
//!   build_index, index_step, the worker --> the successor -------'
//! ```
//! A deleted row stays in the graph, because other rows are found through it. It takes an entry of each neighbour list
//! and a visit of each search that passes.

use crate::Result;
use crate::index::{Advance, GraphParams, Index};
use crate::store::state::shared_state::SharedState;
use crate::store::upkeep::graphs::new_index;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A graph is stale if one row in this many is deleted.
const ROWS_A_DELETION: u32 = 4;

/// How often a successor indexes the rows that were written meanwhile before it replaces the graph. Later rows are
/// unindexed then.
const ROUNDS: usize = 2;

/// Whether so many rows of the graph are deleted that it should be rebuilt.
pub(crate) fn is_stale(state: &SharedState, graph: &Index) -> bool {
    let (covered, absent) = (graph.covered_rows(), graph.absent_rows());
    let enough = (covered.saturating_sub(absent) / ROWS_A_DELETION).max(1);
    let deletions = state.published.load().deletions.saturating_sub(absent);
    // `deletions` includes those of unindexed rows. The exact count reads a bit of every row, so it comes second.
    deletions >= enough && state.rows.deleted_below(covered).saturating_sub(absent) >= enough
}

/// Builds the successor of `graph`, or continues it, and replaces the graph. `progress` as for [`Index::extend`].
///
/// # Errors
/// Those of [`Index::extend`]; the successor is kept, and a later call continues it.
pub(crate) fn rebuild(
    state: &SharedState,
    graph: &Arc<Index>,
    params: GraphParams,
    threads: usize,
    progress: &mut dyn FnMut(u32, u32) -> ControlFlow<()>,
) -> Result<()> {
    let successor = rebuilt_index(state, graph, params);
    for _ in 0..ROUNDS {
        let rows = state.rows_to_index();
        successor.extend(&rows, state.published.load().rows, threads, progress)?;
    }
    replace_index(state, graph, successor);
    Ok(())
}

/// The successor; it is begun if there is none.
fn rebuilt_index(state: &SharedState, graph: &Index, params: GraphParams) -> Arc<Index> {
    state.rebuilt_index_or_create(|| {
        let (path, covered) = (state.data.path.display(), graph.covered_rows());
        let deleted = state.rows.deleted_below(covered).saturating_sub(graph.absent_rows());
        let rows = covered.saturating_sub(graph.absent_rows());
        log::info!("{path}: rebuilding the index: {deleted} of its {rows} rows are deleted");
        new_index(state, params)
    })
}

fn replace_index(state: &SharedState, graph: &Arc<Index>, successor: Arc<Index>) {
    let (path, covered) = (state.data.path.display(), successor.covered_rows());
    log::info!("{path}: rebuilt the index, {} rows", covered.saturating_sub(successor.absent_rows()));
    state.replace_index(graph, successor);
}

/// Does a part of what [`rebuild`] does, in the amount `work`, as [`Index::advance`]. The successor replaces the graph
/// once it covers the same rows.
///
/// # Errors
/// Those of [`Index::advance`].
pub(crate) fn advance(
    state: &SharedState,
    graph: &Arc<Index>,
    params: GraphParams,
    threads: usize,
    work: &mut i64,
) -> Result<Advance> {
    let successor = rebuilt_index(state, graph, params);
    let advance =
        successor.advance(&state.rows_to_index(), graph.covered_rows(), threads, Duration::ZERO, work)?;
    if advance == Advance::Done {
        replace_index(state, graph, successor);
    }
    Ok(advance)
}

/// Does a part of what [`rebuild`] does, until about `deadline`.
///
/// # Errors
/// Those of [`Index::step`].
pub(crate) fn step(
    state: &SharedState,
    graph: &Arc<Index>,
    params: GraphParams,
    deadline: Instant,
) -> Result<()> {
    let successor = rebuilt_index(state, graph, params);
    if successor.step(&state.rows_to_index(), state.published.load().rows, deadline)? {
        replace_index(state, graph, successor);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::index::mix;
    use crate::store::api::store::MmapVectorStore;
    use crate::store::search::scratch::SearchParts;
    use crate::{DistanceMetric, HnswConfig, MmapVectorConfig, SearchOptions};

    const DIMENSIONS: u16 = 64;

    fn vector(number: u64) -> Vec<f32> {
        let at = |place| mix(number * u64::from(DIMENSIONS) + place);
        (0..u64::from(DIMENSIONS)).map(|place| (at(place) >> 40) as f32 / (1u32 << 23) as f32 - 1.0).collect()
    }

    fn store() -> MmapVectorStore {
        MmapVectorStore::in_memory(MmapVectorConfig {
            dimensions: DIMENSIONS,
            metric: DistanceMetric::Euclidean,
            index_threshold: 100,
            most_unindexed_rows: 50,
            hnsw_config: HnswConfig { ef_construction: 60, ..HnswConfig::default() },
            ..Default::default()
        })
        .unwrap()
    }

    /// Deleted rows in the graph, and the rows that 100 walks through it visit.
    fn deleted_and_visits(store: &MmapVectorStore) -> (u32, u64) {
        let state = store.state();
        let graph = state.index().unwrap();
        let deleted = state.rows.deleted_below(graph.covered_rows()) - graph.absent_rows();
        let mut parts = SearchParts::default();
        for query in 0..100 {
            let search =
                store.search_of(&state, 10, &SearchOptions { ef: 50, ..Default::default() }).unwrap();
            search.nearest(&vector(u64::MAX / 128 - query), None, &mut parts).unwrap();
        }
        (deleted, parts.work.visits)
    }

    /// `SYNA_MMAP_CHURN_ROWS` and `_ROUNDS`: how many rows are replaced, and how often.
    #[test]
    fn repeated_replacement_keeps_few_deleted_rows_in_the_graph() {
        let number = |name, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
        let rows: u64 = number("SYNA_MMAP_CHURN_ROWS", 400);
        let rounds: u64 = number("SYNA_MMAP_CHURN_ROUNDS", 12);
        let store = store();
        let mut worst = 0;
        for write in 0..rows * rounds {
            store.upsert((write % rows).to_string(), &vector(write)).unwrap();
            if write >= 2 * rows && write % 97 == 0 {
                let state = store.state();
                let graph = state.index().unwrap();
                worst = worst.max(state.rows.deleted_below(graph.covered_rows()) - graph.absent_rows());
            }
        }
        assert_eq!(store.len() as u64, rows);
        let fresh = self::store();
        for key in 0..rows {
            fresh.upsert(key.to_string(), &vector(rows * (rounds - 1) + key)).unwrap();
        }
        let (deleted, visits) = deleted_and_visits(&store);
        let (_, of_fresh) = deleted_and_visits(&fresh);
        println!(
            "{deleted} deleted rows in the graph, {worst} at most; {visits} visits, {of_fresh} in a new store"
        );
        assert!(u64::from(worst) < rows, "up to {worst} deleted rows in a graph of {rows}");
        assert!(visits < 3 * of_fresh, "{visits} visits, {of_fresh} in a new store");
        for key in 0..rows {
            let found = store.search(&vector(rows * (rounds - 1) + key), 1).unwrap();
            assert_eq!(found[0].key, key.to_string());
        }
        store.close().unwrap();
    }
}
