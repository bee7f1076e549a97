//! The rows that meet the conditions of a filter, without a query.

use crate::Result;
use crate::memory;
use crate::store::search::filter::{Filter, RowFilter};
use crate::store::state::rows::Snapshot;
use crate::store::state::shared_state::SharedState;
use std::ops::ControlFlow;

/// The live rows of a snapshot that meet the conditions, ascending. Cost: the conditions of every live row.
///
/// # Errors
/// [`crate::SynaError::NoMemory`] for the list, and those of [`for_matching_rows`].
pub(crate) fn matching_rows(
    state: &SharedState,
    snapshot: Snapshot,
    filter: &Filter<'_>,
) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for_matching_rows(state, snapshot, filter, 0, |row| {
        memory::push(&mut found, row)?;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Calls `visit` with each live row of a snapshot from `first_row` on that meets the conditions, ascending, until it
/// breaks.
///
/// # Errors
/// Those of `visit`; [`crate::SynaError::InvalidKey`] for a prefix that is not UTF-8 in a store of text keys.
pub(crate) fn for_matching_rows(
    state: &SharedState,
    snapshot: Snapshot,
    filter: &Filter<'_>,
    first_row: u32,
    mut visit: impl FnMut(u32) -> Result<ControlFlow<()>>,
) -> Result<()> {
    filter.check(state.data.identity.keys)?;
    // Each row is evaluated once, so no results are cached.
    let filter = RowFilter::uncached(state, snapshot, *filter);
    for row in
        filter.candidates(first_row.min(snapshot.rows)..snapshot.rows).filter(|&row| filter.passes(row))
    {
        if visit(row)?.is_break() {
            break;
        }
    }
    filter.check()
}
