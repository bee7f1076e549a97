//! Conditions on the rows that a search may return: tags, keys, row numbers, and a callback.

use crate::store::search::conditions::condition::Condition;
use crate::store::search::conditions::prepared::{PreparedFilter, TagTest};
use crate::store::search::row_bitmap::{Bits, Candidates};
use crate::store::state::entry::{Entry, entry_of};
use crate::store::state::key::Key;
use crate::store::state::rows::Snapshot;
use crate::store::state::shared_state::SharedState;
use crate::{KeyKind, Result, SynaError};
use std::cell::Cell;
use std::fmt;
use std::ops::Range;
use std::time::Instant;

/// A condition of the caller: whether a row may be a hit.
pub type RowTest<'a> = &'a (dyn Fn(&Entry<'_>) -> bool + Sync);

/// Which rows a search may return: those that meet every condition. The default has no conditions.
///
/// With conditions, a search still returns `k` hits whenever `k` rows meet them. It costs at most about 1.5 times as
/// much as checking every row and comparing those that meet the conditions. Set single fields and take the others from
/// `..Default::default()`.
#[derive(Clone, Copy, Default)]
pub struct Filter<'a> {
    /// The row has at least one of these tags. 0: no condition.
    pub tags_any: u64,
    /// The row has all of these tags. 0: no condition.
    pub tags_all: u64,
    /// The row has none of these tags. 0: no condition.
    pub tags_none: u64,
    /// The key begins with this prefix, which is UTF-8 in a store of text keys. Empty: no condition.
    pub key_prefix: &'a [u8],
    /// The row's bit is set: bit `row % 64` of word `row / 64`. Rows after the end of the bitmap do not meet the
    /// condition. `None`: no condition. A compaction renumbers the rows.
    pub rows: Option<&'a [u64]>,
    /// The values of the columns meet these conditions. Empty: no condition. Each search evaluates them for all rows before
    /// it begins.
    pub conditions: &'a [Condition<'a>],
    /// The row meets the conditions of this prepared filter, and those above. `None`: no condition.
    pub prepared: Option<&'a PreparedFilter>,
    /// The callback returns `true`. It is called at most once for each row and search, only for rows that meet all
    /// other conditions, in no particular order. In a batch it is called at most once for each row and query, and once
    /// more for up to 256 rows, by which the search method is chosen; also on the threads of the batch, several at the
    /// same time. It is not called after the deadline. `None`: no condition. It may call everything on any store except
    /// [`MmapVectorStore::close`](crate::MmapVectorStore::close).
    pub callback: Option<RowTest<'a>>,
}

impl fmt::Debug for Filter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter")
            .field("tags_any", &self.tags_any)
            .field("tags_all", &self.tags_all)
            .field("tags_none", &self.tags_none)
            .field("key_prefix", &Key::new(self.key_prefix))
            .field("row_words", &self.rows.map(<[u64]>::len))
            .field("conditions", &self.conditions)
            .field("prepared", &self.prepared.is_some())
            .field("has_callback", &self.callback.is_some())
            .finish()
    }
}

impl Filter<'_> {
    /// # Errors
    /// [`SynaError::InvalidKey`] for a prefix that is not UTF-8 in a store of text keys.
    pub(crate) fn check(&self, keys: KeyKind) -> Result<()> {
        match std::str::from_utf8(self.key_prefix) {
            Err(error) if keys == KeyKind::Text => Err(SynaError::InvalidKey {
                position: 0,
                what: format!("the prefix of a filter (key_prefix) is not valid UTF-8 ({error})"),
            }),
            _ => Ok(()),
        }
    }

    /// Whether there are no conditions.
    pub(in crate::store) fn is_open(&self) -> bool {
        self.tags_any == 0
            && self.tags_all == 0
            && self.tags_none == 0
            && self.key_prefix.is_empty()
            && self.rows.is_none()
            && self.conditions.is_empty()
            && self.prepared.is_none()
            && self.callback.is_none()
    }

    /// Whether there are conditions that read the key from the file or call the callback. Their results are cached.
    fn asks_more(&self) -> bool {
        !self.key_prefix.is_empty() || self.callback.is_some()
    }

    fn has_bit(&self, row: u32) -> bool {
        let Some(words) = self.rows else { return true };
        words.get((row / u64::BITS) as usize).is_some_and(|word| word >> (row % u64::BITS) & 1 == 1)
    }

    /// The conditions on tags.
    pub(crate) fn tags(&self) -> TagTest {
        TagTest { any: self.tags_any, all: self.tags_all, none: self.tags_none }
    }
}

/// Rows in one word of the cache. Each has two bits: whether it was evaluated, and the result.
const ROWS_A_WORD: u32 = u64::BITS / 2;

/// A filter over the live rows of one snapshot, for one search. It caches expensive results.
pub(crate) struct RowFilter<'a> {
    state: &'a SharedState,
    snapshot: Snapshot,
    filter: Filter<'a>,
    is_open: bool,
    /// As [`Filter::asks_more`].
    asks_more: bool,
    tags: TagTest,
    /// The row that is excluded.
    without: Option<u32>,
    /// The cache; empty: nothing is cached.
    memory: &'a [Cell<u64>],
    evaluations: Cell<u32>,
    failure: Cell<Option<SynaError>>,
    /// The callback, which may take any time, is not called after the deadline.
    deadline: Option<Instant>,
    is_late: Cell<bool>,
}

impl<'a> RowFilter<'a> {
    /// # Errors
    /// [`SynaError::NoMemory`] for `memory`, which is reused from search to search.
    pub(crate) fn new(
        state: &'a SharedState,
        snapshot: Snapshot,
        filter: Filter<'a>,
        without: Option<u32>,
        deadline: Option<Instant>,
        memory: &'a mut Vec<u64>,
    ) -> Result<Self> {
        memory.clear();
        let mut made = Self { without, deadline, ..Self::uncached(state, snapshot, filter) };
        if made.asks_more {
            let words = snapshot.rows.div_ceil(ROWS_A_WORD) as usize;
            memory
                .try_reserve(words)
                .map_err(|_| SynaError::NoMemory { needed_bytes: (words as u64).saturating_mul(8) })?;
            memory.resize(words, 0);
            made.memory = Cell::from_mut(memory.as_mut_slice()).as_slice_of_cells();
        }
        Ok(made)
    }

    /// A filter that evaluates a row each time it is asked.
    pub(crate) fn uncached(state: &'a SharedState, snapshot: Snapshot, filter: Filter<'a>) -> Self {
        Self {
            state,
            snapshot,
            filter,
            is_open: filter.is_open(),
            asks_more: filter.asks_more(),
            tags: filter.tags(),
            without: None,
            memory: &[],
            evaluations: Cell::new(0),
            failure: Cell::new(None),
            deadline: None,
            is_late: Cell::new(false),
        }
    }

    /// Whether every live row passes, except perhaps one.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether a row may be a hit. `row` is below the snapshot's count.
    #[inline]
    pub(crate) fn passes(&self, row: u32) -> bool {
        self.state.is_visible(row, self.snapshot)
            && self.without != Some(row)
            && (self.is_open || self.meets(row))
    }

    /// Prefetches what [`RowFilter::passes`] will read. Returns whether the row may have been deleted.
    #[inline]
    pub(crate) fn prefetch(&self, row: u32) -> bool {
        self.state.rows.prefetch_deletion(row)
    }

    fn meets(&self, row: u32) -> bool {
        let filter = &self.filter;
        if self.asks_more
            && let Some(known) = self.recall(row)
        {
            return known;
        }
        self.evaluations.set(self.evaluations.get().saturating_add(1));
        let meets = filter.has_bit(row)
            && (!self.tags.asks() || self.tags.accepts(self.state.tags(row)))
            && (!self.asks_more || self.asked(row));
        if self.asks_more {
            self.remember(row, meets);
        }
        meets
    }

    /// Evaluates the conditions whose results are cached: those that read the key or call the callback.
    fn asked(&self, row: u32) -> bool {
        let answer = self.state.key(row).and_then(|key| {
            if !key.as_bytes().starts_with(self.filter.key_prefix) {
                return Ok(false);
            }
            let Some(callback) = self.filter.callback else { return Ok(true) };
            Ok(!self.is_over() && callback(&entry_of(self.state, row)?))
        });
        answer.unwrap_or_else(|error| {
            self.failure.set(Some(error));
            false
        })
    }

    /// Whether the deadline has passed. If so, the search is late, because a row was not evaluated.
    fn is_over(&self) -> bool {
        let is_over = self.is_late.get() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        self.is_late.set(is_over);
        is_over
    }

    /// Whether rows were excluded because the deadline had passed.
    pub(crate) fn is_late(&self) -> bool {
        self.is_late.get()
    }

    fn word(&self, row: u32) -> Option<(&Cell<u64>, u32)> {
        Some((self.memory.get((row / ROWS_A_WORD) as usize)?, row % ROWS_A_WORD * 2))
    }

    fn recall(&self, row: u32) -> Option<bool> {
        let (word, shift) = self.word(row)?;
        let bits = word.get() >> shift;
        (bits & 1 == 1).then_some(bits & 2 == 2)
    }

    fn remember(&self, row: u32, meets: bool) {
        if let Some((word, shift)) = self.word(row) {
            word.set(word.get() | (1 | u64::from(meets) << 1) << shift);
        }
    }

    /// The rows of a range, without those that the bitmap excludes, and without deleted rows where 64 are known at once.
    pub(crate) fn candidates(&self, range: Range<u32>) -> Candidates<'a> {
        let deleted = (self.snapshot.deletions > 0).then_some((&self.state.rows, self.snapshot));
        Candidates::new(range, self.filter.rows, deleted)
    }

    /// How many rows of `0..end` the bitmap includes; `end` if there is no bitmap.
    pub(crate) fn candidate_count(&self, end: u32) -> u32 {
        let Some(words) = self.filter.rows else { return end };
        let (whole, rest) = ((end / u64::BITS) as usize, end % u64::BITS);
        // Counting is slow without a popcount instruction, and most words of a small selection are 0.
        let set = words.iter().take(whole).filter(|&&word| word != 0);
        let full: u32 = set.map(|word| word.count_ones()).sum();
        let last = words.get(whole).map_or(0, |word| (word & ((1 << rest) - 1)).count_ones());
        full + last
    }

    /// `samples` rows of `0..end` that the bitmap includes, one from each of `samples` equal parts of the `count` rows
    /// that [`Self::candidate_count`] returns. The same rows each time.
    pub(crate) fn sample(&self, end: u32, count: u32, samples: u32) -> impl Iterator<Item = u32> + use<'a> {
        let mut bits = self.filter.rows.map(Bits::new);
        let (count, samples) = (u64::from(count), u64::from(samples));
        let numbers = (0..samples).map_while(move |part| {
            let (from, to) = (count * part / samples, count * (part + 1) / samples);
            // A pseudo-random position in each part. With a fixed one, periodic data would be sampled with a bias.
            let within = ((part.wrapping_mul(0x9E37_79B9) & 0xFFFF_FFFF) * (to - from)) >> 32;
            let number = u32::try_from(from + within).ok()?;
            match &mut bits {
                Some(bits) => bits.row_of(number),
                None => Some(number),
            }
        });
        numbers.filter(move |&row| row < end)
    }

    /// The cost of evaluating one row, in vector components compared.
    pub(crate) fn evaluation_cost(&self) -> u64 {
        match () {
            () if self.filter.callback.is_some() => 1024,
            () if self.asks_more => 256,
            () => 16,
        }
    }

    /// How many rows were evaluated so far, without cached results.
    #[cfg(test)]
    pub(crate) fn evaluations(&self) -> u32 {
        self.evaluations.get()
    }

    /// Whether every row could be evaluated.
    ///
    /// # Errors
    /// The last failure of an evaluation.
    pub(crate) fn check(&self) -> Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_conditions_any_all_and_none() {
        let met = |any, all, none, tags| {
            Filter { tags_any: any, tags_all: all, tags_none: none, ..Filter::default() }.tags().accepts(tags)
        };
        assert!(met(0, 0, 0, 0) && met(0b110, 0, 0, 0b010) && !met(0b110, 0, 0, 0b001));
        assert!(met(0, 0b11, 0, 0b111) && !met(0, 0b11, 0, 0b101));
        assert!(met(0, 0, 0b11, 0b100) && !met(0, 0, 0b11, 0b101));
        assert!(met(1 << 63, 1, 2, 1 << 63 | 1) && !met(1 << 63, 1, 2, 1 << 63 | 3));
    }
}
