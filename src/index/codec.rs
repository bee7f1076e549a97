//! The graph as bytes, and back; bytes are never trusted.
//!
//! ```text
//! words, little-endian u32:
//!   version = 2, metric, m, m_max, seed (low, high), covered rows, first row without direction (0xffffffff for none),
//!   rows at the last sample, rows at the last full sweep, where the next sweep begins,
//!   count of the sample, count of stragglers, count of bridges
//!   rows of the sample that searches begin at; stragglers, as they were found; bridges (from, to), ascending
//!   each row:  0x80000000 | first        a twin of row `first`
//!              0                         a node
//!              1                         neither: it has no code
//! each row:  the fingerprint of its vector; of a twin 0
//! the record of each node, as nodes.rs describes it
//! ```
//! In-link counts and the chains of twins follow from these.

use super::encoder::code_dimensions;
use super::graph::{Graph, NO_ROW, View};
use super::links::Links;
use super::nodes::Nodes;
use super::params::{GraphParams, MAX_ROWS, row_number};
use super::writer::Writer;
use crate::kernel::Kernels;

const VERSION: u32 = 2;
const IS_TWIN: u32 = 1 << 31;
const IS_NODE: u32 = 0;
const HAS_NO_CODE: u32 = 1;

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
    /// The graph as bytes: the same graph gives the same bytes. Waits for an `extend` at work.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let writer = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let View { covered } = self.view();
        let seen = self.nodes.read();
        let stragglers: Vec<u32> = self.straggler_rows().into_iter().filter(|&row| row < covered).collect();
        let bridges: Vec<(u32, u32)> =
            writer.bridges.iter().copied().filter(|&(from, to)| from.max(to) < covered).collect();
        let directionless = writer.directionless.filter(|&row| row < covered).unwrap_or(NO_ROW);
        let mut words = vec![VERSION, self.params.metric.number(), self.params.m, self.params.m_max];
        let [low, high] = halves(self.params.seed);
        words.extend([low, high, covered, directionless, writer.sampled_rows.min(covered)]);
        words.extend([writer.swept_rows.min(covered), writer.sweep_next.min(covered)]);
        let sample: Vec<u32> = self.entries.rows().iter().copied().filter(|&row| row < covered).collect();
        words.extend([row_number(sample.len()), row_number(stragglers.len()), row_number(bridges.len())]);
        words.extend(sample);
        words.extend(stragglers);
        words.extend(bridges.iter().flat_map(|&(from, to)| [from, to]));
        let firsts = self.firsts(&writer, covered);
        let mut records = Vec::new();
        for (row, &first) in (0..).zip(&firsts) {
            words.push(match seen.record(row) {
                _ if first != NO_ROW => IS_TWIN | first,
                Some(record) => {
                    records.push(record);
                    IS_NODE
                }
                None => HAS_NO_CODE,
            });
        }
        let mut prints = vec![0; covered as usize];
        for (print, row) in self.fingerprints.entries() {
            if let Some(place) = prints.get_mut(row as usize) {
                *place = print;
            }
        }
        words.extend(prints);
        let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        bytes.reserve_exact(records.len() * self.nodes.record_bytes());
        // A batch that failed halfway may have left links to rows that never came; whoever reads them drops them.
        records.iter().for_each(|record| bytes.extend_from_slice(record.bytes()));
        bytes
    }

    /// The most bytes that a graph of so many rows is encoded in.
    pub(crate) fn most_encoded_bytes(params: GraphParams, dimensions: usize, rows: u64) -> u64 {
        let links = params.max_links();
        let record_bytes = Nodes::record_bytes_for(links, code_dimensions(dimensions), params.metric);
        // What it is, and a place in the sample, among the stragglers, and at the ends of all bridges that it may have.
        let of_row = record_bytes as u64 + 16 + 2 * links as u64;
        rows.saturating_add(1).saturating_mul(of_row)
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

    /// The graph that `bytes` describe, made with `params`, of at most `most_rows` rows (as many as have vectors, of
    /// `dimensions` components).
    ///
    /// Takes time and memory in proportion to `bytes`.
    ///
    /// # Errors
    /// What is wrong with the bytes, and where.
    pub(crate) fn decode(
        bytes: &[u8],
        params: GraphParams,
        dimensions: usize,
        kernels: Kernels,
        most_rows: u32,
    ) -> Checked<Self> {
        let (words, _) = bytes.as_chunks::<4>();
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
        let mut writer = Writer::default();
        let directionless = words.word()?;
        writer.sampled_rows = words.row(covered.saturating_add(1), "the last sample")?;
        writer.swept_rows = words.row(covered.saturating_add(1), "the last sweep")?;
        writer.sweep_next = words.row(covered.saturating_add(1), "the next sweep")?;
        let sample_count = words.count(covered as usize, "rows of the sample")?;
        let straggler_count = words.count(covered as usize, "stragglers")?;
        let bridge_count = words.count(bytes.len() / 8, "bridges")?;
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
        let firsts = graph.decode_rows(&mut words, covered, bytes, &mut writer)?;
        graph.check_links(covered)?;
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
        graph.count_squares(&firsts, &mut writer);
        {
            let seen = graph.nodes.read();
            writer.in_links = graph.count_in_links(&seen, covered);
            if !sample.is_empty() {
                graph.entries.set(sample, &seen, &graph.encoder);
            }
        }
        graph.publish(View { covered });
        graph.writer = crate::sync::Mutex::new(writer);
        Ok(graph)
    }

    /// Reads what each row is, and the records; for each row the row that it hangs from, or [`NO_ROW`].
    fn decode_rows(
        &self,
        words: &mut Words<'_>,
        covered: u32,
        bytes: &[u8],
        writer: &mut Writer,
    ) -> Checked<Vec<u32>> {
        if words.words.len().saturating_sub(words.next) < 2 * covered as usize {
            return words.damage(format!("it ends before its {covered} rows"));
        }
        self.nodes.reserve(covered).or_else(|error| words.damage(error.to_string()))?;
        let mut firsts = vec![NO_ROW; covered as usize];
        let mut node_rows = Vec::new();
        let mut is_uncoded = vec![false; covered as usize];
        for row in 0..covered {
            match words.word()? {
                IS_NODE => node_rows.push(row),
                HAS_NO_CODE => {
                    if let Some(place) = is_uncoded.get_mut(row as usize) {
                        *place = true;
                    }
                }
                word if word & IS_TWIN != 0 => {
                    let first = word & !IS_TWIN;
                    if first >= row || firsts.get(first as usize) != Some(&NO_ROW) {
                        return words
                            .damage(format!("row {row} is a twin of row {first}, which is no earlier node"));
                    }
                    if let Some(place) = firsts.get_mut(row as usize) {
                        *place = first;
                    }
                }
                word => return words.damage(format!("row {row} is of the unknown kind {word}")),
            }
        }
        self.fingerprints.reserve(covered).or_else(|error| words.damage(error.to_string()))?;
        for (row, &first) in (0..).zip(&firsts) {
            match words.word()? {
                print if first == NO_ROW => self.fingerprints.insert(print, row),
                0 => {}
                print => return words.damage(format!("the twin {row} has the fingerprint {print}")),
            }
        }
        let record_bytes = self.nodes.record_bytes();
        let records = bytes.get(4 * words.next..).unwrap_or_default();
        if Some(records.len()) != node_rows.len().checked_mul(record_bytes) {
            return words.damage(format!("{} bytes of records for {} nodes", records.len(), node_rows.len()));
        }
        for (&row, record) in node_rows.iter().zip(records.chunks_exact(record_bytes)) {
            self.nodes.add_bytes(row, record).or_else(|error| words.damage(error.to_string()))?;
        }
        for (row, &first) in (0..).zip(&firsts) {
            if first != NO_ROW {
                writer.hang_twin(self, first, row);
            }
        }
        Ok(firsts)
    }

    /// Sums up what the writer knows of the rows' lengths, as it did when they came.
    fn count_squares(&self, firsts: &[u32], writer: &mut Writer) {
        let seen = self.nodes.read();
        for (row, &first) in (0..).zip(firsts) {
            let node = if first == NO_ROW { row } else { first };
            writer.count_square(seen.record(node).map_or(0.0, |record| record.code().facts.square));
        }
    }

    /// Checks that links lead to other nodes, to each once, and that codes have finite facts.
    fn check_links(&self, covered: u32) -> Checked<()> {
        let seen = self.nodes.read();
        let mut of_row = Links::default();
        for row in 0..covered {
            let Some(record) = seen.record(row) else { continue };
            seen.read_links(row, &mut of_row);
            let mut links = [&of_row.firm[..], &of_row.spare].concat();
            if links.len() > self.nodes.max_links() {
                return wrong(format!("row {row} has {} links", links.len()));
            }
            if let Some(to) = links.iter().find(|&&to| to >= covered || !self.nodes.is_node(to)) {
                return wrong(format!("row {row} links to row {to}, which is not there"));
            }
            links.push(row);
            links.sort_unstable();
            if links.windows(2).any(|pair| pair.first() == pair.last()) {
                return wrong(format!("row {row} links to itself or to a row twice"));
            }
            let facts = record.code().facts;
            if !(facts.scale.is_finite() && facts.square.is_finite() && facts.scale >= 0.0) {
                return wrong(format!("the code of row {row} has impossible facts"));
            }
        }
        Ok(())
    }
}

fn wrong<T>(what: String) -> Checked<T> {
    Err(GraphDamage { offset_bytes: 0, what })
}

fn halves(seed: u64) -> [u32; 2] {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of the seed")]
    [seed as u32, (seed >> 32) as u32]
}
