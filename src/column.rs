//! Columns: typed numbers that are stored with each row, for conditions of searches.

use crate::fixed_text::FixedText;
use crate::{Result, SynaError};
use std::fmt;
use std::sync::Arc;

/// The most columns of a store.
pub const MAX_COLUMNS: usize = 16;
/// The longest name of a column in bytes.
pub const MAX_COLUMN_NAME_BYTES: usize = 32;

/// What the values of a column are. A value takes 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ColumnKind {
    /// Signed integers, for example a time.
    I64 = 1,
    /// Unsigned integers, for example an id or a hash.
    U64 = 2,
    /// Floating-point numbers, except NaN.
    F64 = 3,
}

impl ColumnKind {
    /// The kind with this number; `None` if there is none.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        [Self::I64, Self::U64, Self::F64].into_iter().find(|kind| kind.number() == number)
    }

    /// The number of this kind in files and in C.
    #[must_use]
    pub fn number(self) -> u32 {
        u32::from(self as u8)
    }

    /// The name of this kind in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::I64 => "i64",
            Self::U64 => "u64",
            Self::F64 => "f64",
        }
    }

    /// The value that is stored as `bits`.
    pub(crate) fn value(self, bits: u64) -> Value {
        match self {
            Self::I64 => Value::I64(bits.cast_signed()),
            Self::U64 => Value::U64(bits),
            Self::F64 => Value::F64(f64::from_bits(bits)),
        }
    }
}

/// A value of a column.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub enum Value {
    /// Of a column of [`ColumnKind::I64`].
    I64(i64),
    /// Of a column of [`ColumnKind::U64`].
    U64(u64),
    /// Of a column of [`ColumnKind::F64`].
    F64(f64),
}

impl Value {
    /// The bits that are stored.
    pub(crate) fn bits(self) -> u64 {
        match self {
            Self::I64(value) => value.cast_unsigned(),
            Self::U64(value) => value,
            Self::F64(value) => value.to_bits(),
        }
    }

    /// The kind of the columns that have such values.
    #[must_use]
    pub fn kind(self) -> ColumnKind {
        match self {
            Self::I64(_) => ColumnKind::I64,
            Self::U64(_) => ColumnKind::U64,
            Self::F64(_) => ColumnKind::F64,
        }
    }
}

/// The values of a column for the rows of a batch: one for each key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values<'a> {
    /// For a column of [`ColumnKind::I64`].
    I64(&'a [i64]),
    /// For a column of [`ColumnKind::U64`].
    U64(&'a [u64]),
    /// For a column of [`ColumnKind::F64`].
    F64(&'a [f64]),
}

impl Values<'_> {
    /// The kind of the columns that have such values.
    #[must_use]
    pub fn kind(self) -> ColumnKind {
        match self {
            Self::I64(_) => ColumnKind::I64,
            Self::U64(_) => ColumnKind::U64,
            Self::F64(_) => ColumnKind::F64,
        }
    }

    /// Stored values as those of a column.
    pub(crate) fn of_kind<'a>(kind: ColumnKind, bits: &'a [u64]) -> Values<'a> {
        match kind {
            ColumnKind::I64 => Values::I64(bytemuck::cast_slice(bits)),
            ColumnKind::U64 => Values::U64(bits),
            ColumnKind::F64 => Values::F64(bytemuck::cast_slice(bits)),
        }
    }

    /// The number of values.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::I64(values) => values.len(),
            Self::U64(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The bits of the value at `position`; 0 after the end.
    pub(crate) fn bits(self, position: usize) -> u64 {
        match self {
            Self::I64(values) => values.get(position).map_or(0, |value| value.cast_unsigned()),
            Self::U64(values) => values.get(position).copied().unwrap_or(0),
            Self::F64(values) => values.get(position).map_or(0, |value| value.to_bits()),
        }
    }

    /// The position of the first NaN.
    pub(crate) fn first_nan(self) -> Option<usize> {
        match self {
            Self::F64(values) => values.iter().position(|value| value.is_nan()),
            Self::I64(_) | Self::U64(_) => None,
        }
    }
}

/// The values of one column in a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnValues<'a> {
    /// The column's position in the list of the store's columns.
    pub column: usize,
    /// One value for each key of the batch.
    pub values: Values<'a>,
}

/// The values of all columns of a store, as they are stored. Those after the last column are meaningless.
pub(crate) fn values_of_columns<'a>(
    columns: &[Column],
    stored: impl Fn(usize) -> &'a [u64],
) -> [ColumnValues<'a>; MAX_COLUMNS] {
    std::array::from_fn(|column| {
        let kind = columns.get(column).map_or(ColumnKind::U64, Column::kind);
        ColumnValues { column, values: Values::of_kind(kind, stored(column)) }
    })
}

/// A column of a store: a name, and what its values are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Column {
    kind: ColumnKind,
    name: FixedText<MAX_COLUMN_NAME_BYTES>,
}

impl Column {
    /// # Errors
    /// [`SynaError::InvalidArgument`] for a name that is empty, is longer than [`MAX_COLUMN_NAME_BYTES`] or contains a NUL
    /// character.
    pub fn new(name: &str, kind: ColumnKind) -> Result<Self> {
        let text = FixedText::new(name).filter(|_| !name.is_empty()).ok_or_else(|| {
            SynaError::argument(format!(
                "the name of a column has {} bytes; it needs 1 to {MAX_COLUMN_NAME_BYTES}",
                name.len()
            ))
        })?;
        if name.contains('\0') {
            return Err(SynaError::argument("the name of a column contains a NUL character"));
        }
        Ok(Self { kind, name: text })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// What the values are.
    #[must_use]
    pub fn kind(&self) -> ColumnKind {
        self.kind
    }
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name(), self.kind.name())
    }
}

/// The columns of a store, in order: at most [`MAX_COLUMNS`], with different names.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Schema {
    columns: Arc<[Column]>,
}

/// Bytes of a column in a file: its kind, and its name.
const ENTRY_BYTES: usize = 4 + MAX_COLUMN_NAME_BYTES;

impl Schema {
    /// Bytes in a file.
    pub(crate) const BYTES: usize = MAX_COLUMNS * ENTRY_BYTES;

    /// # Errors
    /// [`SynaError::Limit`] for too many columns, [`SynaError::InvalidArgument`] if two have the same name.
    pub(crate) fn new(columns: &[Column]) -> Result<Self> {
        if columns.len() > MAX_COLUMNS {
            return Err(SynaError::Limit {
                what: "columns of a store",
                limit: MAX_COLUMNS as u64,
                actual: columns.len() as u64,
            });
        }
        match repeated_name(columns) {
            None => Ok(Self { columns: columns.into() }),
            Some(name) => Err(SynaError::argument(format!("two columns have the name {name:?}"))),
        }
    }

    /// The columns of a file that has lost their names and kinds.
    pub(crate) fn unnamed(count: usize) -> Self {
        let named = |number| Column::new(&format!("column{number}"), ColumnKind::U64).ok();
        Self { columns: (0..count.min(MAX_COLUMNS)).filter_map(named).collect() }
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// # Errors
    /// [`SynaError::InvalidArgument`] if there is no such column.
    pub(crate) fn column(&self, column: usize) -> Result<&Column> {
        let missing = || format!("there is no column {column}; the store has {}", self.columns.len());
        self.columns.get(column).ok_or_else(|| SynaError::argument(missing()))
    }

    /// The bytes in a file: the kind (u32) and the name of each column; zeros.
    pub(crate) fn encode(&self, into: &mut [u8]) {
        for (column, entry) in self.columns().iter().zip(into.as_chunks_mut::<ENTRY_BYTES>().0) {
            let (kind, name) = entry.split_at_mut(4);
            kind.copy_from_slice(&column.kind.number().to_le_bytes());
            name.copy_from_slice(&column.name.bytes());
        }
    }

    /// The first `count` columns in the bytes of a file; `None` if they are none.
    pub(crate) fn decode(from: &[u8], count: usize) -> Option<Self> {
        let entries = from.as_chunks::<ENTRY_BYTES>().0.get(..count)?;
        let column = |entry: &[u8; ENTRY_BYTES]| {
            let (kind, name) = entry.split_first_chunk()?;
            let kind = ColumnKind::from_number(u32::from_le_bytes(*kind))?;
            let name = FixedText::from_bytes(name.try_into().ok()?)?;
            (!name.as_str().is_empty()).then_some(Column { kind, name })
        };
        let columns: Arc<[Column]> = entries.iter().map(column).collect::<Option<_>>()?;
        repeated_name(&columns).is_none().then_some(Self { columns })
    }
}

fn repeated_name(columns: &[Column]) -> Option<&str> {
    let is_repeated =
        |place: usize, column: &Column| columns.iter().take(place).any(|earlier| earlier.name == column.name);
    let found = columns.iter().enumerate().find(|&(place, column)| is_repeated(place, column));
    found.map(|(_, column)| column.name())
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.columns()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_1_to_32_bytes() {
        for name in ["a", "year", &"x".repeat(32), &"ü".repeat(16)] {
            assert_eq!(Column::new(name, ColumnKind::F64).unwrap().name(), name);
        }
        for name in ["", &"x".repeat(33), "a\0b"] {
            let refused = Column::new(name, ColumnKind::I64);
            assert!(matches!(refused, Err(SynaError::InvalidArgument { .. })), "{name:?}");
        }
    }

    #[test]
    fn a_schema_is_decoded_unchanged_and_nothing_else_is() {
        let column = |name: &str, kind| Column::new(name, kind).unwrap();
        let columns = [column("tenant", ColumnKind::U64), column("t", ColumnKind::I64)];
        let schema = Schema::new(&columns).unwrap();
        let mut bytes = [0; Schema::BYTES];
        schema.encode(&mut bytes);
        assert_eq!(Schema::decode(&bytes, 2), Some(schema));
        assert_eq!(Schema::decode(&bytes, 3), None, "the third has no kind");
        assert_eq!(Schema::decode(&bytes, 17), None);
        bytes[ENTRY_BYTES + 4 + 3] = b'x';
        assert_eq!(Schema::decode(&bytes, 2), None, "text after a zero");
        let repeated = Schema::new(&[columns[0], columns[1], columns[0]]);
        assert!(matches!(repeated, Err(SynaError::InvalidArgument { .. })));
        let many: Vec<Column> = (0..17).map(|i| column(&format!("c{i}"), ColumnKind::I64)).collect();
        assert!(matches!(Schema::new(&many), Err(SynaError::Limit { .. })));
        let whole = Schema::new(&many[..16]).unwrap();
        let mut bytes = [0; Schema::BYTES];
        whole.encode(&mut bytes);
        assert_eq!(Schema::decode(&bytes, 16), Some(whole));
    }
}
