//! How long the evaluation of conditions takes.
//!
//! A store of vectors of 4 dimensions with three columns. Each filter is counted many times; the table has medians. Few
//! rows meet the filters, so the time is that of the conditions. The last line reads as many bytes and adds them up, which
//! is what the memory allows.

use std::hint::black_box;
use std::time::Instant;
use syna_mmap::{
    BatchKeys, BatchVectors, Column, ColumnKind, ColumnTest, ColumnValues, Condition, DistanceMetric, Filter,
    MmapVectorConfig, MmapVectorStore, Value, Values, WriteBatch,
};

const DIMENSIONS: u16 = 4;
const BATCH_ROWS: usize = 50_000;

/// The output function of splitmix64.
pub fn mix(number: usize) -> u64 {
    let mut z = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn store(rows: usize) -> MmapVectorStore {
    let column = |name, kind| Column::new(name, kind).unwrap();
    let config = MmapVectorConfig {
        dimensions: DIMENSIONS,
        small_dimensions: true,
        metric: DistanceMetric::Euclidean,
        index_threshold: 0,
        columns: vec![
            column("time", ColumnKind::I64),
            column("tenant", ColumnKind::U64),
            column("price", ColumnKind::F64),
        ],
        ..MmapVectorConfig::default()
    };
    let store = MmapVectorStore::in_memory(config).unwrap();
    store.reserve(rows as u64).unwrap();
    for first in (0..rows).step_by(BATCH_ROWS) {
        let range = first..rows.min(first + BATCH_ROWS);
        let keys: Vec<String> = range.clone().map(|row| row.to_string()).collect();
        let vectors: Vec<f32> =
            range.clone().flat_map(|row| [(row % 1000) as f32; DIMENSIONS as usize]).collect();
        let times: Vec<i64> = range.clone().map(|row| row as i64).collect();
        let tenants: Vec<u64> = range.clone().map(|row| mix(row) % 100_000).collect();
        let prices: Vec<f64> = range.map(|row| (mix(row + 7) % 100_000) as f64).collect();
        let batch = WriteBatch {
            keys: BatchKeys::Slices(&keys.iter().map(String::as_str).collect::<Vec<_>>()),
            vectors: BatchVectors::RowMajor(&vectors),
            columns: &[
                ColumnValues { column: 0, values: Values::I64(&times) },
                ColumnValues { column: 1, values: Values::U64(&tenants) },
                ColumnValues { column: 2, values: Values::F64(&prices) },
            ],
            ..WriteBatch::default()
        };
        store.write(&batch).unwrap();
    }
    store
}

/// The median of the seconds of `rounds` calls.
fn median(rounds: usize, mut work: impl FnMut()) -> f64 {
    let mut seconds: Vec<f64> = (0..rounds.max(1))
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// Prints the table.
pub fn measure(rows: usize, rounds: usize) {
    let store = store(rows);
    let recent = Condition::new(0, ColumnTest::AtLeast(Value::I64(rows as i64 / 2)));
    let of_tenant = Condition::new(1, ColumnTest::Equal(Value::U64(7)));
    let cheap = Condition::new(2, ColumnTest::Less(Value::F64(5.0)));
    let few = Condition::new(1, ColumnTest::In(Values::U64(&[7, 8, 9])));
    let many: Vec<u64> = (0..1000).map(|number| number * 100 + 1_000_000).collect();
    let other_tenants = Condition::new(1, ColumnTest::In(Values::U64(&many)));
    let either = |condition: Condition<'static>| Condition { group: 1, ..condition };
    println!("{rows} rows, one thread\n");
    println!("| conditions | ms | ns/row | rows that meet them |");
    println!("| --- | ---: | ---: | ---: |");
    let cases: [(&str, &[Condition<'_>]); 7] = [
        ("tenant = 7", &[of_tenant]),
        ("price < 5", &[cheap]),
        ("tenant = 7 and price < 5", &[of_tenant, cheap]),
        ("time >= middle and tenant = 7", &[recent, of_tenant]),
        ("tenant = 7 or price < 5", &[either(of_tenant), either(cheap)]),
        ("tenant in 3 values", &[few]),
        ("tenant in 1,000 values that no row has", &[other_tenants]),
    ];
    for (name, conditions) in cases {
        let filter = Filter { conditions, ..Filter::default() };
        let mut count = 0;
        let seconds = median(rounds, || count = store.count_where(&filter).unwrap());
        println!("| {name} | {:.3} | {:.2} | {count} |", seconds * 1e3, seconds * 1e9 / rows as f64);
    }
    let columns: Vec<u64> = (0..2 * rows).map(mix).collect();
    let seconds = median(rounds, || {
        black_box(columns.iter().fold(0_u64, |sum, &value| sum.wrapping_add(value)));
    });
    let rate = 16.0 * rows as f64 / seconds / 1e9;
    println!("| adding up the bytes of two columns ({rate:.1} GB/s) | {:.3} | | |", seconds * 1e3);
}
