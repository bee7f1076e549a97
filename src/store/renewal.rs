//! An index of which a quarter is deleted rows is made anew: a successor without them grows beside it, and takes its place
//! once it is whole.
//!
//! ```text
//!   searches, writes --> the graph at hand, deleted rows in it --.
//!                                                                 > the successor's, from when it covers all rows
//!   build_index, index_step, the worker --> the successor -------'
//! ```
//! A row that is deleted stays in the graph, since others are found through it. There it takes a place in every list and a
//! visit of every search that comes by.

use super::core::Core;
use super::indexing::new_graph;
use crate::Result;
use crate::index::{Graph, GraphParams};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

/// One row in so many that is deleted makes a graph a worn one.
const ROWS_A_DELETION: u32 = 4;

/// How often a successor takes in what was written meanwhile before it takes the place: what comes then is the tail.
const ROUNDS: usize = 2;

/// Whether so many of the graph's rows are deleted that it is worth while to make it anew.
pub(super) fn is_worn(core: &Core, graph: &Graph) -> bool {
    let (covered, absent) = (graph.covered_rows(), graph.absent_rows());
    let enough = (covered.saturating_sub(absent) / ROWS_A_DELETION).max(1);
    let deletions = core.published.load().deletions.saturating_sub(absent);
    // Those of the tail are counted with them; to tell them apart takes a look at a bit of every row.
    deletions >= enough && core.rows.deleted_below(covered).saturating_sub(absent) >= enough
}

/// Makes the successor of `graph`, or goes on with it, and gives it the place. `progress` as for [`Graph::extend`].
///
/// # Errors
/// Those of [`Graph::extend`]; what there is of the successor stays, and a later call goes on.
pub(super) fn renew(
    core: &Core,
    graph: &Arc<Graph>,
    params: GraphParams,
    threads: usize,
    progress: &mut dyn FnMut(u32, u32) -> ControlFlow<()>,
) -> Result<()> {
    let successor = core.successor_or_make(|| new_graph(core, params));
    for _ in 0..ROUNDS {
        let rows = core.rows_to_index();
        successor.extend(&rows, core.published.load().rows, threads, progress)?;
    }
    core.succeed(graph, successor);
    Ok(())
}

/// Does a part of what [`renew`] does, until about `deadline`.
///
/// # Errors
/// Those of [`Graph::step`].
pub(super) fn step(core: &Core, graph: &Arc<Graph>, params: GraphParams, deadline: Instant) -> Result<()> {
    let successor = core.successor_or_make(|| new_graph(core, params));
    if successor.step(&core.rows_to_index(), core.published.load().rows, deadline)? {
        core.succeed(graph, successor);
    }
    Ok(())
}
