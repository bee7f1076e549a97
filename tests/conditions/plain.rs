//! Stores with random values, and conditions as a program would write them without the library.

use crate::support::{Random, quiet};
use std::ops::Range;
use syna_mmap::{
    BatchKeys, BatchVectors, Column, ColumnKind, ColumnTest, ColumnValues, Condition, DistanceMetric, Entry,
    MmapVectorConfig, MmapVectorStore, UpdateBatch, Value, Values, WriteBatch, WriteMode,
};

const KINDS: [ColumnKind; 3] = [ColumnKind::I64, ColumnKind::U64, ColumnKind::F64];
/// Values that are often equal to an operand, or beside one.
const INTEGERS: [i64; 9] = [0, 1, -1, 7, i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1, 1 << 40];
const FLOATS: [f64; 9] = [0.0, -0.0, 1.0, 1.5, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 5e-324];

pub fn config(dimensions: u16) -> MmapVectorConfig {
    let columns = ["time", "tenant", "price"].into_iter().zip(KINDS);
    let columns = columns.map(|(name, kind)| Column::new(name, kind).unwrap()).collect();
    MmapVectorConfig { columns, small_dimensions: true, ..quiet(dimensions, DistanceMetric::Euclidean) }
}

fn value(random: &mut Random, kind: ColumnKind) -> Value {
    let number = INTEGERS[random.below(INTEGERS.len())];
    match kind {
        ColumnKind::I64 => Value::I64(number),
        ColumnKind::U64 => Value::U64(number as u64),
        ColumnKind::F64 => Value::F64(FLOATS[random.below(FLOATS.len())]),
    }
}

fn integers(values: &[Value]) -> Vec<i64> {
    values
        .iter()
        .map(|value| if let Value::I64(value) = value { *value } else { panic!("{value:?}") })
        .collect()
}

fn unsigned(values: &[Value]) -> Vec<u64> {
    values
        .iter()
        .map(|value| if let Value::U64(value) = value { *value } else { panic!("{value:?}") })
        .collect()
}

fn floats(values: &[Value]) -> Vec<f64> {
    values
        .iter()
        .map(|value| if let Value::F64(value) = value { *value } else { panic!("{value:?}") })
        .collect()
}

/// Writes rows with random values, then updates some of them.
pub fn fill(store: &MmapVectorStore, random: &mut Random, keys: Range<usize>) {
    write(store, random, keys.clone());
    update(store, random, keys);
}

pub fn write(store: &MmapVectorStore, random: &mut Random, keys: Range<usize>) {
    let names: Vec<String> = keys.map(|key| format!("key{key}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let vectors = random.vector(names.len() * usize::from(store.dimensions()));
    let tags: Vec<u64> = names.iter().map(|_| random.next() & 7).collect();
    let mut column = |count: usize, kind| -> Vec<Value> { (0..count).map(|_| value(random, kind)).collect() };
    let times = integers(&column(names.len(), ColumnKind::I64));
    let tenants = unsigned(&column(names.len(), ColumnKind::U64));
    let prices = floats(&column(names.len(), ColumnKind::F64));
    let batch = WriteBatch {
        keys: BatchKeys::Slices(&names),
        vectors: BatchVectors::RowMajor(&vectors),
        tags: Some(&tags),
        columns: &[
            ColumnValues { column: 0, values: Values::I64(&times) },
            ColumnValues { column: 1, values: Values::U64(&tenants) },
            ColumnValues { column: 2, values: Values::F64(&prices) },
        ],
        mode: WriteMode::Upsert,
        ..WriteBatch::default()
    };
    store.write(&batch).unwrap();
}

pub fn update(store: &MmapVectorStore, random: &mut Random, keys: Range<usize>) {
    let names: Vec<String> = keys.map(|key| format!("key{key}")).collect();
    let some: Vec<&str> = names.iter().map(String::as_str).step_by(5).collect();
    let mut column = |count: usize, kind| -> Vec<Value> { (0..count).map(|_| value(random, kind)).collect() };
    let (times, prices) =
        (integers(&column(some.len(), ColumnKind::I64)), floats(&column(some.len(), ColumnKind::F64)));
    let columns = &[
        ColumnValues { column: 2, values: Values::F64(&prices) },
        ColumnValues { column: 0, values: Values::I64(&times) },
    ];
    store.update(&UpdateBatch { keys: BatchKeys::Slices(&some), columns, ..UpdateBatch::default() }).unwrap();
}

/// A condition as a program would write it without the library.
#[derive(Debug)]
pub struct Plain {
    column: usize,
    operator: usize,
    operands: Vec<Value>,
    group: u32,
}

impl Plain {
    pub fn random(random: &mut Random) -> Self {
        let column = random.below(KINDS.len());
        let operator = random.below(8);
        let count = if operator == 7 { [0, 1, 5, 30][random.below(4)] } else { 2 };
        let operands = (0..count).map(|_| value(random, KINDS[column])).collect();
        Self { column, operator, operands, group: u32::try_from(random.below(3)).unwrap() }
    }

    fn accepts(&self, value: Value) -> bool {
        match (self.operator, self.operands.as_slice()) {
            (0, [first, ..]) => value == *first,
            (1, [first, ..]) => value != *first,
            (2, [first, ..]) => value < *first,
            (3, [first, ..]) => value <= *first,
            (4, [first, ..]) => value > *first,
            (5, [first, ..]) => value >= *first,
            (6, [first, second]) => value >= *first && value <= *second,
            (_, list) => list.contains(&value),
        }
    }
}

/// Calls `work` with the conditions in the library's form.
pub fn with_conditions<R>(plain: &[Plain], work: impl FnOnce(&[Condition<'_>]) -> R) -> R {
    let of_kind = |kind: ColumnKind, plain: &Plain| KINDS[plain.column] == kind && plain.operator == 7;
    let lists: Vec<(Vec<i64>, Vec<u64>, Vec<f64>)> = plain
        .iter()
        .map(|plain| {
            let operands = |kind| if of_kind(kind, plain) { &plain.operands[..] } else { &[] };
            (
                integers(operands(ColumnKind::I64)),
                unsigned(operands(ColumnKind::U64)),
                floats(operands(ColumnKind::F64)),
            )
        })
        .collect();
    let conditions: Vec<Condition<'_>> = plain
        .iter()
        .zip(&lists)
        .map(|(plain, (signed, unsigned, floats))| {
            let test = match (plain.operator, plain.operands.as_slice()) {
                (0, &[first, ..]) => ColumnTest::Equal(first),
                (1, &[first, ..]) => ColumnTest::NotEqual(first),
                (2, &[first, ..]) => ColumnTest::Less(first),
                (3, &[first, ..]) => ColumnTest::AtMost(first),
                (4, &[first, ..]) => ColumnTest::Greater(first),
                (5, &[first, ..]) => ColumnTest::AtLeast(first),
                (6, &[first, second]) => ColumnTest::Between(first, second),
                _ => ColumnTest::In(match KINDS[plain.column] {
                    ColumnKind::I64 => Values::I64(signed),
                    ColumnKind::U64 => Values::U64(unsigned),
                    ColumnKind::F64 => Values::F64(floats),
                }),
            };
            Condition { column: plain.column, test, group: plain.group }
        })
        .collect();
    work(&conditions)
}

pub fn meets(plain: &[Plain], entry: &Entry<'_>) -> bool {
    let accepts = |plain: &Plain| plain.accepts(entry.values.get(plain.column).unwrap());
    let groups = 0..=2;
    let of = |group| plain.iter().filter(move |plain| plain.group == group);
    groups.into_iter().all(|group| match group {
        0 => of(0).all(accepts),
        _ => of(group).count() == 0 || of(group).any(accepts),
    })
}
