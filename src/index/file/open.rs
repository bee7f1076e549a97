//! Opens a graph that [`super::save`] wrote. Nothing in the file is trusted.

use super::save::{HAS_NO_CODE, IS_DUPLICATE, VERSION, halves};
use crate::index::codes::transform::Transform;
use crate::index::graph::graph::{Graph, View};
use crate::index::graph::sampled_recall::{MOST_EF, SampledRecall};
use crate::index::index::Index;
use crate::index::link::state::LinkState;
use crate::index::params::{GraphParams, MAX_ROWS, NO_ROW};
use crate::index::records::mapped_records::SavedLines;
use crate::index::search::reliability::EstimateCounts;
use crate::kernel::Kernels;
use crate::{Result, SynaError, memory};

/// Number of fingerprints whose buckets are prefetched ahead.
const PRINTS_AHEAD: usize = 16;

/// Damage found in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphDamage {
    /// Offset in the table.
    pub(crate) offset_bytes: usize,
    /// What is wrong.
    pub(crate) what: String,
}

impl std::fmt::Display for GraphDamage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the graph is damaged at byte {}: {}", self.offset_bytes, self.what)
    }
}

/// Why a graph was not opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    Damaged(GraphDamage),
    /// Opening failed, perhaps for lack of memory. The file may be intact.
    Failed(SynaError),
}

impl From<SynaError> for OpenError {
    fn from(error: SynaError) -> Self {
        Self::Failed(error)
    }
}

type Checked<T> = std::result::Result<T, OpenError>;

/// Returns an empty list with memory for `count` items.
fn room<T>(count: u32) -> Result<Vec<T>> {
    memory::with_room(count as usize)
}

/// The words of a table, read in order.
struct Words<'a> {
    words: &'a [[u8; 4]],
    next: usize,
}

impl Words<'_> {
    fn damage<T>(&self, what: impl Into<String>) -> Checked<T> {
        let offset_bytes = 4 * self.next.saturating_sub(1);
        Err(OpenError::Damaged(GraphDamage { offset_bytes, what: what.into() }))
    }

    fn word(&mut self) -> Checked<u32> {
        let word = self.words.get(self.next).copied();
        self.next += 1;
        word.map_or_else(|| self.damage("the table ends too early"), |word| Ok(u32::from_le_bytes(word)))
    }

    fn expect(&mut self, expected: u32, what: &str) -> Checked<()> {
        match self.word()? {
            word if word == expected => Ok(()),
            word => self.damage(format!("{what} is {word}, {expected} expected")),
        }
    }

    /// Reads a row below `end`.
    fn row(&mut self, end: u32, what: &str) -> Checked<u32> {
        match self.word()? {
            row if row < end => Ok(row),
            row => self.damage(format!("{what} is row {row} of {end}")),
        }
    }

    /// Reads a count of items of at least one word each, so that a wrong count cannot request more memory than the
    /// table has bytes.
    fn count(&mut self, most: usize, what: &str) -> Checked<u32> {
        let count = self.word()?;
        let left = self.words.len().saturating_sub(self.next);
        if count as usize > most.min(left) {
            return self.damage(format!("{count} {what}, at most {} have room", most.min(left)));
        }
        Ok(count)
    }
}

/// A graph from a file, before the check that it lacks only deleted rows.
pub(crate) struct OpenedIndex {
    index: Index,
    /// Covered rows that are not in the graph.
    absent: Vec<u32>,
}

impl OpenedIndex {
    /// Returns the index if every row that it lacks is deleted.
    ///
    /// # Errors
    /// A row that is missing and not deleted.
    pub(crate) fn settle(self, is_deleted: impl Fn(u32) -> bool) -> Checked<Index> {
        for row in self.absent {
            if !is_deleted(row) {
                return wrong(format!("row {row} is missing and not deleted"));
            }
            self.index.count_absent();
        }
        Ok(self.index)
    }
}

/// The last measurement of the recall.
fn recall_of(words: &mut Words<'_>, covered: u32) -> Checked<Option<SampledRecall>> {
    let rows = words.row(covered.saturating_add(1), "the last measurement of the recall")?;
    let ef = words.row(MOST_EF + 1, "the number of candidates")?;
    let recall = f32::from_bits(words.word()?);
    if !(0.0..=1.0).contains(&recall) {
        return words.damage("the recall is impossible");
    }
    Ok((rows > 0).then_some(SampledRecall { rows, ef, recall }))
}

impl Index {
    /// Opens the graph of a table, made with `params`, of at most `most_rows` rows (the number of stored vectors, of
    /// `dimensions` components). Its records stay in `lines`, which has `cells` of them, and are read and checked when
    /// they are first visited.
    ///
    /// Cost: time and memory proportional to the table.
    ///
    /// # Errors
    /// What is wrong with the table, and where; `NoMemory`.
    pub(crate) fn open(
        table: &[u8],
        params: GraphParams,
        dimensions: usize,
        kernels: Kernels,
        most_rows: u32,
        (lines, cells): (Box<dyn SavedLines>, u32),
    ) -> Checked<OpenedIndex> {
        let (words, _) = table.as_chunks::<4>();
        let mut words = Words { words, next: 0 };
        words.expect(VERSION, "the version")?;
        words.expect(params.metric.number(), "the metric")?;
        words.expect(params.m, "m")?;
        words.expect(params.m_max, "m_max")?;
        words.expect(params.profile.number(), "the profile")?;
        let [low, high] = halves(params.seed);
        words.expect(low, "the seed")?;
        words.expect(high, "the seed")?;
        let covered = words.count(most_rows.min(MAX_ROWS) as usize, "rows")?;
        let graph = Graph::new(params, dimensions, kernels);
        graph.nodes.read_from(lines);
        let mut state = LinkState::default();
        let directionless = words.word()?;
        state.sampled_rows =
            words.row(covered.saturating_add(1), "the rows at the last choice of entry points")?;
        state.swept_rows = words.row(covered.saturating_add(1), "the rows at the last sweep")?;
        state.sweep_next = words.row(covered.saturating_add(1), "the next sweep")?;
        state.largest_square = f32::from_bits(words.word()?);
        state.square_sum = f64::from_bits(u64::from(words.word()?) | u64::from(words.word()?) << 32);
        state.square_count = words.row(covered.saturating_add(1), "the count of lengths")?;
        state.measured_rows = covered;
        if !(state.largest_square.is_finite()
            && state.largest_square >= 0.0
            && state.square_sum.is_finite()
            && state.square_sum >= 0.0)
        {
            return words.damage("the lengths of the rows are impossible");
        }
        let placed = words.word()?;
        let misplaced = words.row(placed.saturating_add(1), "the count of misplaced rows")?;
        state.estimates = EstimateCounts { placed, misplaced };
        if let Some(sampled) = recall_of(&mut words, covered)? {
            graph.last_recall.set(sampled);
        }
        graph.set_reliability(state.estimates);
        let scale = f32::from_bits(words.word()?);
        let outlier_square = f32::from_bits(words.word()?);
        let centre_count = words.count(dimensions, "components of the centre")?;
        let is_scale = scale.is_normal() && scale > 0.0 && outlier_square >= 0.0;
        if !is_scale || (centre_count != 0 && centre_count as usize != dimensions) {
            return words.damage("the transform is impossible");
        }
        let sample_count = words.count(covered as usize, "entry points")?;
        let orphan_count = words.count(covered as usize, "orphans")?;
        let pinned_link_count = words.count(table.len() / 8, "pinned links")?;
        let mut centre = room(centre_count)?;
        for _ in 0..centre_count {
            centre.push(f32::from_bits(words.word()?));
        }
        if centre.iter().any(|x| !x.is_finite()) {
            return words.damage("the centre is not finite");
        }
        if covered > 0 {
            graph.encoder.set_transform(Transform { centre, scale, outlier_square });
        }
        let mut list = |count: u32, what: &str| -> Checked<Vec<u32>> {
            let mut rows = room(count)?;
            for _ in 0..count {
                rows.push(words.row(covered, what)?);
            }
            Ok(rows)
        };
        let sample = list(sample_count, "an entry point")?;
        let orphans = list(orphan_count, "an orphan")?;
        for _ in 0..pinned_link_count {
            let pinned_link =
                (words.row(covered, "a pinned link's start")?, words.row(covered, "a pinned link's end")?);
            if state.pinned_links.last().is_some_and(|last| *last >= pinned_link) {
                return words.damage("the pinned links are not in order");
            }
            state.pinned_links.insert(pinned_link);
        }
        let (firsts, codeless) = graph.open_rows(&mut words, covered, cells, &mut state)?;
        let is_node = |row: u32| graph.nodes.is_node(row);
        let is_duplicate = |row: u32| firsts.get(row as usize).is_none_or(|&first| first != NO_ROW);
        if directionless != NO_ROW {
            if directionless >= covered || is_node(directionless) || is_duplicate(directionless) {
                return wrong(format!("the first row without direction is {directionless}"));
            }
            state.directionless = Some(directionless);
            graph.set_directionless(directionless);
        }
        if state.pinned_links.iter().any(|&(from, to)| !is_node(from) || !is_node(to)) {
            return wrong("a pinned link begins or ends at a row that is not a node".to_owned());
        }
        if sample.iter().chain(&orphans).any(|&row| !is_node(row)) {
            return wrong("an entry point or an orphan is not a node".to_owned());
        }
        for row in orphans {
            graph.add_orphan(row)?;
        }
        let mut absent = codeless;
        absent.retain(|&row| row != directionless);
        if !sample.is_empty() {
            graph.entry_points.set(sample, &graph.nodes.read(), &graph.encoder);
        }
        graph.publish(View { covered });
        Ok(OpenedIndex { index: Self::from_parts(graph, state), absent })
    }
}

impl Graph {
    /// Reads what each row is. Returns for each row the node that it is a duplicate of, or [`NO_ROW`], and the rows
    /// that have no code.
    fn open_rows(
        &self,
        words: &mut Words<'_>,
        covered: u32,
        cells: u32,
        state: &mut LinkState,
    ) -> Checked<(Vec<u32>, Vec<u32>)> {
        let count = covered as usize;
        let left = words.words.get(words.next..).unwrap_or_default();
        if left.len() != 3 * count {
            return words.damage(format!("{} words for {covered} rows", left.len()));
        }
        let (cell_words, left) = left.split_at_checked(count).unwrap_or_default();
        let (prints, in_links) = left.split_at_checked(count).unwrap_or_default();
        self.nodes.reserve(covered)?;
        self.fingerprints.reserve(covered)?;
        let (mut firsts, mut codeless) = (memory::filled(NO_ROW, count)?, Vec::new());
        for (row, &word) in (0..).zip(cell_words) {
            words.next += 1;
            match u32::from_le_bytes(word) {
                HAS_NO_CODE => memory::push(&mut codeless, row)?,
                word if word & IS_DUPLICATE != 0 => {
                    let first = word & !IS_DUPLICATE;
                    let is_first = |first: u32| firsts.get(first as usize) == Some(&NO_ROW);
                    if first >= row || !is_first(first) {
                        return words.damage(format!(
                            "row {row} is a duplicate of row {first}, which is a duplicate or not earlier"
                        ));
                    }
                    if let Some(target) = firsts.get_mut(row as usize) {
                        *target = first;
                    }
                }
                word if word <= cells => self.nodes.adopt(row, word - 1),
                word => return words.damage(format!("row {row} lies in cell {} of {cells}", word - 1)),
            }
        }
        let ahead = prints.iter().skip(PRINTS_AHEAD).map(Some).chain(std::iter::repeat(None));
        for (((row, &first), &print), ahead) in (0..).zip(&firsts).zip(prints).zip(ahead) {
            words.next += 1;
            if let Some(&ahead) = ahead {
                self.fingerprints.prefetch(u32::from_le_bytes(ahead));
            }
            match u32::from_le_bytes(print) {
                // A duplicate that has the bits of its node has none.
                0 if first != NO_ROW => {}
                print => self.fingerprints.insert(print, row),
            }
        }
        state.in_links = memory::collected(in_links.iter().map(|&word| u32::from_le_bytes(word)))?;
        for (row, &first) in (0..).zip(&firsts) {
            if first != NO_ROW {
                state.append_duplicate(self, first, row);
            }
        }
        Ok((firsts, codeless))
    }
}

fn wrong<T>(what: String) -> Checked<T> {
    Err(OpenError::Damaged(GraphDamage { offset_bytes: 0, what }))
}
