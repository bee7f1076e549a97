//! Conditions on the values of columns, as callers write them, and in the form that is evaluated.

use crate::column::{Column, Schema, Value, Values};
use crate::kernel::ranges::RangeKernels;
use crate::{Result, SynaError, memory};

/// Lists of at most this many values are compared value by value.
const FEW_VALUES: usize = 8;

/// What a condition asks of a value. The kind of the operands is that of the column. NaN is an error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ColumnTest<'a> {
    /// It equals the operand. -0 and 0 are equal.
    Equal(Value),
    /// It differs from the operand.
    NotEqual(Value),
    /// It is less than the operand.
    Less(Value),
    /// It is at most the operand.
    AtMost(Value),
    /// It is greater than the operand.
    Greater(Value),
    /// It is at least the operand.
    AtLeast(Value),
    /// It is at least the first operand and at most the second.
    Between(Value, Value),
    /// It equals one of the operands; false for an empty list.
    In(Values<'a>),
}

/// A condition on the value of a column. A row without a value has 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition<'a> {
    /// The column's position in the list of the store's columns.
    pub column: usize,
    /// What is asked of the value.
    pub test: ColumnTest<'a>,
    /// A row must meet every condition of group 0, and of each other group at least one condition.
    pub group: u32,
}

impl<'a> Condition<'a> {
    /// A condition that a row must meet.
    #[must_use]
    pub fn new(column: usize, test: ColumnTest<'a>) -> Self {
        Self { column, test, group: 0 }
    }
}

/// Which bits of values meet a condition.
#[derive(Debug, Clone, PartialEq)]
enum Accepted {
    /// From the first number on, so many more, modulo 2^64; the order of signed and of unsigned integers are the same here.
    Integers {
        low: u64,
        span: u64,
    },
    /// From the first to the second.
    Floats {
        low: f64,
        high: f64,
    },
    /// One of a few.
    Few(Vec<u64>),
    /// One of a sorted list.
    Sorted(Vec<u64>),
    Nothing,
}

/// A checked condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Check {
    pub(crate) column: usize,
    pub(crate) group: u32,
    accepted: Accepted,
    is_negated: bool,
}

impl Check {
    /// # Errors
    /// [`SynaError::InvalidArgument`] for a column that the store does not have, for operands of another kind, and for NaN.
    fn new(condition: &Condition<'_>, schema: &Schema) -> Result<Self> {
        let &Condition { column, test, group } = condition;
        let columns = schema.columns();
        let of = columns.get(column).ok_or_else(|| {
            SynaError::argument(format!(
                "a condition names column {column}; the store has {} columns",
                columns.len()
            ))
        })?;
        let (accepted, is_negated) = match test {
            ColumnTest::Equal(value) => (range(of, Some(value), Some(value), [false; 2])?, false),
            ColumnTest::NotEqual(value) => (range(of, Some(value), Some(value), [false; 2])?, true),
            ColumnTest::Less(value) => (range(of, None, Some(value), [true; 2])?, false),
            ColumnTest::AtMost(value) => (range(of, None, Some(value), [false; 2])?, false),
            ColumnTest::Greater(value) => (range(of, Some(value), None, [true; 2])?, false),
            ColumnTest::AtLeast(value) => (range(of, Some(value), None, [false; 2])?, false),
            ColumnTest::Between(low, high) => (range(of, Some(low), Some(high), [false; 2])?, false),
            ColumnTest::In(values) => (list(of, values)?, false),
        };
        Ok(Self { column, group, accepted, is_negated })
    }

    /// Whether a value with these bits meets the condition.
    pub(crate) fn accepts(&self, bits: u64) -> bool {
        let is_accepted = match &self.accepted {
            Accepted::Integers { low, span } => bits.wrapping_sub(*low) <= *span,
            Accepted::Floats { low, high } => (*low..=*high).contains(&f64::from_bits(bits)),
            Accepted::Few(list) => list.contains(&bits),
            Accepted::Sorted(list) => list.binary_search(&bits).is_ok(),
            Accepted::Nothing => false,
        };
        is_accepted != self.is_negated
    }

    /// Bit `i`: `values[i]` meets the condition.
    #[inline]
    pub(crate) fn word(&self, kernels: RangeKernels, values: &[u64; 64]) -> u64 {
        let word = match &self.accepted {
            Accepted::Integers { low, span } => kernels.integers(values, *low, *span),
            Accepted::Floats { low, high } => kernels.floats(values, *low, *high),
            Accepted::Few(list) => {
                list.iter().fold(0, |word, &value| word | kernels.integers(values, value, 0))
            }
            Accepted::Sorted(list) => {
                let (Some(&low), Some(&high)) = (list.first(), list.last()) else { return 0 };
                // Those outside of the list's range are not looked up.
                let mut rest = kernels.integers(values, low, high.wrapping_sub(low));
                let mut word = 0;
                while rest != 0 {
                    let place = rest.trailing_zeros() as usize;
                    let is_listed = values.get(place).is_some_and(|value| list.binary_search(value).is_ok());
                    word |= u64::from(is_listed) << place;
                    rest &= rest - 1;
                }
                word
            }
            Accepted::Nothing => 0,
        };
        if self.is_negated { !word } else { word }
    }
}

fn check_operand(column: &Column, value: Value) -> Result<()> {
    let invalid = |what: String| {
        Err(SynaError::argument(format!("the operand of a condition on column {:?} {what}", column.name())))
    };
    match value {
        Value::F64(value) if value.is_nan() => invalid("is NaN".to_owned()),
        _ if value.kind() != column.kind() => {
            invalid(format!("must be {}, not {}", column.kind().name(), value.kind().name()))
        }
        _ => Ok(()),
    }
}

/// The values from one operand to another; without an operand, from the lowest or to the highest value. `is_open`: without
/// the operand itself.
fn range(column: &Column, low: Option<Value>, high: Option<Value>, is_open: [bool; 2]) -> Result<Accepted> {
    low.into_iter().chain(high).try_for_each(|operand| check_operand(column, operand))?;
    // The lowest and the highest integer in the order of the kind.
    let (least, most) = match column.kind() {
        crate::ColumnKind::U64 => (0, u64::MAX),
        _ => (i64::MIN.cast_unsigned(), i64::MAX.cast_unsigned()),
    };
    let [is_above, is_below] = is_open;
    Ok(match (low, high) {
        (Some(Value::F64(low)), Some(Value::F64(high))) => Accepted::Floats { low, high },
        (Some(Value::F64(low)), _) => {
            let is_none = is_above && low == f64::INFINITY;
            let low = if is_above { low.next_up() } else { low };
            if is_none { Accepted::Nothing } else { Accepted::Floats { low, high: f64::INFINITY } }
        }
        (_, Some(Value::F64(high))) => {
            let is_none = is_below && high == f64::NEG_INFINITY;
            let high = if is_below { high.next_down() } else { high };
            if is_none { Accepted::Nothing } else { Accepted::Floats { low: f64::NEG_INFINITY, high } }
        }
        (low, high) => {
            let (low, high) = (low.map(Value::bits), high.map(Value::bits));
            let is_none = (is_above && low == Some(most)) || (is_below && high == Some(least));
            let step = |open: bool, end: Option<u64>| u64::from(open && end.is_some());
            let (from, to) = (
                low.unwrap_or(least).wrapping_add(step(is_above, low)),
                high.unwrap_or(most).wrapping_sub(step(is_below, high)),
            );
            // Distances from the lowest value are in order.
            let is_reversed = from.wrapping_sub(least) > to.wrapping_sub(least);
            match is_none || is_reversed {
                true => Accepted::Nothing,
                false => Accepted::Integers { low: from, span: to.wrapping_sub(from) },
            }
        }
    })
}

/// The values of a list.
fn list(column: &Column, values: Values<'_>) -> Result<Accepted> {
    if values.kind() != column.kind() {
        let (expected, given) = (column.kind().name(), values.kind().name());
        return Err(SynaError::argument(format!(
            "the list of a condition on column {:?} must have values of {expected}, not {given}",
            column.name()
        )));
    }
    if let Some(position) = values.first_nan() {
        return Err(SynaError::argument(format!(
            "value {position} of the list of a condition on column {:?} is NaN",
            column.name()
        )));
    }
    let mut bits = memory::with_room(values.len().saturating_mul(2))?;
    for position in 0..values.len() {
        let value = values.bits(position);
        bits.push(value);
        // Zeros of both signs are equal.
        if matches!(values, Values::F64(_)) && f64::from_bits(value) == 0.0 {
            bits.push(value ^ 1 << 63);
        }
    }
    bits.sort_unstable();
    bits.dedup();
    Ok(match bits.len() {
        0 => Accepted::Nothing,
        count if count <= FEW_VALUES => Accepted::Few(bits),
        _ => Accepted::Sorted(bits),
    })
}

/// The checked conditions of a filter, those of a group together.
///
/// # Errors
/// As [`Check::new`]; [`SynaError::NoMemory`].
pub(crate) fn checks_of(conditions: &[Condition<'_>], schema: &Schema) -> Result<Vec<Check>> {
    let mut checks = memory::all(conditions.iter().map(|condition| Check::new(condition, schema)))?;
    checks.sort_by_key(|check| check.group);
    Ok(checks)
}
