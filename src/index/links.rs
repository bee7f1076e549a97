//! Who links to whom: lists of links that are written by one thread and read by any, without locks.
//!
//! A list is one word of head (count, and at level 0 the twin flag) and `max_links` words of rows. A reader may meet a
//! list that is half old: every row in it is a row that was linked, so the search only takes another way.
//!
//! Twins are rows that equal an earlier row. They have no links: they hang in a chain, in ascending order, from
//! the first of their kind. So a thousand copies cost the graph one node, and can neither crowd a list nor cut anyone off.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::chunks::Chunks;
use super::params::{GraphParams, row_number};
use crate::Result;

/// In the head of a level-0 list: twins hang from this row.
const HAS_TWINS: u32 = 1 << 31;

/// The lists of all rows.
pub(super) struct LinkStore {
    params: GraphParams,
    /// One list a row.
    level_0: Chunks,
    /// A row's next twin, plus one, and the slot of its list at level 1; 0 for none.
    extra: Chunks,
    /// Lists above level 0; those of a row lie one after another.
    upper: Chunks,
    /// Slots taken in `upper`, slot 0 aside.
    upper_count: AtomicU32,
}

impl LinkStore {
    pub(super) fn new(params: GraphParams) -> Self {
        Self {
            params,
            level_0: Chunks::new(1 + params.max_links(0)),
            extra: Chunks::new(2),
            upper: Chunks::new(1 + params.max_links(1)),
            upper_count: AtomicU32::new(0),
        }
    }

    /// Makes room for rows `0..end`, all without links. Lists above level 0 come with [`Self::raise`].
    ///
    /// # Errors
    /// `NoMemory`.
    pub(super) fn reserve(&self, end: u32) -> Result<()> {
        self.level_0.reserve(end)?;
        self.extra.reserve(end)
    }

    /// Gives a row its lists above level 0, once.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(super) fn raise(&self, row: u32) -> Result<()> {
        let level = self.params.level_of(row);
        if level == 0 || self.slot_of(row) != 0 {
            return Ok(());
        }
        let first = self.upper_count.load(Relaxed) + 1;
        self.upper.reserve(first + level)?;
        self.upper_count.store(first + level - 1, Relaxed);
        if let [_, slot] = self.extra.item(row) {
            slot.store(first, Release);
        }
        Ok(())
    }

    fn slot_of(&self, row: u32) -> u32 {
        match self.extra.item(row) {
            [_, slot] => slot.load(Acquire),
            _ => 0,
        }
    }

    /// The words of a list; empty where there is none.
    #[inline]
    fn words(&self, row: u32, level: u32) -> &[AtomicU32] {
        if level == 0 {
            return self.level_0.item(row);
        }
        match self.slot_of(row) {
            0 => &[],
            slot if level <= self.params.level_of(row) => self.upper.item(slot + level - 1),
            _ => &[],
        }
    }

    /// Calls `each` for every link of a list; says whether twins hang from the row.
    #[inline]
    pub(super) fn for_each(&self, row: u32, level: u32, mut each: impl FnMut(u32)) -> bool {
        let Some((head, links)) = self.words(row, level).split_first() else { return false };
        let head = head.load(Acquire);
        for link in links.iter().take((head & !HAS_TWINS) as usize) {
            each(link.load(Acquire));
        }
        head & HAS_TWINS != 0
    }

    /// Whether a row has links at level 0: a twin has none, nor has the only row of a graph.
    pub(super) fn has_links(&self, row: u32) -> bool {
        self.level_0.word(row).is_some_and(|head| head.load(Acquire) & !HAS_TWINS != 0)
    }

    /// Replaces `out` with a list's links.
    pub(super) fn read(&self, row: u32, level: u32, out: &mut Vec<u32>) {
        out.clear();
        self.for_each(row, level, |link| out.push(link));
    }

    /// Replaces a list; at most `max_links(level)` rows are kept.
    pub(super) fn write(&self, row: u32, level: u32, rows: &[u32]) {
        let Some((head, links)) = self.words(row, level).split_first() else { return };
        debug_assert!(rows.len() <= links.len());
        let count = rows.len().min(links.len());
        for (link, &row) in links.iter().zip(rows) {
            link.store(row, Release);
        }
        let flag = head.load(Relaxed) & HAS_TWINS;
        head.store(row_number(count) | flag, Release);
    }

    /// The twin after `row` in its chain.
    #[inline]
    pub(super) fn next_twin(&self, row: u32) -> Option<u32> {
        self.extra.word(row)?.load(Acquire).checked_sub(1)
    }

    /// Hangs `twin` after `last`, the end of the chain that begins with `first`.
    pub(super) fn hang_twin(&self, first: u32, last: u32, twin: u32) {
        if let Some(word) = self.extra.word(last) {
            word.store(twin + 1, Release);
        }
        if let Some(head) = self.level_0.word(first) {
            head.fetch_or(HAS_TWINS, Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DistanceMetric;

    #[test]
    fn lists_and_twins_are_read_as_written() {
        let params =
            GraphParams { metric: DistanceMetric::Euclidean, m: 4, m_max: 8, ef_construction: 10, seed: 3 };
        let store = LinkStore::new(params);
        store.reserve(1_000).unwrap();
        let high = (0..1_000).find(|&row| params.level_of(row) >= 2).unwrap();
        store.raise(high).unwrap();
        store.raise(high).unwrap();
        store.write(high, 0, &[1, 2, 3]);
        store.write(high, 2, &[9]);
        store.hang_twin(high, high, 700);
        store.hang_twin(high, 700, 800);
        store.write(high, 0, &[5, 6]);
        let mut links = Vec::new();
        store.read(high, 0, &mut links);
        assert_eq!(links, [5, 6]);
        store.read(high, 1, &mut links);
        assert!(links.is_empty());
        store.read(high, 2, &mut links);
        assert_eq!(links, [9]);
        assert!(store.for_each(high, 0, |_| ()), "a written list keeps its twins");
        assert_eq!(
            (store.next_twin(high), store.next_twin(700), store.next_twin(800)),
            (Some(700), Some(800), None)
        );
        store.read(5_000, 0, &mut links);
        assert!(links.is_empty());
    }
}
