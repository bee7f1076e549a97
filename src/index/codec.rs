//! The graph in a file, and back; what a file says is never trusted.
//!
//! The records lie in cells of one width, one behind the other, each with a checksum ([`super::saved`]). A table tells where:
//! ```text
//! words, little-endian u32:
//!   version = 3, metric, m, m_max, seed (low, high), covered rows, first row without direction (0xffffffff for none),
//!   rows at the last sample, rows at the last full sweep, where the next sweep begins,
//!   of the squared lengths: the largest (f32), the sum (f64: low, high), how many,
//!   count of the sample, count of stragglers, count of bridges
//!   rows of the sample that searches begin at; stragglers, as they were found; bridges (from, to), ascending
//!   each row:  0x80000000 | first        a twin of row `first`
//!              its cell plus one         a node
//!              0                         neither: it has no code
//! each row:  the fingerprint of its vector; of a twin 0
//! each row:  how many firm links lead to it
//! ```
//! The chains of twins follow from these. A save adds the records that have changed and a table of all; so the cells of an
//! older table stay as they were.

use super::encoder::code_dimensions;
use super::graph::{Graph, NO_ROW, View};
use super::nodes::Nodes;
use super::params::{GraphParams, MAX_ROWS, row_number};
use super::saved::SavedLines;
use super::writer::Writer;
use crate::kernel::Kernels;
use crate::kernel::codes::Line;
use crate::{Result, SynaError};

const VERSION: u32 = 3;
const IS_TWIN: u32 = 1 << 31;
const HAS_NO_CODE: u32 = 0;
/// Records are handed on to be written in pieces of about so many bytes.
const PIECE_BYTES: usize = 1 << 20;

/// Why bytes are no graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphDamage {
    /// Where in the bytes.
    pub(crate) offset_bytes: usize,
    /// What does not check.
    pub(crate) what: String,
}

impl std::fmt::Display for GraphDamage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the graph is damaged at byte {}: {}", self.offset_bytes, self.what)
    }
}

type Checked<T> = std::result::Result<T, GraphDamage>;

/// Words that were not read yet.
struct Words<'a> {
    words: &'a [[u8; 4]],
    next: usize,
}

impl Words<'_> {
    fn damage<T>(&self, what: impl Into<String>) -> Checked<T> {
        Err(GraphDamage { offset_bytes: 4 * self.next.saturating_sub(1), what: what.into() })
    }

    fn word(&mut self) -> Checked<u32> {
        let word = self.words.get(self.next).copied();
        self.next += 1;
        word.map_or_else(|| self.damage("it ends too early"), |word| Ok(u32::from_le_bytes(word)))
    }

    fn expect(&mut self, expected: u32, what: &str) -> Checked<()> {
        match self.word()? {
            word if word == expected => Ok(()),
            word => self.damage(format!("{what} is {word}, {expected} expected")),
        }
    }

    /// A row under `end`.
    fn row(&mut self, end: u32, what: &str) -> Checked<u32> {
        match self.word()? {
            row if row < end => Ok(row),
            row => self.damage(format!("{what} is row {row} of {end}")),
        }
    }

    /// A count of things of which each takes at least a word, so that none can ask for more memory than there are bytes.
    fn count(&mut self, most: usize, what: &str) -> Checked<u32> {
        let count = self.word()?;
        let left = self.words.len().saturating_sub(self.next);
        if count as usize > most.min(left) {
            return self.damage(format!("{count} {what}, at most {} have room", most.min(left)));
        }
        Ok(count)
    }
}

impl Graph {
    /// How many records lie in the file as they are now, and how many do not.
    pub(crate) fn saved_records(&self) -> (u32, u32) {
        let mut counts = (0, 0);
        for row in (0..self.covered_rows()).filter(|&row| self.nodes.is_node(row)) {
            let count = if self.nodes.cell(row).is_some() { &mut counts.0 } else { &mut counts.1 };
            *count += 1;
        }
        counts
    }

    /// Hands the records that the file does not have to `write`, in the order of their cells from `first_cell` on, and
    /// returns the table. With `first_cell` 0 the file has none. The same graph gives the same bytes. At rest only.
    ///
    /// # Errors
    /// What `write` answers; `Corrupt` where a record of the file proves not to be what was saved; `NoMemory`.
    pub(crate) fn save(
        &self,
        first_cell: u32,
        write: &mut dyn FnMut(&[Line]) -> Result<()>,
    ) -> Result<Saved> {
        let writer = self.lock_writer()?;
        let View { covered } = self.view();
        let mut cells = Vec::new();
        cells.try_reserve_exact(covered as usize).map_err(|_| no_memory(4 * u64::from(covered)))?;
        let mut piece = Vec::new();
        let mut next_cell = first_cell;
        for row in 0..covered {
            if !self.nodes.is_node(row) {
                cells.push(NO_ROW);
                continue;
            }
            if let Some(cell) = self.nodes.cell(row).filter(|_| first_cell > 0) {
                cells.push(cell);
                continue;
            }
            {
                let seen = self.nodes.read();
                let Some(record) = seen.record(row) else { return Err(damaged()) };
                record.save(row, &mut piece);
            }
            cells.push(next_cell);
            next_cell += 1;
            if size_of_val(&*piece) >= PIECE_BYTES {
                write(&piece)?;
                piece.clear();
            }
        }
        write(&piece)?;
        Ok(Saved { table: self.table(&writer, covered, &cells), next_cell, cells })
    }

    /// Notes that what [`Graph::save`] gave is in the file. Between the two the graph is at rest.
    pub(crate) fn note_saved(&self, saved: &Saved) {
        for (row, &cell) in (0..).zip(&saved.cells) {
            if cell != NO_ROW {
                self.nodes.set_cell(row, cell);
            }
        }
    }

    /// Whether a record of the file proved not to be what was saved. Searches do not use such a graph.
    pub(crate) fn is_damaged(&self) -> bool {
        self.nodes.is_damaged()
    }

    fn table(&self, writer: &Writer, covered: u32, cells: &[u32]) -> Vec<u8> {
        let stragglers: Vec<u32> = self.straggler_rows().into_iter().filter(|&row| row < covered).collect();
        let bridges: Vec<(u32, u32)> =
            writer.bridges.iter().copied().filter(|&(from, to)| from.max(to) < covered).collect();
        let directionless = writer.directionless.filter(|&row| row < covered).unwrap_or(NO_ROW);
        let mut words = vec![VERSION, self.params.metric.number(), self.params.m, self.params.m_max];
        words.extend(halves(self.params.seed));
        words.extend([covered, directionless, writer.sampled_rows.min(covered)]);
        words.extend([writer.swept_rows.min(covered), writer.sweep_next.min(covered), writer.most.to_bits()]);
        words.extend(halves(writer.sum.to_bits()));
        words.push(writer.squares);
        let sample: Vec<u32> = self.entries.rows().iter().copied().filter(|&row| row < covered).collect();
        words.extend([row_number(sample.len()), row_number(stragglers.len()), row_number(bridges.len())]);
        words.extend(sample);
        words.extend(stragglers);
        words.extend(bridges.iter().flat_map(|&(from, to)| [from, to]));
        let firsts = self.firsts(writer, covered);
        words.extend(firsts.iter().zip(cells).map(|(&first, &cell)| match cell {
            _ if first != NO_ROW => IS_TWIN | first,
            NO_ROW => HAS_NO_CODE,
            cell => cell + 1,
        }));
        let mut prints = vec![0; covered as usize];
        for (print, row) in self.fingerprints.entries() {
            if let Some(place) = prints.get_mut(row as usize) {
                *place = print;
            }
        }
        words.extend(prints);
        words.extend((0..covered).map(|row| writer.in_links_of(row)));
        words.into_iter().flat_map(u32::to_le_bytes).collect()
    }

    /// Bytes of a record, so of a cell, in a graph over vectors of `dimensions` components.
    pub(crate) fn record_bytes(params: GraphParams, dimensions: usize) -> usize {
        Nodes::record_bytes_for(params.max_links(), code_dimensions(dimensions), params.metric)
    }

    /// The most bytes that the table of so many rows has.
    pub(crate) fn most_table_bytes(params: GraphParams, rows: u64) -> u64 {
        // What each row is, its fingerprint, its in-links, and places among the sample, the stragglers, and the bridges.
        rows.saturating_add(16).saturating_mul(20 + 2 * params.max_links() as u64)
    }

    /// For each row the row that it hangs from, or [`NO_ROW`].
    pub(super) fn firsts(&self, writer: &Writer, covered: u32) -> Vec<u32> {
        let mut firsts = vec![NO_ROW; covered as usize];
        for &first in writer.last_twins.keys() {
            let mut twin = self.nodes.next_twin(first);
            while let Some(place) = twin.and_then(|twin| firsts.get_mut(twin as usize)) {
                *place = first;
                twin = twin.and_then(|twin| self.nodes.next_twin(twin));
            }
        }
        firsts
    }

    /// The graph that a table describes, made with `params`, of at most `most_rows` rows (as many as have vectors, of
    /// `dimensions` components). Its records stay in `lines`, which has `cells` of them, and are read when they are
    /// first visited.
    ///
    /// Takes time and memory in proportion to the table.
    ///
    /// # Errors
    /// What is wrong with the table, and where.
    pub(crate) fn open(
        table: &[u8],
        params: GraphParams,
        dimensions: usize,
        kernels: Kernels,
        most_rows: u32,
        (lines, cells): (Box<dyn SavedLines>, u32),
    ) -> Checked<Self> {
        let (words, _) = table.as_chunks::<4>();
        let mut words = Words { words, next: 0 };
        words.expect(VERSION, "the version")?;
        words.expect(params.metric.number(), "the metric")?;
        words.expect(params.m, "m")?;
        words.expect(params.m_max, "m_max")?;
        let [low, high] = halves(params.seed);
        words.expect(low, "the seed")?;
        words.expect(high, "the seed")?;
        let covered = words.count(most_rows.min(MAX_ROWS) as usize, "rows")?;
        let mut graph = Self::new(params, dimensions, kernels);
        graph.nodes.read_from(lines, cells);
        let mut writer = Writer::default();
        let directionless = words.word()?;
        writer.sampled_rows = words.row(covered.saturating_add(1), "the last sample")?;
        writer.swept_rows = words.row(covered.saturating_add(1), "the last sweep")?;
        writer.sweep_next = words.row(covered.saturating_add(1), "the next sweep")?;
        writer.most = f32::from_bits(words.word()?);
        writer.sum = f64::from_bits(u64::from(words.word()?) | u64::from(words.word()?) << 32);
        writer.squares = words.row(covered.saturating_add(1), "the count of lengths")?;
        if !(writer.most.is_finite() && writer.most >= 0.0 && writer.sum.is_finite() && writer.sum >= 0.0) {
            return words.damage("the lengths of the rows are impossible");
        }
        let sample_count = words.count(covered as usize, "rows of the sample")?;
        let straggler_count = words.count(covered as usize, "stragglers")?;
        let bridge_count = words.count(table.len() / 8, "bridges")?;
        let mut list = |count: u32, what: &str| {
            (0..count).map(|_| words.row(covered, what)).collect::<Checked<Vec<_>>>()
        };
        let sample = list(sample_count, "a row of the sample")?;
        let stragglers = list(straggler_count, "a straggler")?;
        for _ in 0..bridge_count {
            let bridge = (words.row(covered, "a bridge's start")?, words.row(covered, "a bridge's end")?);
            if writer.bridges.last().is_some_and(|last| *last >= bridge) {
                return words.damage("the bridges are not in order");
            }
            writer.bridges.insert(bridge);
        }
        let firsts = graph.open_rows(&mut words, covered, cells, &mut writer)?;
        let is_node = |row: u32| graph.nodes.is_node(row);
        let is_twin = |row: u32| firsts.get(row as usize).is_none_or(|&first| first != NO_ROW);
        if directionless != NO_ROW {
            if directionless >= covered || is_node(directionless) || is_twin(directionless) {
                return wrong(format!("the first row without direction is {directionless}"));
            }
            writer.directionless = Some(directionless);
        }
        if writer.bridges.iter().any(|&(from, to)| !is_node(from) || !is_node(to)) {
            return wrong("a bridge begins or ends at a row that is no node".to_owned());
        }
        if sample.iter().any(|&row| !is_node(row)) || stragglers.iter().any(|&row| is_twin(row)) {
            return wrong("searches begin at a row that is no node".to_owned());
        }
        for row in stragglers {
            graph.add_straggler(row).or_else(|error| wrong(error.to_string()))?;
        }
        if !sample.is_empty() {
            graph.entries.set(sample, &graph.nodes.read(), &graph.encoder);
        }
        graph.publish(View { covered });
        graph.writer = crate::sync::Mutex::new(writer);
        Ok(graph)
    }

    /// Reads what each row is; for each row the row that it hangs from, or [`NO_ROW`].
    fn open_rows(
        &self,
        words: &mut Words<'_>,
        covered: u32,
        cells: u32,
        writer: &mut Writer,
    ) -> Checked<Vec<u32>> {
        let left = words.words.len().saturating_sub(words.next);
        if left != 3 * covered as usize {
            return words.damage(format!("{left} words for {covered} rows"));
        }
        self.nodes.reserve(covered).or_else(|error| words.damage(error.to_string()))?;
        self.fingerprints.reserve(covered).or_else(|error| words.damage(error.to_string()))?;
        let mut firsts = vec![NO_ROW; covered as usize];
        for row in 0..covered {
            match words.word()? {
                HAS_NO_CODE => {}
                word if word & IS_TWIN != 0 => {
                    let first = word & !IS_TWIN;
                    let is_first = |first: u32| firsts.get(first as usize) == Some(&NO_ROW);
                    if first >= row || !is_first(first) {
                        return words
                            .damage(format!("row {row} is a twin of row {first}, which is no earlier node"));
                    }
                    if let Some(place) = firsts.get_mut(row as usize) {
                        *place = first;
                    }
                }
                word if word <= cells => self.nodes.adopt(row, word - 1),
                word => return words.damage(format!("row {row} lies in cell {} of {cells}", word - 1)),
            }
        }
        for (row, &first) in (0..).zip(&firsts) {
            match words.word()? {
                print if first == NO_ROW => self.fingerprints.insert(print, row),
                0 => {}
                print => return words.damage(format!("the twin {row} has the fingerprint {print}")),
            }
        }
        writer.in_links = (0..covered).map(|_| words.word()).collect::<Checked<_>>()?;
        for (row, &first) in (0..).zip(&firsts) {
            if first != NO_ROW {
                writer.hang_twin(self, first, row);
            }
        }
        Ok(firsts)
    }
}

/// What a save has made.
#[derive(Debug)]
pub(crate) struct Saved {
    /// What is to lie behind the records.
    pub(crate) table: Vec<u8>,
    /// The cell behind the records that were handed on.
    pub(crate) next_cell: u32,
    /// Of each row its cell, or [`NO_ROW`].
    cells: Vec<u32>,
}

fn damaged() -> SynaError {
    SynaError::Internal { what: "the index's file is damaged".to_owned() }
}

fn no_memory(needed_bytes: u64) -> SynaError {
    SynaError::NoMemory { needed_bytes }
}

fn wrong<T>(what: String) -> Checked<T> {
    Err(GraphDamage { offset_bytes: 0, what })
}

fn halves(seed: u64) -> [u32; 2] {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of the seed")]
    [seed as u32, (seed >> 32) as u32]
}
