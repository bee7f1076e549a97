//! A write of a crash test, and what the store holds after it.

use super::Random;
use crate::{
    BatchKeys, BatchPayloads, BatchVectors, ColumnKind, ColumnValues, ElementType, Filter, KeyKind,
    MmapVectorStore, Result, UpdateBatch, Value, Values, WriteBatch, WriteMode,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A row as it was submitted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) key: Vec<u8>,
    pub(super) vector: Vec<f32>,
    /// The vector as the store keeps it.
    pub(super) stored: Vec<u8>,
    pub(super) tags: u64,
    pub(super) payload: Vec<u8>,
    /// One for each column of the store.
    pub(super) values: Vec<Value>,
}

/// The expected contents of a store: live rows in insertion order.
pub(super) type Contents = Vec<Arc<Row>>;

/// A write that can be submitted again.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// Deletions, then rows.
    Write { rows: Vec<Row>, mode: WriteMode, deletions: Vec<Vec<u8>> },
    /// The deletion of one key by its own call.
    Delete(Vec<u8>),
    /// The deletion of all keys that begin with a prefix.
    DeleteWhere(Vec<u8>),
    /// New tags, payloads or values for the keys of these rows. `columns`: those that get values, as bits.
    Update { rows: Vec<Row>, has_tags: bool, has_payloads: bool, columns: usize },
}

pub(super) fn key(random: &mut Random, kind: KeyKind) -> Vec<u8> {
    let mut key = format!("{}{}", "k".repeat(random.below(17)), random.below(60)).into_bytes();
    if kind == KeyKind::Bytes && random.below(2) == 0 {
        key.extend([0xff, 0]);
    }
    key
}

/// A vector as a store keeps it, by definition. Components are 0, or far from the limits of the type.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the values are in the range of the type"
)]
pub(super) fn stored(element: ElementType, vector: &[f32]) -> Vec<u8> {
    match element {
        ElementType::F32 => vector.iter().flat_map(|x| x.to_le_bytes()).collect(),
        ElementType::F16 => {
            let bits = |&x: &f32| {
                assert!(x == 0.0 || (1e-3..6e4).contains(&x));
                let exponent = f64::from(x).log2().floor();
                let steps = (f64::from(x) / (exponent - 10.0).exp2()).round_ties_even();
                let half = (exponent + 14.0) * 1024.0 + steps;
                if x == 0.0 { 0 } else { half as u16 }
            };
            vector.iter().flat_map(|x| bits(x).to_le_bytes()).collect()
        }
        ElementType::I8 => {
            let longest = vector.iter().fold(0.0_f32, |longest, x| longest.max(x.abs()));
            let factor = if longest == 0.0 { 0.0 } else { 127.0 / longest };
            let bytes = vector.iter().map(|&x| ((x * factor).round_ties_even() as i8).to_le_bytes()[0]);
            let mut bytes: Vec<u8> = bytes.collect();
            bytes.resize(vector.len().next_multiple_of(4), 0);
            bytes.extend((longest / 127.0).to_le_bytes());
            bytes
        }
    }
}

/// A value that is 0 in every second row.
fn value(random: &mut Random, kind: ColumnKind) -> Value {
    let bits = if random.below(2) == 0 { 0 } else { random.next() };
    match kind {
        ColumnKind::I64 => Value::I64(bits.cast_signed()),
        ColumnKind::U64 => Value::U64(bits),
        ColumnKind::F64 => Value::F64(f64::from(u16::try_from(bits % 1000).unwrap()) / -7.0),
    }
}

/// The values of rows in a column.
enum OfColumn {
    I64(Vec<i64>),
    U64(Vec<u64>),
    F64(Vec<f64>),
}

impl OfColumn {
    fn new(kind: ColumnKind, values: impl Iterator<Item = Value>) -> Self {
        match kind {
            ColumnKind::I64 => {
                Self::I64(values.map(|it| if let Value::I64(it) = it { it } else { 0 }).collect())
            }
            ColumnKind::U64 => {
                Self::U64(values.map(|it| if let Value::U64(it) = it { it } else { 0 }).collect())
            }
            ColumnKind::F64 => {
                Self::F64(values.map(|it| if let Value::F64(it) = it { it } else { 0.0 }).collect())
            }
        }
    }

    fn values(&self) -> Values<'_> {
        match self {
            Self::I64(values) => Values::I64(values),
            Self::U64(values) => Values::U64(values),
            Self::F64(values) => Values::F64(values),
        }
    }
}

/// The values of rows in the columns that `is_given` accepts.
fn values_of(rows: &[Row], is_given: impl Fn(usize) -> bool) -> Vec<(usize, OfColumn)> {
    let kinds = rows.first().map_or(&[][..], |row| &row.values).iter().map(|value| value.kind());
    let given = kinds.enumerate().filter(|&(column, _)| is_given(column));
    given
        .map(|(column, kind)| (column, OfColumn::new(kind, rows.iter().map(|row| row.values[column]))))
        .collect()
}

fn as_given(values: &[(usize, OfColumn)]) -> Vec<ColumnValues<'_>> {
    values.iter().map(|(column, of)| ColumnValues { column: *column, values: of.values() }).collect()
}

/// A row with a random key for a store.
pub(super) fn row(random: &mut Random, store: &MmapVectorStore) -> Row {
    let (dimensions, kind) = (store.dimensions(), store.key_kind());
    let key = key(random, kind);
    let vector: Vec<f32> =
        (0..dimensions).map(|_| f32::from(u16::try_from(random.below(1000)).unwrap()) / 7.0).collect();
    let tags = if random.below(3) == 0 { random.next() } else { 0 };
    let payload = vec![u8::try_from(random.below(256)).unwrap(); random.below(4) * random.below(900)];
    let stored = stored(store.element(), &vector);
    // By other random numbers, so that the rest of a run does not depend on the columns.
    let mut others = random.clone();
    let values = store.columns().iter().map(|column| value(&mut others, column.kind())).collect();
    Row { key, vector, stored, tags, payload, values }
}

impl Change {
    pub(super) fn insert(rows: &[Row]) -> Self {
        Self::Write { rows: rows.to_vec(), mode: WriteMode::Insert, deletions: Vec::new() }
    }

    /// A random change of at most `rows_at_most` rows.
    pub(super) fn random(random: &mut Random, store: &MmapVectorStore, rows_at_most: usize) -> Self {
        let kind = store.key_kind();
        let count = 1 + random.below(rows_at_most);
        let rows = |random: &mut Random| (0..count).map(|_| row(random, store)).collect();
        match random.below(10) {
            0 => Self::Delete(key(random, kind)),
            1 => Self::DeleteWhere("k".repeat(12 + random.below(5)).into_bytes()),
            2 => {
                let choice = random.below(3);
                let columns = random.clone().below(1 << store.columns().len());
                Self::Update { rows: rows(random), has_tags: choice != 0, has_payloads: choice != 1, columns }
            }
            _ => {
                let mode = if random.below(2) == 0 { WriteMode::Insert } else { WriteMode::Upsert };
                let deletions = if random.below(3) == 0 { random.below(9) } else { 0 };
                let deletions = (0..deletions).map(|_| key(random, kind)).collect();
                Self::Write { rows: rows(random), mode, deletions }
            }
        }
    }

    /// The contents after the change.
    pub(super) fn applied_to(&self, before: &Contents) -> Contents {
        let mut after = before.clone();
        match self {
            Self::Delete(key) => after.retain(|row| row.key != *key),
            Self::DeleteWhere(prefix) => after.retain(|row| !row.key.starts_with(prefix)),
            Self::Update { rows, has_tags, has_payloads, columns } => {
                for new in rows {
                    for row in after.iter_mut().filter(|row| row.key == new.key) {
                        let mut changed = Row::clone(row);
                        if *has_tags {
                            changed.tags = new.tags;
                        }
                        if *has_payloads {
                            changed.payload.clone_from(&new.payload);
                        }
                        for column in (0..new.values.len()).filter(|column| columns >> column & 1 == 1) {
                            changed.values[column] = new.values[column];
                        }
                        *row = Arc::new(changed);
                    }
                }
            }
            Self::Write { rows, mode, deletions } => {
                after.retain(|row| !deletions.contains(&row.key));
                // A new row of an upsert has the position of the first occurrence of its key in the batch, and the
                // content of the last.
                let mut new: Contents = Vec::new();
                for row in rows {
                    match new.iter_mut().find(|there| there.key == row.key) {
                        Some(_) if *mode == WriteMode::Insert => {}
                        Some(there) => *there = Arc::new(row.clone()),
                        None => new.push(Arc::new(row.clone())),
                    }
                }
                match mode {
                    WriteMode::Insert => new.retain(|row| !after.iter().any(|there| there.key == row.key)),
                    WriteMode::Upsert => after.retain(|there| !new.iter().any(|row| row.key == there.key)),
                }
                after.extend(new);
            }
        }
        after
    }

    /// Whether the store writes nothing for it.
    pub(super) fn is_nothing(&self, before: &Contents) -> bool {
        let has = |key: &[u8]| before.iter().any(|row| row.key == key);
        match self {
            Self::Delete(key) => !has(key),
            Self::DeleteWhere(prefix) => !before.iter().any(|row| row.key.starts_with(prefix)),
            Self::Update { rows, .. } => !rows.iter().any(|row| has(&row.key)),
            Self::Write { rows, mode, deletions } => {
                let is_new = |row: &Row| *mode == WriteMode::Upsert || !has(&row.key);
                !deletions.iter().any(|key| has(key)) && !rows.iter().any(is_new)
            }
        }
    }

    /// Submits the change to a store that holds `before`, and checks the numbers that the store returns.
    pub(super) fn submit(&self, store: &MmapVectorStore, before: &Contents) -> Result<()> {
        let keys_there = |keys: &mut dyn Iterator<Item = &Vec<u8>>| {
            let keys: BTreeSet<&Vec<u8>> = keys.collect();
            before.iter().filter(|row| keys.contains(&row.key)).count()
        };
        let (found, expected) = match self {
            Self::Delete(key) => (usize::from(store.delete(key)?), keys_there(&mut std::iter::once(key))),
            Self::DeleteWhere(prefix) => {
                let there = before.iter().filter(|row| row.key.starts_with(prefix)).count();
                (store.delete_where(&Filter { key_prefix: prefix, ..Filter::default() })?, there)
            }
            Self::Update { rows, has_tags, has_payloads, columns } => {
                let (keys, tags, payloads) = metadata(rows);
                let values = values_of(rows, |column| columns >> column & 1 == 1);
                let batch = UpdateBatch {
                    keys: BatchKeys::Bytes(&keys),
                    tags: has_tags.then_some(&tags),
                    payloads: match has_payloads {
                        true => BatchPayloads::Slices(&payloads),
                        false => BatchPayloads::None,
                    },
                    columns: &as_given(&values),
                };
                (store.update(&batch)?, keys_there(&mut rows.iter().map(|row| &row.key)))
            }
            Self::Write { rows, mode, deletions } => {
                let (keys, tags, payloads) = metadata(rows);
                // A column of zeros is left out.
                let values = values_of(rows, |column| rows.iter().any(|row| !is_zero(row.values[column])));
                let floats: Vec<f32> = rows.iter().flat_map(|row| row.vector.iter().copied()).collect();
                let bytes: Vec<u8> = rows.iter().flat_map(|row| row.stored.iter().copied()).collect();
                let deleted: Vec<&[u8]> = deletions.iter().map(Vec::as_slice).collect();
                let written = store.write(&WriteBatch {
                    keys: BatchKeys::Bytes(&keys),
                    vectors: match rows.len().is_multiple_of(3) {
                        true => BatchVectors::StoredRowMajor(&bytes),
                        false => BatchVectors::RowMajor(&floats),
                    },
                    tags: Some(&tags),
                    payloads: BatchPayloads::Slices(&payloads),
                    columns: &as_given(&values),
                    mode: *mode,
                    deletions: BatchKeys::Bytes(&deleted),
                })?;
                let distinct: BTreeSet<&[u8]> = keys.iter().copied().collect();
                let deleted_there = keys_there(&mut deletions.iter());
                let new = match mode {
                    WriteMode::Upsert => distinct.len(),
                    WriteMode::Insert => self.applied_to(before).len() + deleted_there - before.len(),
                };
                assert_eq!(
                    written.deleted, deleted_there,
                    "MISCOUNTED: the number of deleted keys of a batch"
                );
                (written.rows, new)
            }
        };
        assert_eq!(found, expected, "MISCOUNTED: the number of rows of a batch");
        Ok(())
    }
}

fn is_zero(value: Value) -> bool {
    matches!(value, Value::I64(0) | Value::U64(0)) || matches!(value, Value::F64(it) if it.to_bits() == 0)
}

/// The keys, tags and payloads of rows.
fn metadata(rows: &[Row]) -> (Vec<&[u8]>, Vec<u64>, Vec<&[u8]>) {
    let keys = rows.iter().map(|row| row.key.as_slice()).collect();
    let tags = rows.iter().map(|row| row.tags).collect();
    (keys, tags, rows.iter().map(|row| row.payload.as_slice()).collect())
}
