//! The index of a store: how rows get into it, at once or in steps.
//!
//! ```text
//!   rows:   0 ........ in the graph ........ covered ... the tail, scanned by each search ... written
//!                                               ^
//!           moved on by index_step, by build_index, a little by each write (share.rs), by a checkpoint,
//!           or by a thread of its own (worker.rs)
//! ```
//! Nothing here waits for the writer while it works on the graph, so writes go on meanwhile.

use crate::index::GraphParams;
use crate::store::api::store::MmapVectorStore;
use crate::store::inner::Role;
use crate::store::search::default_ef::DefaultEf;
use crate::store::upkeep::graphs::{give_up_retired, graph_of, graph_params, tail_rows};
use crate::store::upkeep::rebuild::{self, is_stale};
use crate::{DistanceMetric, Result, SynaError};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

impl MmapVectorStore {
    fn graph_params(&self, metric: DistanceMetric) -> GraphParams {
        graph_params(&self.inner.config, metric)
    }

    /// Takes rows into the index for about as long as `budget`, on this thread, and returns how many are left that are
    /// not in it: for a host that has so much time in each frame. Makes the index where there is none.
    ///
    /// Rows enter in batches of up to 512, each of them the work of many calls, so what is left goes down by leaps. The
    /// index is the same, byte for byte, as one that is made at once, as long as no rows come between. Once nothing is
    /// left, calls go on checking older rows, and making an index anew of which a quarter is deleted rows, for their budget
    /// at most and until all that is due is done.
    ///
    /// A call does one item of work at least, which takes as long as a search or less, and begins none that would not fit
    /// any more, by what such items took before. It is late where the system takes the processor away or takes long to give
    /// memory (a page of 2 MB every few hundred rows; docs/benchmarks/pauses.md), and where the table of fingerprints is made larger:
    /// 32 bytes a row are cleared, each time the rows have doubled. Searches and writes go on meanwhile. Where another thread is
    /// working on the index, it does nothing.
    ///
    /// # Errors
    /// [`SynaError::NoMemory`], [`SynaError::ReadOnly`], [`SynaError::Poisoned`] after a panic in the index.
    pub fn index_step(&self, budget: Duration) -> Result<usize> {
        // A moment too far off to be said never comes.
        let begin = Instant::now();
        let deadline = begin.checked_add(budget).unwrap_or(begin + Duration::from_secs(1 << 30));
        self.check_writable()?;
        let core = &self.core();
        let graph = graph_of(core, |metric| self.graph_params(metric));
        let mut result = graph.step(&core.rows_to_index(), core.published.load().rows, deadline);
        if matches!(result, Ok(true)) && is_stale(core, &graph) {
            let params = self.graph_params(core.data.identity.metric);
            result = rebuild::step(core, &graph, params, deadline).map(|()| true);
        }
        give_up_retired(&self.inner.cores, core);
        DefaultEf::of(&self.inner.config).report(core, &graph);
        result?;
        Ok(tail_rows(&self.core()) as usize)
    }

    /// Takes every row into the index, makes it where there is none or where it proves damaged, checks all rows of it, and
    /// checkpoints. One of which a quarter is deleted rows is made anew without them, beside the one in use. Searches and
    /// writes go on meanwhile; rows that are written meanwhile may be left out.
    ///
    /// # Errors
    /// As [`MmapVectorStore::checkpoint`]; [`SynaError::NoMemory`].
    pub fn build_index(&self) -> Result<()> {
        self.build_index_with(&mut |_, _| ControlFlow::Continue(()))
    }

    /// As [`MmapVectorStore::build_index`]. `progress` is told how many rows of how many are in the index, after every 512
    /// rows and, with all of them in it, now and then while they are checked; `Break` ends the call. It may call
    /// everything on this store.
    ///
    /// # Errors
    /// As [`MmapVectorStore::build_index`]; [`SynaError::Cancelled`]: the rows that are in the index stay there, searches
    /// use it, and a later call goes on.
    pub fn build_index_with(&self, progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<()> {
        // What could not be saved at the end is refused at the beginning.
        self.writer()?.appender.refuse_if_failed()?;
        let watch = self.interrupts.watch_indexing();
        let mut tell = |done: u32, end: u32| watch.and(|| progress(u64::from(done), u64::from(end)));
        loop {
            let core = self.core();
            let rows = core.rows_to_index();
            let graph = graph_of(&core, |metric| self.graph_params(metric));
            let start = Instant::now();
            if is_stale(&core, &graph) {
                let params = self.graph_params(core.data.identity.metric);
                let rebuilt = rebuild::rebuild(&core, &graph, params, self.inner.config.threads, &mut tell);
                give_up_retired(&self.inner.cores, &core);
                // The next round finds the successor, all of whose rows are still to be checked.
                rebuilt?;
                continue;
            }
            let built = graph
                .extend(&rows, core.published.load().rows, self.inner.config.threads, &mut tell)
                .and_then(|()| graph.mend(&rows, self.inner.config.threads, &mut tell));
            give_up_retired(&self.inner.cores, &core);
            // One from a file that proves damaged counts as none: the next round makes it anew.
            if graph.is_damaged() {
                continue;
            }
            built?;
            DefaultEf::of(&self.inner.config).report(&core, &graph);
            let (path, covered) = (core.data.path.display(), graph.covered_rows());
            log::info!("{path}: made an index of {covered} rows, {:.1?}", start.elapsed());
            let mut writer = self.writer()?;
            // A compaction may have put another file in its place, whose index has to be whole as well.
            if self.inner.cores.is_current(&core) {
                watch.check()?;
                writer.checkpoint(&core)?;
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
                Err(SynaError::ReadOnly { path: self.core().data.path.clone() })
            }
        }
    }
}
