//! Indexing the rows of a store, at once or in steps.
//!
//! ```text
//!   rows:   0 ........ in the graph ........ covered ... unindexed rows, scanned by each search ... written
//!                                               ^
//!           advanced by index_step, by build_index, a little by each write (share.rs), by a checkpoint,
//!           or by a background thread (worker.rs)
//! ```
//! Nothing here holds the writer's lock while it works on the graph, so writes run meanwhile.

use crate::index::GraphParams;
use crate::store::api::store::MmapVectorStore;
use crate::store::inner::Role;
use crate::store::search::default_ef::DefaultEf;
use crate::store::upkeep::graphs::{drop_if_retired, graph_params, index_of, tail_rows};
use crate::store::upkeep::rebuild::{self, is_stale};
use crate::{DistanceMetric, Result, SynaError};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

impl MmapVectorStore {
    fn graph_params(&self, metric: DistanceMetric) -> GraphParams {
        graph_params(&self.inner.config, metric)
    }

    /// Indexes rows for about `budget`, on the calling thread, and returns how many rows are unindexed: incremental
    /// indexing with a time budget, for frame loops. Creates the index if there is none.
    ///
    /// Each search compares unindexed rows one by one. Rows are indexed in batches of up to 512, each of them the work
    /// of many calls, so the returned number decreases in large steps. After it has reached 0, calls check older rows
    /// and, if a quarter of the index is deleted rows, rebuild it. When nothing is left to do, a call returns at once.
    /// Steps of any length give the same index as [`MmapVectorStore::build_index`], if no rows are written in between.
    ///
    /// A call does at least one item of work, which takes at most as long as a search, and starts no item that would
    /// exceed the budget. It returns late if the system preempts the thread, if the system is slow to provide memory (a
    /// 2 MB page every few hundred rows; docs/benchmarks/pauses.md), or if a table of the index is enlarged (32 bytes a
    /// row are cleared each time the rows have doubled). Searches and writes run meanwhile. If another thread is
    /// working on the index, the call does nothing.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`], [`SynaError::ReadOnly`], [`SynaError::Poisoned`] after a panic in the index.
    pub fn index_step(&self, budget: Duration) -> Result<usize> {
        // A deadline beyond the range of `Instant` is replaced by one that never passes.
        let begin = Instant::now();
        let deadline = begin.checked_add(budget).unwrap_or(begin + Duration::from_secs(1 << 30));
        self.check_writable()?;
        let state = &self.state();
        let graph = index_of(state, |metric| self.graph_params(metric));
        let mut result = graph.step(&state.rows_to_index(), state.published.load().rows, deadline);
        if matches!(result, Ok(true)) && is_stale(state, &graph) {
            let params = self.graph_params(state.data.identity.metric);
            result = rebuild::step(state, &graph, params, deadline).map(|()| true);
        }
        drop_if_retired(&self.inner.history, state);
        DefaultEf::of(&self.inner.settings).report(state, &graph);
        result?;
        Ok(tail_rows(&self.state()) as usize)
    }

    /// Indexes every stored vector, creates the index if there is none, and then makes a checkpoint.
    ///
    /// Searches find every vector before, during and after the build. Rows written during the build may stay unindexed.
    /// Deleted and replaced vectors stay in the index and make searches slower. If they are a quarter of it, this call
    /// rebuilds the index without them. A rebuild takes as long as the first build and needs the memory of a second index
    /// until it is complete. An index that proves damaged is rebuilt too.
    ///
    /// Searches and writes run meanwhile; writes wait only for the checkpoint at the end. The `threads` of the
    /// configuration share the work. Cost: slightly more than proportional to the number of vectors.
    ///
    /// # Errors
    /// As [`MmapVectorStore::checkpoint`], also [`SynaError::NoMemory`] and [`SynaError::Cancelled`] (by
    /// [`MmapVectorStore::interrupt`]). Searches use the part of the index that exists.
    pub fn build_index(&self) -> Result<()> {
        self.build_index_with(&mut |_, _| ControlFlow::Continue(()))
    }

    /// As [`MmapVectorStore::build_index`]. `progress` receives how many rows of how many are indexed, after every 512
    /// rows. When all are indexed, it is called from time to time while the index is checked. `Break` cancels the call.
    /// `progress` may call all functions on this store.
    ///
    /// # Errors
    /// As [`MmapVectorStore::build_index`]; [`SynaError::Cancelled`]: indexed rows stay indexed, searches use them, and a
    /// later call continues.
    pub fn build_index_with(&self, progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<()> {
        // Fails early if the checkpoint at the end would be refused.
        self.writer()?.appender.refuse_if_failed()?;
        let watch = self.interrupts.watch_indexing();
        let mut tell = |done: u32, end: u32| watch.and(|| progress(u64::from(done), u64::from(end)));
        loop {
            let state = self.state();
            let rows = state.rows_to_index();
            let graph = index_of(&state, |metric| self.graph_params(metric));
            let start = Instant::now();
            if is_stale(&state, &graph) {
                let params = self.graph_params(state.data.identity.metric);
                let rebuilt = rebuild::rebuild(&state, &graph, params, self.inner.config.threads, &mut tell);
                drop_if_retired(&self.inner.history, &state);
                // The next iteration finds the successor, all of whose rows are still to be checked.
                rebuilt?;
                continue;
            }
            let built = graph
                .extend(&rows, state.published.load().rows, self.inner.config.threads, &mut tell)
                .and_then(|()| graph.repair_all(&rows, self.inner.config.threads, &mut tell));
            drop_if_retired(&self.inner.history, &state);
            // A damaged index from a file counts as none: the next iteration rebuilds it.
            if graph.is_damaged() {
                continue;
            }
            built?;
            DefaultEf::of(&self.inner.settings).report(&state, &graph);
            let (path, covered) = (state.data.path.display(), graph.covered_rows());
            log::info!("{path}: built an index of {covered} rows in {:.1?}", start.elapsed());
            let mut writer = self.writer()?;
            // A compaction may have replaced the file meanwhile. The index of the new file must be complete as well.
            if self.inner.history.is_current(&state) {
                watch.check()?;
                writer.checkpoint(&state)?;
                if !graph.is_damaged() {
                    return Ok(());
                }
            }
        }
    }

    fn check_writable(&self) -> Result<()> {
        match &self.inner.role {
            Role::Writer(_) => Ok(()),
            Role::Reader(_) | Role::Closed => {
                Err(SynaError::ReadOnly { path: self.state().data.path.clone() })
            }
        }
    }
}
