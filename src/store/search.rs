//! Searching: the graph for the rows it covers, an exact scan for those behind it, so that no row is ever hidden.

use super::checked_batch::check_finite;
use super::core::{Core, StoredRows};
use super::results::{Hit, SearchOptions, SearchResults};
use super::rows::Snapshot;
use crate::distance::PreparedQuery;
use crate::index::{BestK, GraphSearch, ScanRequest, scan};
use crate::{Result, SynaError};
use std::sync::Arc;
use std::time::Instant;

/// Under this many rows a scan is faster than the graph, and exact. Tests of small stores want the graph looked at, and
/// a fuzzer has time for small stores only.
const EXACT_BELOW_ROWS: u32 = if cfg!(any(test, fuzzing)) { 4 } else { 2000 };
/// The most hits of one search.
pub const MAX_K: usize = 1 << 24;
/// The most candidates of one search.
pub const MAX_EF: usize = 1 << 24;

/// Fills `results` with the `k` nearest rows of this moment.
pub(super) fn search(
    core: &Arc<Core>,
    query: &[f32],
    k: usize,
    options: &SearchOptions,
    ef_search: usize,
    results: &mut SearchResults,
) -> Result<()> {
    results.clear();
    let deadline = options.deadline.and_then(|after| Instant::now().checked_add(after));
    let dimensions = core.data.identity.dimensions;
    if query.len() != dimensions as usize {
        return Err(SynaError::DimensionMismatch { expected: dimensions, actual: query.len() as u64 });
    }
    check_finite(core, 0, query)?;
    let limited = |what, value: usize, limit: usize| match value <= limit {
        true => Ok(value),
        false => Err(SynaError::Limit { what, limit: limit as u64, actual: value as u64 }),
    };
    let k = limited("k, the hits of one search", k, MAX_K)?;
    let ef = limited("ef, the candidates of one search", options.ef, MAX_EF)?;
    let ef = if ef == 0 { ef_search } else { ef };
    // The graph first: rows that enter it meanwhile are then found by the scan, at worst a second time.
    let graph = core.graph().filter(|_| !options.exact);
    let covered = graph.as_ref().map_or(0, |graph| graph.covered_rows());
    let snapshot = core.published.load();
    let covered = covered.min(snapshot.rows);
    let prepared = PreparedQuery::new(core.kernels, core.data.identity.metric, query);
    let rows = StoredRows(&core.data);
    let is_visible = |row: u32| core.is_visible(row, snapshot);
    let k = k.min(snapshot.rows as usize);
    let parts = &mut results.parts;
    parts.best.reset(k);
    let mut is_partial = false;
    let mut scan_from = 0;
    if let Some(graph) = graph.filter(|_| covered >= EXACT_BELOW_ROWS && k < covered as usize / 2) {
        let request =
            GraphSearch { k, ef: ef.max(k), limit: covered, visible: &is_visible, deadline, budget: None };
        // A query that the graph has no code for is answered by a scan.
        if let Some(end) = graph.search(&prepared, &rows, &request, &mut parts.scratch, &mut parts.neighbours)
        {
            is_partial = end.is_partial;
            for &neighbour in &parts.neighbours {
                parts.best.push(neighbour);
            }
            scan_from = covered;
        }
    }
    let request = ScanRequest { visible: &is_visible, deadline };
    is_partial |= scan(&prepared, &rows, scan_from..snapshot.rows, &request, &mut parts.best).is_partial;
    results.fill(core, is_partial);
    Ok(())
}

/// What a search works in, kept from one to the next.
#[derive(Debug, Default)]
pub(super) struct SearchParts {
    pub(super) scratch: crate::index::Scratch,
    pub(super) neighbours: Vec<crate::index::Neighbour>,
    pub(super) best: BestK,
}

impl SearchParts {
    /// The best rows, nearest first.
    pub(super) fn hits(&mut self) -> impl Iterator<Item = Hit> {
        self.best.sorted().iter().map(|found| Hit { row: found.row, distance: found.distance })
    }
}

/// Live rows of a snapshot, in the order of their insertion.
pub(super) fn live_rows(core: &Core, snapshot: Snapshot) -> impl Iterator<Item = u32> {
    (0..snapshot.rows).filter(move |&row| core.rows.is_live(row, snapshot))
}
