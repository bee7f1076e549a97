//! The graph as bytes, and back; bytes are never trusted.
//!
//! ```text
//! words, little-endian u32:
//!   version = 1, metric, m, m_max, seed (low, high), covered rows, entry point, first row without direction,
//!   rows at the last full sweep, where the next sweep begins, count of stragglers, count of bridges
//!   (entry point and first row: 0xffffffff for none)
//!   stragglers, one word each, ascending as they were found; bridges (from, to), ascending
//!   dot product only: the squared norm of each row, as f32
//!   each row:  0x80000000 | first        a twin of row `first`
//!         or:  for each level 0..=level of the row: count, that many links
//! ```
//! Levels, in-link counts and the chains of twins follow from these.

use super::graph::{Graph, NO_ROW, View};
use super::params::{GraphParams, MAX_ROWS, row_number};
use super::writer::Writer;
use crate::DistanceMetric;
use crate::kernel::Kernels;

const VERSION: u32 = 1;
const IS_TWIN: u32 = 1 << 31;

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
        let View { entry, covered } = self.view();
        let stragglers: Vec<u32> = self.straggler_rows().into_iter().filter(|&row| row < covered).collect();
        let bridges: Vec<(u32, u32)> =
            writer.bridges.iter().copied().filter(|&(from, to)| from.max(to) < covered).collect();
        let directionless = writer.directionless.filter(|&row| row < covered).unwrap_or(NO_ROW);
        let mut words = vec![VERSION, self.params.metric.number(), self.params.m, self.params.m_max];
        let [low, high] = halves(self.params.seed);
        words.extend([low, high, covered, entry, directionless]);
        words.extend([writer.swept_rows.min(covered), writer.sweep_next.min(covered)]);
        words.extend([row_number(stragglers.len()), row_number(bridges.len())]);
        words.extend(stragglers);
        words.extend(bridges.iter().flat_map(|&(from, to)| [from, to]));
        words.extend(writer.squared_norms.iter().take(covered as usize).map(|norm| norm.to_bits()));
        let firsts = self.firsts(&writer, covered);
        let mut links = Vec::new();
        for (row, &first) in (0..).zip(&firsts) {
            if first != NO_ROW {
                words.push(IS_TWIN | first);
                continue;
            }
            for level in 0..=self.params.level_of(row) {
                self.links.read(row, level, &mut links);
                // A batch that failed halfway may have left links to rows that never came.
                links.retain(|&link| link < covered);
                words.push(row_number(links.len()));
                words.extend(&links);
            }
        }
        words.into_iter().flat_map(u32::to_le_bytes).collect()
    }

    /// For each row the row that it hangs from, or [`NO_ROW`].
    pub(super) fn firsts(&self, writer: &Writer, covered: u32) -> Vec<u32> {
        let mut firsts = vec![NO_ROW; covered as usize];
        for &first in writer.last_twins.keys() {
            let mut twin = self.links.next_twin(first);
            while let Some(place) = twin.and_then(|twin| firsts.get_mut(twin as usize)) {
                *place = first;
                twin = twin.and_then(|twin| self.links.next_twin(twin));
            }
        }
        firsts
    }

    /// The graph that `bytes` describe, made with `params`, of at most `most_rows` rows (as many as have vectors).
    ///
    /// Takes time and memory in proportion to `bytes`, and a list's worth of memory for each row, which has a vector.
    ///
    /// # Errors
    /// What is wrong with the bytes, and where.
    pub(crate) fn decode(
        bytes: &[u8],
        params: GraphParams,
        kernels: Kernels,
        most_rows: u32,
    ) -> Checked<Self> {
        let (words, rest) = bytes.as_chunks::<4>();
        let mut words = Words { words, next: 0 };
        if !rest.is_empty() {
            return words.damage("its length is no multiple of 4");
        }
        words.expect(VERSION, "the version")?;
        words.expect(params.metric.number(), "the metric")?;
        words.expect(params.m, "m")?;
        words.expect(params.m_max, "m_max")?;
        let [low, high] = halves(params.seed);
        words.expect(low, "the seed")?;
        words.expect(high, "the seed")?;
        let covered = words.count(most_rows.min(MAX_ROWS) as usize, "rows")?;
        let mut graph = Self::new(params, kernels);
        let mut writer = Writer::default();
        let entry = words.word()?;
        let directionless = words.word()?;
        writer.swept_rows = words.row(covered.saturating_add(1), "the last sweep")?;
        writer.sweep_next = words.row(covered.saturating_add(1), "the next sweep")?;
        let (straggler_count, bridge_count) =
            (words.count(covered as usize, "stragglers")?, words.count(bytes.len() / 8, "bridges")?);
        let stragglers =
            (0..straggler_count).map(|_| words.row(covered, "a straggler")).collect::<Checked<Vec<_>>>()?;
        for _ in 0..bridge_count {
            let bridge = (words.row(covered, "a bridge's start")?, words.row(covered, "a bridge's end")?);
            if writer.bridges.last().is_some_and(|last| *last >= bridge) {
                return words.damage("the bridges are not in order");
            }
            writer.bridges.insert(bridge);
        }
        graph.decode_norms(&mut words, covered, &mut writer)?;
        let is_twin = graph.decode_rows(&mut words, covered, &mut writer)?;
        if words.next != words.words.len() {
            return words.damage("it goes on after the last row");
        }
        let is_node = |row: u32| is_twin.get(row as usize) == Some(&false);
        graph.check_links(covered, &is_twin)?;
        if (covered == 0) != (entry == NO_ROW) || (covered > 0 && !is_node(entry)) {
            return words.damage(format!("the entry point is {entry}"));
        }
        if directionless != NO_ROW {
            if !is_node(directionless) {
                return words.damage(format!("the first row without direction is {directionless}"));
            }
            writer.directionless = Some(directionless);
        }
        if writer.bridges.iter().any(|&(from, to)| !is_node(from) || !is_node(to)) {
            return words.damage("a bridge begins or ends at a twin");
        }
        for row in stragglers {
            if !is_node(row) {
                return words.damage(format!("the straggler {row} is a twin"));
            }
            graph.add_straggler(row).or_else(|error| words.damage(error.to_string()))?;
        }
        writer.in_links = graph.count_in_links(covered);
        graph.publish(View { entry, covered });
        graph.writer = std::sync::Mutex::new(writer);
        Ok(graph)
    }

    fn decode_norms(&self, words: &mut Words<'_>, covered: u32, writer: &mut Writer) -> Checked<()> {
        if self.params.metric != DistanceMetric::DotProduct {
            return Ok(());
        }
        for _ in 0..covered {
            let norm = f32::from_bits(words.word()?);
            if norm.is_nan() || norm < 0.0 {
                return words.damage(format!("a squared norm is {norm}"));
            }
            writer.push_norm(norm);
        }
        Ok(())
    }

    /// Reads every row's lists; which rows are twins. Links are only known to be rows.
    fn decode_rows(&self, words: &mut Words<'_>, covered: u32, writer: &mut Writer) -> Checked<Vec<bool>> {
        if words.words.len().saturating_sub(words.next) < covered as usize {
            return words.damage(format!("it ends before its {covered} rows"));
        }
        self.links.reserve(covered).or_else(|error| words.damage(error.to_string()))?;
        let mut is_twin = vec![false; covered as usize];
        let mut links = Vec::new();
        for row in 0..covered {
            let head = words.words.get(words.next).map_or(0, |word| u32::from_le_bytes(*word));
            if head & IS_TWIN != 0 {
                words.next += 1;
                let first = head & !IS_TWIN;
                if first >= row || is_twin.get(first as usize) != Some(&false) {
                    return words
                        .damage(format!("row {row} is a twin of row {first}, which is no earlier node"));
                }
                if let Some(place) = is_twin.get_mut(row as usize) {
                    *place = true;
                }
                writer.hang_twin(self, first, row);
                continue;
            }
            self.links.raise(row).or_else(|error| words.damage(error.to_string()))?;
            for level in 0..=self.params.level_of(row) {
                links.clear();
                for _ in 0..words.count(self.params.max_links(level), "links")? {
                    links.push(words.row(covered, "a link")?);
                }
                self.links.write(row, level, &links);
                links.push(row);
                links.sort_unstable();
                if links.windows(2).any(|pair| pair.first() == pair.last()) {
                    return words.damage(format!("row {row} links to itself or to a row twice"));
                }
            }
        }
        Ok(is_twin)
    }

    /// Checks that links lead to nodes, and on each level to nodes of that level.
    fn check_links(&self, covered: u32, is_twin: &[bool]) -> Checked<()> {
        for row in 0..covered {
            for level in 0..=self.params.level_of(row) {
                let mut wrong = None;
                self.links.for_each(row, level, |to| {
                    if is_twin.get(to as usize) != Some(&false) || self.params.level_of(to) < level {
                        wrong = Some(to);
                    }
                });
                if let Some(to) = wrong {
                    let what = format!("row {row} links at level {level} to row {to}, which is not there");
                    return Err(GraphDamage { offset_bytes: 0, what });
                }
            }
        }
        Ok(())
    }
}

fn halves(seed: u64) -> [u32; 2] {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of the seed")]
    [seed as u32, (seed >> 32) as u32]
}
