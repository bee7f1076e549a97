//! Header section: columns.
#![expect(unsafe_code, reason = "reads the caller's arrays of columns and values")]

use super::boundary;
use super::boundary::arguments;
use super::limits::SYNA_MMAP_MAX_COLUMN_NAME_BYTES;
use crate::{Column, ColumnKind, ColumnValues, Entry, MAX_COLUMNS, Result, SynaError, Value, Values};
use std::ffi::{CStr, c_char, c_void};
use std::ptr;

/// The values of a column are int64_t, for example a time.
pub const SYNA_MMAP_COLUMN_I64: u32 = 1;
/// The values of a column are uint64_t, for example the number of a tenant, or syna_mmap_hash64 of a text.
pub const SYNA_MMAP_COLUMN_U64: u32 = 2;
/// The values of a column are doubles, infinities included, NaN excluded.
pub const SYNA_MMAP_COLUMN_F64: u32 = 3;

const _: () = assert!(
    SYNA_MMAP_COLUMN_I64 == ColumnKind::I64 as u32
        && SYNA_MMAP_COLUMN_U64 == ColumnKind::U64 as u32
        && SYNA_MMAP_COLUMN_F64 == ColumnKind::F64 as u32
);

/// Bytes of [`syna_mmap_column::name`].
const NAME_ROOM: usize = 36;

/// A column of a store: a name, and what its values are. You own it. It is an element of arrays: the `columns` of
/// syna_mmap_options, and what syna_mmap_columns writes. This struct never grows.
/// Threads: plain memory; one thread at a time may change it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_column {
    /// The name, UTF-8, 1 to SYNA_MMAP_MAX_COLUMN_NAME_BYTES bytes, ends with a NUL. What follows the NUL is
    /// ignored; syna_mmap_columns writes zeros.
    pub name: [c_char; 36],
    /// SYNA_MMAP_COLUMN_*.
    pub kind: u32,
}

/// A value of a column. The kind of the column says which member it is.
#[repr(C)]
#[derive(Clone, Copy)]
pub union syna_mmap_value {
    /// In a column of SYNA_MMAP_COLUMN_I64.
    pub i64: i64,
    /// In a column of SYNA_MMAP_COLUMN_U64.
    pub u64: u64,
    /// In a column of SYNA_MMAP_COLUMN_F64.
    pub f64: f64,
}

/// The values of one column for the rows of a syna_mmap_batch. You own it. It is an element of arrays. This struct
/// never grows.
/// Threads: plain memory; one thread at a time may change it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct syna_mmap_column_values {
    /// The column: its position in the columns of the store, from 0.
    pub column: u32,
    /// SYNA_MMAP_COLUMN_*: what `values` points to. It must be the kind of the column.
    pub kind: u32,
    /// COPIED: as many values as the batch has rows, 8 bytes each, aligned to 8 bytes. May be NULL if the batch has
    /// no rows. NaN is SYNA_MMAP_ERR_INVALID_ARGUMENT.
    pub values: *const c_void,
}

/// The kind of a number in the header; `place` names the element of an array.
fn kind_of(number: u32, place: usize) -> Result<ColumnKind> {
    ColumnKind::from_number(number).ok_or_else(|| {
        let known = "SYNA_MMAP_COLUMN_I64 (1), _U64 (2) or _F64 (3)";
        SynaError::argument(format!("`columns`[{place}].kind is {number}; it must be {known}"))
    })
}

impl syna_mmap_column {
    fn of(column: &Column) -> Self {
        let mut name = [0; NAME_ROOM];
        for (to, from) in name.iter_mut().zip(column.name().bytes()) {
            *to = c_char::from_ne_bytes([from]);
        }
        Self { name, kind: column.kind().number() }
    }

    fn to_column(self, place: usize) -> Result<Column> {
        let invalid = |what: &str| SynaError::argument(format!("`columns`[{place}].name {what}"));
        let bytes = self.name.map(|byte| byte.to_ne_bytes()[0]);
        let name = CStr::from_bytes_until_nul(&bytes).map_err(|_| {
            invalid(&format!("has no NUL; it needs 1 to {SYNA_MMAP_MAX_COLUMN_NAME_BYTES} bytes and a NUL"))
        })?;
        let name = name.to_str().map_err(|_| invalid("is not UTF-8"))?;
        let named = |error| match error {
            SynaError::InvalidArgument { what } => SynaError::argument(format!("`columns`[{place}]: {what}")),
            other => other,
        };
        Column::new(name, kind_of(self.kind, place)?).map_err(named)
    }
}

/// The columns of a store, to be written to the caller's array.
pub(super) fn columns_of(columns: &[Column]) -> impl Iterator<Item = syna_mmap_column> {
    columns.iter().map(syna_mmap_column::of)
}

/// The columns of the options.
///
/// # Errors
/// [`SynaError::InvalidArgument`], [`SynaError::Limit`].
///
/// # Safety
/// As [`arguments::slice`].
pub(super) unsafe fn columns(first: *const syna_mmap_column, count: usize) -> Result<Vec<Column>> {
    if count > MAX_COLUMNS {
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let (limit, actual) = (number(MAX_COLUMNS), number(count));
        return Err(SynaError::Limit { what: "columns of a store", limit, actual });
    }
    // SAFETY: the caller guarantees the array.
    let given = unsafe { arguments::slice(first, count, "columns")? };
    given.iter().enumerate().map(|(place, column)| column.to_column(place)).collect()
}

/// The values in a batch, with room for every column of a store.
pub(super) struct BatchColumns<'a> {
    values: [ColumnValues<'a>; MAX_COLUMNS],
    count: usize,
}

impl<'a> BatchColumns<'a> {
    /// The values of `rows` rows in `count` columns.
    ///
    /// # Errors
    /// [`SynaError::InvalidArgument`].
    ///
    /// # Safety
    /// As [`arguments::slice`], and so is each `values` with `rows` elements.
    pub(super) unsafe fn read(
        first: *const syna_mmap_column_values,
        count: usize,
        rows: usize,
    ) -> Result<Self> {
        let mut read =
            Self { values: [ColumnValues { column: 0, values: Values::U64(&[]) }; MAX_COLUMNS], count };
        if count > MAX_COLUMNS {
            return Err(SynaError::argument(format!(
                "column_count is {count}; list each column at most once: a store has at most {MAX_COLUMNS}"
            )));
        }
        // SAFETY: the caller guarantees the array.
        let given = unsafe { arguments::slice(first, count, "columns")? };
        for (place, (given, into)) in given.iter().zip(&mut read.values).enumerate() {
            // SAFETY: likewise.
            *into = unsafe { given.read(place, rows)? };
        }
        Ok(read)
    }

    pub(super) fn as_slice(&self) -> &[ColumnValues<'a>] {
        self.values.get(..self.count).unwrap_or_default()
    }
}

impl syna_mmap_column_values {
    /// # Safety
    /// As [`BatchColumns::read`].
    unsafe fn read<'a>(&self, place: usize, rows: usize) -> Result<ColumnValues<'a>> {
        let kind = kind_of(self.kind, place)?;
        let values = self.values.cast::<u64>();
        let invalid = |what: &str| SynaError::argument(format!("`columns`[{place}].values is {what}"));
        if rows > 0 && values.is_null() {
            return Err(invalid("NULL; it needs a value for each row, or leave the column out"));
        }
        if rows > 0 && !values.is_aligned() {
            return Err(invalid("not aligned: its address must be a multiple of 8"));
        }
        // SAFETY: the caller guarantees `rows` values of 8 bytes.
        let bits = unsafe { arguments::slice(values, rows, "values")? };
        let column = usize::try_from(self.column).unwrap_or(usize::MAX);
        Ok(ColumnValues { column, values: Values::of_kind(kind, bits) })
    }
}

impl syna_mmap_value {
    pub(super) fn of(value: Value) -> Self {
        match value {
            Value::I64(value) => Self { i64: value },
            Value::U64(value) => Self { u64: value },
            Value::F64(value) => Self { f64: value },
        }
    }
}

/// The values of one row.
#[derive(Clone, Copy)]
pub(super) struct OneRow([syna_mmap_value; MAX_COLUMNS]);

impl OneRow {
    pub(super) const EMPTY: Self = Self([syna_mmap_value { u64: 0 }; MAX_COLUMNS]);

    /// Takes the values of `entry`. Returns whether its store has columns.
    pub(super) fn fill(&mut self, entry: &Entry<'_>) -> bool {
        let mut is_any = false;
        for (into, value) in self.0.iter_mut().zip(entry.values.iter()) {
            *into = syna_mmap_value::of(value);
            is_any = true;
        }
        is_any
    }

    /// Where the values are; NULL unless the store `has_columns`.
    pub(super) fn first(row: *const Self, has_columns: bool) -> *const syna_mmap_value {
        if has_columns { row.cast() } else { ptr::null() }
    }
}

/// A hash of a text or of any bytes, for a column of SYNA_MMAP_COLUMN_U64 that is compared for equality: FNV-1a of 64
/// bits. It is the same on every platform and in every version of this library. Different texts can have the same
/// hash: with a million different texts, the chance that any two have is 1 in 37 million. It is no protection
/// against texts that were chosen to collide.
///
/// bytes   BORROWED for the call: `length` bytes. May be NULL if `length` is 0.
/// length  bytes.
///
/// Returns: the hash; of 0 bytes 0xcbf29ce484222325. 0 if `bytes` is NULL and `length` is not 0.
/// Threads: any, also in callbacks. Cost: about a nanosecond a byte.
///
/// # Safety
/// As the text above says of each pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syna_mmap_hash64(bytes: *const c_void, length: usize) -> u64 {
    boundary::value_anyway(0, |_allowed| {
        // SAFETY: the caller gives `length` bytes; NULL is refused.
        let bytes = unsafe { arguments::slice(bytes.cast::<u8>(), length, "bytes")? };
        Ok(fnv_1a(bytes))
    })
}

/// FNV-1a of 64 bits (Fowler, Noll, Vo; RFC 9923).
fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
