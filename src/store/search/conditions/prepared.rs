//! `PreparedFilter`: conditions whose rows are kept from search to search.

use super::condition::{Check, Condition, checks_of};
use super::selected::select;
use crate::column::Schema;
use crate::store::state::shared_state::SharedState;
use crate::sync::RwLock;
use crate::{Result, SynaError, memory};
use std::sync::{Arc, PoisonError, Weak};

/// Conditions on tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TagTest {
    pub(crate) any: u64,
    pub(crate) all: u64,
    pub(crate) none: u64,
}

impl TagTest {
    /// Whether tags meet the conditions.
    #[inline]
    pub(crate) fn accepts(&self, tags: u64) -> bool {
        (self.any == 0 || tags & self.any != 0) && tags & self.all == self.all && tags & self.none == 0
    }

    /// Whether there are conditions.
    pub(crate) fn asks(&self) -> bool {
        self.any | self.all | self.none != 0
    }
}

/// The rows that met the conditions when they were evaluated last.
#[derive(Debug, Default)]
struct Evaluated {
    state: Weak<SharedState>,
    /// Rows that were evaluated.
    rows: u32,
    /// How many updates the store had made before.
    updates: u64,
    words: Arc<Vec<u64>>,
}

/// Conditions on columns and tags whose rows are kept from search to search. A search with a prepared filter finds what a
/// search with its conditions finds. It evaluates only rows that were written since the last one; after an update or a
/// compaction, all rows.
///
/// Any number of threads may use it at the same time, with the store that it was made for and others with the same
/// columns; it remembers the rows of one store. Memory: one bit for each row.
#[derive(Debug)]
pub struct PreparedFilter {
    schema: Schema,
    checks: Vec<Check>,
    tags: TagTest,
    evaluated: RwLock<Evaluated>,
}

impl PreparedFilter {
    /// # Errors
    /// Those of the conditions; [`SynaError::NoMemory`].
    pub(crate) fn of(conditions: &[Condition<'_>], tags: TagTest, schema: &Schema) -> Result<Self> {
        let checks = checks_of(conditions, schema)?;
        Ok(Self { schema: schema.clone(), checks, tags, evaluated: RwLock::default() })
    }

    /// The rows of `0..rows` that meet the conditions, as a bitmap. Bits of later rows are not meaningful.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`] for a store with other columns; [`SynaError::NoMemory`].
    pub(crate) fn rows(&self, state: &Arc<SharedState>, rows: u32) -> Result<Arc<Vec<u64>>> {
        if self.schema != state.data.schema {
            return Err(SynaError::argument(
                "the prepared filter was made for a store with other columns; prepare it for this one",
            ));
        }
        // Read before the values, so that an update in between leads to another evaluation.
        let updates = state.rows.update_count();
        let of_state = |evaluated: &Evaluated| {
            evaluated.updates == updates && Weak::as_ptr(&evaluated.state) == Arc::as_ptr(state)
        };
        let known = self.evaluated.read().unwrap_or_else(PoisonError::into_inner);
        if of_state(&known) && known.rows >= rows {
            return Ok(Arc::clone(&known.words));
        }
        drop(known);
        let mut known = self.evaluated.write().unwrap_or_else(PoisonError::into_inner);
        if !of_state(&known) {
            *known = Evaluated { state: Arc::downgrade(state), updates, ..Evaluated::default() };
        }
        if known.rows < rows {
            self.extend(&mut known, state, rows)?;
        }
        Ok(Arc::clone(&known.words))
    }

    /// Evaluates the rows from the last word on that was evaluated before.
    fn extend(&self, known: &mut Evaluated, state: &SharedState, rows: u32) -> Result<()> {
        let first_word = (known.rows / u64::BITS) as usize;
        let count = rows.div_ceil(u64::BITS) as usize;
        let mut words = match Arc::get_mut(&mut known.words) {
            Some(words) => std::mem::take(words),
            // A search is using them.
            None => memory::copied(&known.words)?,
        };
        // If this fails, the next search begins again.
        known.rows = 0;
        words.truncate(first_word);
        memory::reserve(&mut words, count.saturating_sub(first_word))?;
        words.resize(count, u64::MAX);
        let new = words.get_mut(first_word..).unwrap_or_default();
        select(state, &self.checks, first_word, new)?;
        if self.tags.asks() {
            self.select_tags(state, first_word, new);
        }
        known.words = Arc::new(words);
        known.rows = rows;
        Ok(())
    }

    fn select_tags(&self, state: &SharedState, first_word: usize, words: &mut [u64]) {
        for (place, word) in (first_word..).zip(words) {
            let row = u32::try_from(place).unwrap_or(u32::MAX).saturating_mul(u64::BITS);
            let mut rest = *word;
            while rest != 0 {
                let bit = rest.trailing_zeros();
                let is_met = self.tags.accepts(state.tags(row.saturating_add(bit)));
                *word &= !(u64::from(!is_met) << bit);
                rest &= rest - 1;
            }
        }
    }
}
