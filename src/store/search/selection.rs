//! The rows that meet the conditions of a filter, without a query.

use crate::Result;
use crate::memory;
use crate::store::search::conditions::condition::checks_of;
use crate::store::search::conditions::selected::select;
use crate::store::search::filter::{Filter, RowFilter};
use crate::store::state::rows::Snapshot;
use crate::store::state::shared_state::SharedState;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A bitmap of rows.
#[derive(Debug)]
pub(crate) enum Selected {
    Own(Vec<u64>),
    /// Of a prepared filter.
    Shared(Arc<Vec<u64>>),
}

impl Selected {
    pub(crate) fn words(&self) -> &[u64] {
        match self {
            Self::Own(words) => words,
            Self::Shared(words) => words,
        }
    }
}

/// The rows of `0..rows` that meet the conditions of a filter on columns and its prepared filter, and are in its bitmap, if
/// it has one. `None` if the filter has neither conditions on columns nor a prepared filter. Bits of later rows are not
/// meaningful. Memory: one bit a row, unless the filter is only a prepared one.
///
/// # Errors
/// Those of the conditions; [`crate::SynaError::NoMemory`].
pub(crate) fn selected_rows(
    state: &Arc<SharedState>,
    rows: u32,
    filter: &Filter<'_>,
) -> Result<Option<Selected>> {
    let prepared = filter.prepared.map(|prepared| prepared.rows(state, rows)).transpose()?;
    match prepared {
        None if filter.conditions.is_empty() => Ok(None),
        Some(prepared) if filter.conditions.is_empty() && filter.rows.is_none() => {
            Ok(Some(Selected::Shared(prepared)))
        }
        prepared => {
            let checks = checks_of(filter.conditions, &state.data.schema)?;
            let count = rows.div_ceil(u64::BITS) as usize;
            let mut words = memory::with_room(count)?;
            let word = |words: Option<&[u64]>, place| {
                words.map_or(u64::MAX, |words| words.get(place).copied().unwrap_or(0))
            };
            let prepared = prepared.as_deref().map(Vec::as_slice);
            words.extend((0..count).map(|place| word(prepared, place) & word(filter.rows, place)));
            select(state, &checks, 0, &mut words)?;
            Ok(Some(Selected::Own(words)))
        }
    }
}

impl<'a> Filter<'a> {
    /// The same filter with the rows that [`selected_rows`] returned for it.
    pub(crate) fn with_selected(self, selected: Option<&'a Selected>) -> Self {
        match selected {
            None => self,
            Some(selected) => Self { rows: Some(selected.words()), conditions: &[], prepared: None, ..self },
        }
    }
}

/// The live rows of a snapshot that meet the conditions, ascending. Cost: the conditions of every live row.
///
/// # Errors
/// [`crate::SynaError::NoMemory`] for the list, and those of [`for_matching_rows`].
pub(crate) fn matching_rows(
    state: &Arc<SharedState>,
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
    state: &Arc<SharedState>,
    snapshot: Snapshot,
    filter: &Filter<'_>,
    first_row: u32,
    mut visit: impl FnMut(u32) -> Result<ControlFlow<()>>,
) -> Result<()> {
    filter.check(state.data.identity.keys)?;
    let selected = selected_rows(state, snapshot.rows, filter)?;
    let filter = filter.with_selected(selected.as_ref());
    // Each row is evaluated once, so no results are cached.
    let filter = RowFilter::uncached(state, snapshot, filter);
    for row in
        filter.candidates(first_row.min(snapshot.rows)..snapshot.rows).filter(|&row| filter.passes(row))
    {
        if visit(row)?.is_break() {
            break;
        }
    }
    filter.check()
}
