//! Checking the values of columns in a batch.

use crate::column::{ColumnValues, Schema};
use crate::store::write::checked_vectors::check_count;
use crate::{Result, SynaError, memory};

/// The values of a batch, checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CheckedValues<'a> {
    given: &'a [ColumnValues<'a>],
    columns: usize,
}

impl<'a> CheckedValues<'a> {
    /// # Errors
    /// [`SynaError::InvalidArgument`] for a column that the store does not have or that occurs twice, for values of another
    /// kind, and for NaN; the error of another number than `count`.
    pub(crate) fn check(given: &'a [ColumnValues<'a>], schema: &Schema, count: usize) -> Result<Self> {
        for (place, &ColumnValues { column, values }) in given.iter().enumerate() {
            let found = schema.column(column)?;
            let invalid = |what: String| {
                SynaError::argument(format!("the values of column {column} ({}) {what}", found.name()))
            };
            if found.kind() != values.kind() {
                let (is, given) = (found.kind().name(), values.kind().name());
                return Err(invalid(format!("must be {is}, not {given}")));
            }
            check_count(values.len(), count, "values of a column")?;
            if given.iter().take(place).any(|earlier| earlier.column == column) {
                return Err(invalid("are given twice".to_owned()));
            }
            if let Some(position) = values.first_nan() {
                return Err(invalid(format!("contain NaN, at position {position}")));
            }
        }
        Ok(Self { given, columns: schema.columns().len() })
    }

    /// The columns that have values, as bits.
    pub(crate) fn columns(&self) -> u16 {
        self.given.iter().fold(0, |bits, of_column| bits | 1 << of_column.column)
    }

    /// Appends, for every column of the store, the values of elements; 0 where none were given.
    pub(crate) fn copy_all(&self, positions: &[usize], into: &mut Vec<u64>) -> Result<()> {
        memory::reserve(into, positions.len().saturating_mul(self.columns))?;
        for column in 0..self.columns {
            let values = self.given.iter().find(|given| given.column == column).map(|given| given.values);
            let bits = |&position: &usize| values.map_or(0, |values| values.bits(position));
            into.extend(positions.iter().map(bits));
        }
        Ok(())
    }

    /// Appends, for every column that has values, those of elements.
    pub(crate) fn copy_given(&self, positions: &[usize], into: &mut Vec<u64>) -> Result<()> {
        memory::reserve(into, positions.len().saturating_mul(self.given.len()))?;
        for column in 0..self.columns {
            let Some(given) = self.given.iter().find(|given| given.column == column) else { continue };
            into.extend(positions.iter().map(|&position| given.values.bits(position)));
        }
        Ok(())
    }
}
