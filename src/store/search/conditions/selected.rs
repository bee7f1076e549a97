//! The rows that meet conditions on columns, as a bitmap.

use super::condition::Check;
use crate::kernel::ranges::RangeKernels;
use crate::store::state::shared_state::SharedState;
use crate::{Result, memory};

/// Clears the bits of rows that do not meet the conditions, those of a group together. The first word is that of row
/// `64 * first_word`. Cost: reads 8 bytes a row for each condition.
///
/// # Errors
/// [`crate::SynaError::NoMemory`].
pub(crate) fn select(
    state: &SharedState,
    checks: &[Check],
    first_word: usize,
    words: &mut [u64],
) -> Result<()> {
    let kernels = RangeKernels::detect();
    for of_group in checks.chunk_by(|a, b| a.group == b.group && a.group != 0) {
        let [first, others @ ..] = of_group else { continue };
        let mut values = Run::new(state, first.column);
        if others.is_empty() {
            for (place, word) in (first_word..).zip(words.iter_mut()) {
                if *word != 0 {
                    *word &= values.word(kernels, first, place);
                }
            }
            continue;
        }
        let mut of_others = memory::collected(others.iter().map(|check| Run::new(state, check.column)))?;
        for (place, word) in (first_word..).zip(words.iter_mut()) {
            if *word != 0 {
                let mut any = values.word(kernels, first, place);
                for (check, values) in others.iter().zip(&mut of_others) {
                    any |= values.word(kernels, check, place);
                }
                *word &= any;
            }
        }
    }
    Ok(())
}

/// The values of a column, read in ascending order.
struct Run<'a> {
    state: &'a SharedState,
    column: usize,
    /// The row of the first value.
    first_row: u32,
    /// Contiguous values.
    values: &'a [u64],
}

impl<'a> Run<'a> {
    fn new(state: &'a SharedState, column: usize) -> Self {
        Self { state, column, first_row: 0, values: &[] }
    }

    /// The rows of word `place` that meet a condition, as bits.
    #[inline]
    fn word(&mut self, kernels: RangeKernels, check: &Check, place: usize) -> u64 {
        let row = u32::try_from(place).unwrap_or(u32::MAX).saturating_mul(u64::BITS);
        let word = match self.contiguous(row) {
            Some(values) => check.word(kernels, values),
            None => check.word(kernels, &self.gathered(row)),
        };
        match self.state.rows.values.updated_word(place) {
            0 => word,
            updated => self.with_updates(check, row, word, updated),
        }
    }

    /// The values of 64 rows, if they are contiguous.
    #[inline]
    fn contiguous(&mut self, row: u32) -> Option<&'a [u64; 64]> {
        let at = |run: &Self| {
            let start = row.checked_sub(run.first_row)? as usize;
            run.values.get(start..)?.first_chunk()
        };
        at(self).or_else(|| {
            (self.first_row, self.values) = (row, self.state.data.extents.values(self.column, row)?);
            at(self)
        })
    }

    /// The values of 64 rows of several extents. Rows that no extent holds have 0.
    #[cold]
    fn gathered(&self, row: u32) -> [u64; 64] {
        let value = |row| self.state.data.extents.values(self.column, row)?.first().copied();
        let mut values = [0; 64];
        for (row, into) in (row..).zip(&mut values) {
            *into = value(row).unwrap_or(0);
        }
        values
    }

    /// The word with the results of the rows whose values were updated.
    #[cold]
    fn with_updates(&self, check: &Check, row: u32, mut word: u64, mut updated: u64) -> u64 {
        while updated != 0 {
            let place = updated.trailing_zeros();
            let bits = self.state.rows.values.bits(&self.state.data, self.column, row.saturating_add(place));
            word = word & !(1 << place) | u64::from(check.accepts(bits)) << place;
            updated &= updated - 1;
        }
        word
    }
}
