//! Verifying a store.

use crate::distance::PreparedQuery;
use crate::index::are_equal;
use crate::memory;
use crate::storage::{Damage, RowCheck, read_superblock, replay};
use crate::store::api::store::MmapVectorStore;
use crate::store::search::default_ef::DefaultEf;
use crate::store::search::results::{SearchOptions, SearchResults};
use crate::store::search::search::Search;
use crate::store::state::interrupts::Watch;
use crate::store::state::shared_state::{SharedState, live_rows};
use crate::{DistanceMetric, Result, SynaError};
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// A problem of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The row's vector differs from its checksum: the disk has changed it. Or it has values that no vector of the store's
    /// element type has, for example NaN, under a valid checksum: another program has written it.
    /// [`MmapVectorStore::salvage`] saves the other rows.
    DamagedVector,
    /// A search through the index for the row's own vector does not find it. Close the store, remove the index file,
    /// and build the index again.
    Hidden,
    /// No path of links in the index leads to the row, so no search through the index can find it. Rebuild as for
    /// `Hidden`.
    Unreachable,
    /// The index has only links to the row that may be replaced, or none. Reported only if this holds for more than 16
    /// rows and for more than one row in 50: searches then are slower and find less than they could. Not reported if a
    /// row has fewer than 16 links (`m_max`). Rebuild as for `Hidden`.
    Orphan,
    /// The row's record in the index file differs from its checksum: the disk has changed it. The index is no longer
    /// used: searches compare all vectors until [`MmapVectorStore::build_index`] or automatic indexing rebuilds it.
    DamagedLinks,
    /// The index file was not used when the store was opened: it is damaged, or belongs to another state of the data
    /// file. A problem of the store, not of a row. Searches compare all vectors until the index is rebuilt. The finding
    /// disappears when the rebuilt index is saved.
    IgnoredIndex,
}

/// A problem that [`MmapVectorStore::verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The row number; `None` for [`Problem::IgnoredIndex`].
    pub row: Option<u32>,
    /// The row's key; empty without a row.
    pub key: Vec<u8>,
    /// The problem.
    pub problem: Problem,
    /// The problem as a sentence. For [`Problem::IgnoredIndex`] it has the reason, with offsets in the file.
    pub message: Cow<'static, str>,
}

impl Problem {
    /// The problem of a row as a sentence.
    fn message(self) -> &'static str {
        match self {
            Self::DamagedVector => "the vector differs from its checksum: the disk has changed it",
            Self::Hidden => "a search through the index for the row's own vector does not find it",
            Self::Unreachable => "no path of links in the index leads to the row",
            Self::Orphan => "the index has no link to the row, or only links that may be replaced",
            Self::DamagedLinks => {
                "the row's record in the index file differs from its checksum: the disk has changed it"
            }
            Self::IgnoredIndex => "the index file is not used",
        }
    }
}

/// What [`MmapVectorStore::verify`] has checked and found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// Rows whose checksum was compared, deleted rows included.
    pub rows: u64,
    /// Live rows that were searched for through the index.
    pub searched: u64,
    /// Links in the index.
    pub links: u64,
    /// Rows of the index that are candidates of every search, because no link led to them when they were indexed: 64 at
    /// most.
    pub orphans: u64,
    /// Rows of the index that have only links that may be replaced, or none.
    pub unlinked: u64,
    /// Rows below the end of the index that have no code: zero vectors under the cosine metric, which are searched one
    /// by one, and rows that were deleted before they were indexed.
    pub uncoded: u64,
    /// The problems: first that of the store, then those of rows, by ascending row number.
    pub findings: Vec<Finding>,
}

/// The message of a row that matches its checksum, but whose vector or values are invalid.
const NO_VECTOR: &str = "the vector has components that its element type excludes, or a value is NaN, under a valid checksum: another program has \
                         written it";
/// Rows with replaceable links only are findings if there is more than one in this many rows, and more than
/// `MOST_ORPHANS`.
const ROWS_AN_ORPHAN: u64 = 50;
const MOST_ORPHANS: u64 = 16;
/// With fewer links a row than this, every index has such rows, and a rebuild would not change that.
const FEW_LINKS: usize = 16;
/// Rows between two progress reports.
const ROWS_A_REPORT: u64 = 1024;
/// Counts rows, reports them, and stops if the callback says so.
struct Progress<'p> {
    tell: &'p mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    done: u64,
    total: u64,
}

impl Progress<'_> {
    fn step(&mut self) -> Result<()> {
        self.done += 1;
        if self.done.is_multiple_of(ROWS_A_REPORT) && (self.tell)(self.done, self.total).is_break() {
            return Err(SynaError::Cancelled);
        }
        Ok(())
    }
}

/// See [`MmapVectorStore::verify`].
pub(super) fn verify(
    state: &Arc<SharedState>,
    default_ef: DefaultEf,
    watch: Watch<'_>,
    tell: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<VerifyReport> {
    let snapshot = state.published.load();
    let mut report = VerifyReport::default();
    let mut damaged_rows = Vec::new();
    let data = &state.data;
    let superblock = read_superblock(&*data.file, &data.path)?;
    let end = replay(data, &superblock, RowCheck::All, Damage::Tolerated, &mut |_, _, damaged| {
        memory::extend(&mut damaged_rows, damaged.iter().copied())?;
        watch.check()
    })?;
    if end.rows < snapshot.rows {
        return Err(data.corrupt(
            end.head,
            format!("the log ends at row {}; use salvage to save the intact rows", end.rows),
        ));
    }
    report.rows = u64::from(snapshot.rows);
    if let Some(reason) = state.ignored_index() {
        let message = Cow::Owned(format!("the index file is not used: {reason}"));
        let finding = Finding { row: None, key: Vec::new(), problem: Problem::IgnoredIndex, message };
        memory::push(&mut report.findings, finding)?;
    }
    for &row in damaged_rows.iter().filter(|&&row| row < snapshot.rows) {
        note(state, &mut report, row, Problem::DamagedVector)?;
    }
    damaged_rows.sort_unstable();
    for row in live_rows(state, snapshot).filter(|row| damaged_rows.binary_search(row).is_err()) {
        watch.check()?;
        if !state.is_valid(row)? {
            let message = Cow::Borrowed(NO_VECTOR);
            let key = state.key(row)?.as_bytes().to_vec();
            let finding = Finding { row: Some(row), key, problem: Problem::DamagedVector, message };
            memory::push(&mut report.findings, finding)?;
        }
    }
    let Some(graph) = state.index_even_damaged() else {
        report.findings.sort_by_key(|finding| finding.row);
        return Ok(report);
    };
    let summary = graph.check()?;
    report.links = summary.links;
    report.orphans = summary.orphans.len() as u64;
    report.unlinked = summary.unlinked.len() as u64;
    report.uncoded = u64::from(summary.uncoded);
    let are_many = report.unlinked > MOST_ORPHANS.max(u64::from(summary.nodes) / ROWS_AN_ORPHAN);
    if are_many && graph.params().max_links() >= FEW_LINKS {
        for row in summary.unlinked {
            if state.is_visible(row, snapshot) {
                note(state, &mut report, row, Problem::Orphan)?;
            }
        }
    }
    for row in summary.unreachable {
        if state.is_visible(row, snapshot) {
            note(state, &mut report, row, Problem::Unreachable)?;
        }
    }
    for row in summary.damaged {
        note(state, &mut report, row, Problem::DamagedLinks)?;
    }
    let covered = if graph.is_damaged() { 0 } else { graph.covered_rows().min(snapshot.rows) };
    let mut progress = Progress { tell, done: 0, total: u64::from(covered) };
    let mut results = SearchResults::default();
    for row in live_rows(state, snapshot).take_while(|&row| row < covered) {
        watch.check()?;
        progress.step()?;
        if let Some(is_found) = finds_itself(state, row, default_ef, &mut results)? {
            report.searched += 1;
            if !is_found {
                note(state, &mut report, row, Problem::Hidden)?;
            }
        }
    }
    report.findings.sort_by_key(|finding| finding.row);
    Ok(report)
}

fn note(state: &SharedState, report: &mut VerifyReport, row: u32, problem: Problem) -> Result<()> {
    let message = Cow::Borrowed(problem.message());
    let finding = Finding { row: Some(row), key: state.key(row)?.as_bytes().to_vec(), problem, message };
    memory::push(&mut report.findings, finding)
}

/// Whether a search for a row's vector finds a row at least as near as the row itself; `None` if the metric does not
/// guarantee that, and for bytes that are no vector.
fn finds_itself(
    state: &Arc<SharedState>,
    row: u32,
    default_ef: DefaultEf,
    results: &mut SearchResults,
) -> Result<Option<bool>> {
    let metric = state.data.identity.metric;
    let stored = state.vector(row)?;
    if !state.is_valid(row)? || metric == DistanceMetric::DotProduct || stored.is_zero() {
        return Ok(None);
    }
    let vector = state.components(row)?;
    let own = PreparedQuery::new(state.kernels, metric, &vector).distance(stored);
    Search::new(state, 1, &SearchOptions::default(), default_ef)?.answer(&vector, results)?;
    let Some(hit) = results.hits().first() else { return Ok(Some(false)) };
    // Under the cosine, a parallel row is as good, although rounding may put it at another distance.
    Ok(Some(hit.distance <= own || are_equal(metric, stored, state.vector(hit.row)?)))
}

impl MmapVectorStore {
    /// Proves that the store is intact. It compares every vector with its checksum and follows the links of the index
    /// to every row. With the cosine and euclidean metrics, it also searches the index for each row by the row's own
    /// vector (not for zero vectors).
    ///
    /// It covers the rows of the moment of the call. `progress` receives how many rows of how many were searched for,
    /// once for 1,024 rows; `Break` cancels the call. Searches and writes run meanwhile. It waits for a batch of an
    /// index build in progress, and index builds wait while it reads the index. Cost: reads the whole file, and makes
    /// one search for each indexed row.
    ///
    /// # Errors
    /// [`SynaError::Corrupt`] if the structure of the file is damaged, [`SynaError::Cancelled`], [`SynaError::Io`],
    /// [`SynaError::NoMemory`]. Problems of rows are not errors: they are in the report.
    pub fn verify(&self, progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<VerifyReport> {
        let watch = self.interrupts.watch();
        let tell = &mut |done, total| watch.and(|| progress(done, total));
        verify(&self.state(), DefaultEf::of(&self.inner.settings), watch, tell)
    }
}
